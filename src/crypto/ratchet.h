/* crypto/ratchet.h — the epochs of one pair's keys: which one we send at, which we still accept.
 * Model    epochs oldest … send are kept: of them all, the key ck[oldest] is. What comes at
 *          oldest … send + OL_EPOCHS_AHEAD is accepted. A packet of the peer's that has verified
 *          confirms its epoch and all below; one above send is followed.
 *            send → send + 1    when send is confirmed, the crypto period is over since it began
 *                               and at most OL_EPOCHS_KEPT are kept below it
 *            oldest goes        when an epoch above it has been confirmed for the courier time, or
 *                               when it is more than OL_EPOCHS_SPAN below send
 *          So two parties that keep the rules are never more than one apart, however long either
 *          was away.
 * Time     seconds that this station has run, never the calendar: arguments.
 * Memory   an ol_ratchet is secret; plain data, may be copied; the caller wipes every copy.
 * Errors   none; epochs that are asked for are accepted ones (asserted).
 * Source   docs/PROTOCOL.md §2.6; known answers in tests/vectors/ratchet.txt. */
#ifndef OL_CRYPTO_RATCHET_H
#define OL_CRYPTO_RATCHET_H

#include <stdbool.h>

#include "crypto/keys.h"

enum {
    OL_EPOCHS_AHEAD = 64,     /* above send: a peer's whose epoch we have lost */
    OL_EPOCHS_KEPT = 8,       /* below send, at most, by our own steps */
    OL_EPOCHS_SPAN = 72,      /* below send, at most, after following too */
    OL_RATCHET_MARKS = 10,    /* confirmations that are remembered apart */
    OL_EPOCH_MAX = UINT16_MAX /* the last one stays for ever */
};

typedef struct {
    uint8_t ck[OL_SECRET_LEN];    /* of the oldest epoch */
    uint16_t oldest, send, heard; /* heard: the highest confirmed one, if is_heard */
    bool is_heard;
    uint8_t marks;
    uint64_t since_s, since_wall; /* when send began: seconds of running, wall clock */
    struct {
        uint64_t at_s; /* this epoch and those below were confirmed then */
        uint16_t epoch;
    } mark[OL_RATCHET_MARKS]; /* ascending, above oldest */
} ol_ratchet;

typedef struct {
    uint64_t crypto_s, courier_s; /* the charter's crypto period and courier time */
} ol_ratchet_times;

/* Epoch 0, nothing heard. */
void ol_ratchet_begin(const uint8_t ck[OL_SECRET_LEN], ol_ratchet *ret);
/* What was read from a file keeps the invariants above. */
bool ol_ratchet_is_sound(const ol_ratchet *r);

bool ol_ratchet_accepts(const ol_ratchet *r, uint64_t epoch);
/* A packet of the peer's at this epoch, an accepted one, has verified. true: r has changed. */
bool ol_ratchet_heard(ol_ratchet *r, uint16_t epoch, uint64_t now_s, uint64_t wall);
/* What time alone brings about. true: r has changed. */
bool ol_ratchet_pass(ol_ratchet *r, const ol_ratchet_times *t, uint64_t now_s, uint64_t wall);
/* When ol_ratchet_pass may change something; UINT64_MAX: not before something is heard. */
uint64_t ol_ratchet_next_s(const ol_ratchet *r, const ol_ratchet_times *t);

/* ck of an accepted epoch; that of the next one by ol_keys_next. */
void ol_ratchet_key(const ol_ratchet *r, uint16_t epoch, uint8_t ret_ck[OL_SECRET_LEN]);

#endif
