/* line/bundle.h — sealed one-way packets of items: what a courier carries.
 * In       EV_BUNDLE hands one in, FX_BUNDLE says that ol_line_bundle tells what came of it, and
 *          EV_BUNDLE_TOLD lets go of it: one at a time, never another before. It is answered when
 *          what was new is durable, or refused. Shown only, it changes nothing.
 * Out      a plan (ol_bundle_plan) is what a party is not known to hold; ol_bundle_seal seals one
 *          bundle after the other until all of it is in. Entries come from a source, at once.
 * Plan     the caller's, one a party and use; it remembers what was put into bundles, so that a
 *          medium that never answers is not given everything each time. Wiped by
 *          ol_bundle_plan_free, before its line is freed.
 * Errors   of a bundle handed in: OL_ENOENT not for this line, OL_ESHORT, OL_ELIMIT length,
 *          OL_EAUTH damaged or forged, or its epoch is not kept; OL_EFORM its items do not parse;
 *          OL_EAGAIN keys are not there yet; OL_EFULL, OL_EIO, OL_ENOMEM nothing was stored.
 * Source   docs/PROTOCOL.md §5.5 */
#ifndef OL_LINE_BUNDLE_H
#define OL_LINE_BUNDLE_H

#include "line/line.h"

enum {
    OL_BUNDLE_MAX = 65535,
    OL_BUNDLE_LEAST = 200,   /* a bundle that is made may be capped so low */
    OL_BUNDLE_MADE = 45000,  /* and is never larger */
    OL_BUNDLE_CLEAR = 14,    /* hint, epoch, counter: readable by anybody */
    OL_BUNDLE_OVERHEAD = 62, /* all but its items */
    OL_BUNDLE_NAME_LEN = 16  /* hex: of the hint and the low half of the counter */
};

typedef struct {
    uint8_t hint[4];
    uint16_t epoch;
    uint64_t counter;
} ol_bundle_clear;
OL_MUST ol_err ol_bundle_clear_get(const uint8_t *p, size_t len, ol_bundle_clear *ret);
/* A name for its file, the same for the same bundle; in order of counters, of one direction. */
void ol_bundle_name(const ol_bundle_clear *clear, char to[OL_BUNDLE_NAME_LEN + 1]);

/* ---- in ---- */

struct ol_bundle_read {
    uint32_t token;
    ol_err err;
    uint8_t party; /* who sealed it */
    uint16_t epoch;
    uint64_t counter;
    uint64_t entries, receipts; /* that were new, and are durable now */
    uint64_t waiting;           /* entries in it that could not be stored yet: others are missing,
                                 * or their author has to wait; hand it in again later */
    const uint8_t *items;       /* shown: what is in it; else NULL */
    size_t items_len;
};
const ol_bundle_read *ol_line_bundle(const ol_line *l);
/* Sealed by this station at the epoch it sends at: for whom; OL_PARTIES_MAX: it was not. */
uint8_t ol_bundle_is_own(const ol_line *l, const ol_bundle_clear *clear);

/* ---- out ---- */

typedef ol_err ol_bundle_entry_fn(void *ctx, const uint8_t *entry, size_t len);
typedef ol_err ol_bundle_head_fn(void *ctx, uint64_t size, const uint8_t sig[OL_SIG_LEN]);

typedef struct { /* what a store holds; walks end with the first error of the function called */
    void *ctx;
    /* Entries [from, to) of a log, ascending. */
    ol_err (*entries)(void *ctx, const ol_log_key *log, uint64_t from, uint64_t to,
                      ol_bundle_entry_fn *fn, void *fn_ctx);
    /* Its signed heads of sizes from … to, ascending. */
    ol_err (*heads)(void *ctx, const ol_log_key *log, uint64_t from, uint64_t to,
                    ol_bundle_head_fn *fn, void *fn_ctx);
} ol_bundle_source;

typedef struct ol_bundle_plan ol_bundle_plan;

typedef enum {
    OL_PLAN_NEW,   /* what the party is not known to hold and this plan has not sealed yet */
    OL_PLAN_AGAIN, /* all that the party is not known to hold */
    OL_PLAN_ALL    /* everything it may have */
} ol_plan_how;

OL_MUST ol_err ol_bundle_plan_new(ol_line *l, uint8_t party, ol_bundle_plan **ret); /* OL_ENOMEM */
void ol_bundle_plan_free(ol_line *l, ol_bundle_plan *plan);                         /* takes NULL */
/* Looks at what there is to be said now. OL_ENOENT: nothing; OL_ESTATE: that party is no member,
 * or it is us; OL_ENOMEM. */
OL_MUST ol_err ol_bundle_plan_look(ol_line *l, ol_bundle_plan *plan, ol_plan_how how);

typedef struct {
    size_t len;
    ol_bundle_clear clear;
    uint64_t entries, receipts; /* that are in it */
    bool has_more;              /* the plan has something left */
} ol_bundle_made;

/* The next bundle, at most max bytes (OL_BUNDLE_LEAST … OL_BUNDLE_MADE), into buf. OL_ENOENT:
 * nothing is left; OL_EAGAIN: keys or counters are not there yet, try again; else the source's,
 * where nothing else is left: a log that cannot be read keeps no other back, nothing is lost. */
OL_MUST ol_err ol_bundle_seal(ol_line *l, ol_bundle_plan *plan, const ol_bundle_source *source,
                              uint8_t *buf, size_t max, ol_bundle_made *ret);

#endif
