/* openline verify — does a record hold? Of an export's directory, a proof's, or a line of this
 * home, which is then put into the form in which a stranger would get it and checked as that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/record.h"
#include "cli/verdicts.h"
#include "record/verify.h"

enum { FINDINGS_MAX = 100, MEM_MAX = 1 << 30 };

typedef struct {
    ol_files_of files; /* first: ol_cli_record_read */
    ol_cli *c;
    ol_mem mem;
    json_t *findings, *logs, *proven, *calls;
    uint64_t untold;
} checking;

static ol_cli_record record;
static checking s_checking;

/* Names of files may hold anything: what is not UTF-8 is shown as '?'. */
static json_t *any_text(const char *s) {
    json_t *o = json_string(s);
    if (o != NULL)
        return o;
    char *copy = strdup(s);
    for (size_t i = 0; copy != NULL && copy[i] != '\0'; i++)
        if ((unsigned char)copy[i] >= 0x80 || (unsigned char)copy[i] < 0x20)
            copy[i] = '?';
    o = json_string(copy != NULL ? copy : "");
    free(copy);
    return o;
}

static void take_finding(void *ctx, const ol_verify_finding *f) {
    checking *k = ctx;
    if (json_array_size(k->findings) == FINDINGS_MAX) {
        k->untold++;
        return;
    }
    json_t *o = json_pack("{s:s, s:b}", "rule", f->rule, "broken", f->is_broken);
    (void)json_object_set_new(o, "file", any_text(f->file));
    (void)json_object_set_new(o, "what", any_text(f->sentence));
    (void)json_array_append_new(k->findings, o);
}

static void take_log(void *ctx, const ol_verify_log *log, const char *const *party) {
    checking *k = ctx;
    json_t *stored = json_object();
    for (unsigned p = 0; p < OL_PARTIES_MAX; p++)
        if ((log->members >> p & 1) != 0 && p != log->author && log->by[p].is_there)
            (void)json_object_set_new(stored, party[p],
                                      json_pack("{s:I, s:I}", "size", (json_int_t)log->by[p].size,
                                                "time", (json_int_t)log->by[p].time));
    (void)json_array_append_new(
        k->logs, json_pack("{s:s, s:s, s:I, s:o}", "log", log->name, "author", party[log->author],
                           "size", (json_int_t)(log->has_head ? log->size : 0), "stored", stored));
}

/* What is stored and cannot be read is named with the reason. */
static void take_view(void *ctx, const ol_view *view, const char *const *party) {
    ((checking *)ctx)->calls = ol_cli_verdicts_json(view, party);
    for (size_t i = 0; i < ol_view_len(view); i++) {
        ol_view_item item = ol_view_at(view, i);
        char name[OL_VIEW_ID_MAX + 1], what[200];
        if (item.unreadable == NULL)
            continue;
        ol_view_log_name(ol_view_log_key(view, item.log), 2 * OL_INC_LEN, party, name);
        (void)snprintf(what, sizeof what, "entry %llu cannot be read: %s",
                       (unsigned long long)item.index, item.unreadable);
        take_finding(ctx, &(ol_verify_finding){ "unreadable", false, name, what });
    }
}

static void take_proven(void *ctx, const char *log, uint64_t index, const uint8_t *entry,
                        size_t len, const char *why) {
    checking *k = ctx;
    (void)entry, (void)len;
    k->proven = json_pack("{s:s, s:I}", "log", log, "index", (json_int_t)index);
    if (why != NULL)
        (void)json_object_set_new(k->proven, "unreadable", json_string(why));
}

static json_t *result_json(const checking *k, const ol_verify_result *r, bool is_good) {
    char id[2 * OL_LINE_ID_LEN + 1];
    json_t *o = json_pack("{s:b}", "ok", is_good);
    ol_hex_put(r->id, sizeof r->id, id);
    if (!is_good)
        (void)json_object_set_new(o, "error",
                                  json_pack("{s:s, s:s, s:s}", "code", ol_err_name(OL_ECONFLICT),
                                            "what", "the record does not hold", "do",
                                            "do not rely on it: the findings say what is wrong"));
    (void)json_object_set_new(o, "kind", json_string(r->is_proof ? "proof" : "export"));
    (void)json_object_set_new(o, "line", r->line[0] != '\0' ? json_string(r->line) : json_null());
    (void)json_object_set_new(o, "id", r->line[0] != '\0' ? json_string(id) : json_null());
    (void)json_object_set_new(o, "entries", json_integer((json_int_t)r->entries));
    (void)json_object_set_new(o, "unreadable", json_integer((json_int_t)r->unreadable));
    (void)json_object_set_new(o, "broken", json_integer((json_int_t)r->broken));
    (void)json_object_set_new(o, "anomalies", json_integer((json_int_t)r->anomalies));
    (void)json_object_set(o, "logs", k->logs);
    (void)json_object_set(o, "findings", k->findings);
    (void)json_object_set_new(o, "untold", json_integer((json_int_t)k->untold));
    if (k->proven != NULL)
        (void)json_object_set(o, "proven", k->proven);
    if (k->calls != NULL)
        (void)json_object_set(o, "calls", k->calls);
    return o;
}

static void print_logs(const checking *k) {
    size_t i;
    json_t *log;
    json_array_foreach(k->logs, i, log) {
        const char *party;
        json_t *by;
        ol_cli_print("%s: %lld entries\n", json_string_value(json_object_get(log, "log")),
                     (long long)json_integer_value(json_object_get(log, "size")));
        json_object_foreach(json_object_get(log, "stored"), party, by) {
            char dtg[OL_CLI_DTG_LEN + 1];
            ol_cli_dtg((uint64_t)json_integer_value(json_object_get(by, "time")), dtg);
            ol_cli_print("  %s has stored %lld, by its receipt of %s\n", party,
                         (long long)json_integer_value(json_object_get(by, "size")), dtg);
        }
    }
}

static int print_result(ol_cli *c, const checking *k, const ol_verify_result *r) {
    bool is_good = r->broken == 0;
    size_t i;
    json_t *f;
    if (c->is_json) {
        ol_cli_json(result_json(k, r, is_good));
        return is_good ? ol_cli_end(c) : OL_CLI_FAILED;
    }
    print_logs(k);
    json_array_foreach(k->calls, i, f) {
        ol_cli_verdicts_print(f);
    }
    json_array_foreach(k->findings, i, f) {
        ol_cli_print("%s %s: %s (%s)\n",
                     json_is_true(json_object_get(f, "broken")) ? "BROKEN" : "look at",
                     json_string_value(json_object_get(f, "file")),
                     json_string_value(json_object_get(f, "what")),
                     json_string_value(json_object_get(f, "rule")));
    }
    if (k->untold > 0)
        ol_cli_print("and %llu findings more\n", (unsigned long long)k->untold);
    if (!is_good)
        return ol_cli_fail(c, OL_ECONFLICT, "do not rely on it: the findings say what is wrong",
                           "the record does not hold: rules broken: %llu",
                           (unsigned long long)r->broken);
    if (k->proven != NULL)
        ol_cli_print("verified: entry %lld of %s is on record and receipted by all\n",
                     (long long)json_integer_value(json_object_get(k->proven, "index")),
                     json_string_value(json_object_get(k->proven, "log")));
    else
        ol_cli_print("verified: line %s, logs %llu, entries %llu, unreadable %llu, to be looked at "
                     "%llu\n",
                     r->line, (unsigned long long)r->logs, (unsigned long long)r->entries,
                     (unsigned long long)r->unreadable, (unsigned long long)r->anomalies);
    return ol_cli_end(c);
}

static int verify_run(ol_cli *c) {
    checking *k = &s_checking;
    ol_verify_result result = { .is_proof = false };
    *k = (checking){
        .c = c, .files = { .dir = -1 }, .findings = json_array(), .logs = json_array()
    };
    int code = ol_cli_record_files(c, c->arg[0], &record, &k->files);
    if (code < 0) {
        ol_mem_heap(&k->mem, MEM_MAX);
        ol_verify_opts opts = { .mem = &k->mem,
                                .file = k->files.file,
                                .files = k->files.n,
                                .read = ol_cli_record_read,
                                .unreadable = ol_cli_record_unreadable,
                                .finding = take_finding,
                                .log = take_log,
                                .view = take_view,
                                .proven = take_proven,
                                .ctx = k };
        ol_err err = ol_verify(&opts, &result);
        code = err == OL_OK ? print_result(c, k, &result)
                            : ol_cli_fail(c, err, "check it on a machine with more memory",
                                          "there is no memory to check so large a record");
    }
    json_decref(k->findings);
    json_decref(k->logs);
    json_decref(k->proven);
    json_decref(k->calls);
    ol_files_of_free(&k->files);
    return code;
}

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_verify = {
    .name = "verify",
    .args = "<directory or line>",
    .summary = "Checks an export, a proof, or a line's record: does it hold",
    .help = "A name without a slash that is no directory is a line of this home. Exit status 0: it "
            "holds; 1: it does\nnot, or could not be checked. tools/verify_export.py does the same "
            "and shares no code with this program.\n",
    .opt = no_options,
    .args_min = 1,
    .args_max = 1,
    .run = verify_run,
};
