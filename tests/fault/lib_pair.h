/* tests/fault/lib_pair.h — two engines over two stores and a clean path, in virtual time, driven
 * as production drives them: effects in order, one commit at a time, the marker after it.
 * Clients  each submission has an item; one that is refused, or whose station was started again
 *          before it answered, is submitted again with the same item, as a client would.
 * Checks   as things happen: OL_OK only for what the store holds; each submission answered exactly
 *          once; a receipt only for what its signer's store holds; one root for a log and size, and
 *          one receipt (§3.3).
 *          A check that fails prints what and where, and traps.
 * Memory   each engine draws through a gate that fails chosen calls. */
#ifndef OL_TESTS_FAULT_LIB_PAIR_H
#define OL_TESTS_FAULT_LIB_PAIR_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/sign.h"
#include "line/line.h"
#include "store/store.h"

enum { PAIR_SAIDS = 96, PAIR_PACKETS = 256, PAIR_SIGNED = 4096, PAIR_QUEUE = 512, PAIR_MADE = 16 };

typedef struct { /* calls number `from` to below `to`, counted from 0, find no memory */
    uint64_t calls, from, to;
} pair_gate;

typedef struct { /* a signature that the engine has not got yet */
    uint32_t token;
    uint8_t sig[OL_SIG_LEN];
} pair_made;

typedef struct {
    ol_mem mem, secret;
    pair_gate gate, vault; /* of mem, of secret */
    ol_switch *sw;
    ol_line *line;
    ol_store *store;
    ol_marker marker;
    ol_sign_key log_key, receipt_key;
    uint8_t static_priv[32];
    bool is_up, wants_commit, path_is_up;
    uint64_t timer_ms, retry_ms, start_ms;
    uint64_t commits, failed, reopened; /* failed: commits */
    uint8_t peer_stopped, was_stopped;  /* what the other says of its storage, once said */
    ol_err fault;                       /* what a start may end with; else it must work */
    bool is_lossy;                      /* commits may fail with other errors than planned ones */
    bool is_signing_slow;               /* signatures wait for pair_sign */
    pair_made made[PAIR_MADE];
    size_t mades;
    ol_ratchet secrets; /* the file: the keys shared with the other */
    ol_effect queue[PAIR_QUEUE];
    size_t at, n;
} pair_station;

typedef struct {
    uint8_t by, lane, item[OL_ITEM_LEN];
    uint16_t bytes;
    bool is_out, is_told; /* submitted and not answered; answered OL_OK */
    uint64_t again_ms;
    unsigned refusals;
    ol_log_key log;
    uint64_t index;
} pair_said;

typedef struct {
    uint64_t at_ms, order;
    uint8_t to;
    size_t len;
    uint8_t bytes[OL_FRAME_MAX];
    bool is_used;
} pair_packet;

typedef struct {
    uint8_t name[32], root[32];
    uint64_t time; /* of its receipt, 0: none yet */
} pair_signed;

typedef struct pair pair;
struct pair {
    uint64_t now_ms, order, lost_every; /* a frame in so many is lost; 0: none */
    ol_line_party card[2];
    pair_station st[2];
    pair_said said[PAIR_SAIDS];
    size_t saids;
    pair_packet packet[PAIR_PACKETS];
    pair_signed mark[PAIR_SIGNED];
    size_t marks;
    /* Called before each commit of a station, and after one that failed; NULL: nobody looks. */
    void (*on_commit)(pair *w, unsigned p, ol_err err);
    void *ctx;
};

extern const uint8_t pair_line_id[OL_LINE_ID_LEN];

/* The stores are the caller's, who closes them after pair_free. */
pair *pair_new(ol_store *a, ol_store *b);
void pair_free(pair *w); /* the engines, too; traps when one of them leaks */
/* OL_OK, or what went wrong: then nothing of it is there. */
ol_err pair_start(pair *w, unsigned p);
void pair_stop(pair *w, unsigned p, bool loses_marker);
void pair_say(pair *w, unsigned p, uint8_t lane, uint16_t bytes);
void pair_until(pair *w, uint64_t ms);
/* Until both records are the same, receipted and whole, and all that was said is answered OL_OK;
 * traps after limit_ms. */
void pair_converge(pair *w, uint64_t limit_ms);
void pair_sign(pair *w, unsigned p);          /* what waited; from now on at once */
void pair_mark(pair *w, const ol_effect *fx); /* this is signed: once, if at all */
bool pair_is_same(const pair *w);
uint64_t pair_size_in(const pair *w, ol_store *s, const ol_log_key *key);

#define PAIR_CHECK(w, x, ...)                                                                      \
    do {                                                                                           \
        if (!(x))                                                                                  \
            pair_fail((w)->now_ms, __FILE__, __LINE__, __VA_ARGS__);                               \
    } while (0)
__attribute__((noreturn, format(printf, 4, 5))) void pair_fail(uint64_t now_ms, const char *file,
                                                               int line, const char *format, ...);

#endif
