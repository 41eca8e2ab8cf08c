/* openline weigh — how long a message would take on the paths that are live now, until its receipt
 * is here. Nothing is said to anybody. */
#include <stdlib.h>
#include <string.h>

#include "cli/people.h"
#include "message/body.h"

/* Bytes of packets beside the body, of a message and its receipt where a session is there
 * (bench/wire.c takes them apart): its entry's own, head and receipt with their signatures, two
 * packets and what names log and place. A further part has its entry and a packet. */
enum { BESIDE = 204, BESIDE_PART = 56, PER_SIGN = 68 };
enum { TO_NAME = 12 }; /* a reference */

typedef struct {
    uint64_t bytes, parts;
} weight;

static ol_talk talk;

static ol_err add_part(void *ctx, const uint8_t *body, size_t len, unsigned part, unsigned parts) {
    weight *w = ctx;
    (void)body, (void)parts;
    w->bytes += len + (part > 1 ? BESIDE_PART : BESIDE);
    w->parts++;
    return OL_OK;
}

/* Those of a known rate, the thinnest first. A rate is bits of packets a second: what a path's own
 * framing takes is off it already. */
static void add_path(json_t *list, const json_t *path, uint64_t bytes) {
    json_int_t rate = json_integer_value(json_object_get(path, "rate"));
    size_t at = 0;
    if (!json_is_true(json_object_get(path, "live")) || rate <= 0)
        return;
    json_int_t tenths = (json_int_t)((bytes * 80 + (uint64_t)rate - 1) / (uint64_t)rate);
    json_t *o =
        json_pack("{s:O, s:O, s:O, s:O, s:I, s:f}", "party", json_object_get(path, "party"), "path",
                  json_object_get(path, "path"), "url", json_object_get(path, "url"), "port",
                  json_object_get(path, "port"), "rate", rate, "seconds", (double)tenths / 10);
    while (at < json_array_size(list) &&
           json_integer_value(json_object_get(json_array_get(list, at), "rate")) <= rate)
        at++;
    (void)json_array_insert_new(list, at, o);
}

static int weigh(ol_cli *c, const ol_message *m, unsigned signs, weight *w) {
    ol_body_why why = { "" };
    ol_err err = ol_body_cut(m, add_part, w, &why);
    if (err != OL_OK) {
        ol_why told;
        (void)ol_why_set(&told, err, "%s", why.text);
        return ol_cli_fail_why(c, err, &told);
    }
    w->bytes += w->parts * signs * PER_SIGN;
    return -1;
}

static void print(ol_cli *c, const json_t *paths, const weight *w) {
    size_t i;
    json_t *p;
    ol_cli_print("%llu bytes with its receipt%s\n", (unsigned long long)w->bytes,
                 json_array_size(paths) == 0 ? "; no live path has a known rate" : "");
    json_array_foreach((json_t *)(uintptr_t)paths, i, p) {
        const char *port = json_string_value(json_object_get(p, "port"));
        ol_cli_print("%8.0f s to %s on %s, at %lld bit/s\n",
                     json_real_value(json_object_get(p, "seconds")),
                     json_string_value(json_object_get(p, "party")), port == NULL ? "?" : port,
                     (long long)json_integer_value(json_object_get(p, "rate")));
    }
    (void)c;
}

/* Whoever would sign it: nobody's key is opened for it. */
static int count_signs(ol_cli *c, unsigned *ret) {
    static ol_signer_known known;
    int code = ol_signer_known_get(c, &talk.home, c->arg[0], &known);
    *ret = code < 0 && ol_signer_known_default(&known) != NULL;
    return code;
}

static int run_open(ol_cli *c, ol_message *m) {
    ol_request r;
    json_t *reply = NULL, *path, *paths = json_array();
    weight w = { 0 };
    unsigned signs = 0;
    size_t i;
    int code = ol_talk_request(c, OL_DO_STATUS, c->arg[0], &r);
    if (code < 0)
        code = ol_talk_ask(c, &talk, &r, &reply);
    if (code < 0)
        code = count_signs(c, &signs);
    if (code < 0)
        code = weigh(c, m, signs, &w);
    w.bytes += ol_cli_has(c, "ref") ? TO_NAME : 0;
    json_array_foreach(json_object_get(reply, "paths"), i, path) {
        add_path(paths, path, w.bytes);
    }
    json_decref(reply);
    if (code < 0 && c->is_json) {
        json_t *o = ol_cli_ok();
        (void)json_object_set_new(o, "line", json_string(c->arg[0]));
        (void)json_object_set_new(o, "bytes", json_integer((json_int_t)w.bytes));
        (void)json_object_set_new(o, "parts", json_integer((json_int_t)w.parts));
        (void)json_object_set(o, "paths", paths);
        ol_cli_json(o);
    } else if (code < 0) {
        print(c, paths, &w);
    }
    json_decref(paths);
    return code < 0 ? ol_cli_end(c) : code;
}

static int weigh_run(ol_cli *c) {
    static ol_message m;
    char *text = NULL;
    const char *subject = ol_cli_value(c, "subject"), *lang = ol_cli_value(c, "lang");
    m = (ol_message){ .precedence = OL_ROUTINE, .grade = OL_GRADE_NONE };
    int code = ol_people_precedence(c, OL_ROUTINE, &m.precedence);
    if (subject != NULL)
        m.subject = (ol_str){ subject, strlen(subject) };
    if (lang != NULL)
        m.lang = (ol_str){ lang, strlen(lang) };
    if (code < 0)
        code = ol_people_text(c, &text, &m.text);
    if (code < 0)
        code = ol_talk_open(c, false, &talk);
    if (code < 0) {
        code = run_open(c, &m);
        ol_talk_close(&talk);
    }
    free(text);
    return code;
}

static const ol_cli_opt options[] = {
    { "precedence", "P", "flash, immediate, priority or routine (routine)", false },
    { "subject", "TEXT", "at most 200 bytes", false },
    { "lang", "LANG", "the text's language (the author's first)", false },
    { "ref", "ENTRY", "what it answers, such as usa/urgent/8f3a.17", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_weigh = {
    .name = "weigh",
    .args = "<line> <text>",
    .summary = "How long a message would take on each thin path",
    .help = "A text of - is read from standard input. Nothing is sent. Told are live paths whose "
            "rate is known, with the time\nuntil the receipt is here if nothing else is on the "
            "line and a session is open; a first message takes up to 15 s\nlonger at 300 bit/s.\n",
    .opt = options,
    .args_min = 2,
    .args_max = 2,
    .run = weigh_run,
};
