#include "record/verify_parts.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ── findings ──────────────────────────────────────────────────────────────────────────────────*/

__attribute__((format(printf, 5, 0))) static void
tell(vf *v, const char *rule, bool is_broken, const char *file, const char *format, va_list va) {
    char sentence[OL_VERIFY_SENTENCE_MAX];
    vsnprintf(sentence, sizeof sentence, format, va);
    if (is_broken)
        v->result->broken++;
    else
        v->result->anomalies++;
    if (v->opts->finding != NULL)
        v->opts->finding(v->opts->ctx, &(ol_verify_finding){ rule, is_broken, file, sentence });
}

void ol_vf_fail(vf *v, const char *rule, const char *file, const char *format, ...) {
    va_list va;
    va_start(va, format);
    tell(v, rule, true, file, format, va);
    va_end(va);
}

void ol_vf_note(vf *v, const char *rule, const char *file, const char *format, ...) {
    va_list va;
    va_start(va, format);
    tell(v, rule, false, file, format, va);
    va_end(va);
}

/* ── files ─────────────────────────────────────────────────────────────────────────────────────*/

static int compare_files(const void *a, const void *b) {
    return strcmp(((const vf_file *)a)->path, ((const vf_file *)b)->path);
}

static void list_files(vf *v) {
    v->files = v->opts->files;
    if (v->files == 0)
        return;
    v->file = ol_mem_get0(v->opts->mem, v->files, sizeof *v->file);
    if (v->file == NULL) {
        v->err = OL_ENOMEM;
        v->files = 0;
        return;
    }
    for (size_t i = 0; i < v->files; i++)
        v->file[i] =
            (vf_file){ .path = v->opts->file[i].path, .is_plain = v->opts->file[i].is_plain };
    qsort(v->file, v->files, sizeof *v->file, compare_files);
    for (size_t i = 0; i < v->files; i++) {
        if (v->file[i].is_plain)
            continue;
        ol_vf_fail(v, "file-kind", v->file[i].path,
                   "is neither a plain file nor a directory, and is not followed");
        v->file[i].is_touched = true;
    }
}

size_t ol_vf_first(const vf *v, const char *prefix) {
    size_t low = 0, high = v->files;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(v->file[mid].path, prefix) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

bool ol_vf_has_prefix(const vf *v, size_t at, const char *prefix) {
    return at < v->files && strncmp(v->file[at].path, prefix, strlen(prefix)) == 0;
}

vf_file *ol_vf_find(vf *v, const char *path) {
    size_t at = ol_vf_first(v, path);
    bool is_there = at < v->files && strcmp(v->file[at].path, path) == 0 && v->file[at].is_plain;
    return is_there ? &v->file[at] : NULL;
}

void ol_vf_touch_all(vf *v, const char *prefix) {
    for (size_t i = ol_vf_first(v, prefix); ol_vf_has_prefix(v, i, prefix); i++)
        v->file[i].is_touched = true;
}

bool ol_vf_read(vf *v, const char *path, uint8_t *to, size_t cap, size_t *ret_len) {
    vf_file *f = ol_vf_find(v, path);
    if (f == NULL) {
        ol_vf_fail(v, "file-missing", path, "is missing");
        return false;
    }
    f->is_touched = true;
    const char *why = NULL;
    ol_err err = v->opts->read(v->opts->ctx, path, to, cap, ret_len, &why);
    if (err == OL_ELIMIT)
        ol_vf_fail(v, "file-size", path, "is larger than %zu bytes", cap);
    else if (err != OL_OK)
        ol_vf_fail(v, "file-read", path, "cannot be read: %s",
                   why != NULL ? why : ol_err_text(err));
    return err == OL_OK;
}

static void name_the_rest(vf *v) {
    for (size_t i = 0; i < v->files; i++)
        if (!v->file[i].is_touched)
            ol_vf_fail(v, "file-unexpected", v->file[i].path, "does not belong in this export");
}

/* ── logs ──────────────────────────────────────────────────────────────────────────────────────*/

static int party_of(const vf *v, const char *name, size_t len) {
    for (unsigned i = 0; i < v->parties; i++)
        if (strlen(v->party[i].name) == len && memcmp(v->party[i].name, name, len) == 0)
            return (int)i;
    return -1;
}

/* <party>/<lane>/<incarnation>/…: the length up to the last slash of these, or 0. */
static size_t log_dir(const char *path, const char **ret_lane, const char **ret_incarnation) {
    const char *a = strchr(path, '/'), *b = a == NULL ? NULL : strchr(a + 1, '/');
    const char *c = b == NULL ? NULL : strchr(b + 1, '/');
    if (c == NULL || c - b != 2 * OL_INC_LEN + 1 || !ol_name_is_valid(path, (size_t)(a - path)))
        return 0;
    bool is_lane = strncmp(a, "/urgent/", 8) == 0 || strncmp(a, "/routine/", 9) == 0;
    uint8_t incarnation[OL_INC_LEN];
    if (!is_lane || ol_hex_get(b + 1, 2 * OL_INC_LEN, incarnation, OL_INC_LEN) != OL_OK)
        return 0;
    *ret_lane = a + 1, *ret_incarnation = b + 1;
    return (size_t)(c - path);
}

static void add_log(vf *v, const ol_log_key *key) {
    vf_place *place = ol_mem_grow(v->opts->mem, v->place, &v->logs_cap, v->logs + 1, sizeof *place);
    if (place == NULL) {
        v->err = OL_ENOMEM;
        return;
    }
    v->place = place;
    v->place[v->logs++] = (vf_place){ .key = *key };
}

/* Paths are sorted, so that those of one log stand together. */
static void find_logs(vf *v) {
    size_t n = 0;
    for (size_t i = 0, len = 0; i < v->files && v->err == OL_OK; i++) {
        const char *path = v->file[i].path, *lane, *incarnation;
        if (len > 0 && strncmp(path, v->file[i - 1].path, len + 1) == 0)
            continue;
        len = v->file[i].is_plain ? log_dir(path, &lane, &incarnation) : 0;
        if (len == 0)
            continue;
        if (++n > OL_VERIFY_LOGS_MAX) {
            ol_vf_fail(v, "too-many", ".", "holds more than %d logs", OL_VERIFY_LOGS_MAX);
            return;
        }
        int party = party_of(v, path, (size_t)(lane - 1 - path));
        if (party < 0) {
            char name[OL_VERIFY_PATH_MAX];
            snprintf(name, sizeof name, "%.*s/", (int)len, path);
            ol_vf_touch_all(v, name);
            name[len] = 0;
            ol_vf_fail(v, "log-stranger", name, "is a log of %.*s, who is not in the charter",
                       (int)(lane - 1 - path), path);
            continue;
        }
        ol_log_key key = { .party = (uint8_t)party };
        key.lane = *lane == 'u' ? OL_LANE_URGENT : OL_LANE_ROUTINE;
        OL_ASSERT(ol_hex_get(incarnation, 2 * OL_INC_LEN, key.incarnation, OL_INC_LEN) == OL_OK);
        add_log(v, &key);
    }
}

/* ── the record ────────────────────────────────────────────────────────────────────────────────*/

static void begin_log(vf *v, size_t log) {
    memset(&v->now, 0, sizeof v->now);
    v->now.key = v->place[log].key;
    v->now.log = log;
    v->now.generation = &v->generation[v->generations - 1];
    ol_view_log_name(&v->now.key, 2 * OL_INC_LEN, v->party_name, v->now.name);
    (void)ol_checkpoint_origin(v->result->line, v->party_name[v->now.key.party], &v->now.key,
                               v->now.origin);
}

static void tell_log(vf *v) {
    const vf_head *head = &v->now.head[VF_HEAD_NOTE], *whole = &v->now.head[VF_CHECKPOINT];
    ol_verify_log log = { .name = v->now.name,
                          .author = v->now.key.party,
                          .has_head = head->is_there,
                          .is_proven = v->place[v->now.log].is_proven,
                          .size = head->size,
                          .has_checkpoint = whole->is_there,
                          .checkpoint = whole->size,
                          .by = v->now.stored,
                          .log = v->now.log };
    memcpy(log.root, head->root.b, sizeof log.root);
    for (unsigned i = 0; i < v->now.generation->members; i++)
        log.members |= UINT64_C(1) << v->now.generation->member[i];
    v->result->logs++;
    if (v->opts->log != NULL)
        v->opts->log(v->opts->ctx, &log, v->party_name);
}

static bool check_log(vf *v) {
    char dir[OL_VERIFY_PATH_MAX];
    snprintf(dir, sizeof dir, "%s/", v->now.name);
    bool is_proven = false;
    if (!v->party[v->now.key.party].has_card) {
        ol_vf_fail(v, "card-missing", "cards",
                   "%s has authored or receipted, and there is no card of it",
                   v->party_name[v->now.key.party]);
    } else {
        ol_vf_notes(v);
        if (v->now.head[VF_HEAD_NOTE].is_there && ol_vf_count(v)) {
            ol_vf_pending(v);
            ol_vf_evidence(v);
            is_proven = ol_vf_tiles(v);
        }
    }
    if (!v->now.was_walked)
        ol_vf_touch_all(v, dir); /* its files were not looked at: the reason was told */
    return is_proven;
}

static void check_logs(vf *v) {
    for (size_t i = 0; i < v->logs && v->err == OL_OK; i++) {
        size_t log;
        v->err = ol_view_add_log(v->view, &v->place[i].key, &log);
        if (v->err != OL_OK)
            return;
        begin_log(v, i);
        v->place[i].is_proven = check_log(v);
        if (v->place[i].is_forked)
            ol_view_set_forked(v->view, i);
        if (v->place[i].is_proven)
            ol_vf_entries(v);
        else
            ol_view_set_unknown(v->view, i);
        tell_log(v);
    }
}

/* The root that an opening names of the incarnation before. */
static void check_opening_root(vf *v, size_t log) {
    const ol_opening *o = ol_view_opening(v->view, log);
    if (o == NULL || !o->has_predecessor)
        return;
    ol_log_key key = v->place[log].key;
    memcpy(key.incarnation, o->predecessor, OL_INC_LEN);
    for (size_t i = 0; i < v->logs; i++) {
        if (i == log || !ol_log_key_eq(&v->place[i].key, &key) || !v->place[i].is_proven ||
            o->size > ol_view_log_size(v->view, i))
            continue;
        char name[OL_VIEW_ID_MAX + 1], own[OL_VIEW_ID_MAX + 1];
        ol_hash root;
        ol_view_log_name(&key, 2 * OL_INC_LEN, v->party_name, name);
        ol_view_log_name(&v->place[log].key, 2 * OL_INC_LEN, v->party_name, own);
        if (!ol_vf_roots(v, name, ol_view_log_size(v->view, i), &o->size, 1, &root) ||
            memcmp(root.b, o->root, OL_HASH_LEN) == 0)
            continue;
        if (v->place[i].is_forked)
            ol_vf_note(v, "opening-other", own,
                       "continues another history of its predecessor %s than the one in the "
                       "export, after %" PRIu64 " entries",
                       strrchr(name, '/') + 1, o->size);
        else
            ol_vf_fail(v, "opening-root", own,
                       "names another root of its predecessor %s over size %" PRIu64
                       " than the export holds: the log of %s contradicts itself",
                       strrchr(name, '/') + 1, o->size, v->party_name[key.party]);
    }
}

static void on_issue(void *ctx, const ol_view_issue *issue) {
    vf *v = ctx;
    char sentence[OL_VIEW_SENTENCE_MAX], name[OL_VIEW_ID_MAX + 1];
    ol_view_sentence(issue, v->party_name, sentence);
    ol_view_log_name(&issue->log, 2 * OL_INC_LEN, v->party_name, name);
    if (ol_view_rule_is_broken(issue->rule))
        ol_vf_fail(v, ol_view_rule_word(issue->rule), name, "%s", sentence);
    else
        ol_vf_note(v, ol_view_rule_word(issue->rule), name, "%s", sentence);
}

static const char *on_text(void *ctx, const ol_message *m) {
    vf *v = ctx;
    return v->opts->unreadable == NULL ? NULL : v->opts->unreadable(v->opts->ctx, m);
}

static void on_check(void *ctx, const ol_log_key *log, uint64_t index, uint64_t wall,
                     const ol_check *check) {
    vf *v = ctx;
    if (v->opts->check != NULL)
        v->opts->check(v->opts->ctx, log, index, wall, check);
}

static void check_record(vf *v) {
    ol_view_opts opts = { .mem = v->opts->mem,
                          .parties = v->parties,
                          .rungs = v->generation[v->generations - 1].rungs,
                          .unreadable = on_text,
                          .issue = on_issue,
                          .check = on_check,
                          .ctx = v,
                          .line_id = v->result->id };
    for (unsigned i = 0; i < v->parties; i++)
        opts.identity[i] = v->party[i].identity;
    v->err = ol_view_new(&opts, &v->view);
    if (v->err != OL_OK)
        return;
    check_logs(v);
    for (size_t i = 0; i < v->logs && v->err == OL_OK; i++)
        check_opening_root(v, i);
    if (v->err == OL_OK)
        ol_vf_claims(v);
    if (v->err == OL_OK)
        v->err = ol_view_finish(v->view);
    if (v->err != OL_OK)
        return;
    v->result->entries = ol_view_len(v->view);
    for (size_t i = 0; i < ol_view_len(v->view); i++)
        v->result->unreadable += ol_view_at(v->view, i).unreadable != NULL;
    if (v->opts->view != NULL)
        v->opts->view(v->opts->ctx, v->view, v->party_name);
}

static void check_proof(vf *v) {
    uint64_t before = v->result->broken;
    if (v->logs != 1) {
        ol_vf_fail(v, "proof-layout", ".", "is not the proof of one entry: it holds %zu logs",
                   v->logs);
    } else {
        begin_log(v, 0);
        ol_vf_proof(v);
        tell_log(v);
    }
    if (v->result->broken > before)
        ol_vf_touch_all(v, ""); /* one broken rule is enough to name */
}

static bool is_proof(const vf *v) {
    for (size_t i = 0; i < v->files; i++) {
        const char *end = strrchr(v->file[i].path, '.');
        if (v->file[i].is_plain && end != NULL && strcmp(end, ".tlog-proof") == 0)
            return true;
    }
    return false;
}

static void verify(vf *v) {
    list_files(v);
    if (v->err != OL_OK || !ol_vf_charters(v))
        return;
    ol_vf_cards(v);
    find_logs(v);
    v->result->is_proof = is_proof(v);
    if (v->err == OL_OK && v->result->is_proof)
        check_proof(v);
    else if (v->err == OL_OK)
        check_record(v);
    if (v->err == OL_OK)
        name_the_rest(v);
}

ol_err ol_verify(const ol_verify_opts *opts, ol_verify_result *ret) {
    _Static_assert(sizeof(vf) <= OL_VERIFY_MEM - 64 * 1024, "OL_VERIFY_MEM says what it takes");
    ol_verify_result result = { .is_proof = false };
    vf *v = ol_mem_get0(opts->mem, 1, sizeof *v);
    if (v == NULL)
        return OL_ENOMEM;
    v->opts = opts;
    v->result = &result;
    verify(v);
    ol_err err = v->err;
    ol_view_free(v->view);
    ol_mem_put(opts->mem, v->file, v->opts->files, sizeof *v->file);
    ol_mem_put(opts->mem, v->card, v->cards_cap, sizeof *v->card);
    ol_mem_put(opts->mem, v->place, v->logs_cap, sizeof *v->place);
    ol_mem_put(opts->mem, v, 1, sizeof *v);
    if (err == OL_OK)
        *ret = result;
    return err;
}
