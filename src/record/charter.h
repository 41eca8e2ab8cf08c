/* record/charter.h — the text that all parties sign to found a line.
 * Shape    a note whose text is
 *            openline charter v1
 *            line = hotline
 *            generation = 0                   0 to 4294967295
 *            id = <32 hex>                    only in an amendment, generation ≥ 1
 *            previous = <64 hex>              only in an amendment: SHA-256 of the text before it
 *            formats = 1
 *            suite = 1
 *            rungs = watch duty-officer …     1 to OL_RUNGS_MAX names, none twice
 *            and the numbers of OL_CHARTER_NUMBERS, each within its range
 *            retention = forever              or seconds, 86,400 to 2^62
 *            release.two = flash immediate    may be absent: what two officers must release
 *            quota.flash = 20                 may be absent, and quota.immediate: in 24 hours
 *            [party usa]                      2 to 16 sections; their order numbers the parties
 *            identity, languages, name.<lang> (record/party.h)
 *          every key once, in any order in its section; comments and empty lines are part of the
 *          text and signed. An unsigned draft is the text alone.
 * Line id  of generation 0: the first 16 bytes of SHA-256(text, final newline included); of an
 *          amendment: its `id`.
 * Rejected a party or an identity key twice; keys that are not canonical points of the prime-order
 *          group; formats or suite other than 1 (OL_EVERSION).
 * Errors   as in record/card.h; OL_EAUTH a party's signature is there and does not verify: ret_at
 *          has its line. A missing signature is no error of ol_charter_read: see ret_missing.
 * Memory   copies; keeps no pointer; allocates nothing. ol_charter is about 28 KiB.
 * Source   docs/PROTOCOL.md §2.4. */
#ifndef OL_RECORD_CHARTER_H
#define OL_RECORD_CHARTER_H

#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/note.h"
#include "record/card.h"
#include "record/party.h"

enum { OL_RUNGS_MAX = 8, OL_CHARTER_MAX = 65536 + 64 * 256 };
#define OL_CHARTER_FOREVER UINT64_MAX

/* The numbers of a charter: field, key, least, greatest, a draft's value; seconds, but limit.*. */
#define OL_CHARTER_NUMBERS(X)                                                                      \
    X(answer_s[0], "answer.flash", 1, 604800, 600) /* ACP 121: FLASH under 10 minutes */           \
    X(answer_s[1], "answer.immediate", 1, 604800, 1800)                                            \
    X(answer_s[2], "answer.priority", 1, 604800, 10800)                                            \
    X(answer_s[3], "answer.routine", 1, 604800, 21600)                                             \
    X(check_s, "check.interval", 60, 86400, 1200)             /* ICAO: every 20 minutes */         \
    X(limit_entries, "limit.entries", 1000, 100000000, 20000) /* a party, in 24 hours */           \
    X(limit_bytes, "limit.bytes", 1000000, 1000000000000, 20000000)                                \
    X(crypto_period_s, "crypto.period", 3600, 31536000, 604800)                                    \
    X(courier_time_s, "courier.time", 86400, 31536000, 2592000)
/* The same of what may be absent: 0. */
#define OL_CHARTER_OPTIONAL(X)                                                                     \
    X(quota[0], "quota.flash", 1, 1000000, 0)                                                      \
    X(quota[1], "quota.immediate", 1, 1000000, 0)

typedef struct {
    char line[OL_NAME_MAX + 1];
    uint8_t id[OL_LINE_ID_LEN];
    uint32_t generation;
    uint8_t previous[OL_HASH_LEN];  /* zero in generation 0 */
    uint8_t text_hash[OL_HASH_LEN]; /* SHA-256 of the text: the next amendment's `previous` */
    uint8_t rungs, parties;         /* counts */
    char rung[OL_RUNGS_MAX][OL_NAME_MAX + 1];
    uint64_t answer_s[4]; /* by precedence: 0 FLASH … 3 ROUTINE */
    uint64_t check_s, crypto_period_s, courier_time_s;
    uint64_t limit_entries, limit_bytes;
    uint64_t retention_s; /* OL_CHARTER_FOREVER */
    uint64_t quota[2];    /* of FLASH and IMMEDIATE: operational messages and calls of a party in
                           * 24 hours of running time; 0: no quota */
    uint8_t two;          /* bit p: two officers release what has precedence p */
    ol_party party[OL_PARTIES_MAX];
} ol_charter;

/* The text alone. */
OL_MUST ol_err ol_charter_parse(const char *text, size_t len, ol_charter *ret, ol_ini_at *ret_at);
/* A draft or a note. Bit i of *ret_missing: party i has not signed; 0: all have. */
OL_MUST ol_err ol_charter_read(const char *file, size_t len, ol_charter *ret, uint32_t *ret_missing,
                               ol_ini_at *ret_at);
/* The text of a charter, that of an amendment when generation > 0. What ol_charter_parse would
 * refuse is refused here; ret_at then speaks of the text that would have been. */
OL_MUST ol_err ol_charter_put(const ol_charter *c, ol_wr *out, ol_ini_at *ret_at);
/* Where the text of a draft or note ends, signatures after it; the whole file when there are
 * none. */
OL_MUST ol_err ol_charter_text(const char *file, size_t len, ol_str *ret_text);

typedef struct {
    const char *key, *value; /* NUL-terminated: "check.interval", "600" */
} ol_charter_setting;

/* A draft of generation 0 from the parties' cards, in the order given, and settings that replace
 * the defaults: rungs, retention, the numbers, and what may be absent, which `none` takes away.
 * ret_at->line is the number of the faulty setting from 1, 0 for a fault in line name or cards. */
OL_MUST ol_err ol_charter_draft(const char *line, const ol_card *card, size_t cards,
                                const ol_charter_setting *set, size_t sets, ol_wr *out,
                                ol_ini_at *ret_at);
/* The file with the signature of the party whose identity key this is added to it. OL_ENOENT: the
 * key is no party's; OL_EEXIST: it has signed already; or as ol_charter_read. */
OL_MUST ol_err ol_charter_sign(const char *file, size_t len, const ol_sign_key *identity,
                               ol_wr *out, ol_ini_at *ret_at);

/* What a draft starts from, without line name and parties; and one setting over it. */
void ol_charter_defaults(ol_charter *c);
OL_MUST ol_err ol_charter_set(ol_charter *c, ol_str key, ol_str value, const char **why);

/* A party's number, or -1: by name; by identity key; by card, of which both must fit. */
int ol_charter_party(const ol_charter *c, const char *name, size_t len);
int ol_charter_identity(const ol_charter *c, const uint8_t identity[OL_SIGN_PUB_LEN]);
int ol_charter_card(const ol_charter *c, const ol_card *card);
/* The number of a rung, from 0, or -1. */
int ol_charter_rung(const ol_charter *c, const char *name, size_t len);

#endif
