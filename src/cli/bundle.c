/* openline bundle make, show — what a courier carries, made and looked into. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/bundle.h"
#include "station/file.h"

static ol_talk talk;

/* ---- shared ---- */

ol_err ol_cli_bundle_read(const char *path, uint8_t to[OL_BUNDLE_MAX], size_t *ret_len,
                          ol_why *why) {
    ol_err err = ol_file_read(AT_FDCWD, path, OL_FILE_PUBLIC, to, OL_BUNDLE_MAX, ret_len, why);
    return err == OL_ELIMIT ? ol_why_set(why, err,
                                         "it is no bundle: longer than %d bytes; leave "
                                         "it alone",
                                         OL_BUNDLE_MAX)
                            : err;
}

static int receive(ol_cli *c, ol_talk *t, uint64_t id, json_t **ret) {
    int code = -1;
    while (code < 0) {
        code = ol_talk_next(c, t, OL_NEVER, ret);
        json_t *its = json_object_get(*ret, "id");
        if (code < 0 && json_is_integer(its) && (uint64_t)json_integer_value(its) == id)
            return -1;
        json_decref(*ret);
        *ret = NULL;
    }
    return code;
}

int ol_cli_bundle_ask(ol_cli *c, ol_talk *t, ol_do what, const uint8_t *p, size_t len,
                      json_t **ret) {
    size_t at = 0;
    *ret = NULL;
    while (*ret == NULL) {
        ol_request r = { .what = what, .given = OL_GIVEN_BODY | OL_GIVEN_MORE };
        uint64_t id = 0;
        json_t *reply = NULL;
        r.body_len = len - at < sizeof r.body ? len - at : sizeof r.body;
        memcpy(r.body, p + at, r.body_len);
        at += r.body_len;
        r.more = at < len;
        int code = ol_talk_send(c, t, &r, &id);
        if (code < 0)
            code = receive(c, t, id, &reply);
        if (code >= 0)
            return code;
        bool is_on = at < len && json_is_true(json_object_get(reply, "ok"));
        if (is_on)
            json_decref(reply);
        else
            *ret = reply;
    }
    return -1;
}

/* ---- make ---- */

typedef struct {
    bool is_stdout;
    int dir;
    json_t *made;
} target;

static int open_target(ol_cli *c, const char *name, target *to) {
    to->is_stdout = strcmp(name, "-") == 0;
    to->dir = -1;
    if (to->is_stdout && c->is_json)
        return ol_cli_usage(c, "with --json name a directory: a bundle is no JSON");
    if (to->is_stdout)
        return -1;
    to->dir = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return to->dir >= 0 ? -1
                        : ol_cli_fail(c, OL_ENOENT, "make it, or put the medium in",
                                      "%s is no directory that can be opened", name);
}

static int put_stdout(ol_cli *c, const uint8_t *p, size_t len, bool has_more) {
    if (has_more)
        return ol_cli_fail(c, OL_ELIMIT, "name a directory, or give a larger --max",
                           "it does not fit into one bundle");
    for (size_t at = 0; at < len;) {
        ssize_t n = TEMP_FAILURE_RETRY(write(STDOUT_FILENO, p + at, len - at));
        if (n <= 0)
            return ol_cli_fail(c, OL_EIO, "write it to a directory", "the output was not taken");
        at += (size_t)n;
    }
    return -1;
}

static int put(ol_cli *c, target *to, const json_t *reply) {
    const char *text = ol_cli_text_of(reply, "bundle"), *dir = c->arg[2];
    uint8_t *p = malloc(OL_BUNDLE_MADE);
    size_t len = 0;
    char name[OL_BUNDLE_NAME_LEN + sizeof OL_CLI_BUNDLE_END] = "";
    ol_why why = { "" };
    if (p == NULL || ol_b64_get(text, strlen(text), p, OL_BUNDLE_MADE, &len) != OL_OK ||
        strlen(ol_cli_text_of(reply, "name")) != OL_BUNDLE_NAME_LEN) {
        free(p);
        return ol_cli_fail(c, OL_EFORM, "run the version of the station",
                           "the station's answer is no bundle");
    }
    memcpy(name, ol_cli_text_of(reply, "name"), OL_BUNDLE_NAME_LEN);
    memcpy(name + OL_BUNDLE_NAME_LEN, OL_CLI_BUNDLE_END, sizeof OL_CLI_BUNDLE_END);
    int code = -1;
    if (to->is_stdout)
        code = put_stdout(c, p, len, json_is_true(json_object_get(reply, "more")));
    else if (ol_file_write(to->dir, name, OL_FILE_PUBLIC, p, len, &why) != OL_OK)
        code = ol_cli_fail(c, OL_EIO,
                           "give it room and permission, and make all of them again: nothing is "
                           "lost",
                           "%s", why.text);
    free(p);
    if (code >= 0)
        return code;
    if (!to->is_stdout && !c->is_json)
        ol_cli_print("%s/%s  %zu bytes, %lld entries, %lld receipts\n", dir, name, len,
                     ol_cli_int_of(reply, "entries"), ol_cli_int_of(reply, "receipts"));
    (void)json_array_append_new(to->made,
                                json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "file", name, "bytes",
                                          (json_int_t)len, "epoch", ol_cli_int_of(reply, "epoch"),
                                          "counter", ol_cli_int_of(reply, "counter"), "entries",
                                          ol_cli_int_of(reply, "entries"), "receipts",
                                          ol_cli_int_of(reply, "receipts")));
    return -1;
}

static int make_all(ol_cli *c, ol_request *r, target *to) {
    bool has_more = true;
    while (has_more) {
        json_t *reply = NULL;
        int code = ol_talk_ask(c, &talk, r, &reply);
        if (code < 0 && json_is_string(json_object_get(reply, "bundle")))
            code = put(c, to, reply);
        has_more = json_is_true(json_object_get(reply, "more"));
        json_decref(reply);
        if (code >= 0)
            return code;
        r->given |= OL_GIVEN_NEXT, r->next = 1;
    }
    return -1;
}

static int make_run(ol_cli *c) {
    ol_request r;
    target to = { .dir = -1, .made = json_array() };
    int code = ol_talk_request(c, OL_DO_BUNDLE_MAKE, c->arg[0], &r);
    if (code < 0 && !ol_name_is_valid(c->arg[1], strlen(c->arg[1])))
        code = ol_cli_fail(c, OL_EFORM, "name a party of the line", "\"%s\" is no name of a party",
                           c->arg[1]);
    if (code < 0)
        code = ol_cli_u64(c, "max", OL_BUNDLE_LEAST, OL_BUNDLE_MADE, OL_BUNDLE_MADE, &r.max);
    if (code < 0)
        code = open_target(c, c->arg[2], &to);
    if (code < 0) {
        memcpy(r.party, c->arg[1], strlen(c->arg[1]) + 1);
        r.all = ol_cli_has(c, "all");
        r.given |= OL_GIVEN_PARTY | OL_GIVEN_MAX | OL_GIVEN_ALL;
        code = ol_talk_open(c, false, &talk);
        if (code < 0)
            code = make_all(c, &r, &to);
        ol_talk_close(&talk);
    }
    if (to.dir >= 0)
        (void)close(to.dir);
    if (code < 0 && c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:s, s:O}", "ok", 1, "line", c->arg[0], "party",
                              c->arg[1], "bundles", to.made));
    else if (code < 0 && json_array_size(to.made) == 0)
        ol_cli_hint(c,
                    "There is nothing that %s is not known to hold: no bundle was made (--all "
                    "makes one of everything).",
                    c->arg[1]);
    json_decref(to.made);
    return code < 0 ? ol_cli_end(c) : code;
}

/* ---- show ---- */

static void print_items(const json_t *items) {
    size_t i;
    json_t *o;
    json_array_foreach(items, i, o) {
        const char *what = ol_cli_text_of(o, "what"), *log = ol_cli_text_of(o, "log");
        long long from = ol_cli_int_of(o, "from"), count = ol_cli_int_of(o, "count");
        long long size = ol_cli_int_of(o, "size");
        if (strcmp(what, "entries") == 0)
            ol_cli_print("  %s: entries %lld to %lld\n", log, from, from + count - 1);
        else if (strcmp(what, "piece") == 0)
            ol_cli_print("  %s: a piece of entry %lld\n", log, from);
        else if (strcmp(what, "receipt") == 0)
            ol_cli_print("  %s: receipt of %s over %lld entries\n", log, ol_cli_text_of(o, "party"),
                         size);
        else
            ol_cli_print("  %s: %s, %lld entries\n", log, what, size);
    }
}

static int show_run(ol_cli *c) {
    static uint8_t room[OL_BUNDLE_MAX];
    size_t len = 0;
    ol_why why = { "" };
    json_t *reply = NULL;
    ol_err err = ol_cli_bundle_read(c->arg[0], room, &len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    if (len == 0)
        return ol_cli_fail(c, OL_EFORM, "leave it alone", "%s is empty", c->arg[0]);
    int code = ol_talk_open(c, false, &talk);
    if (code < 0)
        code = ol_cli_bundle_ask(c, &talk, OL_DO_BUNDLE_SHOW, room, len, &reply);
    ol_talk_close(&talk);
    if (code < 0 && !json_is_true(json_object_get(reply, "ok")))
        code = ol_cli_fail_json(c, json_object_get(reply, "error"));
    if (code < 0 && c->is_json) {
        json_t *o = ol_cli_ok();
        (void)json_object_del(reply, "id");
        (void)json_object_update(o, reply);
        (void)json_object_set_new(o, "bytes", json_integer((json_int_t)len));
        ol_cli_json(o);
    } else if (code < 0) {
        ol_cli_print("line %s, from %s, epoch %lld, number %lld, %zu bytes\n",
                     ol_cli_text_of(reply, "line"), ol_cli_text_of(reply, "party"),
                     ol_cli_int_of(reply, "epoch"), ol_cli_int_of(reply, "counter"), len);
        print_items(json_object_get(reply, "items"));
    }
    json_decref(reply);
    return code < 0 ? ol_cli_end(c) : code;
}

static const ol_cli_opt make_options[] = {
    { "max", "N", "so many bytes each at most, 200 to 45000 (45000)", false },
    { "all", NULL, "everything that the party may have, also what it holds", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_bundle_make = {
    .name = "bundle make",
    .args = "<line> <party> <directory>|-",
    .summary = "Seals what a party does not hold yet into files for a courier",
    .help = "What is waiting for the party goes in, urgent first, and our receipts for what it "
            "said; as many files as it takes,\neach of use alone. Only that party's station can "
            "open them. They may come late, in any order, twice, or not at all:\nwhat is not "
            "receipted goes into the next ones again. The station must run.\n\n"
            "  openline bundle make hotline prc /media/stick\n"
            "  openline bundle make hotline prc --max 340 /tmp/bursts      for a satellite's short "
            "bursts\n",
    .opt = make_options,
    .args_min = 3,
    .args_max = 3,
    .run = make_run,
};

static const ol_cli_opt show_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_bundle_show = {
    .name = "bundle show",
    .args = "<file>",
    .summary = "Tells whose bundle a file is and what is in it, and takes nothing of it",
    .help = "Of one for another station only that can be told. The station must run.\n",
    .opt = show_options,
    .args_min = 1,
    .args_max = 1,
    .run = show_run,
};
