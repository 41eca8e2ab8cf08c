/* `record` and `entries`: what a client needs to check or export a line by itself. */
#include <stdlib.h>
#include <string.h>

#include "station/desk.h"
#include "wire/entry.h"

enum { ROOM = OL_CONTROL_LINE_MAX - 1024 }; /* bytes of a page's list */

typedef struct {
    ol_stored_receipt *receipt;
    uint8_t (*sig)[OL_SIG_LEN];
    size_t n, cap;
} receipts;

typedef struct {
    uint64_t number, from;
    ol_log_key *key;
    size_t n, cap;
} keys;

static ol_err keep_key(void *ctx, const ol_stored_log *log) {
    keys *k = ctx;
    if (k->number++ < k->from)
        return OL_OK;
    if (k->n == k->cap) {
        size_t cap = k->cap == 0 ? 16 : k->cap * 2;
        ol_log_key *key = realloc(k->key, cap * sizeof *key);
        if (key == NULL)
            return OL_ENOMEM;
        k->key = key;
        k->cap = cap;
    }
    k->key[k->n++] = log->key;
    return OL_OK;
}

static ol_err keep_receipt(void *ctx, const ol_stored_receipt *r) {
    receipts *k = ctx;
    if (r->sig == NULL)
        return OL_OK; /* ours, about to be signed */
    if (k->n == k->cap) {
        size_t cap = k->cap == 0 ? 32 : k->cap * 2;
        ol_stored_receipt *receipt = realloc(k->receipt, cap * sizeof *receipt);
        if (receipt != NULL)
            k->receipt = receipt;
        uint8_t(*sig)[OL_SIG_LEN] = realloc(k->sig, cap * sizeof *sig);
        if (sig != NULL)
            k->sig = sig;
        if (receipt == NULL || sig == NULL)
            return OL_ENOMEM;
        k->cap = cap;
    }
    k->receipt[k->n] = *r;
    memcpy(k->sig[k->n], r->sig, OL_SIG_LEN);
    k->n++;
    return OL_OK;
}

static bool has(const receipts *k, uint8_t party, uint64_t size) {
    for (size_t i = 0; i < k->n; i++)
        if (k->receipt[i].party == party && k->receipt[i].size == size)
            return true;
    return false;
}

static ol_err keep_generation(void *ctx, const ol_stored_entry *e) {
    ol_entry entry;
    ol_opening o;
    if (ol_entry_decode(e->entry, e->len, &entry) == OL_OK && entry.kind == OL_KIND_OPENING &&
        ol_opening_decode(entry.body, entry.body_len, &o) == OL_OK)
        *(uint32_t *)ctx = o.generation;
    return OL_OK;
}

/* Of the generation that the log's opening names. */
static ol_err members_of(const ol_desk *d, const ol_api_line *line, const ol_log_key *key,
                         uint32_t *ret) {
    uint32_t g = 0;
    ol_err err = d->store->ops->entries(d->store, line->id, key, 0, 1, keep_generation, &g);
    *ret = g <= line->charter->generation ? line->generation[g].members : 0;
    return err;
}

/* The largest size that all members but the author have receipted, exactly it; 0: none. */
static uint64_t agreed(const receipts *k, uint8_t author, uint32_t members) {
    uint64_t best = 0;
    for (size_t i = 0; i < k->n; i++) {
        uint64_t size = k->receipt[i].size;
        bool is_all = size > best;
        for (uint8_t p = 0; p < OL_PARTIES_MAX && is_all; p++)
            is_all = p == author || (members >> p & 1) == 0 || has(k, p, size);
        best = is_all ? size : best;
    }
    return best;
}

/* Of each party the largest receipt, and the one of the agreed size. */
static bool is_wanted(const receipts *k, size_t at, uint64_t size_agreed) {
    const ol_stored_receipt *r = &k->receipt[at];
    if (r->size == size_agreed)
        return true;
    for (size_t i = 0; i < k->n; i++)
        if (k->receipt[i].party == r->party && k->receipt[i].size > r->size)
            return false;
    return true;
}

static json_t *sig_json(const uint8_t *p, size_t len) {
    char text[OL_B64_LEN(OL_SIG_LEN) + 1];
    ol_b64_put(p, len, text);
    return json_string(text);
}

typedef struct { /* notes against one log */
    const ol_api_line *line;
    const ol_log_key *log;
    json_t *list;
    uint64_t size[OL_DESK_EVIDENCE_MAX]; /* of each, until a head at or above it is told */
    size_t n;
} evidence;

static ol_err keep_evidence(void *ctx, const ol_stored_evidence *e) {
    evidence *w = ctx;
    if (!ol_log_key_eq(&e->log, w->log) || w->n == OL_DESK_EVIDENCE_MAX ||
        e->party >= w->line->charter->parties)
        return OL_OK;
    w->size[w->n++] = e->size;
    json_t *o =
        json_pack("{s:s, s:I, s:I, s:o, s:o}", "party", w->line->charter->party[e->party].name,
                  "size", (json_int_t)e->size, "time", (json_int_t)e->time, "root",
                  sig_json(e->root, 32), "signature", sig_json(e->sig, OL_SIG_LEN));
    return json_array_append_new(w->list, o) == 0 ? OL_OK : OL_ENOMEM;
}

typedef struct {
    const receipts *k;
    const bool *wanted;
    evidence *against;
    json_t *list, *last; /* last: the largest signed head */
    uint64_t size;
} heads;

/* The first head at or above a piece's size is what it is held against. */
static bool is_held_against(evidence *against, uint64_t size) {
    bool is_wanted = false;
    for (size_t i = 0; i < against->n; i++) {
        if (against->size[i] == 0 || against->size[i] > size)
            continue;
        against->size[i] = 0;
        is_wanted = true;
    }
    return is_wanted;
}

static ol_err keep_head(void *ctx, const ol_stored_head *h) {
    heads *w = ctx;
    if (h->sig == NULL)
        return OL_OK;
    json_t *o = json_pack("{s:I, s:o, s:o}", "size", (json_int_t)h->size, "root",
                          sig_json(h->root, 32), "signature", sig_json(h->sig, OL_SIG_LEN));
    json_decref(w->last);
    w->last = o;
    w->size = h->size;
    bool is_told = is_held_against(w->against, h->size);
    for (size_t i = 0; i < w->k->n; i++)
        is_told = is_told || (w->wanted[i] && w->k->receipt[i].size == h->size);
    if (o == NULL || (is_told && json_array_append(w->list, o) != 0))
        return OL_ENOMEM;
    return OL_OK;
}

static ol_err log_json(const ol_desk *d, const ol_api_line *line, const ol_log_key *key,
                       json_t **ret) {
    receipts k = { .n = 0 };
    char name[OL_DESK_NAME_LEN + 1];
    bool *wanted = NULL;
    json_t *list = json_array();
    evidence against = { .line = line, .log = key, .list = json_array() };
    heads w = { .k = &k, .list = json_array(), .against = &against };
    ol_err err = d->store->ops->receipts(d->store, line->id, key, keep_receipt, &k);
    if (err == OL_OK && k.n > 0 && (wanted = calloc(k.n, sizeof *wanted)) == NULL)
        err = OL_ENOMEM;
    uint32_t members = 0;
    if (err == OL_OK)
        err = members_of(d, line, key, &members);
    uint64_t size = agreed(&k, key->party, members);
    for (size_t i = 0; i < k.n && err == OL_OK; i++)
        wanted[i] = is_wanted(&k, i, size);
    w.wanted = wanted;
    if (err == OL_OK)
        err = d->store->ops->evidence(d->store, line->id, keep_evidence, &against);
    if (err == OL_OK)
        err = d->store->ops->heads(d->store, line->id, key, 0, keep_head, &w);
    size_t n = json_array_size(w.list);
    if (w.last != NULL && (n == 0 || json_array_get(w.list, n - 1) != w.last))
        (void)json_array_append(w.list, w.last);
    for (size_t i = 0; i < k.n && err == OL_OK; i++)
        if (wanted[i])
            (void)json_array_append_new(list,
                                        json_pack("{s:s, s:I, s:I, s:o}", "party",
                                                  line->charter->party[k.receipt[i].party].name,
                                                  "size", (json_int_t)k.receipt[i].size, "time",
                                                  (json_int_t)k.receipt[i].time, "signature",
                                                  sig_json(k.sig[i], OL_SIG_LEN)));
    if (err == OL_OK)
        *ret = json_pack("{s:s, s:I, s:O, s:O, s:O}", "log", ol_desk_log_name(line, key, name),
                         "size", (json_int_t)w.size, "heads", w.list, "receipts", list, "evidence",
                         against.list);
    json_decref(w.last);
    json_decref(w.list);
    json_decref(list);
    json_decref(against.list);
    free(wanted);
    free(k.receipt);
    free(k.sig);
    return err == OL_OK && *ret == NULL ? OL_ENOMEM : err;
}

ol_err ol_desk_record(ol_desk *d, const ol_request *r, json_t *reply, ol_refusal *why) {
    size_t number;
    keys k = { .from = r->from };
    uint64_t seq = 0;
    ol_err err = ol_desk_line(d, r, &number, why);
    if (err != OL_OK)
        return err;
    const ol_api_line *line = d->line[number];
    err = d->store->ops->last_seq(d->store, &seq);
    if (err == OL_OK)
        err = d->store->ops->logs(d->store, line->id, keep_key, &k);
    json_t *list = json_array();
    size_t bytes = 0;
    size_t i = 0;
    for (; i < k.n && err == OL_OK; i++) {
        json_t *o = NULL;
        err = log_json(d, line, &k.key[i], &o);
        bytes += err == OL_OK ? json_dumpb(o, NULL, 0, JSON_COMPACT) + 1 : 0;
        if (err == OL_OK && bytes <= ROOM)
            (void)json_array_append(list, o);
        json_decref(o);
        if (bytes > ROOM)
            break;
    }
    bool has_more = i < k.n;
    free(k.key);
    (void)json_object_set_new(reply, "position", json_integer((json_int_t)seq));
    (void)json_object_set_new(reply, "logs", list);
    (void)json_object_set_new(reply, "next",
                              has_more ? json_integer((json_int_t)(r->from + i)) : json_null());
    return err;
}

typedef struct {
    json_t *list;
    size_t bytes;
    uint64_t next;
} entry_walk;

static ol_err keep_entry(void *ctx, const ol_stored_entry *e) {
    entry_walk *w = ctx;
    char text[OL_B64_LEN(OL_ENTRY_MAX) + 1];
    if (e->len > OL_ENTRY_MAX || w->bytes + OL_B64_LEN(e->len) + 3 > ROOM)
        return OL_EAGAIN; /* the page is full */
    ol_b64_put(e->entry, e->len, text);
    w->bytes += OL_B64_LEN(e->len) + 3;
    w->next = e->index + 1;
    return json_array_append_new(w->list, json_string(text)) == 0 ? OL_OK : OL_ENOMEM;
}

ol_err ol_desk_entries(ol_desk *d, const ol_request *r, json_t *reply, ol_refusal *why) {
    size_t number;
    ol_err err = ol_desk_line(d, r, &number, why);
    if (err != OL_OK)
        return err;
    const ol_api_line *line = d->line[number];
    int party = ol_charter_party(line->charter, r->party, strlen(r->party));
    if (party < 0)
        return ol_refuse(why, OL_ENOENT, "name a log that `record` told",
                         "\"%s\" is no party of the line", r->party);
    ol_log_key key = { .party = (uint8_t)party, .lane = r->lane };
    memcpy(key.incarnation, r->incarnation, sizeof key.incarnation);
    entry_walk w = { .list = json_array(), .next = r->from };
    err = d->store->ops->entries(d->store, line->id, &key, r->from, OL_SIZE_MAX, keep_entry, &w);
    bool has_more = err == OL_EAGAIN;
    (void)json_object_set_new(reply, "entries", w.list);
    (void)json_object_set_new(reply, "next",
                              has_more ? json_integer((json_int_t)w.next) : json_null());
    return has_more ? OL_OK : err;
}
