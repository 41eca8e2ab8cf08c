/* When two records are the same, whole and true to the rules; what is signed, once. */
#include "fault/lib_pair.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "crypto/hash.h"
#include "record/checkpoint.h"
#include "record/view.h"
#include "wire/entry.h"

enum { LOGS = 64 };

typedef struct {
    const pair *w;
    ol_log_key log[LOGS];
    uint64_t size[LOGS];
    size_t n;
    uint64_t receipt, head; /* of the log in hand, in the store in hand */
    unsigned other;
} comparer;

static ol_err on_receipt(void *ctx, const ol_stored_receipt *r) {
    comparer *c = ctx;
    if (r->sig != NULL && r->party == c->other && r->size > c->receipt)
        c->receipt = r->size;
    return OL_OK;
}

static ol_err on_signed(void *ctx, const ol_stored_head *h) {
    comparer *c = ctx;
    if (h->sig != NULL && h->size > c->head)
        c->head = h->size;
    return OL_OK;
}

typedef struct {
    uint8_t sum[32];
    uint64_t n;
} digest;

static ol_err on_sum(void *ctx, const ol_stored_entry *e) {
    digest *d = ctx;
    ol_part part[] = { { d->sum, 32 }, { e->entry, e->len } };
    ol_hash_sha256_parts(part, 2, d->sum);
    d->n++;
    return OL_OK;
}

static ol_err on_key(void *ctx, const ol_stored_log *g) {
    comparer *c = ctx;
    OL_ASSERT(c->n < OL_LEN(c->log));
    c->log[c->n] = g->key, c->size[c->n++] = g->size;
    return OL_OK;
}

/* A log of one store is in the other, byte for byte, headed to its end, receipted in both. */
static bool is_same_log(comparer *c, const ol_log_key *key, uint64_t size) {
    const pair *w = c->w;
    digest sum[2] = { 0 };
    c->other = 1u - key->party;
    for (unsigned p = 0; p < 2; p++) {
        ol_store *s = w->st[p].store;
        c->receipt = c->head = 0;
        ol_err err = s->ops->receipts(s, pair_line_id, key, on_receipt, c);
        if (err == OL_OK)
            err = s->ops->heads(s, pair_line_id, key, 0, on_signed, c);
        if (err == OL_OK)
            err = s->ops->entries(s, pair_line_id, key, 0, OL_SIZE_MAX, on_sum, &sum[p]);
        PAIR_CHECK(w, err == OL_OK, "reading: %s", ol_err_name(err));
        if (c->receipt != size || c->head != size || sum[p].n != size)
            return false;
    }
    return memcmp(sum[0].sum, sum[1].sum, 32) == 0;
}

bool pair_is_same(const pair *w) {
    for (unsigned p = 0; p < 2; p++) {
        comparer c = { .w = w };
        ol_store *s = w->st[p].store;
        PAIR_CHECK(w, s->ops->logs(s, pair_line_id, on_key, &c) == OL_OK, "reading");
        for (size_t i = 0; i < c.n; i++)
            if (!is_same_log(&c, &c.log[i], c.size[i]))
                return false;
    }
    return true;
}

typedef struct {
    uint64_t n, seq;
    bool falls;
} follower;

static ol_err on_new(void *ctx, const ol_stored_entry *e) {
    follower *f = ctx;
    f->falls |= e->seq <= f->seq;
    f->seq = e->seq, f->n++;
    return OL_OK;
}

/* Whoever follows a store is told of each entry once, in order. */
static void check_feed(const pair *w, unsigned p) {
    comparer c = { .w = w };
    follower f = { 0 };
    uint64_t n = 0;
    ol_store *s = w->st[p].store;
    ol_err err = s->ops->logs(s, pair_line_id, on_key, &c);
    if (err == OL_OK)
        err = s->ops->since(s, pair_line_id, 0, SIZE_MAX, on_new, NULL, &f);
    for (size_t i = 0; i < c.n; i++)
        n += c.size[i];
    PAIR_CHECK(w, err == OL_OK && f.n == n && !f.falls, "store %u tells of %llu entries, not %llu",
               p, (unsigned long long)f.n, (unsigned long long)n);
}

static bool is_done(const pair *w) {
    for (size_t i = 0; i < w->saids; i++)
        if (!w->said[i].is_told)
            return false;
    for (unsigned p = 0; p < 2; p++)
        if (!w->st[p].is_up || ol_line_peer_stopped(w->st[p].line, (uint8_t)(1 - p)) != 0)
            return false;
    return pair_is_same(w);
}

/* ---- the rules of a record ---- */

static void on_issue(void *ctx, const ol_view_issue *issue) {
    static const char *const name[2] = { "party-a", "party-b" };
    char text[OL_VIEW_SENTENCE_MAX];
    const pair *w = ctx;
    ol_view_sentence(issue, name, text);
    PAIR_CHECK(w, !ol_view_rule_is_broken(issue->rule), "party %u lane %u: %s", issue->log.party,
               issue->log.lane, text);
}

typedef struct {
    ol_view *view;
    size_t log;
} viewer;

static ol_err on_view(void *ctx, const ol_stored_entry *e) {
    const viewer *v = ctx;
    return ol_view_add_entry(v->view, v->log, e->entry, e->len);
}

static void judge(const pair *w) {
    comparer c = { .w = w };
    ol_store *s = w->st[0].store;
    ol_mem mem;
    ol_mem_heap(&mem, 16 << 20);
    ol_view_opts o = { .mem = &mem, .parties = 2, .rungs = 1, .issue = on_issue };
    o.ctx = (void *)(uintptr_t)w;
    viewer v = { .view = NULL };
    ol_err err = ol_view_new(&o, &v.view);
    if (err == OL_OK)
        err = s->ops->logs(s, pair_line_id, on_key, &c);
    for (size_t i = 0; i < c.n && err == OL_OK; i++) {
        err = ol_view_add_log(v.view, &c.log[i], &v.log);
        if (err == OL_OK)
            err = s->ops->entries(s, pair_line_id, &c.log[i], 0, OL_SIZE_MAX, on_view, &v);
    }
    if (err == OL_OK)
        err = ol_view_finish(v.view);
    PAIR_CHECK(w, err == OL_OK, "viewing: %s", ol_err_name(err));
    ol_view_free(v.view);
}

void pair_converge(pair *w, uint64_t limit_ms) {
    uint64_t began = w->now_ms;
    while (!is_done(w)) {
        for (unsigned p = 0; p < 2 && w->now_ms - began >= limit_ms; p++)
            if (w->st[p].is_up)
                fprintf(stderr, "%u: peer stopped %u, own %s, same %d\n", p,
                        ol_line_peer_stopped(w->st[p].line, (uint8_t)(1 - p)),
                        ol_err_name(ol_line_stopped(w->st[p].line)), pair_is_same(w));
        if (w->now_ms - began >= limit_ms)
            for (size_t i = 0; i < w->saids; i++)
                if (!w->said[i].is_told)
                    fprintf(stderr, "said %zu by %u: %s, refused %u times\n", i, w->said[i].by,
                            w->said[i].is_out ? "not answered" : "refused", w->said[i].refusals);
        PAIR_CHECK(w, w->now_ms - began < limit_ms, "not the same after %llu ms",
                   (unsigned long long)limit_ms);
        pair_until(w, w->now_ms + 100);
    }
    for (size_t i = 0; i < w->saids; i++)
        for (unsigned p = 0; p < 2; p++)
            PAIR_CHECK(w, pair_size_in(w, w->st[p].store, &w->said[i].log) > w->said[i].index,
                       "a durable word is missing");
    check_feed(w, 0), check_feed(w, 1);
    judge(w);
}

/* "cosignature/v1", "time <seconds>", the head's text. */
static uint64_t receipt_time(const char *text, const char **ret_head) {
    const char *at = strchr(text, '\n') + 1 + strlen("time "), *end = strchr(at, '\n');
    uint64_t time = 0;
    OL_ASSERT(ol_u64_get(at, (size_t)(end - at), 0, UINT64_MAX, &time) == OL_OK);
    *ret_head = end + 1;
    return time;
}

void pair_mark(pair *w, const ol_effect *fx) {
    char text[1024];
    const char *head = text;
    PAIR_CHECK(w, fx->sign.len < sizeof text, "a long text to sign");
    memcpy(text, fx->sign.text, fx->sign.len);
    text[fx->sign.len] = '\0';
    uint64_t time = fx->sign.key == OL_KEY_RECEIPT ? receipt_time(text, &head) : 0;
    ol_checkpoint cp;
    pair_signed m = { .time = time }, *has = NULL;
    PAIR_CHECK(w, ol_checkpoint_get(head, strlen(head), &cp) == OL_OK, "no checkpoint is signed");
    ol_part part[] = { { cp.origin.p, cp.origin.len }, { &cp.size, sizeof cp.size } };
    ol_hash_sha256_parts(part, 2, m.name);
    memcpy(m.root, cp.root.b, 32);
    for (size_t i = 0; i < w->marks && has == NULL; i++)
        has = memcmp(w->mark[i].name, m.name, 32) == 0 ? &w->mark[i] : NULL;
    PAIR_CHECK(w, has != NULL || w->marks < PAIR_SIGNED, "too many signatures");
    if (has == NULL)
        w->mark[w->marks++] = m, has = &w->mark[w->marks - 1];
    PAIR_CHECK(w, memcmp(has->root, m.root, 32) == 0, "two roots for %.*s size %llu",
               (int)cp.origin.len, cp.origin.p, (unsigned long long)cp.size);
    PAIR_CHECK(w, has->time == 0 || time == 0 || has->time == time,
               "two receipts for %.*s size %llu", (int)cp.origin.len, cp.origin.p,
               (unsigned long long)cp.size);
    has->time = time != 0 ? time : has->time;
}
