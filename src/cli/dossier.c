/* openline dossier — the joint record of a line as one document, from the home or from an export.
 * Either is put into the form in which a stranger gets it and verified first: what the dossier
 * tells is what the signatures hold, and what does not hold is told with it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/dossier.h"
#include "cli/files_of.h"
#include "cli/record.h"
#include "cli/verdicts.h"
#include "record/export.h"

enum { MEM_MAX = 1 << 30, PAGE = 500 };

typedef struct {
    ol_files_of files; /* first: ol_cli_record_read */
    ol_cli *c;
    ol_mem mem;
    ol_chain chain;
    ol_dossier_opts opts;
    ol_dossier_kept kept;
    ol_avail *avail;
    ol_err err; /* of what verify hands on and cannot be told of it */
    json_t *model, *findings, *logs;
} making;

static ol_cli_record record;
static making s_making;
static ol_talk talk;

static void set(making *m, const char *key, json_t *v) {
    (void)json_object_set_new(m->model, key, v);
}

/* ---- what verify tells ---- */

/* Names of files may hold anything. */
static json_t *any_text(const char *s) {
    json_t *o = json_string(s);
    return o != NULL ? o : json_string("(a name that is not UTF-8)");
}

static void take_finding(void *ctx, const ol_verify_finding *f) {
    making *m = ctx;
    json_t *o = json_pack("{s:s, s:b}", "rule", f->rule, "broken", f->is_broken);
    (void)json_object_set_new(o, "file", any_text(f->file));
    (void)json_object_set_new(o, "what", any_text(f->sentence));
    (void)json_array_append_new(m->findings, o);
}

static void take_log(void *ctx, const ol_verify_log *log, const char *const *party) {
    making *m = ctx;
    json_t *stored = json_object();
    for (unsigned p = 0; p < OL_PARTIES_MAX; p++)
        if ((log->members >> p & 1) != 0 && p != log->author && log->by[p].is_there)
            (void)json_object_set_new(stored, party[p],
                                      json_pack("{s:I, s:I}", "size", (json_int_t)log->by[p].size,
                                                "time", (json_int_t)log->by[p].time));
    (void)json_array_append_new(m->logs, json_pack("{s:s, s:I, s:o}", "log", log->name, "size",
                                                   (json_int_t)(log->has_head ? log->size : 0),
                                                   "stored", stored));
}

static ol_err take_entry(void *ctx, size_t log, uint64_t index, const uint8_t *entry, size_t len) {
    return ol_dossier_keep(&((making *)ctx)->kept, log, index, entry, len);
}

static void take_check(void *ctx, const ol_log_key *log, uint64_t index, uint64_t wall,
                       const ol_check *check) {
    making *m = ctx;
    if (m->err == OL_OK)
        m->err = ol_avail_add(m->avail, log, index, wall, check);
}

/* How each call ended stands with the call. Both lists are in the joint order. */
static void add_verdicts(making *m, const ol_view *view, const char *const *party) {
    json_t *calls = ol_cli_verdicts_json(view, party), *items = json_object_get(m->model, "items");
    json_t *call, *item;
    size_t i, k = 0;
    json_array_foreach(calls, i, call) {
        json_int_t at = json_integer_value(json_object_get(call, "at"));
        while ((item = json_array_get(items, k)) != NULL &&
               json_integer_value(json_object_get(item, "at")) < at)
            k++;
        if (item != NULL && json_integer_value(json_object_get(item, "at")) == at)
            (void)json_object_set(item, "verdicts", json_object_get(call, "verdicts"));
    }
    json_decref(calls);
}

static void take_view(void *ctx, const ol_view *view, const char *const *party) {
    making *m = ctx;
    (void)party;
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
    ol_err err = ol_dossier_items(m->model, view, &m->kept, &m->opts);
    m->err = m->err == OL_OK ? err : m->err;
    add_verdicts(m, view, party);
    ol_avail_finish(m->avail);
    set(m, "availability", ol_dossier_availability(m->avail, &m->opts));
}

/* ---- where the record comes from ---- */

static int gather(ol_cli *c, making *m) {
    ol_why why = { "" };
    const char *dir = ol_cli_value(c, "export");
    if ((dir == NULL) == (c->args == 0))
        return ol_cli_usage(c, "give either the name of a line, or --export and a directory");
    if (dir == NULL)
        return ol_cli_record_line(c, c->arg[0], &record, &m->files);
    ol_err err = ol_files_of_dir(dir, &m->files, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

/* The charter and its amendments: who the parties are. */
static int read_chain(ol_cli *c, making *m) {
    static uint8_t text[OL_CHARTER_MAX];
    for (unsigned g = 0; g < OL_GENERATIONS_MAX; g++) {
        char path[32];
        const char *why = NULL;
        size_t len = 0;
        uint32_t missing = 0;
        ol_ini_at at = { 0, 0, NULL };
        (void)snprintf(path, sizeof path, g == 0 ? "charter" : "charter.%u", g);
        ol_err err = ol_files_of_read(&m->files, path, text, sizeof text, &len, &why);
        if (err != OL_OK && g > 0)
            return -1; /* verify has told what is amiss */
        if (err == OL_OK)
            err = ol_chain_add(&m->chain, (const char *)text, len, &missing, &at);
        if (err != OL_OK && g == 0)
            return ol_cli_fail(c, err, "give the directory of a full export",
                               "there is no charter that can be read: %s",
                               at.why != NULL ? at.why : ol_err_text(err));
        if (err != OL_OK)
            return -1;
    }
    return -1;
}

/* Items by log and index: pages of the station name entries in the same words. */
static const char *key_of(const json_t *entry, char to[OL_DESK_NAME_LEN + 24]) {
    (void)snprintf(to, OL_DESK_NAME_LEN + 24, "%s.%lld", ol_cli_text_of(entry, "log"),
                   ol_cli_int_of(entry, "index"));
    return to;
}

static json_t *by_key(const json_t *items) {
    json_t *all = json_object(), *item;
    char key[OL_DESK_NAME_LEN + 24];
    size_t i;
    json_array_foreach(items, i, item) {
        (void)json_object_set(all, key_of(item, key), item);
    }
    return all;
}

/* The store knows receipts that an export leaves out: the first that covered each entry. */
static void take_states(const json_t *items, const json_t *entries) {
    char key[OL_DESK_NAME_LEN + 24];
    size_t i;
    json_t *e;
    json_array_foreach(entries, i, e) { /* outside of the time asked for, or newer: no item */
        json_t *stages = json_object_get(json_object_get(items, key_of(e, key)), "stages"), *state;
        const char *party;
        json_object_foreach(json_object_get(e, "states"), party, state) {
            json_t *stage = json_object_get(stages, party), *time = json_object_get(state, "time");
            if (json_is_object(stage) && json_is_integer(time))
                (void)json_object_set(stage, "receipt", time);
        }
    }
}

static int ask_states(ol_cli *c, making *m, const char *line) {
    uint64_t next = 0, position = 0;
    int code = ol_talk_open(c, true, &talk);
    bool has_more = code < 0;
    json_t *items = by_key(json_object_get(m->model, "items"));
    while (code < 0 && has_more) {
        ol_request r;
        json_t *reply = NULL;
        code = ol_talk_request(c, OL_DO_LOG, line, &r);
        r.given |= OL_GIVEN_FROM | OL_GIVEN_LIMIT | (position > 0 ? OL_GIVEN_CURSOR : 0);
        r.from = next, r.limit = PAGE, r.cursor = position;
        if (code < 0)
            code = ol_talk_ask(c, &talk, &r, &reply);
        take_states(items, json_object_get(reply, "entries"));
        position = (uint64_t)json_integer_value(json_object_get(reply, "position"));
        has_more = json_is_integer(json_object_get(reply, "next"));
        next = (uint64_t)json_integer_value(json_object_get(reply, "next"));
        json_decref(reply);
    }
    json_decref(items);
    ol_talk_close(&talk);
    return code;
}

/* ---- the model ---- */

static json_t *parties_json(const ol_chain *chain) {
    json_t *all = json_array();
    for (unsigned i = 0; i < chain->now.parties; i++) {
        const ol_party *p = &chain->now.party[i];
        json_t *o =
            json_pack("{s:s, s:s}", "party", p->name, "name", ol_party_title(p, p->lang[0]));
        if (!ol_chain_is_member(chain, i))
            (void)json_object_set_new(o, "has_left", json_true());
        (void)json_array_append_new(all, o);
    }
    return all;
}

static int take_times(ol_cli *c, making *m) {
    const char *from = ol_cli_value(c, "from"), *to = ol_cli_value(c, "to");
    static const char says[] = "--%s is \"%s\" and must be a point of time, such as \"211454Z NOV "
                               "26\", 2026-11-21T14:54:07Z or 2026-11-21";
    m->opts.to = OL_CONTROL_INT_MAX;
    if (from != NULL && ol_dossier_time(from, false, &m->opts.from) != OL_OK)
        return ol_cli_usage(c, says, "from", from);
    if (to != NULL && ol_dossier_time(to, true, &m->opts.to) != OL_OK)
        return ol_cli_usage(c, says, "to", to);
    if (m->opts.from > m->opts.to)
        return ol_cli_usage(c, "--to is before --from");
    return -1;
}

static void set_head(making *m) {
    char id[2 * OL_LINE_ID_LEN + 1];
    bool has_to = m->opts.to < OL_CONTROL_INT_MAX;
    ol_hex_put(m->chain.now.id, OL_LINE_ID_LEN, id);
    set(m, "line", json_string(m->chain.now.line));
    set(m, "id", json_string(id));
    set(m, "generation", json_integer(m->chain.now.generation));
    set(m, "parties", parties_json(&m->chain));
    set(m, "from", m->opts.from > 0 ? json_integer((json_int_t)m->opts.from) : json_null());
    set(m, "to", has_to ? json_integer((json_int_t)m->opts.to) : json_null());
    set(m, "has_checks", json_boolean(m->opts.has_checks));
}

static int make(ol_cli *c, making *m) {
    ol_verify_result result = { .is_proof = false };
    ol_mem_heap(&m->mem, MEM_MAX);
    int code = read_chain(c, m);
    if (code >= 0)
        return code;
    m->opts.chain = &m->chain;
    m->opts.line = m->chain.now.line;
    set_head(m);
    ol_verify_opts opts = { .mem = &m->mem,
                            .file = m->files.file,
                            .files = m->files.n,
                            .read = ol_cli_record_read,
                            .unreadable = ol_cli_record_unreadable,
                            .finding = take_finding,
                            .log = take_log,
                            .entry = take_entry,
                            .view = take_view,
                            .check = take_check,
                            .ctx = m };
    m->err = ol_avail_new(&m->mem, &m->avail);
    ol_err err = m->err == OL_OK ? ol_verify(&opts, &result) : m->err;
    err = err == OL_OK ? m->err : err;
    if (err != OL_OK)
        return ol_cli_fail(c, err, "make it on a machine with more memory",
                           "there is no memory for so large a record");
    if (result.is_proof || json_object_get(m->model, "items") == NULL)
        return ol_cli_fail(c, OL_EFORM, "give the directory of a full export",
                           "%s is not the record of a line", ol_cli_value(c, "export"));
    set(m, "entries", json_integer((json_int_t)result.entries));
    set(m, "broken", json_integer((json_int_t)result.broken));
    (void)json_object_set(m->model, "logs", m->logs);
    (void)json_object_set(m->model, "findings", m->findings);
    return c->args > 0 ? ask_states(c, m, c->arg[0]) : -1;
}

/* ---- printing ---- */

typedef enum { TEXT, JSON, HTML } format;

static int take_format(ol_cli *c, format *ret) {
    const char *s = ol_cli_value(c, "format");
    if (s == NULL)
        return *ret = c->is_json ? JSON : TEXT, -1;
    static const char *const names[] = { "text", "json", "html" };
    for (size_t i = 0; i < OL_LEN(names); i++)
        if (strcmp(s, names[i]) == 0)
            return *ret = (format)i, -1;
    return ol_cli_usage(c, "--format is \"%s\" and must be one of text, json, html", s);
}

static void print(FILE *to, const making *m, format how) {
    if (how == TEXT)
        ol_dossier_text(to, m->model);
    else if (how == HTML)
        ol_dossier_html(to, m->model);
    else {
        (void)json_dumpf(m->model, to, JSON_INDENT(1));
        (void)fputc('\n', to);
    }
}

/* A file of one's own, of nobody else's eyes. */
static int print_to(ol_cli *c, const making *m, format how, const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "w");
    if (to == NULL)
        return ol_cli_fail(c, errno == EEXIST ? OL_EEXIST : OL_EIO,
                           "name a file that is not there yet", "%s cannot be made: %s", path,
                           strerror(errno));
    print(to, m, how);
    bool is_bad = fflush(to) != 0 || ferror(to) || fsync(fd) != 0;
    if (fclose(to) != 0 || is_bad)
        return ol_cli_fail(c, OL_EIO, "give it room, remove what is there, and ask again",
                           "%s could not be written: %s", path, strerror(errno));
    return -1;
}

static int give(ol_cli *c, making *m, format how) {
    const char *out = ol_cli_value(c, "out");
    bool is_good = json_integer_value(json_object_get(m->model, "broken")) == 0;
    int code = -1;
    if (out != NULL)
        code = print_to(c, m, how, out);
    else if (!c->is_json)
        print(stdout, m, how);
    if (code >= 0)
        return code;
    if (!is_good)
        return ol_cli_fail(c, OL_ECONFLICT, "do not rely on it: its end says what is wrong",
                           "the record does not hold");
    if (c->is_json) {
        json_t *o = json_pack("{s:b, s:s, s:I}", "ok", 1, "line", m->chain.now.line, "items",
                              (json_int_t)json_array_size(json_object_get(m->model, "items")));
        if (out != NULL)
            (void)json_object_set_new(o, "out", json_string(out));
        else
            (void)json_object_set(o, "dossier", m->model);
        ol_cli_json(o);
    }
    return ol_cli_end(c);
}

static int dossier_run(ol_cli *c) {
    making *m = &s_making;
    format how = TEXT;
    *m = (making){ .c = c,
                   .files = { .dir = -1 },
                   .model = json_object(),
                   .findings = json_array(),
                   .logs = json_array() };
    m->opts.has_checks = ol_cli_has(c, "checks");
    int code = take_format(c, &how);
    if (code < 0 && c->is_json && how != JSON && ol_cli_value(c, "out") == NULL)
        code = ol_cli_usage(c, "with --json the format is json, unless it goes to a file by --out");
    if (code < 0)
        code = take_times(c, m);
    if (code < 0)
        code = gather(c, m);
    if (code < 0)
        code = make(c, m);
    if (code < 0)
        code = give(c, m, how);
    json_decref(m->model);
    json_decref(m->findings);
    json_decref(m->logs);
    ol_dossier_kept_free(&m->kept);
    ol_avail_free(m->avail);
    ol_files_of_free(&m->files);
    return code;
}

static const ol_cli_opt options[] = {
    { "from", "TIME", "leave out what was written before", false },
    { "to", "TIME", "leave out what was written after", false },
    { "format", "FORMAT", "text, json or html (text)", false },
    { "out", "FILE", "write it there; the file must not be there yet", false },
    { "export", "DIR", "of an export's directory instead of a line of this home", false },
    { "checks", NULL, "list every line check, not only those that missed another", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_dossier = {
    .name = "dossier",
    .args = "[<line>]",
    .summary = "Prints the joint record of a line as one document",
    .help = "Every entry in its joint order, with the times of each stage, who had read what, what "
            "crossed, how calls\nended, what is missing. The record is verified first. TIME is "
            "\"211454Z NOV 26\", 2026-11-21T14:54:07Z or\n2026-11-21, by the clock of who wrote. "
            "HTML is one file without scripts that prints well. No station need run.\n",
    .opt = options,
    .args_max = 1,
    .run = dossier_run,
};
