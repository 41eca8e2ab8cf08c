#include "web/seat.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static void draw(char word[OL_SEAT_WORD + 1]) {
    uint8_t bytes[OL_SEAT_WORD / 2];
    randombytes_buf(bytes, sizeof bytes);
    ol_hex_put(bytes, sizeof bytes, word);
    sodium_memzero(bytes, sizeof bytes);
}

static bool is_word(const char *word, ol_str s) {
    return s.p != NULL && s.len == OL_SEAT_WORD && sodium_memcmp(word, s.p, OL_SEAT_WORD) == 0;
}

static bool is_over(const ol_seat *seat, uint64_t now_s) {
    return seat->right == OL_SEAT_NONE || now_s - seat->used_s > OL_SEAT_S;
}

void ol_seats_init(ol_seats *s) {
    memset(s, 0, sizeof *s);
    for (int right = OL_SEAT_VIEWS; right <= OL_SEAT_SETS; right++)
        draw(s->key[right]);
}

/* A place for one more: an empty one, or that of the seat unused for longest. */
static ol_seat *place(ol_seats *s, uint64_t now_s) {
    ol_seat *seat = &s->seat[0];
    for (size_t i = 0; i < OL_SEATS && !is_over(seat, now_s); i++)
        if (is_over(&s->seat[i], now_s) || s->seat[i].used_s < seat->used_s)
            seat = &s->seat[i];
    *seat = (ol_seat){ .number = ++s->opened, .used_s = now_s };
    draw(seat->word);
    draw(seat->page);
    return seat;
}

/* A login's: its key is used up, and so are those that nobody used in time. */
static const ol_seat *open_pass(ol_seats *s, ol_str key, uint64_t now_s) {
    const ol_seat *opened = NULL;
    for (size_t i = 0; i < OL_SEAT_PASSES; i++) {
        bool is_it = is_word(s->pass[i].key, key);
        bool is_late = now_s - s->pass[i].since_s > OL_SEAT_PASS_S;
        if (is_it && !is_late && s->pass[i].as.officer != 0) {
            ol_seat *seat = place(s, now_s);
            seat->right = OL_SEAT_ACTS, seat->is_login = true;
            seat->as[0] = s->pass[i].as;
            opened = seat;
        }
        if (is_it || is_late)
            sodium_memzero(&s->pass[i], sizeof s->pass[i]);
    }
    return opened;
}

const ol_seat *ol_seats_open(ol_seats *s, ol_str key, uint64_t now_s) {
    ol_seat_right right = OL_SEAT_SETS;
    while (right > OL_SEAT_NONE && !is_word(s->key[right], key))
        right--;
    if (right == OL_SEAT_NONE)
        return open_pass(s, key, now_s);
    ol_seat *seat = place(s, now_s);
    seat->right = right;
    draw(s->key[right]);
    return seat;
}

const char *ol_seats_pass(ol_seats *s, const char *line, uint16_t officer, uint64_t now_s) {
    size_t at = 0;
    for (size_t i = 0; i < OL_SEAT_PASSES; i++)
        if (s->pass[i].since_s < s->pass[at].since_s)
            at = i;
    s->pass[at].since_s = now_s;
    s->pass[at].as.officer = officer;
    (void)snprintf(s->pass[at].as.line, sizeof s->pass[at].as.line, "%s", line);
    draw(s->pass[at].key);
    return s->pass[at].key;
}

ol_seat *ol_seats_of(ol_seats *s, unsigned long number) {
    for (size_t i = 0; i < OL_SEATS && number != 0; i++)
        if (s->seat[i].right != OL_SEAT_NONE && s->seat[i].number == number)
            return &s->seat[i];
    return NULL;
}

bool ol_seat_sit(ol_seat *seat, const char *line, uint16_t officer) {
    ol_seat_as *to = NULL;
    for (size_t i = 0; i < OL_SEAT_LINES; i++)
        if (strcmp(seat->as[i].line, line) == 0 || (to == NULL && seat->as[i].officer == 0))
            to = &seat->as[i];
    if (to == NULL)
        return false;
    (void)snprintf(to->line, sizeof to->line, "%s", line);
    to->officer = officer;
    return true;
}

uint16_t ol_seat_officer(const ol_seat *seat, const char *line) {
    for (size_t i = 0; i < OL_SEAT_LINES; i++)
        if (seat->as[i].officer != 0 && strcmp(seat->as[i].line, line) == 0)
            return seat->as[i].officer;
    return 0;
}

void ol_seat_end(ol_seat *seat) {
    sodium_memzero(seat, sizeof *seat);
}

const ol_seat *ol_seats_find(ol_seats *s, ol_str word, uint64_t now_s) {
    ol_seat *found = NULL;
    for (size_t i = 0; i < OL_SEATS; i++) /* all are looked at: how long it takes tells nothing */
        if (is_word(s->seat[i].word, word) && !is_over(&s->seat[i], now_s))
            found = &s->seat[i];
    if (found != NULL)
        found->used_s = now_s;
    return found;
}

bool ol_seat_has_page(const ol_seat *seat, ol_str page) {
    return is_word(seat->page, page);
}

void ol_seat_take_page(ol_seat *seat, ol_str page) {
    uint8_t bytes[OL_SEAT_WORD / 2];
    if (seat == NULL || page.p == NULL || page.len != OL_SEAT_WORD ||
        ol_hex_get(page.p, page.len, bytes, sizeof bytes) != OL_OK)
        return;
    memcpy(seat->page, page.p, OL_SEAT_WORD);
    sodium_memzero(bytes, sizeof bytes);
}

bool ol_seats_use(ol_seats *s, unsigned long number, uint64_t now_s) {
    for (size_t i = 0; i < OL_SEATS; i++)
        if (s->seat[i].number == number && !is_over(&s->seat[i], now_s))
            return s->seat[i].used_s = now_s, true;
    return false;
}
