/* web/seat.h — who sits at this console: keys that open it once, and the seats they gave.
 * Shape    a key is a word of the URL that the server prints, 32 random bytes in hex; it opens one
 *          seat and is then replaced by another. A seat is a cookie of as many bytes, with the
 *          right to look, also to act, or also to set the party up. OL_SEATS at most; the one
 *          unused for longest gives way.
 * Time     a seat ends OL_SEAT_S after it was last used, be it by a talk that is open; a key never
 *          by itself. OL_SEAT_COOKIE_S is when a browser forgets it: long after it has ended here.
 *          A cookie goes to every port of its host (RFC 6265 §8.5), what a page stores does not: a
 *          talk needs both, so that another user's server on this machine, which a browser may be
 *          led to, cannot take the seat.
 * Secrets  compared in constant time, random from libsodium. */
#ifndef OL_WEB_SEAT_H
#define OL_WEB_SEAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum {
    OL_SEATS = 16,
    OL_SEAT_S = 12 * 3600,
    OL_SEAT_COOKIE_S = 400 * 86400,
    OL_SEAT_WORD = 64,
    OL_SEAT_LINES = 16,
    OL_SEAT_PASSES = 4,
    OL_SEAT_PASS_S = 60
};

/* Each may do what those before it may. */
typedef enum { OL_SEAT_NONE, OL_SEAT_VIEWS, OL_SEAT_ACTS, OL_SEAT_SETS } ol_seat_right;

typedef struct {
    char line[OL_NAME_MAX + 1];
    uint16_t officer; /* 0: nobody */
} ol_seat_as;

typedef struct {
    ol_seat_right right;
    unsigned long number; /* from 1, never given again */
    uint64_t used_s;
    bool is_login;                /* of officers who logged in: what is done there is theirs */
    ol_seat_as as[OL_SEAT_LINES]; /* of a login: one of each line */
    char word[OL_SEAT_WORD + 1];  /* of its cookie */
    char page[OL_SEAT_WORD + 1];  /* what its page keeps for itself, and names to talk */
} ol_seat;

typedef struct {
    unsigned long opened; /* so many were */
    ol_seat seat[OL_SEATS];
    char key[OL_SEAT_SETS + 1][OL_SEAT_WORD + 1]; /* by right */
    struct {
        char key[OL_SEAT_WORD + 1]; /* "": none */
        uint64_t since_s;
        ol_seat_as as;
    } pass[OL_SEAT_PASSES];
} ol_seats;

void ol_seats_init(ol_seats *s);
/* A key that fits gives a seat and is renewed; NULL: none. now_s: a clock that only runs. */
const ol_seat *ol_seats_open(ol_seats *s, ol_str key, uint64_t now_s);
/* The seat of a cookie; NULL: none. It counts as used now. */
const ol_seat *ol_seats_find(ol_seats *s, ol_str word, uint64_t now_s);
bool ol_seat_has_page(const ol_seat *seat, ol_str page);
/* A page that opened a seat by itself has drawn its word; what is no such word changes nothing. */
void ol_seat_take_page(ol_seat *seat, ol_str page);
/* The seat of this number is used now, by a talk that goes on; false: it has ended. */
bool ol_seats_use(ol_seats *s, unsigned long number, uint64_t now_s);

/* A key of a login's seat, of this officer on this line: good once, for OL_SEAT_PASS_S. */
const char *ol_seats_pass(ol_seats *s, const char *line, uint16_t officer, uint64_t now_s);
/* The seat of this number; NULL: it has ended, or given way. */
ol_seat *ol_seats_of(ol_seats *s, unsigned long number);
/* False: it has as many lines as it can have. */
bool ol_seat_sit(ol_seat *seat, const char *line, uint16_t officer);
uint16_t ol_seat_officer(const ol_seat *seat, const char *line); /* 0: nobody */
void ol_seat_end(ol_seat *seat);

#endif
