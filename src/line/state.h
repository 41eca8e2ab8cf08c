/* line/state.h — the inside of the engine, shared by the files of src/line and by nobody else.
 * Rooms    log.c the table of logs · append.c own entries · batch.c what is committed and signed ·
 *          hold.c entries without a head yet · recv.c items in · sync.c who lacks what ·
 *          chunk.c entries from the store · pack.c items out · relay.c for whom others hand
 *          on · handback.c receipts of a member that forgot · copy.c our home runs twice ·
 *          keyring.c keys and salts of logs · bundle.c sealed bundles in, bundle_make.c out ·
 *          session.c handshakes · epoch.c keys of the pairs · limit.c · path.c which path, and is
 *          it alive · frame.c frames in and out · fork.c two histories · line.c events, effects.
 * Rule     decisions set flags and sizes; ol_pump turns them into effects, so that a full effect
 *          list loses nothing: what did not fit is still flagged. */
#ifndef OL_LINE_STATE_H
#define OL_LINE_STATE_H

#include "crypto/noise.h"
#include "crypto/replay.h"
#include "line/credit.h"
#include "line/epoch.h"
#include "line/inbox.h"
#include "line/limit.h"
#include "line/line.h"
#include "line/times.h"
#include "record/merkle.h"
#include "record/receipt.h"
#include "wire/fields.h"
#include "wire/handback.h"
#include "wire/item.h"

/* What we know of one peer and one log. */
typedef struct {
    uint64_t believed; /* entries the peer has stored, by its receipts and HAVE */
    uint64_t floor;    /* of that, by receipts that still count */
    uint64_t sent;     /* entries sent since the last repeat; at least believed */
    uint64_t sent_max; /* entries ever sent in this run */
    uint64_t head_sent;
    uint64_t due_ms, first_ms, repeat_ms; /* repeat then; first sent at; last repeat at */
    uint64_t moved_ms; /* when the peer last had more, or something first went out after that */
    uint64_t again_ms; /* when everything unacknowledged last began to be sent again */
    uint64_t measure;  /* the size whose receipt gives a round trip; 0 none */
    uint64_t behind;   /* its author repeats a head of this size */
    uint64_t lacks;    /* 1 + its HAVE below its own receipts; 0 none */
    uint64_t knows;    /* of its own log: how large a receipt of ours it says that it holds */
    uint64_t owe_note, owe_ask; /* sizes; 0 none */
    uint32_t bytes;             /* of entries from believed to sent */
    uint64_t late_ms;           /* it takes no more until then; 0: it does, or has all */
    uint8_t tries;
    bool is_unsure; /* the peer forgot: a head first, entries when it has answered */
    bool is_known;  /* the peer has shown to know the log: short LOG items do */
    bool owe_receipt, owe_have, owe_prove, owe_back;
    bool is_again; /* the receipt owed answers a repeat: on one path, not on all */
    bool note_sent;
    bool is_apart; /* it holds another history of the log: nothing we say of it is of use there */
    uint16_t part; /* bytes of entry `sent` that went out as PART */
    /* Handing on (relay.c), one bit a party. This member's log aside: */
    uint64_t hand_ms;  /* not before: whose log it is will see to it */
    uint16_t wanted;   /* parties whose receipts this member cannot get from them */
    uint16_t owe_of;   /* of those: to be sent now */
    uint16_t owe_want; /* parties whose receipts this member is to be asked for */
    /* This member's own receipt, where it cannot bring it: */
    uint64_t want_ms, want_size; /* asked for then; for a head of this size */
    uint8_t want_tries;
} ol_sync;

typedef struct {
    uint64_t size, time;
    uint8_t sig[OL_SIG_LEN], root[32];
    bool is_signed, is_unsaved, note, has_root;
    bool is_firsthand; /* who signed it, or whose log it is, brought it itself */
    uint8_t way;       /* by which it came; 0: not known */
} ol_got;              /* a party's receipt of a log */

typedef struct {
    uint64_t size;
    uint8_t root[32];
} ol_root;

typedef struct { /* entries fetched to be sent, [from, from + n) */
    uint64_t from, at_ms;
    size_t n;
    uint32_t at[OL_HEAD_EVERY + 1]; /* offsets in bytes */
    uint64_t head_size;
    uint8_t head_sig[OL_SIG_LEN];
    size_t cap;
    uint8_t bytes[];
} ol_chunk;

typedef struct ol_log ol_log;
struct ol_log {
    ol_log_key key;
    uint32_t place; /* in ol_line.log */
    bool is_own, is_closed, is_gated, is_forked;
    bool is_fresh;      /* it has seen a log that we opened after we forgot */
    bool is_put;        /* the store knows it, or the batch tells it */
    bool is_dirty;      /* in the batch */
    bool wants_receipt; /* ours, for the largest head */
    bool wants_close;
    bool note_stored, note_recovered, note_opened, note_fork;
    bool is_fork_new;               /* what follows is to be stored */
    uint64_t fork_found, fork_seen; /* wall: the first evidence; an officer knows. 0: not yet */
    uint64_t fork_size;             /* of the last evidence */
    uint8_t fork_party;             /* and whose note it is */
    uint8_t why;                    /* opened for which reason */
    uint32_t generation;            /* of its opening */
    const uint8_t *log_pk; /* the one key that signs its heads; NULL: none has verified yet */
    uint64_t floor;        /* no receipt of ours at or below this size: one was signed before */
    uint64_t stored;       /* durable entries */
    ol_frontier tree;      /* all entries, those of the batch too */
    ol_frontier *undo;     /* the tree before the batch */
    uint64_t head_size;    /* largest signed head, at most `stored` */
    uint64_t head_staged;  /* largest head put into the batch with its signature (others' logs) */
    uint8_t head_root[32], head_sig[OL_SIG_LEN];
    uint8_t staged_root[32], staged_sig[OL_SIG_LEN];
    ol_root *recent; /* OL_RECENT_HEADS of them, a ring; NULL until there is one */
    size_t recent_at;
    ol_chunk *chunk;
    uint64_t fetch_from;     /* wanted; OL_NEVER none */
    uint64_t fetch_after_ms; /* not before: the last one was in vain */
    uint32_t fetch_token;    /* out; 0 none */
    ol_got *got;             /* per party: its largest receipt */
    ol_got *later;           /* per party: one above what we hold, waits; size 0 none */
    ol_sync *sync;           /* per party */
};

typedef struct { /* what an own log has mentioned: number i + 1 is log[i] */
    size_t n, cap;
    struct {
        ol_log_key log;
        uint64_t size;
    } * v;
} ol_seen;

typedef struct {
    ol_log *log; /* current incarnation; NULL: none usable */
    ol_seen seen, undo;
    bool has_undo, is_new; /* new: opened in this run */
    uint8_t next_why;      /* for the incarnation to be opened */
} ol_own;

typedef struct {
    ol_log_key log;
    uint64_t index;
    uint8_t *p;
    uint32_t len, total; /* len < total: pieces are missing */
    uint64_t since_ms;
} ol_held;

typedef struct {
    ol_log_key log;
    uint64_t size;
    uint8_t sig[OL_SIG_LEN];
    bool is_used, owe_have;
    bool is_late; /* DELAYED is said for it instead of HAVE (§5.7) */
    bool is_sure; /* its sender has the entries: it forgot before it said so (§6.3) */
} ol_waiting;

typedef struct {
    ol_held *v;
    size_t n, cap, bytes;
    uint64_t swept_ms;
    ol_waiting head[OL_HOLD_HEADS];
    size_t head_at;
} ol_hold; /* of one source */

typedef enum { HS_FREE, HS_OPENING, HS_STANDBY, HS_LIVE, HS_OLD } ol_holder_state;

typedef struct {
    ol_holder_state state;
    bool is_initiator, owes_reply, is_repeat; /* repeat: message 1 was one: no items */
    uint8_t mine[OL_TAG_MAX], theirs[OL_TAG_MAX];
    uint8_t mine_len, theirs_len;
    ol_noise hs;
    uint8_t tx[32], rx[32];
    ol_replay replay;
    uint64_t n; /* next of ours */
    uint64_t born_ms, counter;
    uint16_t epoch;
    uint32_t to; /* where message 2 goes */
} ol_holder;     /* in secret memory */

typedef struct {
    uint8_t e[32]; /* of the first message whose DH is out */
    uint8_t msg[OL_FRAME_MAX];
    size_t len;
    uint64_t counter;
    uint32_t from, token; /* token 0: none out */
    uint8_t holder;       /* OL_HOLDERS: message 1; else message 2 for that holder */
    bool is_wanted;       /* not asked yet */
} ol_dh_wait;

typedef struct {
    uint64_t at_ms;
    size_t len;
    uint8_t bytes[];
} ol_copy; /* a payload of urgent items that went out on the best path */

typedef struct {
    bool is_up, has_address, is_ip, is_stream, note;
    uint8_t port, live;   /* live: index of a holder, OL_HOLDERS: none */
    uint8_t missed, airs; /* missed: PINGs unanswered since the last PONG */
    uint16_t frame_max;
    uint32_t rate;   /* bit/s that the bearer was configured for; 0: not known, a fat one */
    uint32_t lag_ms; /* an answer may wait so long for its turn; airs: so many full packets */
    ol_copy *copy[OL_COPIES];
    uint64_t expected, arrived;                /* frames of the peer's numbering, lately */
    uint64_t since_ms, since_bytes, bits_last; /* both ways, in this second; in the last one */
    ol_holder *holder;                         /* OL_HOLDERS, secret */
    ol_dh_wait *wait;                          /* secret */
    uint64_t open_ms;                          /* next first message, when wanted; */
    uint64_t open_tries, heard_ms, said_ms, proven_ms, proven_wall, answered_ms, rtt_ms;
    uint64_t ping_ms; /* when the PING that is out left; 0 none */
    uint16_t ping, pong;
    bool owe_pong, owe_confirm, wants_ping;
    bool is_idle_try, is_tried;     /* the last try had nothing to carry; EV_PATH_TRY waits for */
    uint64_t tried_ms, tried_in_ms; /* the answer: when it came, how long it took */
    uint32_t move;                  /* token of the address that proved itself; 0 none */
    uint8_t way;
    uint64_t frames_in, frames_out, bytes_in, bytes_out;
} ol_path;

typedef struct {
    bool has_ss;
    uint8_t ss[32];
    ol_ratchet r;        /* as the file has it */
    ol_epoch now, other; /* keys of r.send, and of one other epoch */
    uint32_t other_at;
} ol_pair; /* in secret memory */

typedef struct {
    uint8_t line_secret[32], drbg[32];
    ol_pair pair[OL_PARTIES_MAX];
    ol_ratchet next; /* of epoch_party: is being saved */
} ol_vault;          /* in secret memory */

typedef struct {
    ol_line_party p; /* its ratchet wiped: that lives in the vault */
    ol_hold hold;
    ol_path path[OL_PATHS_PER_PEER];
    uint64_t last_counter;        /* largest accepted first-message counter */
    uint64_t bundle_counter;      /* largest of a bundle, in this run */
    uint64_t opened_ms[OL_LANES]; /* the day in which so many logs of this party were begun */
    uint32_t opened[OL_LANES];
    uint32_t window, run;            /* run: the last FORGOT told */
    uint64_t cut_ms[OL_PARTIES_MAX]; /* when it said that it cannot reach this one; 0: never */
    uint64_t strayed_ms;             /* when something last went where it may be lost; 0 never */
    uint64_t reached_ms;             /* last answering; the start, if never */
    ol_log_key handed;               /* its newest log when our last handback to it was written */
    uint64_t handed_ms;              /* the day in which so many were written for it */
    uint32_t handed_today;
    ol_handback *back;       /* the last one from it, after we forgot; NULL: none */
    bool has_handed, speaks; /* speaks: through others or a courier, and not itself since */
    bool is_carried;         /* a bundle of it has come in this run */
    uint8_t best;            /* slot of the path that carries what need not go on all */
    uint64_t run_ms;         /* when its FORGOT with a new run came */
    uint64_t brief_ms;       /* until then it gets receipts in handshakes, and not what it forgot */
    ol_bucket handshakes, requests;
    ol_credit credit;
    uint64_t hint_again_ms;
    uint16_t heard; /* a packet of this epoch has verified; not saved yet if has_heard */
    bool has_heard;
    uint64_t forgot_ms; /* FORGOT is said again, if a transport frame carried it */
    uint32_t dh_token;  /* ss is being asked for; 0 no */
    bool dh_wanted;     /* not asked yet */
    uint8_t stopped, forgot_tries;
    bool says_run; /* the payload in hand began with its FORGOT of the present run */
    bool has_run, note_stopped, owe_stopped, is_counter_new;
    bool has_told;          /* we told it all after its FORGOT */
    bool owe_forgot;        /* the handshake could not carry it */
    bool owe_told, is_told; /* it told us all after ours */
    bool is_doubted;        /* it may know words of ours that we do not: to be asked */
} ol_peer;

typedef struct { /* a note that contradicts our copy */
    ol_log *log;
    uint8_t party; /* who signed it: the author a head, another a receipt */
    uint64_t size, time;
    uint8_t root[32], sig[OL_SIG_LEN];
    bool is_saved, is_saving;
} ol_piece;

typedef struct { /* a note over a size whose root of ours is being computed */
    ol_log *log; /* NULL: none */
    uint8_t party;
    uint64_t size, time, at_ms, after_ms; /* go on then; no other before */
    uint8_t root[32], sig[OL_SIG_LEN];
    ol_frontier tree;
    uint32_t token, fetches; /* token: of the fetch that is out; 0 none */
} ol_probe;

typedef struct { /* a head of ours below the last, from the store */
    ol_log *log;
    uint64_t size;
    uint8_t root[32], sig[OL_SIG_LEN];
    bool is_there;
    uint32_t token;
} ol_shown;

typedef struct {
    uint32_t token;
    ol_log *log;
    uint64_t size, time;
    uint8_t root[32], sig[OL_SIG_LEN];
    bool is_receipt, is_ready, is_out, is_signed, is_saving;
} ol_job; /* a head or receipt of ours to be signed, or signed and not yet stored */

typedef struct {
    uint32_t token;
    ol_err err;
    ol_log_key log;
    uint64_t index, wait_s;
} ol_answer;

typedef struct {
    uint32_t token;
    uint8_t lane;
    bool has_item, has_read;
    uint8_t item[OL_ITEM_LEN];
    uint64_t kind;
    size_t body_len, reads, signs;
    uint8_t *body;
    ol_known *read;
    ol_sign sign[OL_SIGNS_MAX];
} ol_submit; /* waits until the batch that is out has been answered */

typedef struct ol_block ol_block;
struct ol_block {
    ol_block *next;
    size_t used, cap;
    uint8_t bytes[];
};

typedef struct {
    ol_put *put;
    size_t n, cap, bytes, entries;
    ol_block *block;
    bool is_out;
    ol_batch view;
} ol_build;

#define OL_VEC(type)                                                                               \
    struct {                                                                                       \
        type *v;                                                                                   \
        size_t n, cap;                                                                             \
    }

struct ol_line {
    ol_mem *mem, *secret;
    ol_switch *sw;
    uint16_t number;
    uint8_t id[OL_LINE_ID_LEN];
    uint32_t generation;
    char name[33];
    uint8_t parties, self;
    uint32_t members; /* of this generation */
    ol_line_older *older;
    ol_line_before *before; /* secret */
    size_t olders, befores;
    ol_vault *vault;
    ol_peer peer[OL_PARTIES_MAX];
    OL_VEC(ol_log *) log;
    ol_own own[OL_LANES];
    ol_build batch;
    OL_VEC(ol_job) job;
    OL_VEC(ol_piece) piece;
    ol_probe probe[OL_PARTIES_MAX];             /* by who brought the note */
    uint8_t probe_at;                           /* whose had its turn last */
    ol_shown shown[OL_PARTIES_MAX];             /* to whom */
    uint64_t commit, commit_before, commit_out; /* names of commits: the last two; the one out */
    bool may_have_spoken;     /* more of our logs may be with others than the store knows of */
    bool is_show_due;         /* notes are owed that the store has */
    OL_VEC(ol_answer) unsaid; /* replies that wait for the commit */
    OL_VEC(ol_answer) answer; /* replies to be said now */
    ol_answer refused; /* to what there was no memory for; err OL_OK: none. Said in the same step */
    OL_VEC(ol_submit) submit;
    ol_inbox inbox;
    uint64_t wall, mono_ms;                        /* of the event in hand */
    uint8_t way;                                   /* by which the payload in hand came */
    ol_path *from;                                 /* of the payload in hand; NULL: none */
    uint64_t clock_wall, clock_mono_ms, last_time; /* trusted pair; last signed or written time */
    bool is_started, has_forgotten, is_doubtful, note_clock, wants_commit, batch_failing;
    bool was_stopped;         /* once in this run */
    uint8_t storage;          /* 0 well, else the STOPPED reason */
    uint32_t run, next_token; /* run: of our FORGOT */
    bool is_hold_due;         /* what waits for a head may be taken now */
    bool is_forgot_new;       /* has_forgotten changed: to be stored */
    bool may_lack;            /* own words of an earlier life may be with members */
    bool note_copy, is_copy_new;
    bool is_copy_proved; /* what is doubted, by a word under our own key; else by a hint alone */
    /* wall: another station spoke with our keys; an officer knows of that. 0: not yet */
    uint64_t copy_found, copy_seen;
    uint64_t copy_after_ms, copy_again_ms, copy_wait_ms; /* members are asked; again then */
    uint64_t anew_ms; /* the day in which so many logs were opened to be handed receipts back */
    uint32_t anew_today;
    uint64_t counter, reserved; /* next first-message counter; reserved below this */
    uint64_t reserving;         /* what the batch reserves; 0 nothing */
    uint64_t save_ms;           /* unsaved signatures are committed then */
    uint64_t timer_ms;          /* last told */
    ol_ratchet_times epochs;
    uint64_t ran_s, ran_from_ms, ran_save_ms; /* running time, when it was ran_from_ms */
    uint64_t epoch_after_ms;                  /* no saving before: the last one failed */
    uint32_t epoch_token;
    uint8_t epoch_party; /* whose change is being saved; OL_PARTIES_MAX: nobody's */
    bool is_epoch_wanted;
    uint64_t limit_entries, limit_bytes;
    uint64_t tokens_entries, tokens_bytes, tokens_ms; /* thousandths of an entry, of a byte */
    uint64_t rest_entries, rest_bytes;                /* of a thousandth */
    uint64_t joined_wall, credit_ms, credit_wall;     /* credits have grown until then */
    ol_amount credit_rest;                            /* of a thousandth */
    bool is_spent_new;                                /* they are fewer than what is stored */
    uint64_t count[OL_COUNT_N];
};

/* line.c */
#define OL_PUSH(l, vec)                                                                            \
    (ol_push((l)->mem, (void **)&(vec)->v, &(vec)->n, &(vec)->cap, sizeof *(vec)->v)               \
         ? &(vec)->v[(vec)->n - 1]                                                                 \
         : NULL)
bool ol_push(ol_mem *mem, void **v, size_t *n, size_t *cap, size_t size);
uint32_t ol_token(ol_line *l);
void ol_random(ol_line *l, uint8_t *to, size_t n);
uint64_t ol_claim_time(ol_line *l); /* for an entry or receipt of ours: never falls (§3.3) */
uint64_t ol_min_ms(uint64_t a, uint64_t b);
uint64_t ol_max_ms(uint64_t a, uint64_t b);

/* pump.c */
void ol_pump(ol_line *l, ol_effects *out);

/* log.c */
ol_log *ol_log_find(const ol_line *l, const ol_log_key *key);
ol_log *ol_log_find_short(const ol_line *l, const ol_log_key *key);
bool ol_log_is_short(const ol_line *l, const ol_log *log);
ol_log *ol_log_add(ol_line *l, const ol_log_key *key); /* NULL: limit or no memory */
void ol_log_free(ol_line *l, ol_log *log);
size_t ol_log_origin(const ol_line *l, const ol_log_key *key, char to[OL_NOTE_NAME_MAX + 1]);
OL_MUST ol_err ol_log_check_head(const ol_line *l, const ol_log_key *key, uint64_t size,
                                 const uint8_t root[32], const uint8_t *sig);
OL_MUST ol_err ol_log_check_receipt(const ol_line *l, const ol_log_key *key, uint8_t party,
                                    uint64_t size, uint64_t time, const uint8_t root[32],
                                    const uint8_t *sig);
void ol_log_remember(ol_line *l, ol_log *log, uint64_t size, const uint8_t root[32]);
const uint8_t *ol_log_root_at(const ol_log *log, uint64_t size); /* NULL: not known any more */

/* append.c */
void ol_append_submit(ol_line *l, const ol_event *ev);
void ol_append_waiting(ol_line *l);
void ol_append_close(ol_line *l, ol_log *log, uint8_t why);
/* An entry that the station itself writes; OL_KIND_OPENING: a log, where none is current. */
OL_MUST ol_err ol_append_own(ol_line *l, uint8_t lane, uint64_t kind, const uint8_t *body,
                             size_t len);
void ol_own_undo(ol_line *l, uint8_t lane);
OL_MUST ol_err ol_own_put_seen(ol_line *l, uint8_t lane);
OL_MUST ol_err ol_own_load_seen(ol_line *l, uint8_t lane, const uint8_t *p, size_t len);

/* batch.c */
bool ol_batch_has_room(const ol_line *l);
OL_MUST ol_err ol_batch_put_entry(ol_line *l, ol_log *log, uint64_t index, const uint8_t *p,
                                  size_t len, const uint8_t *item); /* the tree is the caller's */
OL_MUST ol_err ol_batch_touch(ol_line *l, ol_log *log);             /* before its tree changes */
OL_MUST ol_err ol_batch_entry(ol_line *l, ol_log *log, const uint8_t *p, size_t len,
                              const uint8_t *item);
OL_MUST ol_err ol_batch_head(ol_line *l, ol_log *log, uint64_t size, const uint8_t root[32],
                             const uint8_t *sig);
OL_MUST ol_err ol_batch_state(ol_line *l, const char *key, const void *p, size_t len);
OL_MUST ol_err ol_batch_evidence(ol_line *l, const ol_piece *e);
void ol_batch_done(ol_line *l);
void ol_batch_failed(ol_line *l, ol_err err);
void ol_batch_signed(ol_line *l, uint32_t token, const uint8_t *sig);
void ol_batch_free(ol_line *l);
OL_MUST ol_err ol_job_add(ol_line *l, ol_log *log, bool is_receipt, uint64_t size, uint64_t time,
                          const uint8_t root[32]);

/* recv.c */
void ol_recv_payload(ol_line *l, uint8_t source, ol_path *path, const ol_holder *by,
                     const uint8_t *p, size_t len);
void ol_recv_later(ol_line *l, ol_log *log); /* receipts that waited for this size */

/* sync.c */
void ol_sync_due(ol_line *l); /* repeats whose time has come */
uint64_t ol_sync_next_ms(const ol_line *l);
uint64_t ol_sync_repeat_ms(const ol_line *l, const ol_log *log, uint8_t party);
bool ol_sync_may_send(const ol_line *l, const ol_sync *s, uint8_t p);
bool ol_sync_is_live(const ol_line *l, uint8_t p);    /* it has a session on some path */
bool ol_sync_is_reached(const ol_line *l, uint8_t p); /* and it answers */
void ol_sync_believe(ol_line *l, ol_log *log, uint8_t party, uint64_t size); /* no proof of it */
void ol_sync_progress(ol_line *l, ol_log *log, uint8_t party, uint64_t size);
void ol_sync_behind(ol_line *l, ol_log *log, uint64_t size);
void ol_sync_have(ol_line *l, ol_log *log, uint8_t party, uint64_t size);
void ol_sync_holds(ol_log *log, uint8_t party, uint64_t size); /* it brought them, or wrote them */
void ol_sync_tell(ol_line *l); /* TOLD, where a peer that forgot has all again */
void ol_sync_forgot(ol_line *l, uint8_t party, const ol_holder *by, uint32_t run);
void ol_sync_said_forgot(ol_line *l, uint8_t party);
void ol_sync_again(ol_line *l, uint8_t party); /* all that is not settled */
void ol_sync_heard(ol_line *l, uint8_t party);
/* That party takes no more of this log for so many seconds; 0: it does again (§5.7). */
void ol_sync_late(ol_line *l, ol_log *log, uint8_t party, uint32_t seconds);
void ol_sync_urgent(ol_line *l, ol_log *log); /* there is more of it: asked whether it is late */
/* Not now: another member hands it on, or that one takes no more. */
bool ol_sync_waits(const ol_line *l, const ol_log *log, uint8_t party);
bool ol_sync_has_ours(const ol_line *l, uint8_t party); /* all of our own logs, receipted */
bool ol_sync_is_settled(const ol_line *l, const ol_log *log, uint8_t party);

/* chunk.c */
bool ol_chunk_holds(const ol_log *log, uint64_t index);
const uint8_t *ol_chunk_head_due(const ol_log *log, const ol_sync *s); /* NULL: none */
uint64_t ol_chunk_fetch(const ol_line *l, const ol_log *log, uint64_t *ret_to,
                        uint64_t *ret_head); /* from; OL_NEVER: nothing to fetch */
void ol_chunk_fetched(ol_line *l, const ol_event *ev);
void ol_chunk_rest(ol_line *l, ol_log *log); /* freed, where nobody needs it any more */

/* pack.c */
void ol_sync_be_brief(ol_line *l, uint8_t party);   /* message 2, where it can carry a receipt */
int ol_sync_class(const ol_line *l, uint8_t party); /* OL_CLASS_… of what is to be sent now */
/* urgent: bytes that urgent items may take, so that they fit other paths too; those at the front
 * of what was packed are copied to them: their number is returned. */
size_t ol_sync_pack(ol_line *l, uint8_t party, ol_wr *w, bool is_handshake, size_t urgent);

/* relay.c */
bool ol_relay_is_kept(const ol_line *l, const ol_log *log, uint8_t party); /* not handed on yet */
void ol_relay_keep(ol_line *l, ol_log *log, uint8_t party);
void ol_relay_due(ol_line *l);
uint64_t ol_relay_next_ms(const ol_line *l);
void ol_relay_wanted(ol_line *l, ol_log *log, uint8_t by, uint8_t party, uint64_t size);
void ol_relay_got(ol_line *l, ol_log *log, uint8_t party); /* a larger receipt of this party */

/* handback.c */
void ol_handback_due(ol_line *l);
/* copy.c: another station with our keys, while we have forgotten nothing (§6.6). */
bool ol_copy_must_ask(const ol_line *l, uint8_t party); /* FORGOT goes to it */
void ol_copy_leap(ol_line *l); /* started without a marker: counters that nobody else uses */
void ol_copy_hint(ol_line *l, uint8_t party); /* it knows a counter of ours that we never used */
void ol_copy_entry(ol_line *l, const ol_log *log, const uint8_t *p, size_t len); /* another's */
void ol_copy_acknowledge(ol_line *l);                                            /* by an officer */
void ol_copy_found(ol_line *l); /* our signature under what we never wrote */
void ol_copy_own_receipt(ol_line *l, const ol_log *log, uint64_t size); /* verified */
void ol_copy_claimed(ol_line *l, ol_log *log, uint64_t size); /* by its author, of our receipt */
void ol_copy_due(ol_line *l);
uint64_t ol_copy_next_ms(const ol_line *l);
uint64_t ol_handback_next_ms(const ol_line *l);
void ol_handback_gate(const ol_line *l, ol_log *log);
void ol_handback_entry(ol_line *l, ol_log *log, const uint8_t *p, size_t len);

/* session.c */
void ol_session_want_ss(ol_line *l);
void ol_session_noise(ol_line *l, uint8_t party, ol_noise_pattern pattern, bool is_initiator,
                      const uint8_t *clear, ol_noise *ret);
void ol_session_dh(ol_line *l, const ol_event *ev);
void ol_session_first(ol_line *l, uint8_t party, ol_path *path, const ol_event *ev);
void ol_session_second(ol_line *l, uint8_t party, ol_path *path, uint8_t holder,
                       const ol_event *ev);
size_t ol_session_write1(ol_line *l, uint8_t party, ol_path *path, uint8_t *buf, size_t cap);
size_t ol_session_write2(ol_line *l, uint8_t party, ol_path *path, ol_holder *h, uint8_t *buf,
                         size_t cap, uint32_t *ret_to);
ol_holder *ol_session_live(const ol_path *path);                    /* NULL: none */
ol_holder *ol_session_reply(const ol_line *l, const ol_path *path); /* message 2 may go now */
/* Repeats go unanswered: the peer is gone, or has lost the session. */
bool ol_session_is_suspect(const ol_line *l, uint8_t party, const ol_path *path);
/* Begun at an epoch below the one we send at: another is opened, if only to show where we are. */
bool ol_session_is_old(const ol_line *l, uint8_t party, const ol_path *path);
bool ol_session_wants_open(const ol_line *l, uint8_t party, const ol_path *path);
void ol_session_drop(ol_line *l, ol_holder *h);
void ol_session_forget(ol_line *l, uint8_t party, const ol_holder *but);
void ol_session_demote(ol_line *l, ol_path *path, ol_holder *h); /* live → old */
void ol_session_promote(ol_line *l, ol_path *path, ol_holder *h);
OL_MUST ol_err ol_session_path_up(ol_line *l, uint8_t party, uint8_t slot, const ol_event *ev);
void ol_session_path_down(ol_line *l, uint8_t party, uint8_t slot);

/* frame.c */
void ol_frame_in(ol_line *l, const ol_event *ev);

/* path.c */
ol_path *ol_path_best(const ol_line *l, uint8_t party);       /* NULL: none is up */
bool ol_path_is_heard(const ol_line *l, const ol_path *path); /* lately: not dead (§5.4) */
bool ol_path_is_slow(const ol_line *l, uint8_t party); /* the best one has a configured rate */
uint64_t ol_path_repeat_ms(const ol_line *l, uint8_t party);
void ol_path_pace(ol_path *path, const ol_event *up); /* by its rate and turnaround (§5.9) */
uint64_t ol_path_answer_ms(const ol_path *path);      /* then what went out may have been lost */
uint64_t ol_path_try_max_ms(const ol_path *path, bool has_more); /* between first messages */
uint64_t ol_path_kept_ms(const ol_path *path);                   /* an opening */
uint64_t ol_path_rest_ms(const ol_path *path); /* between answers to a repeated first message */
uint64_t ol_path_rekey_ms(const ol_path *path);
uint64_t ol_path_reply_hold_ms(const ol_path *path);
void ol_path_rtt(ol_path *path, uint64_t ms);
void ol_path_carries(ol_line *l, uint8_t party, const ol_path *path); /* it will, what is packed */
void ol_path_missed(ol_line *l, uint8_t party); /* nothing answers what went over the best path */
void ol_path_pong(ol_line *l, ol_path *path, uint16_t token);
void ol_path_try(ol_line *l, ol_path_id id);
void ol_path_tried(const ol_line *l, ol_path *path, uint64_t from_ms); /* it has answered */
bool ol_path_pings(const ol_line *l, uint8_t party, const ol_path *path);
void ol_path_ping(ol_line *l, ol_path *path, ol_wr *w);
void ol_path_copy(ol_line *l, uint8_t party, const ol_path *from, const uint8_t *p, size_t len);
size_t ol_path_copy_max(const ol_line *l, uint8_t party, const ol_path *from); /* payload bytes */
ol_copy *ol_path_next_copy(const ol_path *path);   /* NULL: none waits */
void ol_path_drop_copy(ol_line *l, ol_path *path); /* the first */
void ol_path_drop_copies(ol_line *l, ol_path *path);
void ol_path_arrived(ol_path *path, const ol_replay *before, uint64_t n);
bool ol_path_is_lossy(const ol_path *path);
void ol_path_carried(ol_line *l, ol_path *path, size_t bytes);
void ol_path_due(ol_line *l);
void ol_path_lost(ol_line *l, ol_path_id id);
uint64_t ol_path_next_ms(const ol_line *l);

#endif
