#include "paper/groups.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"

enum {
    WEIGHT = 11,
    MODULUS = 99991, /* the largest prime of five digits */
    DIGITS = 5,
    HALF = 6,                            /* groups, then a gap */
    VALUES_MAX = OL_GROUPS_LINE_MAX + 2, /* the number, groups, the check group */
    NUMBER_DIGITS = 4,
    TYPED_MAX = 200, /* digits after the number that are looked at */
    DATA_MAX = 65535
};

/* ── out ────────────────────────────────────────────────────────────────────────────────────── */

static size_t groups_of(size_t len) {
    return OL_GROUPS_HEAD + (len + 1) / 2;
}

size_t ol_groups_lines(size_t len) {
    return (groups_of(len) + OL_GROUPS_LINE_MAX - 1) / OL_GROUPS_LINE_MAX;
}

/* Groups of a line, without the check group. */
static size_t groups_in(size_t len, size_t line) {
    size_t left = groups_of(len) - (line - 1) * OL_GROUPS_LINE_MAX;
    return left < OL_GROUPS_LINE_MAX ? left : OL_GROUPS_LINE_MAX;
}

/* The check group of a number and n groups. */
static uint32_t check_of(const uint32_t *value, size_t n) {
    uint32_t sum = 0;
    for (size_t i = n; i-- > 0;) /* 99990 * 11 + 99999 fits */
        sum = (sum + value[i]) % MODULUS * WEIGHT % MODULUS;
    return sum;
}

static uint16_t sum_of(const uint8_t *p, size_t len) {
    uint8_t h[OL_HASH_LEN];
    ol_hash_sha256(p, len, h);
    return (uint16_t)(h[0] << 8 | h[1]);
}

static uint16_t group_at(const uint8_t *p, size_t len, size_t at) {
    if (at == 0)
        return (uint16_t)len;
    if (at == 1)
        return sum_of(p, len);
    size_t i = (at - OL_GROUPS_HEAD) * 2;
    return (uint16_t)(p[i] << 8 | (i + 1 < len ? p[i + 1] : 0));
}

void ol_groups_put(const uint8_t *p, size_t len, size_t line, char to[OL_GROUPS_TEXT_MAX + 1]) {
    OL_ASSERT(len >= 1 && len <= OL_GROUPS_BUNDLE_MAX && line >= 1 && line <= ol_groups_lines(len));
    uint32_t value[VALUES_MAX] = { (uint32_t)line };
    size_t n = groups_in(len, line);
    for (size_t i = 0; i < n; i++)
        value[1 + i] = group_at(p, len, (line - 1) * OL_GROUPS_LINE_MAX + i);
    value[1 + n] = check_of(value, 1 + n);
    int at = snprintf(to, OL_GROUPS_TEXT_MAX + 1, "%02u ", (unsigned)line);
    for (size_t i = 1; i <= n + 1; i++) { /* gaps after six groups, and before the check group */
        bool gap = i == 1 || i == HALF + 1 || i == n + 1;
        at += snprintf(to + at, (size_t)(OL_GROUPS_TEXT_MAX + 1 - at), "%s%05u",
                       i == 1 ? " "
                       : gap  ? "  "
                              : " ",
                       (unsigned)value[i]);
    }
}

/* ── in: characters ─────────────────────────────────────────────────────────────────────────── */

static const uint32_t zeros[] = { '0', 0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50, 0xFF10 };

static int digit_of(uint32_t c) {
    for (size_t i = 0; i < OL_LEN(zeros); i++)
        if (c >= zeros[i] && c <= zeros[i] + 9)
            return (int)(c - zeros[i]);
    return -1;
}

static bool is_free(uint32_t c) { /* spaces and hyphens */
    return c == ' ' || c == '\t' || c == '\r' || c == '-' || c == 0xA0 || c == 0x3000 ||
           c == 0xFEFF || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

/* A line as it was typed: its number, and the digits that follow. */
typedef struct {
    uint32_t number;
    unsigned number_digits;
    bool has_rest;        /* something ended the number */
    size_t digits, word;  /* word: digits of the one that is being read */
    size_t odd, odd_word; /* the first word that is not fives: digits before it, and its own */
    uint8_t digit[TYPED_MAX];
} typed_line;

static void end_word(typed_line *t) {
    if (t->word % DIGITS != 0 && t->odd_word == 0)
        t->odd = t->digits - t->word, t->odd_word = t->word;
    t->word = 0;
}

static void take_digit(typed_line *t, unsigned d) {
    if (!t->has_rest) {
        t->number = t->number_digits < NUMBER_DIGITS ? t->number * 10 + d : 0;
        t->number_digits++;
    } else if (t->digits < TYPED_MAX) {
        t->digit[t->digits++] = (uint8_t)d;
        t->word++;
    }
}

/* False: at *ret_c, character *ret_column, stands what must not. */
static bool read_line(const char *text, size_t len, typed_line *t, uint32_t *ret_c,
                      unsigned *ret_column) {
    unsigned column = 0;
    for (size_t at = 0, n = 0; at < len; at += n) {
        uint32_t c = 0;
        n = ol_utf8_next((const uint8_t *)text + at, len - at, &c);
        column++;
        int d = n == 0 ? -1 : digit_of(c);
        bool ends = n > 0 && (is_free(c) || ((c == '.' || c == ':') && !t->has_rest));
        if (d < 0 && !(ends && (is_free(c) || t->number_digits > 0))) {
            *ret_c = n == 0 ? 0 : c;
            *ret_column = column;
            return false;
        }
        if (d >= 0)
            take_digit(t, (unsigned)d);
        else if (t->number_digits > 0)
            t->has_rest = true, end_word(t);
    }
    end_word(t);
    return true;
}

static bool is_none(const char *text, size_t len) {
    for (size_t at = 0, n = 0; at < len; at += n) {
        uint32_t c = 0;
        n = ol_utf8_next((const uint8_t *)text + at, len - at, &c);
        if (n == 0 || !is_free(c))
            return n == 1 && c == '#';
    }
    return true;
}

/* ── in: what a line is ─────────────────────────────────────────────────────────────────────── */

static ol_groups_fault range(const uint32_t *value, size_t n, ol_groups_wrong *w) {
    for (size_t i = 1; i <= n + 1; i++) {
        uint32_t max = i <= n ? (uint32_t)DATA_MAX : (uint32_t)MODULUS - 1;
        bool is_no_length = w->number == 1 && i == 1 && value[i] == 0; /* no bundle is empty */
        if (value[i] <= max && !is_no_length)
            continue;
        w->group = (unsigned)i;
        w->got = value[i];
        w->want = max;
        return OL_GROUPS_RANGE;
    }
    return OL_GROUPS_RIGHT;
}

static bool fits(const uint32_t *value, size_t n) {
    ol_groups_wrong w = { .number = value[0] };
    return range(value, n, &w) == OL_GROUPS_RIGHT && check_of(value, 1 + n) == value[1 + n];
}

/* Would the line be right with one digit of group i changed, or two neighbours of it swapped? */
static bool mends(uint32_t *value, size_t n, size_t i) {
    bool found = false;
    const uint32_t was = value[i];
    for (uint32_t place = 1; place <= 10000 && !found; place *= 10) {
        uint32_t digit = was / place % 10, next = was / place / 10 % 10;
        for (uint32_t d = 0; d < 10 && !found; d++) {
            value[i] = was - digit * place + d * place;
            found = d != digit && fits(value, n);
        }
        value[i] = was - digit * place - next * place * 10 + next * place + digit * place * 10;
        found = found || (place < 10000 && next != digit && fits(value, n));
    }
    value[i] = was;
    return found;
}

/* Where the mistake probably is: the one group whose change for the better is a small one. */
static unsigned suspect(uint32_t *value, size_t n) {
    unsigned at = 0;
    for (size_t i = 1; i <= n + 1; i++) {
        bool found = mends(value, n, i);
        if (!found && i <= n) { /* with its neighbour */
            uint32_t was = value[i];
            value[i] = value[i + 1], value[i + 1] = was;
            found = value[i] != was && fits(value, n);
            value[i + 1] = value[i], value[i] = was;
        }
        if (found && at != 0)
            return 0;
        at = found ? (unsigned)i : at;
    }
    return at;
}

/* Is b what somebody types who slips once over a? Both as two digits. */
static bool is_slip(uint32_t a, uint32_t b) {
    return a / 10 == b / 10 || a % 10 == b % 10 ||
           (a < 100 && a % 10 == b / 10 && a / 10 == b % 10);
}

/* Under which number would the line be right? */
static unsigned rightful(uint32_t *value, size_t n, size_t max, bool is_slip_only) {
    const uint32_t was = value[0];
    unsigned at = 0;
    for (value[0] = 1; value[0] <= max && at == 0; value[0]++)
        if (value[0] != was && (!is_slip_only || is_slip(was, value[0])) && fits(value, n))
            at = value[0];
    value[0] = was;
    return at;
}

/* The slip that explains best why the line is wrong. */
static void explain(uint32_t *value, size_t n, size_t lines, ol_groups_wrong *w) {
    w->belongs = rightful(value, n, lines > 0 ? lines : 99, true);
    w->group = w->belongs == 0 ? suspect(value, n) : 0;
    if (w->belongs == 0 && w->group == 0)
        w->belongs = rightful(value, n, lines, false);
}

static ol_groups_fault counted(const ol_groups *g, size_t line, size_t n, ol_groups_wrong *w) {
    size_t least = line == 1 ? OL_GROUPS_HEAD + 1 : 1, most = OL_GROUPS_LINE_MAX;
    if (g->lines > 0 && line > g->lines) {
        w->want = (unsigned)g->lines;
        return OL_GROUPS_BEYOND;
    }
    if (g->lines > 0)
        least = most = groups_in(g->group[0], line);
    if (n >= least && n <= most)
        return OL_GROUPS_RIGHT;
    w->got = (unsigned)n + 1;
    w->want = (unsigned)most + 1;
    return OL_GROUPS_COUNT;
}

/* The line's number and groups into value; *ret_n groups without the check group. */
static ol_groups_fault read_values(const ol_groups *g, const char *text, size_t len,
                                   uint32_t value[VALUES_MAX], size_t *ret_n, ol_groups_wrong *w) {
    typed_line t = { 0 };
    bool is_read = read_line(text, len, &t, &w->c, &w->column);
    bool has_number = t.number >= 1 && t.number <= OL_GROUPS_LINES_MAX;
    w->number = has_number ? t.number : 0;
    if (!is_read)
        return OL_GROUPS_CHARACTER;
    if (!has_number)
        return OL_GROUPS_NUMBER;
    if (t.digits % DIGITS != 0) {
        w->group = t.odd_word < 2 * DIGITS - 2 ? (unsigned)(t.odd / DIGITS) + 1 : 0;
        return OL_GROUPS_DIGITS;
    }
    size_t n = t.digits / DIGITS;
    ol_groups_fault fault = counted(g, t.number, n > 0 ? n - 1 : 0, w);
    if (n == 0 && fault == OL_GROUPS_COUNT)
        w->got = 0;
    if (fault != OL_GROUPS_RIGHT)
        return fault;
    value[0] = t.number;
    for (size_t i = 0; i < t.digits; i++)
        value[1 + i / DIGITS] = (i % DIGITS == 0 ? 0 : value[1 + i / DIGITS]) * 10 + t.digit[i];
    *ret_n = n - 1;
    return range(value, n - 1, w);
}

/* ── in: a bundle ───────────────────────────────────────────────────────────────────────────── */

void ol_groups_begin(ol_groups *g) {
    memset(g, 0, sizeof *g);
}

static ol_groups_fault judge(ol_groups *g, const char *text, size_t len, ol_groups_wrong *w) {
    uint32_t value[VALUES_MAX] = { 0 };
    size_t n = 0;
    ol_groups_fault fault = read_values(g, text, len, value, &n, w);
    if (fault != OL_GROUPS_RIGHT)
        return fault;
    if (!fits(value, n)) {
        explain(value, n, g->lines, w);
        return OL_GROUPS_CHECK;
    }
    size_t lines = w->number == 1 ? ol_groups_lines(value[1]) : 0;
    if (lines > 0 && n != groups_in(value[1], 1)) {
        w->got = (unsigned)n + 1;
        w->want = (unsigned)groups_in(value[1], 1) + 1;
        return OL_GROUPS_COUNT;
    }
    uint16_t *to = g->group + (size_t)(w->number - 1) * OL_GROUPS_LINE_MAX;
    uint8_t *have = &g->have[w->number - 1];
    bool is_same = *have == n;
    for (size_t i = 0; i < n && is_same; i++)
        is_same = to[i] == value[1 + i];
    if (*have > 0 && !is_same)
        return OL_GROUPS_OTHER;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint16_t)value[1 + i];
    *have = (uint8_t)n;
    g->lines = lines > 0 ? lines : g->lines;
    return OL_GROUPS_RIGHT;
}

ol_groups_fault ol_groups_take(ol_groups *g, const char *text, size_t len, ol_groups_wrong *ret) {
    *ret = (ol_groups_wrong){ 0 };
    if (!is_none(text, len))
        ret->fault = judge(g, text, len, ret);
    return ret->fault;
}

ol_groups_fault ol_groups_settle(ol_groups *g, ol_groups_wrong *ret) {
    *ret = (ol_groups_wrong){ 0 };
    for (size_t i = 0; i < OL_GROUPS_LINES_MAX && g->lines > 0; i++) {
        if (g->have[i] == 0)
            continue;
        ret->fault = counted(g, i + 1, g->have[i], ret);
        if (ret->fault != OL_GROUPS_RIGHT) {
            ret->number = (unsigned)i + 1;
            g->have[i] = 0;
            return ret->fault;
        }
    }
    return OL_GROUPS_RIGHT;
}

size_t ol_groups_count(const ol_groups *g) {
    return g->lines;
}

unsigned ol_groups_missing(const ol_groups *g, unsigned from) {
    size_t lines = g->lines;
    for (size_t i = 0; i < OL_GROUPS_LINES_MAX && g->lines == 0; i++)
        lines = g->have[i] > 0 ? i + 1 : lines;
    if (lines == 0)
        lines = 1;
    for (size_t i = from; i <= lines; i++)
        if (g->have[i - 1] == 0)
            return (unsigned)i;
    return 0;
}

ol_err ol_groups_end(const ol_groups *g, uint8_t *to, size_t *ret_len) {
    if (ol_groups_missing(g, 1) != 0)
        return OL_ESTATE;
    size_t len = g->group[0];
    uint8_t last = 0; /* of an odd bundle's last group the second byte is 0 */
    for (size_t i = 0; i < len + len % 2; i++) {
        uint16_t v = g->group[OL_GROUPS_HEAD + i / 2];
        last = (uint8_t)(i % 2 == 0 ? v >> 8 : v);
        if (i < len)
            to[i] = last;
    }
    if ((len % 2 == 1 && last != 0) || sum_of(to, len) != g->group[1])
        return OL_EAUTH;
    *ret_len = len;
    return OL_OK;
}
