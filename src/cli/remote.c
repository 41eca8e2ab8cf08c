#include "cli/remote.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "wire/entry.h"

enum { TRIES = 8, SETTLE_MS = 120 };

typedef struct {
    ol_store store;
    ol_cli *c;
    ol_talk *talk;
    const char *line;
    const ol_charter *charter;
    json_t *logs;
    uint64_t position;
} remote;

static uint64_t u64_of(const json_t *o, const char *key) {
    return (uint64_t)json_integer_value(json_object_get(o, key));
}

static ol_err key_of(const remote *r, const char *name, ol_log_key *ret) {
    const char *lane = strchr(name, '/');
    const char *inc = strrchr(name, '/');
    int party = lane == NULL ? -1 : ol_charter_party(r->charter, name, (size_t)(lane - name));
    if (party < 0 || inc == lane)
        return OL_EFORM;
    ret->party = (uint8_t)party;
    ret->lane = strncmp(lane, "/urgent/", 8) == 0 ? OL_LANE_URGENT : OL_LANE_ROUTINE;
    return ol_hex_get(inc + 1, strlen(inc + 1), ret->incarnation, OL_INC_LEN);
}

static const json_t *log_of(const remote *r, const ol_log_key *key) {
    size_t i;
    json_t *o;
    ol_log_key k;
    json_array_foreach(r->logs, i, o) {
        if (key_of(r, ol_cli_text_of(o, "log"), &k) == OL_OK && ol_log_key_eq(&k, key))
            return o;
    }
    return NULL;
}

static ol_err bytes_of(const json_t *o, const char *key, uint8_t *to, size_t want) {
    size_t n = 0;
    const char *s = ol_cli_text_of(o, key);
    ol_err err = ol_b64_get(s, strlen(s), to, want, &n);
    return err == OL_OK && n != want ? OL_EFORM : err;
}

static ol_err walk_logs(ol_store *s, const uint8_t *line, ol_log_fn *fn, void *ctx) {
    remote *r = (remote *)s;
    size_t i;
    json_t *o;
    (void)line;
    json_array_foreach(r->logs, i, o) {
        ol_stored_log log = { .size = u64_of(o, "size") };
        ol_err err = key_of(r, ol_cli_text_of(o, "log"), &log.key);
        if (err == OL_OK)
            err = fn(ctx, &log);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

static ol_err walk_heads(ol_store *s, const uint8_t *line, const ol_log_key *log, uint64_t from,
                         ol_head_fn *fn, void *ctx) {
    size_t i;
    json_t *o;
    (void)line;
    json_array_foreach(json_object_get(log_of((remote *)s, log), "heads"), i, o) {
        uint8_t root[32];
        uint8_t sig[OL_SIG_LEN];
        ol_stored_head head = { .log = *log, .size = u64_of(o, "size"), .root = root, .sig = sig };
        if (head.size < from)
            continue;
        ol_err err = bytes_of(o, "root", root, sizeof root);
        if (err == OL_OK)
            err = bytes_of(o, "signature", sig, sizeof sig);
        if (err == OL_OK)
            err = fn(ctx, &head);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

static ol_err walk_receipts(ol_store *s, const uint8_t *line, const ol_log_key *log,
                            ol_receipt_fn *fn, void *ctx) {
    remote *r = (remote *)s;
    size_t i;
    json_t *o;
    (void)line;
    json_array_foreach(json_object_get(log_of(r, log), "receipts"), i, o) {
        uint8_t sig[OL_SIG_LEN];
        const char *name = ol_cli_text_of(o, "party");
        int party = ol_charter_party(r->charter, name, strlen(name));
        ol_stored_receipt receipt = { .log = *log,
                                      .party = (uint8_t)party,
                                      .size = u64_of(o, "size"),
                                      .time = u64_of(o, "time"),
                                      .sig = sig };
        ol_err err = party < 0 ? OL_EFORM : bytes_of(o, "signature", sig, sizeof sig);
        if (err == OL_OK)
            err = fn(ctx, &receipt);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

/* One page of entries; *from is moved behind it. */
static ol_err walk_page(const ol_log_key *log, const json_t *list, uint64_t *from, uint64_t to,
                        ol_entry_fn *fn, void *ctx) {
    size_t i;
    json_t *o;
    json_array_foreach(list, i, o) {
        uint8_t entry[OL_ENTRY_MAX];
        size_t len = 0;
        if (*from >= to)
            return OL_OK;
        const char *text = json_string_value(o);
        ol_err err =
            text == NULL ? OL_EFORM : ol_b64_get(text, strlen(text), entry, sizeof entry, &len);
        ol_stored_entry e = { .log = *log, .index = *from, .entry = entry, .len = len };
        if (err == OL_OK)
            err = fn(ctx, &e);
        if (err != OL_OK)
            return err;
        (*from)++;
    }
    return OL_OK;
}

static ol_err walk_entries(ol_store *s, const uint8_t *line, const ol_log_key *log, uint64_t from,
                           uint64_t to, ol_entry_fn *fn, void *ctx) {
    remote *r = (remote *)s;
    (void)line;
    ol_err err = OL_OK;
    bool has_more = true;
    while (err == OL_OK && has_more && from < to) {
        ol_request q;
        json_t *reply = NULL;
        if (ol_talk_request(r->c, OL_DO_ENTRIES, r->line, &q) >= 0)
            return OL_EIO;
        q.given |= OL_GIVEN_LOG | OL_GIVEN_FROM;
        q.from = from;
        q.lane = log->lane;
        memcpy(q.party, r->charter->party[log->party].name, sizeof q.party);
        memcpy(q.incarnation, log->incarnation, sizeof q.incarnation);
        if (ol_talk_ask(r->c, r->talk, &q, &reply) >= 0)
            return OL_EIO;
        err = walk_page(log, json_object_get(reply, "entries"), &from, to, fn, ctx);
        has_more = json_is_integer(json_object_get(reply, "next"));
        json_decref(reply);
    }
    return err;
}

static ol_err no_commit(ol_store *s, const ol_batch *list, size_t n) {
    (void)s, (void)list, (void)n;
    return OL_ESTATE;
}

static ol_err no_state(ol_store *s, const uint8_t *line, ol_state_fn *fn, void *ctx) {
    (void)s, (void)line, (void)fn, (void)ctx;
    return OL_OK;
}

static ol_err walk_evidence_of(const remote *r, const json_t *log, ol_evidence_fn *fn, void *ctx) {
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(log, "evidence"), i, o) {
        uint8_t root[32];
        uint8_t sig[OL_SIG_LEN];
        const char *name = ol_cli_text_of(o, "party");
        int party = ol_charter_party(r->charter, name, strlen(name));
        ol_stored_evidence e = { .party = (uint8_t)party,
                                 .size = u64_of(o, "size"),
                                 .time = u64_of(o, "time"),
                                 .root = root,
                                 .sig = sig };
        ol_err err = party < 0 ? OL_EFORM : key_of(r, ol_cli_text_of(log, "log"), &e.log);
        if (err == OL_OK)
            err = bytes_of(o, "root", root, sizeof root);
        if (err == OL_OK)
            err = bytes_of(o, "signature", sig, sizeof sig);
        if (err == OL_OK)
            err = fn(ctx, &e);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

static ol_err walk_evidence(ol_store *s, const uint8_t *line, ol_evidence_fn *fn, void *ctx) {
    remote *r = (remote *)s;
    size_t i;
    json_t *log;
    (void)line;
    json_array_foreach(r->logs, i, log) {
        ol_err err = walk_evidence_of(r, log, fn, ctx);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

static ol_err no_item(ol_store *s, const uint8_t *line, const uint8_t *item, ol_log_key *ret_log,
                      uint64_t *ret_index) {
    (void)s, (void)line, (void)item, (void)ret_log, (void)ret_index;
    return OL_ENOENT;
}

static ol_err no_since(ol_store *s, const uint8_t *line, uint64_t after, size_t max,
                       ol_entry_fn *entry, ol_receipt_fn *receipt, void *ctx) {
    (void)s, (void)line, (void)after, (void)max, (void)entry, (void)receipt, (void)ctx;
    return OL_ESTATE;
}

static ol_err last_seq(ol_store *s, uint64_t *ret) {
    *ret = ((remote *)s)->position;
    return OL_OK;
}

static ol_err walk_lines(ol_store *s, ol_line_fn *fn, void *ctx) {
    return fn(ctx, ((remote *)s)->charter->id);
}

static void close_remote(ol_store *s) {
    if (s == NULL)
        return;
    json_decref(((remote *)s)->logs);
    free(s);
}

static const ol_store_ops ops = {
    .commit = no_commit,
    .logs = walk_logs,
    .heads = walk_heads,
    .receipts = walk_receipts,
    .entries = walk_entries,
    .state = no_state,
    .evidence = walk_evidence,
    .find_item = no_item,
    .since = no_since,
    .last_seq = last_seq,
    .lines = walk_lines,
    .close = close_remote,
};

/* Signatures reach the store a moment after what they sign: a line at rest is read twice alike. A
 * busy one is read as it stands.
 * Pages are of one moment iff nothing was stored between the first and the last. */
static int snapshot(remote *r, bool *ret_is_one) {
    uint64_t from = 0;
    bool has_more = true;
    *ret_is_one = true;
    (void)json_array_clear(r->logs);
    while (has_more) {
        ol_request q;
        json_t *reply = NULL;
        int code = ol_talk_request(r->c, OL_DO_RECORD, r->line, &q);
        q.given |= OL_GIVEN_FROM;
        q.from = from;
        if (code < 0)
            code = ol_talk_ask(r->c, r->talk, &q, &reply);
        if (code >= 0)
            return code;
        uint64_t position = u64_of(reply, "position");
        *ret_is_one = *ret_is_one && (from == 0 || position == r->position);
        r->position = position;
        (void)json_array_extend(r->logs, json_object_get(reply, "logs"));
        has_more = json_is_integer(json_object_get(reply, "next"));
        from = u64_of(reply, "next");
        json_decref(reply);
    }
    return -1;
}

int ol_cli_remote(ol_cli *c, ol_talk *t, const char *line, const ol_charter *charter,
                  ol_store **ret) {
    remote *r = calloc(1, sizeof *r);
    if (r == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory to read the record");
    *r = (remote){ { &ops }, c, t, line, charter, json_array(), 0 };
    int code = -1;
    bool is_one = false;
    bool is_settled = false;
    json_t *before = NULL;
    for (int i = 0; i < TRIES && code < 0 && !(is_one && is_settled); i++) {
        json_decref(before);
        before = json_copy(r->logs);
        if (i > 0)
            (void)nanosleep(&(struct timespec){ .tv_nsec = SETTLE_MS * 1000000 }, NULL);
        code = snapshot(r, &is_one);
        is_settled = !ol_talk_is_live(t) || (i > 0 && json_equal(before, r->logs));
    }
    json_decref(before);
    if (code < 0 && !is_one)
        code = ol_cli_fail(c, OL_EAGAIN, "try again when it is quieter, or stop the station",
                           "the line is too busy to read its %zu logs at one moment",
                           json_array_size(r->logs));
    if (code < 0)
        *ret = &r->store;
    else
        close_remote(&r->store);
    return code;
}
