/* line/line.h — the engine of one line: events in, decisions out, frames on request.
 * It does no I/O, reads no clock, draws no randomness and holds no log: time is an argument,
 * entropy a seed, entries come back by FX_FETCH. One caller in production (station/drive.c), one in
 * tests.
 *
 * Cycle    step(event) fills an ol_effects; the caller performs each effect in order and feeds the
 *          answers back as events, in any order, none lost. When out->more is set, step again with
 *          EV_MORE before anything else. Then, for each path that can send, poll frames while
 *          peek is not OL_CLASS_NONE. Pointers in effects live until the answering event
 *          (FX_COMMIT, FX_SIGN, FX_DH, FX_FETCH, FX_BUNDLE) or the next step (others).
 * Order    FX_COMMIT is answered by EV_COMMITTED only when the batch is durable and the run marker
 *          is rewritten (docs/PROTOCOL.md §3.6, §6.1). At most one commit is out at a time.
 * Errors   peer input never fails a step: it is dropped and counted (ol_line_count).
 * Memory   from opts.mem, with its ceiling; keys and session state from opts.secret.
 * Source   docs/PROTOCOL.md §3 to §6 */
#ifndef OL_LINE_LINE_H
#define OL_LINE_LINE_H

#include "base/err.h"
#include "base/mem.h"
#include "base/time.h"
#include "crypto/note.h"
#include "crypto/ratchet.h"
#include "line/switch.h"
#include "record/batch.h"
#include "wire/entry.h"

enum { OL_PATHS_PER_PEER = 4, OL_FX_MAX = 64, OL_FRAME_MIN = 256, OL_FRAME_MAX = 1200 };

typedef uint8_t ol_path_id; /* party * OL_PATHS_PER_PEER + slot */
typedef struct ol_line ol_line;
typedef struct ol_bundle_read ol_bundle_read; /* line/bundle.h */

typedef struct {
    char name[33];
    uint8_t log_pk[32], receipt_pk[32], static_pk[32];
    ol_ratchet ratchet; /* of the pair with us; unused for self */
} ol_line_party;

typedef struct { /* a card before a party's last: by it old heads and receipts still verify */
    uint8_t party, log_pk[32], receipt_pk[32];
} ol_line_older;

typedef struct { /* a generation before the present one */
    uint32_t members;
    bool has_secret; /* false: we were no member then, and nobody gave it to us */
    uint8_t secret[32];
} ol_line_before;

typedef struct {
    ol_mem *mem, *secret;
    ol_switch *sw;        /* shared by all lines of the station */
    uint16_t line_number; /* what the switch answers for this line */
    uint8_t id[OL_LINE_ID_LEN];
    uint32_t generation;
    char name[33];
    uint8_t parties, self;
    const ol_line_party *party;          /* copied */
    const uint8_t *line_secret;          /* 32 bytes, copied into secret memory */
    const uint8_t *seed;                 /* 32 bytes of entropy, copied */
    uint64_t limit_entries, limit_bytes; /* per 24 h of running time */
    uint64_t joined_wall;                /* when we joined, or before; 0: not known */
    ol_ratchet_times epochs;             /* neither is 0 */
    uint32_t members;                    /* of this generation, a bit per party; 0: all */
    const ol_line_before *before;        /* generations 0 … generation - 1, copied into secret
                                          * memory; NULL: none is known */
    const ol_line_older *older;          /* copied; of each party the newest first */
    size_t olders;
} ol_line_opts;

OL_MUST ol_err ol_line_new(const ol_line_opts *opts, ol_line **ret);
void ol_line_free(ol_line *l); /* takes NULL; wipes */

/* Before EV_START: what the store holds, log by log in the order of ol_store logs. */
typedef struct {
    ol_log_key key;
    bool is_closed;
    uint64_t size;
    const uint8_t *frontier;
    size_t frontier_len;
} ol_load_log;
OL_MUST ol_err ol_line_load_log(ol_line *l, const ol_load_log *log);
/* Its entry 0, before its receipts and heads: it says of which generation the log is. */
OL_MUST ol_err ol_line_load_opening(ol_line *l, const ol_log_key *log, const uint8_t *entry,
                                    size_t len);
/* A log's receipts before its heads: each party's largest; sig NULL: ours, to be signed again. */
OL_MUST ol_err ol_line_load_receipt(ol_line *l, const ol_log_key *log, uint8_t party, uint64_t size,
                                    uint64_t time, const uint8_t *sig);
/* Then its heads: the largest signed one, those of the sizes of the receipts that were loaded, and
 * every unsigned one of ours. Others do no harm. */
OL_MUST ol_err ol_line_load_head(ol_line *l, const ol_log_key *log, uint64_t size,
                                 const uint8_t root[32], const uint8_t *sig);
OL_MUST ol_err ol_line_load_state(ol_line *l, const char *key, const uint8_t *value, size_t len);
/* After the logs, before EV_START. */
OL_MUST ol_err ol_line_load_evidence(ol_line *l, const ol_log_key *log, uint8_t party,
                                     uint64_t size, uint64_t time, const uint8_t root[32],
                                     const uint8_t *sig);

typedef enum {
    EV_START,
    EV_MORE,
    EV_TIMER,
    EV_SUBMIT,
    EV_FRAME,
    EV_COMMITTED,
    EV_COMMIT_FAILED,
    EV_SIGNED,
    EV_DH,
    EV_FETCHED,
    EV_PATH_UP,
    EV_PATH_DOWN,
    EV_PATH_LOST,
    EV_PATH_TRY, /* somebody asks whether it answers now: NOTIFY path when it has */
    EV_CLOCK_ACCEPTED,
    EV_FORK_SEEN, /* an officer knows of the evidence against this log */
    EV_COPY_SEEN, /* an officer knows that another station speaks with our keys */
    EV_RATCHET_SAVED,
    EV_BUNDLE, /* answered by FX_BUNDLE; one at a time */
    EV_BUNDLE_TOLD
} ol_event_kind;

typedef struct {
    bool is_valid; /* a marker of this home and boot was found for this line */
    bool has[OL_LANES];
    uint8_t incarnation[OL_LANES][OL_INC_LEN];
    uint64_t size[OL_LANES];
    uint64_t commit; /* the last commit's own name */
} ol_marker;

typedef struct {
    const uint8_t *p;
    size_t len;
} ol_bytes;

typedef struct {
    ol_event_kind kind;
    ol_wall wall; /* the wall clock now: every event carries it */
    union {
        struct {
            ol_marker marker;
        } start;
        struct { /* an entry by a client; answered by FX_REPLY with the same token */
            uint32_t token;
            uint8_t lane;
            uint64_t kind;
            ol_bytes body;        /* one CBOR item, checked by the caller for its kind */
            const uint8_t *item;  /* OL_ITEM_LEN or NULL: an entry people do not write */
            bool has_read;        /* false: all that is seen when it is appended was read */
            const ol_known *read; /* else the logs of which the writer had read, how far */
            size_t reads;
            const ol_sign *sign; /* with an item: officers' signatures, at most OL_SIGNS_MAX */
            size_t signs;
        } submit;
        struct {
            uint8_t port;  /* the local end it came in by */
            uint8_t known; /* 1 + the slot of the peer's path that it is from; 0: not known */
            /* the caller's token for the source address; 0: the path's own address */
            uint32_t from;
            ol_switch_hit hit;
            ol_bytes frame;
        } frame;
        struct {
            ol_err err;
        } commit_failed;
        struct {
            uint32_t token;
            const uint8_t *sig; /* 64 bytes */
        } signed_;
        struct {
            uint32_t token;
            const uint8_t *shared; /* 32 bytes; NULL: refused (all zero) */
        } dh;
        struct {
            uint32_t token;
            const ol_bytes *entry; /* n entries from the index asked for; n 0: not there */
            size_t n;
            uint64_t head_size;                  /* of the stored, signed head asked for, or 0 */
            const uint8_t *head_root, *head_sig; /* 32 and 64 bytes */
        } fetched;
        ol_log_key fork;
        struct {
            ol_path_id path;
            uint8_t port;
            bool has_address; /* false: we can only answer until the peer has spoken */
            bool is_ip;       /* first messages carry a MAC */
            bool is_stream;   /* frames arrive in order, or EV_PATH_LOST comes */
            uint16_t frame_max;
            uint32_t rate;  /* bit/s of frames' own bytes; 0: not known, fast */
            uint16_t frame; /* the bearer's, where packets are segmented (segment.h); 0: not */
            uint32_t turnaround_ms; /* to turn a direction around; 0: none */
            uint32_t hold_ms;       /* half duplex: the longest transmission; 0: it is not */
            uint8_t way; /* the caller's own word for it: stored with receipts that came by it */
            /* EV_PATH_LOST: a connection that carried it is gone. Its session is not live any more:
             * other paths are better, and it is opened anew when the port can send again. */
        } path;
        struct {
            uint32_t token;
            ol_err err; /* OL_OK: what ol_line_ratchet gave is in the file, durable */
        } ratchet_saved;
        struct {
            uint32_t token;
            bool is_shown; /* opened, and nothing of it taken */
            uint8_t way;   /* as of a path: receipts in it came by this */
            ol_switch_hit hit;
            ol_bytes bundle;
        } bundle;
    };
} ol_event;

typedef enum {
    FX_COMMIT,
    FX_SIGN,
    FX_DH,
    FX_FETCH,
    FX_TIMER,
    FX_NOTIFY,
    FX_REPLY,
    FX_MOVE,
    FX_SAVE_RATCHET,
    FX_BUNDLE /* ol_line_bundle tells what came of it; answered by EV_BUNDLE_TOLD */
} ol_effect_kind;

typedef enum { OL_KEY_LOG, OL_KEY_RECEIPT } ol_key_use;

typedef enum {
    OL_NOTE_STORED,      /* log, size: entries up to size are in our store (any author) */
    OL_NOTE_SENT,        /* log, size, party: entries up to size went out to party, at least once */
    OL_NOTE_RECEIPT,     /* log, size, party, time: it verified, or is ours and signed */
    OL_NOTE_PATH,        /* path: its state changed */
    OL_NOTE_RECOVERED,   /* log, size: our own entries came back from a member */
    OL_NOTE_INCARNATION, /* log: opened; size = reason */
    OL_NOTE_FORK,        /* log, party, size: this party signed what contradicts our copy */
    OL_NOTE_PEER_STOPPED, /* party; size = reason, 0: it stores again */
    OL_NOTE_DELAYS,       /* party; size = OL_DELAY_…: what waits now; 0: nothing any more */
    OL_NOTE_CLOCK,        /* our wall clock is in doubt (size 1) or accepted (0) */
    OL_NOTE_COPY          /* another station speaks with our keys */
} ol_note_kind;

typedef struct {
    ol_effect_kind kind;
    union {
        struct {
            uint32_t token;
            ol_key_use key;
            uint8_t text[OL_COSIGN_MESSAGE_MAX];
            size_t len;
        } sign;
        struct {
            uint32_t token;
            uint8_t peer[32]; /* with our static key */
        } dh;
        struct {
            uint32_t token;
            ol_log_key log;
            uint64_t from, to; /* entries [from, to) */
            uint64_t head;     /* and the signed head of this size; 0: none wanted */
        } fetch;
        struct {
            uint64_t at_ms; /* EV_TIMER then, of the same clock as `now`; replaces the one before */
        } timer;
        struct {
            ol_note_kind what;
            ol_log_key log;
            uint64_t size, time;
            uint8_t party;
            uint8_t way; /* of a receipt; 0: ours, or not known */
            ol_path_id path;
        } notify;
        struct {
            uint32_t token;
            ol_err err; /* OL_OK: appended and durable */
            ol_log_key log;
            uint64_t index;
            uint64_t wait_s; /* OL_ELIMIT: may be said again after this many seconds */
        } reply;
        struct {
            ol_path_id path;
            uint32_t from; /* from now on the path's address is the one of this token */
        } move;
        struct {
            uint32_t token;
            uint8_t party; /* ol_line_ratchet tells what is to be saved, when it is performed */
        } save_ratchet;
    };
} ol_effect;

typedef struct {
    size_t n;
    bool more;
    ol_effect v[OL_FX_MAX];
} ol_effects;

void ol_line_step(ol_line *l, const ol_event *ev, ol_mono now, ol_effects *out);

/* What is to be committed now, in one transaction; NULL: nothing. Borrowed until EV_COMMITTED or
 * EV_COMMIT_FAILED; while it is out the engine takes no further entries in: they wait. */
const ol_batch *ol_line_batch(ol_line *l);
/* Nothing waits for a commit and none is out. */
bool ol_line_batch_is_idle(const ol_line *l);
/* What the run marker must say once that batch is durable. */
void ol_line_marker(const ol_line *l, ol_marker *ret);

enum { OL_CLASS_NONE, OL_CLASS_URGENT, OL_CLASS_ROUTINE };
int ol_line_peek(const ol_line *l, ol_path_id path, ol_mono now);
/* Where that frame would go: an address token; 0: the path's own address. */
uint32_t ol_line_peek_to(const ol_line *l, ol_path_id path);
/* Builds the next frame, at most cap bytes; returns its length, 0 if there is none after all.
 * *ret_to is the address token to send it to; 0: the path's own address. */
size_t ol_line_poll(ol_line *l, ol_path_id path, uint8_t *buf, size_t cap, ol_mono now,
                    uint32_t *ret_to);

/* For status and marker. */
typedef struct {
    bool is_up, is_initiator;
    bool is_live;                         /* a session, and what is sent over it is answered */
    bool is_heard;                        /* something authentic came by it lately (§11.5) */
    bool is_best;                         /* carries what need not go on all */
    uint8_t missed;                       /* PINGs unanswered since the last answer */
    uint16_t lost;                        /* of a thousand frames that the peer sent, lately */
    uint32_t rate;                        /* bit/s that it was configured for; 0: not known */
    uint64_t bits;                        /* a second, both ways, in the last second of traffic */
    uint64_t proven_ms, heard_ms, rtt_ms; /* mono; proven/heard 0: never in this run */
    uint64_t proven_wall;                 /* 0: never in this run */
    uint64_t answer_ms;                   /* so long an answer may take */
    uint64_t tried_ms, tried_in_ms;       /* mono of the answer to the last EV_PATH_TRY, 0: none
                                           * yet; and how long it took */
    uint64_t frames_in, frames_out, bytes_in, bytes_out;
} ol_path_status;
void ol_line_path_status(const ol_line *l, ol_path_id path, ol_path_status *ret);
/* When anything authentic last came from a party, by whatever path; 0: never in this run. */
uint64_t ol_line_heard_ms(const ol_line *l, uint8_t party);
bool ol_line_clock_is_doubtful(const ol_line *l);
/* When another station was last found to speak with our keys (§6.6): wall clock; 0: never. */
uint64_t ol_line_copy(const ol_line *l);
uint64_t ol_line_copy_seen(const ol_line *l); /* an officer knows since then; 0: not yet */
typedef struct {
    ol_log_key log;
    uint8_t party; /* who signed what contradicts our copy: its author, or who receipted it */
    uint64_t size, found, acknowledged; /* wall times of the log's; acknowledged 0: not yet */
} ol_fork_status;
/* The nth piece of evidence, from 0; false: there are no more. */
bool ol_line_fork(const ol_line *l, size_t n, ol_fork_status *ret);
/* Why nothing is taken in, ours or others': OL_EFULL, OL_ENOMEM, OL_EIO; OL_OK: it is. */
ol_err ol_line_stopped(const ol_line *l);
/* The reason a peer gave last (STOPPED, docs/PROTOCOL.md §5.2); 0: it stores, for all we know. */
uint8_t ol_line_peer_stopped(const ol_line *l, uint8_t party);

enum {                    /* what is put off between us and a party (docs/PROTOCOL.md §5.7) */
       OL_DELAY_OURS = 1, /* our entries, there */
       OL_DELAY_OUR_FIRST = 2,
       OL_DELAY_OUR_REQUESTS = 4,
       OL_DELAY_THEIRS = 8, /* its entries, here */
       OL_DELAY_THEIR_FIRST = 16,
       OL_DELAY_THEIR_REQUESTS = 32
};
typedef struct {
    uint8_t what;
    uint64_t ours_s[OL_LANES], theirs_s[OL_LANES]; /* seconds, still; 0: taken as they come */
} ol_delay_status;
void ol_line_delay_status(const ol_line *l, uint8_t party, ol_delay_status *ret);

/* The largest receipt of this party over a log that has verified; it may not be in the store yet.
 * false: none. sig: OL_SIG_LEN bytes, borrowed until the next step. */
bool ol_line_receipt(const ol_line *l, const ol_log_key *log, uint8_t party, uint64_t *ret_size,
                     uint64_t *ret_time, const uint8_t **ret_sig);

/* The keys of the pair as the file of secrets must hold them: with the change that FX_SAVE_RATCHET
 * asks for. Secret. */
void ol_line_ratchet(const ol_line *l, uint8_t party, ol_ratchet *ret);

typedef struct {
    uint16_t epoch, oldest; /* what we send at; the oldest one kept */
    bool is_confirmed;      /* the peer has been heard at it */
    uint64_t since_wall;    /* when it began; 0: with the line */
} ol_epoch_status;
void ol_line_epoch_status(const ol_line *l, uint8_t party, ol_epoch_status *ret);

typedef enum { /* counters of what was refused or done, for status and tests */
               OL_COUNT_FRAME_DROPPED,
               OL_COUNT_MAC_BAD,
               OL_COUNT_REPLAYED_FIRST,
               OL_COUNT_TAG_BAD,
               OL_COUNT_PAYLOAD_BAD,
               OL_COUNT_HEAD_BAD,
               OL_COUNT_RECEIPT_BAD,
               OL_COUNT_PROVISIONAL_DROPPED,
               OL_COUNT_RESENT,
               OL_COUNT_HANDSHAKES,
               OL_COUNT_EPOCHS,             /* changes of a pair's keys that were saved */
               OL_COUNT_HANDSHAKES_DELAYED, /* a member's, above what is done for one (§8) */
               OL_COUNT_REQUESTS_DELAYED,
               OL_COUNT_HEADS_DELAYED, /* and so entries: the member exceeds the charter's limits */
               OL_COUNT_N
} ol_count;
uint64_t ol_line_count(const ol_line *l, ol_count which);

#endif
