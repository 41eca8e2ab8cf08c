#include "bearer/thin_url.h"

#include <string.h>
#include <termios.h>

#include "base/text.h"
#include "bearer/cobs.h"

enum {
    BAUD = 9600,
    BAUD_MAX = 4000000,
    RATE_MIN = 10,
    RATE_MAX = 100000000,
    TURNAROUND_MAX_MS = 30000
};

static const struct {
    uint32_t baud;
    unsigned name;
} speeds[] = {
    { 50, B50 },           { 75, B75 },           { 110, B110 },         { 134, B134 },
    { 150, B150 },         { 200, B200 },         { 300, B300 },         { 600, B600 },
    { 1200, B1200 },       { 1800, B1800 },       { 2400, B2400 },       { 4800, B4800 },
    { 9600, B9600 },       { 19200, B19200 },     { 38400, B38400 },     { 57600, B57600 },
    { 115200, B115200 },   { 230400, B230400 },   { 460800, B460800 },   { 500000, B500000 },
    { 921600, B921600 },   { 1000000, B1000000 }, { 2000000, B2000000 }, { 3000000, B3000000 },
    { 4000000, B4000000 },
};

bool ol_thin_url_speed(uint32_t baud, unsigned *ret) {
    for (size_t i = 0; i < OL_LEN(speeds); i++)
        if (speeds[i].baud == baud) {
            *ret = speeds[i].name;
            return true;
        }
    return false;
}

/* ---- keys ---- */

static bool is(ol_str s, const char *word) {
    return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

static bool take_number(ol_str value, uint64_t min, uint64_t max, uint32_t *ret) {
    uint64_t n = 0;
    if (ol_u64_get(value.p, value.len, min, max, &n) != OL_OK)
        return false;
    *ret = (uint32_t)n;
    return true;
}

/* 0, 500ms, 10s. */
static bool take_time(ol_str value, uint64_t max_ms, uint32_t *ret_ms) {
    uint64_t n = 0, unit = 1;
    size_t len = value.len;
    if (len > 2 && memcmp(value.p + len - 2, "ms", 2) == 0)
        len -= 2;
    else if (len > 1 && value.p[len - 1] == 's')
        len--, unit = 1000;
    else if (!is(value, "0"))
        return false;
    if (ol_u64_get(value.p, len, 0, max_ms / unit, &n) != OL_OK)
        return false;
    *ret_ms = (uint32_t)(n * unit);
    return true;
}

static bool take_bool(ol_str value, bool *ret) {
    *ret = is(value, "1");
    return *ret || is(value, "0");
}

static bool take_baud(ol_thin_url *u, ol_str value) {
    unsigned name;
    return take_number(value, 1, BAUD_MAX, &u->line.baud) && ol_thin_url_speed(u->line.baud, &name);
}

static bool take_bits(ol_thin_url *u, ol_str value) {
    return u->line.bits == 8 && is(value, "8");
}

static bool take_parity(ol_thin_url *u, ol_str value) {
    u->line.has_parity = !is(value, "n");
    u->is_odd = is(value, "o");
    return !u->line.has_parity || u->is_odd || is(value, "e");
}

static bool take_stop(ol_thin_url *u, ol_str value) {
    uint32_t n = 0;
    bool is_fine = take_number(value, 1, 2, &n);
    u->line.stop = (uint8_t)n;
    return is_fine;
}

static bool take_flow(ol_thin_url *u, ol_str value) {
    u->has_rtscts = is(value, "rtscts");
    return u->has_rtscts || is(value, "none");
}

static bool take_rate(ol_thin_url *u, ol_str value) {
    return take_number(value, RATE_MIN, RATE_MAX, &u->line.rate);
}

static bool take_frame(ol_thin_url *u, ol_str value) {
    uint32_t n = 0;
    bool is_fine = take_number(value, OL_THIN_FRAME_MIN, OL_COBS_FRAME_MAX, &n);
    u->frame = (uint16_t)n;
    return is_fine;
}

static bool take_half(ol_thin_url *u, ol_str value) {
    return take_bool(value, &u->is_half);
}

static bool take_turnaround(ol_thin_url *u, ol_str value) {
    return take_time(value, TURNAROUND_MAX_MS, &u->turnaround_ms);
}

static const struct {
    const char *name;
    bool is_serial; /* not of a program */
    bool (*take)(ol_thin_url *u, ol_str value);
    const char *why;
} keys[] = {
    { "baud", false, take_baud, "baud must be a rate of serial lines: 75, 300, 1200, 9600, …" },
    { "bits", false, take_bits, "bits must be 8: frames are made of bytes" },
    { "parity", false, take_parity, "parity must be n, e or o" },
    { "stop", false, take_stop, "stop must be 1 or 2" },
    { "flow", true, take_flow,
      "flow must be none or rtscts; xonxoff would take two bytes out of every frame" },
    { "rate", false, take_rate, "rate must be bits a second from 10 to 100000000" },
    { "frame", false, take_frame, "frame must be bytes from 14 to 1200" },
    { "half", false, take_half, "half must be 0 or 1" },
    { "turnaround", false, take_turnaround, "turnaround must be 0, <n>ms or <n>s, up to 30s" },
};

static const char *take_key(ol_thin_url *u, ol_str name, ol_str value, bool is_serial,
                            uint32_t *seen) {
    for (size_t i = 0; i < OL_LEN(keys); i++) {
        if (!is(name, keys[i].name) || (keys[i].is_serial && !is_serial))
            continue;
        if ((*seen >> i & 1) != 0)
            return "a key stands there twice";
        *seen |= UINT32_C(1) << i;
        return keys[i].take(u, value) ? NULL : keys[i].why;
    }
    return is_serial ? "unknown key: there are baud, bits, parity, stop, flow, rate, frame, half "
                       "and turnaround"
                     : "unknown key: there are baud, bits, parity, stop, rate, frame, half "
                       "and turnaround";
}

static const char *take_keys(ol_thin_url *u, const char *p, bool is_serial) {
    uint32_t seen = 0;
    const char *why = NULL;
    while (why == NULL) {
        size_t len = strcspn(p, "&"), name = strcspn(p, "=&");
        if (name == len)
            return "after ? stand key=value pairs with & between";
        why = take_key(u, (ol_str){ p, name }, (ol_str){ p + name + 1, len - name - 1 }, is_serial,
                       &seen);
        if (p[len] == '\0')
            break;
        p += len + 1;
    }
    return why;
}

/* ---- the device, the program's words ---- */

/* Up to the ? that begins the keys, or the end: *p stands there afterwards. */
static const char *take_words(ol_thin_url *u, const char **p, bool is_serial) {
    size_t n = 0, from = 0;
    const char *s = *p;
    for (; *s != '\0' && *s != '?'; s++) {
        bool is_end = *s == ' ' && !is_serial;
        if (*s == '\\' && *++s == '\0')
            return "after \\ stands the character that it makes an ordinary one";
        if (is_end && n == from)
            return "words stand one space apart; one that is empty or has a space needs a \\";
        if (is_end && ++u->words == OL_THIN_WORDS_MAX)
            return "there are more than 32 words";
        if (n == OL_THIN_TEXT_MAX - 1)
            return "it is too long";
        u->text[n++] = is_end ? '\0' : *s;
        from = is_end ? n : from;
    }
    *p = s;
    u->text[n] = '\0';
    if (n == from && u->words > 0)
        return "words stand one space apart; one that is empty or has a space needs a \\";
    u->words++;
    if (u->text[0] != '/')
        return is_serial ? "a device's path begins with /, such as /dev/ttyS0"
                         : "a program's path begins with /; nothing is looked for";
    return NULL;
}

const char *ol_thin_url_parse(const char *scheme, const char *url, ol_thin_url *ret) {
    bool is_serial = strcmp(scheme, "serial") == 0;
    size_t n = strlen(scheme);
    ol_thin_url u = { .line = { .bits = 8, .stop = 1 } };
    if (strncmp(url, scheme, n) != 0 || url[n] != ':')
        return "the scheme must be followed by :";
    const char *p = url + n + 1, *why = take_words(&u, &p, is_serial);
    if (why == NULL && *p == '?')
        why = take_keys(&u, p + 1, is_serial);
    if (why != NULL)
        return why;
    if (u.line.baud == 0 && is_serial)
        u.line.baud = BAUD;
    bool has_pace = u.line.baud > 0 || u.line.rate > 0;
    if (u.frame == 0)
        u.frame = has_pace ? OL_THIN_FRAME : OL_COBS_FRAME_MAX;
    if (u.line.baud == 0 && (u.line.has_parity || u.line.stop != 1))
        return "parity and stop belong to a baud";
    if (u.is_half && !has_pace)
        return "half=1 needs baud or rate: else nobody knows how long a transmission takes";
    *ret = u;
    return NULL;
}

const char *ol_thin_url_check(const char *scheme, const char *url, bool is_local) {
    ol_thin_url u;
    size_t n = strlen(scheme);
    if (is_local)
        return ol_thin_url_parse(scheme, url, &u);
    if (strncmp(url, scheme, n) == 0 && url[n] == ':' && url[n + 1] == '\0')
        return NULL;
    return "a peer's end is the scheme and its colon alone; what lies between is the port's";
}

void ol_thin_url_argv(ol_thin_url *u, char *ret[OL_THIN_WORDS_MAX + 1]) {
    char *p = u->text;
    for (uint8_t i = 0; i < u->words; i++) {
        ret[i] = p;
        p += strlen(p) + 1;
    }
    ret[u->words] = NULL;
}

void ol_thin_url_link(const ol_thin_url *u, ol_port_link *ret) {
    ol_pace pace;
    ol_pace_init(&pace, &u->line, 0);
    *ret = (ol_port_link){ .frame = u->frame,
                           .framing = (uint16_t)(ol_cobs_wire(u->frame) - u->frame),
                           .byte_us = (uint32_t)((pace.byte_ns + 999) / 1000),
                           .is_half = u->is_half,
                           .turnaround_ms = u->turnaround_ms };
}
