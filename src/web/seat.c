#include "web/seat.h"

#include <sodium.h>
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

const ol_seat *ol_seats_open(ol_seats *s, ol_str key, uint64_t now_s) {
    ol_seat_right right = OL_SEAT_SETS;
    while (right > OL_SEAT_NONE && !is_word(s->key[right], key))
        right--;
    if (right == OL_SEAT_NONE)
        return NULL;
    ol_seat *seat = &s->seat[0];
    for (size_t i = 0; i < OL_SEATS && !is_over(seat, now_s); i++)
        if (is_over(&s->seat[i], now_s) || s->seat[i].used_s < seat->used_s)
            seat = &s->seat[i];
    *seat = (ol_seat){ .right = right, .number = ++s->opened, .used_s = now_s };
    draw(seat->word);
    draw(s->key[right]);
    return seat;
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

bool ol_seats_use(ol_seats *s, unsigned long number, uint64_t now_s) {
    for (size_t i = 0; i < OL_SEATS; i++)
        if (s->seat[i].number == number && !is_over(&s->seat[i], now_s))
            return s->seat[i].used_s = now_s, true;
    return false;
}
