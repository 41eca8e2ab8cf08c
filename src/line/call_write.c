/* What this station writes about calls by itself: rings, closes, a call placed again. */
#include "line/call_parts.h"

static void put_ring(const ol_duty *d, const ol_tracked *c, ol_mono now, ol_wr *w) {
    bool rings = c->state == OL_CALL_RINGS;
    const ol_ring r = { .state = rings ? OL_RING_RINGS : OL_RING_ENDED,
                        .call = ol_ref_to(&c->log, c->index),
                        .rung = c->ring_now,
                        .seconds = rings ? c->party[d->o.self].seconds : 0,
                        .after = ol_call_after(c, now) };
    ol_ring_encode(&r, w);
}

/* With as many paths as fit. */
static void put_close(const ol_duty *d, const ol_tracked *c, ol_close_why why, ol_mono now,
                      ol_wr *w) {
    ol_close k = { .why = (uint8_t)why, .call = ol_ref_to(&c->log, c->index) };
    const ol_call_receipts *held = ol_call_receipts_of(d, &c->log);
    k.after = ol_call_after(c, now);
    for (uint8_t p = 0; p < OL_PARTIES_MAX && held != NULL; p++)
        if ((c->called >> p & 1) != 0 && held->of[p].size > c->index)
            k.receipt[k.receipts++] = held->of[p];
    ol_duty_proven(d, c->called, now, &k.paths);
    ol_close_encode(&k, w);
    while (w->err != OL_OK && k.paths.n > 0) {
        k.paths.n--;
        *w = ol_wr_of(w->p, w->cap);
        ol_close_encode(&k, w);
    }
}

static void put_again(const ol_tracked *c, ol_wr *w) {
    const ol_call call = { .precedence = c->precedence,
                           .status = c->status,
                           .purpose = c->purpose,
                           .rung = c->rung,
                           .text = { c->text, c->text_len },
                           .lang = { c->lang, c->lang_len },
                           .called = c->called,
                           .has_ref = true,
                           .ref = ol_ref_to(&c->log, c->index),
                           .of = { c->of, c->of_len } };
    ol_call_encode(&call, w);
}

void ol_call_write(ol_duty *d, const ol_tracked *c, ol_call_writing what, ol_mono now,
                   ol_duty_effect *fx) {
    ol_wr w = ol_wr_of(fx->append.body, sizeof fx->append.body);
    if (what == OL_WRITE_RING)
        put_ring(d, c, now, &w);
    else if (what == OL_WRITE_CLOSE)
        put_close(d, c, (ol_close_why)c->why, now, &w);
    else
        put_again(c, &w);
    OL_ASSERT(w.err == OL_OK);
    fx->append.len = w.len;
}

ol_err ol_calls_close(const ol_duty *d, const ol_log_key *log, uint64_t index, ol_close_why why,
                      ol_mono now, uint8_t body[OL_DUTY_BODY_MAX], size_t *ret_len) {
    const ol_tracked *c = ol_call_find(d, log, index);
    if (c == NULL || c->state != OL_CALL_PLACED || !ol_call_is_own(d, c))
        return OL_ENOENT;
    ol_wr w = ol_wr_of(body, OL_DUTY_BODY_MAX);
    put_close(d, c, why, now, &w);
    if (w.err == OL_OK)
        *ret_len = w.len;
    return w.err;
}
