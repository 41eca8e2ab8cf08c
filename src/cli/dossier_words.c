/* What a dossier says of its items, in the lines that text and HTML share. */
#include <string.h>
#include <time.h>

#include "base/time.h"
#include "cli/cli.h"
#include "cli/dossier.h"

typedef struct {
    ol_dossier_line_fn *fn;
    void *ctx;
} teller;

__attribute__((format(printf, 3, 4))) static void tell(const teller *t, const char *label,
                                                       const char *format, ...) {
    char text[OL_DOSSIER_WORDS_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    t->fn(t->ctx, label, text);
}

void ol_dossier_stamp(const json_t *v, char to[32]) {
    time_t t = (time_t)json_integer_value(v);
    struct tm tm;
    if (!json_is_integer(v) || t > 253402300799 || gmtime_r(&t, &tm) == NULL ||
        strftime(to, 32, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        (void)snprintf(to, 32, "no clear time");
}

/* The object that has what the entry says, by its kind. */
static const json_t *body_of(const json_t *item) {
    return json_object_get(item, ol_cli_text_of(item, "kind"));
}

void ol_dossier_title(const json_t *item, char to[OL_DOSSIER_WORDS_MAX]) {
    char kind[32], precedence[32], status[32];
    const json_t *body = body_of(item);
    const char *s = ol_cli_text_of(body, "status"), *serial = ol_cli_text_of(item, "serial");
    bool is_drill = ol_cli_is_drill(body);
    (void)ol_cli_upper(ol_cli_text_of(item, "kind"), kind);
    (void)ol_cli_upper(ol_cli_text_of(body, "precedence"), precedence);
    (void)ol_cli_upper(s, status);
    (void)snprintf(to, OL_DOSSIER_WORDS_MAX, "%s%s%s%s%s%s%s%s%s%s  from %s",
                   is_drill ? status : "", is_drill ? " " : "", kind, serial[0] != '\0' ? " " : "",
                   serial, precedence[0] != '\0' ? "  " : "", precedence,
                   status[0] != '\0' ? "  " : "", status, "", ol_cli_text_of(item, "author"));
    size_t n = strlen(to);
    (void)snprintf(to + n, OL_DOSSIER_WORDS_MAX - n, "  %s", ol_cli_text_of(item, "dtg"));
}

/* A value in words: strings as they are, numbers, lists with commas. */
static void value_text(const json_t *v, char *to, size_t cap) {
    size_t i, n = 0;
    json_t *e;
    to[0] = '\0';
    if (json_is_string(v))
        (void)snprintf(to, cap, "%s", json_string_value(v));
    else if (json_is_integer(v))
        (void)snprintf(to, cap, "%lld", (long long)json_integer_value(v));
    else if (json_is_boolean(v))
        (void)snprintf(to, cap, "%s", json_is_true(v) ? "yes" : "no");
    else if (json_is_array(v) && !json_is_object(json_array_get(v, 0))) {
        json_array_foreach(v, i, e) {
            char one[200];
            value_text(e, one, sizeof one);
            n += (size_t)snprintf(to + n, cap - n, "%s%s", i > 0 ? ", " : "", one);
            if (n >= cap)
                break;
        }
        if (json_array_size(v) == 0)
            (void)snprintf(to, cap, "none");
    } else if (json_is_object(v) || json_is_array(v)) {
        n = json_dumpb(v, to, cap - 1, JSON_COMPACT);
        to[n < cap ? n : 0] = '\0';
    }
}

static void tell_value(const teller *t, const char *key, const json_t *v) {
    char label[32], text[OL_DOSSIER_WORDS_MAX];
    value_text(v, text, sizeof text);
    if (text[0] != '\0')
        t->fn(t->ctx, ol_cli_upper(key, label), text);
}

static void tell_body(const teller *t, const json_t *body) {
    static const char *const apart[] = { "text", "precedence", "status" };
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)body, key, v) {
        bool is_apart = false;
        for (size_t i = 0; i < OL_LEN(apart); i++)
            is_apart = is_apart || strcmp(key, apart[i]) == 0;
        if (!is_apart)
            tell_value(t, key, v);
    }
}

static void tell_stages(const teller *t, const json_t *item) {
    const char *party;
    json_t *o;
    json_object_foreach(json_object_get(item, "stages"), party, o) {
        char receipt[32], held[32];
        json_t *r = json_object_get(o, "receipt"), *h = json_object_get(o, "held");
        ol_dossier_stamp(r, receipt);
        ol_dossier_stamp(h, held);
        if (json_is_integer(r))
            tell(t, "STORED", "by %s, receipt of %s", party, receipt);
        if (h != NULL)
            tell(t, json_is_integer(r) ? "HELD" : "STORED",
                 "by %s no later than %s, when it wrote %s", party, held,
                 ol_cli_text_of(o, "held_by"));
        if (!json_is_integer(r) && h == NULL)
            tell(t, "NOT STORED", "by %s, as far as this record shows", party);
    }
}

static void tell_beside(const teller *t, const json_t *item) {
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(item, "beside"), i, o) {
        char when[32], label[32], drill[32], more[200] = "", seconds[40] = "";
        const char *verb = ol_cli_text_of(o, "verb"), *kind = ol_cli_text_of(o, "kind");
        const char *sort = ol_cli_text_of(o, "sort"), *text = ol_cli_text_of(o, "text");
        bool is_answer =
            strcmp(kind, "message") == 0 && (sort[0] == '\0' || strcmp(sort, "traffic") == 0);
        ol_dossier_stamp(json_object_get(o, "wall"), when);
        (void)ol_cli_upper(ol_cli_text_of(o, "status"), drill);
        if (ol_cli_int_of(o, "seconds") > 0)
            (void)snprintf(seconds, sizeof seconds, ", %lld s", ol_cli_int_of(o, "seconds"));
        else if (json_object_get(o, "after") != NULL)
            (void)snprintf(seconds, sizeof seconds, ", %lld s after it %s",
                           ol_cli_int_of(o, "after"),
                           strcmp(kind, "close") == 0 ? "was placed" : "rang");
        if (strcmp(kind, "message") != 0 && text[0] != '\0')
            (void)snprintf(more, sizeof more, ": %.190s", text);
        tell(t,
             ol_cli_upper(is_answer         ? "answered"
                          : sort[0] != '\0' ? sort
                          : verb[0]         ? verb
                                            : kind,
                          label),
             "%s by %s at %s%s%s%s%s%s%s", ol_cli_text_of(o, "entry"), ol_cli_text_of(o, "author"),
             when, ol_cli_is_drill(o) ? ", " : "", ol_cli_is_drill(o) ? drill : "",
             ol_cli_text_of(o, "lang")[0] != '\0' ? ", in " : "", ol_cli_text_of(o, "lang"),
             seconds, more);
    }
}

/* The officer's word, or the station's. */
static void tell_signed(const teller *t, const json_t *item) {
    const json_t *list = json_object_get(item, "signed");
    size_t i, valid = 0;
    json_t *o;
    json_array_foreach((json_t *)list, i, o) {
        char when[32];
        bool is_valid = json_is_true(json_object_get(o, "valid"));
        const char *name = ol_cli_text_of(o, "name"), *title = ol_cli_text_of(o, "title");
        ol_dossier_stamp(json_object_get(o, "written"), when);
        valid += is_valid;
        tell(t, is_valid ? "SIGNED" : "NOT SIGNED", "officer %lld%s%s%s%s at %s%s%s",
             ol_cli_int_of(o, "officer"), name[0] != '\0' ? ", " : "", name,
             title[0] != '\0' ? ", " : "", title, when,
             json_is_false(json_object_get(o, "vouched")) ? ", by the station's claim alone" : "",
             is_valid ? "" : ": the sign does not hold");
        if (!is_valid)
            tell(t, "", "%s", ol_cli_text_of(o, "why"));
    }
    if (list != NULL && valid == 0)
        t->fn(t->ctx, "WORD", "of the station: no officer signed it");
}

static void tell_verdicts(const teller *t, const json_t *item) {
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(item, "verdicts"), i, o) {
        size_t k;
        json_t *why;
        tell(t, "VERDICT", "%s: %s", ol_cli_text_of(o, "party"), ol_cli_text_of(o, "says"));
        json_array_foreach(json_object_get(o, "proof"), k, why) {
            tell(t, "PROOF", "%s", json_string_value(why));
        }
    }
}

/* A list that may have been cut. */
static void tell_some(const teller *t, const char *label, const json_t *item, const char *key) {
    char more[40];
    (void)snprintf(more, sizeof more, "%s_more", key);
    if (json_object_get(item, key) != NULL)
        tell_value(t, label, json_object_get(item, key));
    if (json_object_get(item, more) != NULL)
        tell(t, "", "and %lld more", ol_cli_int_of(item, more));
}

void ol_dossier_lines(const json_t *item, ol_dossier_line_fn *fn, void *ctx) {
    teller t = { fn, ctx };
    size_t i;
    json_t *v;
    tell_value(&t, "entry", json_object_get(item, "entry"));
    tell_value(&t, "unreadable", json_object_get(item, "unreadable"));
    tell_body(&t, body_of(item));
    tell_signed(&t, item);
    tell_verdicts(&t, item);
    tell_stages(&t, item);
    tell_beside(&t, item);
    json_array_foreach(json_object_get(item, "crossed"), i, v) {
        tell(&t, "CROSSED", "%s: neither writer had read the other", json_string_value(v));
    }
    tell_some(&t, "had read up to", item, "had_read");
    if (json_array_size(json_object_get(item, "had_not_read")) > 0)
        tell_some(&t, "had, unread", item, "had_not_read");
    if (json_is_true(json_object_get(item, "forced")))
        fn(ctx, "ORDER", "its place is not certain: what it says it has seen is not all here");
}

void ol_dossier_head(const json_t *model, ol_dossier_line_fn *fn, void *ctx) {
    teller t = { fn, ctx };
    char from[32], to[32];
    size_t i;
    json_t *p;
    const json_t *f = json_object_get(model, "from"), *e = json_object_get(model, "to");
    tell_value(&t, "line", json_object_get(model, "line"));
    tell_value(&t, "line id", json_object_get(model, "id"));
    json_array_foreach(json_object_get(model, "parties"), i, p) {
        tell(&t, "PARTY", "%s  %s%s", ol_cli_text_of(p, "party"), ol_cli_text_of(p, "name"),
             json_is_true(json_object_get(p, "has_left")) ? "  (has left)" : "");
    }
    ol_dossier_stamp(f, from);
    ol_dossier_stamp(e, to);
    tell(&t, "TIME", "%s to %s, by the clocks of those who wrote",
         json_is_integer(f) ? from : "the beginning", json_is_integer(e) ? to : "the end");
    tell(&t, "ITEMS", "%zu of %lld entries%s", json_array_size(json_object_get(model, "items")),
         ol_cli_int_of(model, "entries"),
         json_is_true(json_object_get(model, "has_checks")) ? "" : ", line checks counted below");
    if (ol_cli_int_of(model, "broken") > 0)
        tell(&t, "RECORD",
             "DOES NOT HOLD: rules broken %lld, see the end; do not rely on this dossier",
             ol_cli_int_of(model, "broken"));
    else
        tell(&t, "RECORD", "verified: every signature, root and reference of it");
}

static void tell_availability(const teller *t, const json_t *model) {
    size_t i;
    json_t *o;
    json_array_foreach(json_object_get(model, "availability"), i, o) {
        char first[32], last[32];
        ol_dossier_stamp(json_object_get(o, "first"), first);
        ol_dossier_stamp(json_object_get(o, "last"), last);
        if (json_is_null(json_object_get(o, "permille")))
            tell(t, "CHECKS", "%s: none on record", ol_cli_text_of(o, "party"));
        else
            tell(t, "CHECKS", "%s: %lld line checks from %s to %s, available %lld.%lld %%",
                 ol_cli_text_of(o, "party"), ol_cli_int_of(o, "checks"), first, last,
                 ol_cli_int_of(o, "permille") / 10, ol_cli_int_of(o, "permille") % 10);
        size_t k;
        json_t *gap;
        json_array_foreach(json_object_get(o, "gaps"), k, gap) {
            ol_dossier_stamp(json_object_get(gap, "from"), first);
            ol_dossier_stamp(json_object_get(gap, "to"), last);
            tell(t, "NO CHECK", "%s: none between %s and %s", ol_cli_text_of(o, "party"), first,
                 last);
        }
    }
}

void ol_dossier_tail(const json_t *model, ol_dossier_line_fn *fn, void *ctx) {
    teller t = { fn, ctx };
    size_t i;
    json_t *o;
    tell_availability(&t, model);
    json_array_foreach(json_object_get(model, "logs"), i, o) {
        const char *party;
        json_t *by;
        tell(&t, "LOG", "%s: %lld entries", ol_cli_text_of(o, "log"), ol_cli_int_of(o, "size"));
        json_object_foreach(json_object_get(o, "stored"), party, by) {
            char when[32];
            ol_dossier_stamp(json_object_get(by, "time"), when);
            tell(&t, "", "%s has stored %lld, by its receipt of %s", party,
                 ol_cli_int_of(by, "size"), when);
        }
    }
    json_array_foreach(json_object_get(model, "findings"), i, o) {
        bool is_broken = json_is_true(json_object_get(o, "broken"));
        tell(&t, is_broken ? "BROKEN" : "LOOK AT", "%s: %s (%s)", ol_cli_text_of(o, "file"),
             ol_cli_text_of(o, "what"), ol_cli_text_of(o, "rule"));
    }
    if (json_array_size(json_object_get(model, "findings")) == 0)
        fn(ctx, "GAPS", "none: nothing is missing, unreadable or contradicts itself");
    if (ol_cli_int_of(model, "untold") > 0)
        tell(&t, "LOOK AT", "%lld findings more", ol_cli_int_of(model, "untold"));
}
