/* openline bundle take — files that a courier has brought: taken in order, whatever order they come
 * in; what is not for here, or damaged, is named and left alone. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/bundle.h"
#include "station/file.h"

enum { FILES_MAX = 4096 };

typedef enum { F_NEW, F_TAKEN, F_HAD, F_WAITS, F_REFUSED } state;
static const char *const state_name[] = { "new", "taken", "had", "waits", "refused" };

typedef struct {
    char *path;
    uint64_t counter;
    state state;
    long long entries, receipts, waiting;
    json_t *error; /* refused: code, what, do */
    char line[OL_NAME_MAX + 1], party[OL_NAME_MAX + 1];
} file;

typedef struct {
    ol_cli *c;
    const char *dir; /* being walked */
    file *v;
    size_t n;
} list;

static ol_talk talk;
static uint8_t room[OL_BUNDLE_MAX];

static void refuse(file *f, ol_err err, const char *what, const char *todo) {
    f->state = F_REFUSED;
    json_decref(f->error);
    f->error = json_pack("{s:s, s:s, s:s}", "code", ol_err_name(err), "what", what, "do", todo);
}

/* ---- which files ---- */

static ol_err add(list *l, const char *dir, const char *name) {
    if (l->n == FILES_MAX)
        return OL_ELIMIT;
    file *grown = realloc(l->v, (l->n + 1) * sizeof *grown);
    size_t len = (dir == NULL ? 0 : strlen(dir) + 1) + strlen(name) + 1;
    char *path = grown == NULL ? NULL : malloc(len);
    l->v = grown != NULL ? grown : l->v;
    if (path == NULL)
        return OL_ENOMEM;
    (void)snprintf(path, len, "%s%s%s", dir == NULL ? "" : dir, dir == NULL ? "" : "/", name);
    l->v[l->n++] = (file){ .path = path };
    return OL_OK;
}

static ol_err on_name(void *ctx, const char *name) {
    size_t len = strlen(name), end = strlen(OL_CLI_BUNDLE_END);
    if (len <= end || strcmp(name + len - end, OL_CLI_BUNDLE_END) != 0)
        return OL_OK;
    list *l = ctx;
    return add(l, l->dir, name);
}

static int collect(ol_cli *c, list *l) {
    for (size_t i = 0; i < c->args; i++) {
        struct stat st;
        ol_why why = { "" };
        ol_err err = OL_OK;
        l->dir = c->arg[i];
        if (stat(c->arg[i], &st) != 0)
            return ol_cli_fail(c, OL_ENOENT, "put the medium in, or name another",
                               "%s cannot be found: %s", c->arg[i], strerror(errno));
        if (S_ISDIR(st.st_mode))
            err = ol_file_each(AT_FDCWD, c->arg[i], on_name, l, &why);
        else
            err = add(l, NULL, c->arg[i]);
        if (err == OL_ELIMIT)
            return ol_cli_fail(c, err, "take them in several goes", "there are more than %d files",
                               FILES_MAX);
        if (err != OL_OK)
            return why.text[0] != '\0' ? ol_cli_fail_why(c, err, &why)
                                       : ol_cli_fail(c, err, "try again", "out of memory");
    }
    return -1;
}

static bool read_file(file *f, size_t *ret_len) {
    struct stat st;
    ol_why why = { "" };
    if (stat(f->path, &st) != 0 || !S_ISREG(st.st_mode)) {
        refuse(f, OL_ENOENT, "it is no file, or it is gone", "look at the medium, take it again");
        return false;
    }
    ol_err err = ol_cli_bundle_read(f->path, room, ret_len, &why);
    if (err == OL_OK && *ret_len == 0)
        err = ol_why_set(&why, OL_EFORM, "it is empty; leave it alone");
    if (err == OL_OK)
        return true;
    char *cut = strstr(why.text, "; ");
    if (cut != NULL)
        *cut = '\0';
    refuse(f, err, why.text, cut != NULL ? cut + 2 : "look at the medium, take it again");
    return false;
}

/* By counter: of each party they go in as they were made. */
static int by_counter(const void *a, const void *b) {
    const file *x = a, *y = b;
    return x->counter < y->counter ? -1 : x->counter > y->counter ? 1 : strcmp(x->path, y->path);
}

static void order(list *l) {
    for (size_t i = 0; i < l->n; i++) {
        ol_bundle_clear clear;
        size_t len = 0;
        if (read_file(&l->v[i], &len) && ol_bundle_clear_get(room, len, &clear) == OL_OK)
            l->v[i].counter = clear.counter;
    }
    if (l->n > 1)
        qsort(l->v, l->n, sizeof *l->v, by_counter);
}

/* ---- taking ---- */

static void copy_name(const json_t *reply, const char *key, char to[OL_NAME_MAX + 1]) {
    (void)snprintf(to, OL_NAME_MAX + 1, "%s", ol_cli_text_of(reply, key));
}

static int take(ol_cli *c, file *f) {
    size_t len = 0;
    json_t *reply = NULL;
    if (!read_file(f, &len))
        return -1;
    int code = ol_cli_bundle_ask(c, &talk, OL_DO_BUNDLE_TAKE, room, len, &reply);
    if (code >= 0)
        return code;
    if (!json_is_true(json_object_get(reply, "ok"))) {
        const json_t *e = json_object_get(reply, "error");
        f->state = F_REFUSED;
        json_decref(f->error);
        f->error = json_pack("{s:s, s:s, s:s}", "code", ol_cli_text_of(e, "code"), "what",
                             ol_cli_text_of(e, "what"), "do", ol_cli_text_of(e, "do"));
    } else {
        f->entries += ol_cli_int_of(reply, "entries");
        f->receipts += ol_cli_int_of(reply, "receipts");
        f->waiting = ol_cli_int_of(reply, "waiting");
        f->state = f->waiting > 0 ? F_WAITS : f->entries + f->receipts == 0 ? F_HAD : F_TAKEN;
        copy_name(reply, "line", f->line);
        copy_name(reply, "party", f->party);
    }
    json_decref(reply);
    return -1;
}

/* What waits for another file is tried again as long as something else gets on. */
static int take_all(ol_cli *c, list *l) {
    bool has_progress = true;
    while (has_progress) {
        has_progress = false;
        for (size_t i = 0; i < l->n; i++) {
            file *f = &l->v[i];
            long long before = f->entries;
            if (f->state != F_NEW && f->state != F_WAITS)
                continue;
            bool is_new = f->state == F_NEW;
            int code = take(c, f);
            if (code >= 0)
                return code;
            has_progress = has_progress || f->entries > before || is_new;
        }
    }
    return -1;
}

/* ---- telling ---- */

static void print(const file *f) {
    if (f->state == F_REFUSED)
        ol_cli_print("%s  not taken: %s; %s\n", f->path, ol_cli_text_of(f->error, "what"),
                     ol_cli_text_of(f->error, "do"));
    else if (f->state == F_HAD)
        ol_cli_print("%s  line %s, from %s: nothing new\n", f->path, f->line, f->party);
    else
        ol_cli_print("%s  line %s, from %s: %lld entries, %lld receipts new\n", f->path, f->line,
                     f->party, f->entries, f->receipts);
    if (f->state == F_WAITS)
        ol_cli_print("%s  %lld of its entries wait: another bundle must come first, or their "
                     "author has said more than the charter allows; take it again then\n",
                     f->path, f->waiting);
}

static void print_json(const file *f) {
    json_t *o = json_pack("{s:s, s:s}", "file", f->path, "state", state_name[f->state]);
    if (f->state == F_REFUSED)
        (void)json_object_set(o, "error", f->error);
    else
        (void)json_object_update_new(o, json_pack("{s:s, s:s, s:I, s:I, s:I}", "line", f->line,
                                                  "party", f->party, "entries", f->entries,
                                                  "receipts", f->receipts, "waiting", f->waiting));
    ol_cli_json(o);
}

static int tell(ol_cli *c, const list *l) {
    size_t refused = 0;
    for (size_t i = 0; i < l->n; i++) {
        refused += l->v[i].state == F_REFUSED;
        if (c->is_json)
            print_json(&l->v[i]);
        else
            print(&l->v[i]);
    }
    if (refused > 0)
        return ol_cli_fail(c, OL_EFORM,
                           refused < l->n ? "do what is said with each; the others are taken"
                                          : "do what is said with each",
                           "%zu of %zu files were not taken", refused, l->n);
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:I}", "ok", 1, "files", (json_int_t)l->n));
    else if (l->n == 0)
        ol_cli_hint(c, "There is no file that ends in " OL_CLI_BUNDLE_END " there.");
    return ol_cli_end(c);
}

static int take_run(ol_cli *c) {
    list l = { .c = c };
    int code = ol_talk_open(c, false, &talk);
    if (code < 0)
        code = collect(c, &l);
    if (code < 0) {
        order(&l);
        code = take_all(c, &l);
    }
    if (code < 0)
        code = tell(c, &l);
    for (size_t i = 0; i < l.n; i++) {
        json_decref(l.v[i].error);
        free(l.v[i].path);
    }
    free(l.v);
    ol_talk_close(&talk);
    return code;
}

static const ol_cli_opt options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_bundle_take = {
    .name = "bundle take",
    .args = "<file>|<directory> …",
    .summary = "Takes files that a courier has brought",
    .help = "Of a directory all that end in .olb. Any order will do, and taking one twice does no "
            "harm. What is not for this\nstation, or damaged, is named and left alone; the exit "
            "status is 1 then. No file is changed. The station must run.\n",
    .opt = options,
    .args_min = 1,
    .args_max = OL_CLI_ARGS_MAX,
    .run = take_run,
};
