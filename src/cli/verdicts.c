#include "cli/verdicts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { ENTRY_NAME_MAX = OL_VIEW_ID_MAX + 24, SENTENCE_MAX = 400 };

typedef struct {
    const ol_view *v;
    const char *const *party;
} telling;

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v);
}

static const char *name_of(const telling *t, size_t at, char to[ENTRY_NAME_MAX]) {
    char log[OL_VIEW_ID_MAX + 1];
    ol_view_item item = ol_view_at(t->v, at);
    ol_view_log_name(ol_view_log_key(t->v, item.log), ol_view_log_digits(t->v, item.log), t->party,
                     log);
    (void)snprintf(to, ENTRY_NAME_MAX, "%s.%" PRIu64, log, item.index);
    return to;
}

static json_t *entry_json(const telling *t, size_t at) {
    char name[ENTRY_NAME_MAX];
    return at == OL_VIEW_NONE ? json_null() : json_string(name_of(t, at, name));
}

__attribute__((format(printf, 2, 3))) static void prove(json_t *proof, const char *format, ...) {
    char text[SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)json_array_append_new(proof, json_string(text));
}

static ol_call_word word_at(const telling *t, size_t call, size_t at) {
    for (size_t i = 0; i < ol_verdict_words(t->v, call); i++) {
        ol_call_word w = ol_verdict_word(t->v, call, i);
        if (w.at == at)
            return w;
    }
    return (ol_call_word){ .at = OL_VIEW_NONE };
}

/* ── the verdict in a sentence ─────────────────────────────────────────────────────────────────*/

static void say_reply(const telling *t, size_t call, const ol_verdict *is, char *to, size_t cap) {
    static const char *const verb[OL_VERDICTS] = { [OL_VERDICT_DEFERRED] = "DEFERRED",
                                                   [OL_VERDICT_DECLINED] = "DECLINED",
                                                   [OL_VERDICT_ANSWERED] = "ANSWERED" };
    char name[ENTRY_NAME_MAX], dtg[OL_CLI_DTG_LEN + 1], until[64] = "";
    ol_call_word w = word_at(t, call, is->by);
    if (is->name == OL_VERDICT_DEFERRED) {
        ol_cli_dtg(ol_view_at(t->v, is->by).wall + w.seconds, dtg);
        (void)snprintf(until, sizeof until, " for %" PRIu64 " s, until %s by its clock", w.seconds,
                       dtg);
    }
    (void)snprintf(to, cap, "%s%s, by %s, %" PRIu64 " s after it first rang%s%s", verb[is->name],
                   until, name_of(t, is->by, name), w.after,
                   is->is_late ? "; LATE: their station had the close" : "",
                   is->is_crossed ? "; CROSSED: reply and close passed each other" : "");
}

static void say(const telling *t, size_t call, const ol_verdict *is, char *to, size_t cap) {
    if (is->by != OL_VIEW_NONE)
        say_reply(t, call, is, to, cap);
    else if (is->name == OL_VERDICT_OPEN)
        (void)snprintf(to, cap, "OPEN%s",
                       is->is_ended ? ": unanswered so far, their ladder has ended" : "");
    else if (is->name == OL_VERDICT_UNANSWERED)
        (void)snprintf(to, cap, "UNANSWERED: their station had it in time, and %s",
                       is->has_rung ? "nobody came" : "it is not on record that it rang");
    else
        (void)snprintf(to, cap, "UNREACHED: %s",
                       is->is_stored ? "stored there, and no word came back before the close"
                                     : "nothing shows that their station had it in time");
}

/* ── what proves it ────────────────────────────────────────────────────────────────────────────*/

static void prove_rings(const telling *t, size_t call, uint8_t party, json_t *proof) {
    for (size_t i = 0; i < ol_verdict_words(t->v, call); i++) {
        char name[ENTRY_NAME_MAX];
        ol_call_word w = ol_verdict_word(t->v, call, i);
        if (w.kind != OL_KIND_RING || w.author != party)
            continue;
        (void)name_of(t, w.at, name);
        if (w.what == OL_RING_RINGS)
            prove(proof, "%s: rings rung %u for %" PRIu64 " s, %" PRIu64 " s after it first rang",
                  name, w.rung, w.seconds, w.after);
        else
            prove(proof, "%s: the ladder has ended at rung %u, %" PRIu64 " s after it first rang",
                  name, w.rung, w.after);
    }
}

static void prove_close(const telling *t, size_t call, uint8_t party, const ol_verdict *is,
                        json_t *proof) {
    char name[ENTRY_NAME_MAX], log[OL_VIEW_ID_MAX + 1], dtg[OL_CLI_DTG_LEN + 1];
    ol_proven path;
    if (is->close == OL_VIEW_NONE)
        return;
    ol_call_word k = word_at(t, call, is->close);
    prove(proof, "%s: closed %" PRIu64 " s after it was placed: %s", name_of(t, k.at, name),
          k.after, ol_close_why_name(k.what));
    if (is->has_receipt) {
        ol_view_item item = ol_view_at(t->v, ol_verdict_call(t->v, call).at);
        ol_view_log_name(ol_view_log_key(t->v, item.log), ol_view_log_digits(t->v, item.log),
                         t->party, log);
        ol_cli_dtg(is->time, dtg);
        prove(proof, "in it the receipt of %s over %" PRIu64 " entries of %s, of %s",
              t->party[party], is->size, log, dtg);
    }
    for (size_t i = 0; ol_verdict_path_of(t->v, call, party, i, &path); i++) {
        if (path.age == OL_AGE_NEVER)
            prove(proof, "in it: %s to %s was not proven in that run", path.bearer,
                  t->party[party]);
        else
            prove(proof, "in it: %s to %s was last proven %" PRIu32 " s before", path.bearer,
                  t->party[party], path.age);
    }
    if (is->witness != OL_VIEW_NONE)
        prove(proof, "%s had seen the call and not its close%s", name_of(t, is->witness, name),
              is->is_known ? "; the close had seen it" : "; the close had not seen it");
}

/* ── JSON ──────────────────────────────────────────────────────────────────────────────────────*/

static json_t *verdict_json(const telling *t, size_t call, uint8_t party) {
    char says[SENTENCE_MAX];
    ol_verdict is = ol_verdict_of(t->v, call, party);
    json_t *proof = json_array();
    json_t *o =
        json_pack("{s:s, s:s, s:b, s:b, s:b, s:b, s:b}", "party", t->party[party], "verdict",
                  ol_verdict_text(is.name), "late", is.is_late, "crossed", is.is_crossed, "ended",
                  is.is_ended, "stored", is.is_stored, "rang", is.has_rung);
    set(o, "by", entry_json(t, is.by));
    set(o, "close", entry_json(t, is.close));
    set(o, "receipt", json_null());
    if (is.has_receipt)
        set(o, "receipt",
            json_pack("{s:I, s:I}", "size", (json_int_t)is.size, "time", (json_int_t)is.time));
    set(o, "witness", entry_json(t, is.witness));
    set(o, "known", json_boolean(is.is_known));
    say(t, call, &is, says, sizeof says);
    prove_rings(t, call, party, proof);
    prove_close(t, call, party, &is, proof);
    set(o, "says", json_string(says));
    set(o, "proof", proof);
    return o;
}

static json_t *call_json(const telling *t, size_t n) {
    ol_call_word c = ol_verdict_call(t->v, n);
    ol_view_item item = ol_view_at(t->v, c.at);
    char log[OL_VIEW_ID_MAX + 1];
    json_t *verdicts = json_array();
    ol_view_log_name(ol_view_log_key(t->v, item.log), 2 * OL_INC_LEN, t->party, log);
    json_t *o = json_pack("{s:o, s:s, s:I, s:I, s:s, s:I}", "call", entry_json(t, c.at), "log", log,
                          "index", (json_int_t)item.index, "at", (json_int_t)c.at, "from",
                          t->party[c.author], "wall", (json_int_t)item.wall);
    set(o, "precedence", json_string(ol_precedence_name(c.precedence)));
    set(o, "status", json_string(ol_status_name(c.status)));
    set(o, "purpose", json_string(ol_call_purpose_name(c.what)));
    set(o, "rung", json_integer(c.rung));
    for (uint8_t p = 0; p < OL_VIEW_PARTIES_MAX; p++)
        if ((c.called >> p & 1) != 0)
            (void)json_array_append_new(verdicts, verdict_json(t, n, p));
    set(o, "verdicts", verdicts);
    return o;
}

json_t *ol_cli_verdicts_json(const ol_view *v, const char *const *party) {
    const telling t = { v, party };
    json_t *list = json_array();
    for (size_t i = 0; i < ol_verdict_calls(v); i++)
        (void)json_array_append_new(list, call_json(&t, i));
    return list;
}

/* ── words ─────────────────────────────────────────────────────────────────────────────────────*/

void ol_cli_verdicts_print(const json_t *call) {
    char precedence[OL_CLI_UPPER_LEN], status[OL_CLI_UPPER_LEN], drill[OL_CLI_UPPER_LEN + 2],
        dtg[OL_CLI_DTG_LEN + 1];
    size_t i, k;
    json_t *is, *why;
    (void)ol_cli_upper(ol_cli_text_of(call, "precedence"), precedence);
    (void)ol_cli_upper(ol_cli_text_of(call, "status"), status);
    (void)ol_cli_drill(call, drill);
    ol_cli_dtg((uint64_t)json_integer_value(json_object_get(call, "wall")), dtg);
    ol_cli_print("%sCALL %s  %s  %s  from %s, %s, %s\n", drill, ol_cli_text_of(call, "call"),
                 precedence, status, ol_cli_text_of(call, "from"), ol_cli_text_of(call, "purpose"),
                 dtg);
    json_array_foreach(json_object_get(call, "verdicts"), i, is) {
        ol_cli_print("%s  %s: %s\n", drill, ol_cli_text_of(is, "party"),
                     ol_cli_text_of(is, "says"));
        json_array_foreach(json_object_get(is, "proof"), k, why) {
            ol_cli_print("%s    %s\n", drill, json_string_value(why));
        }
    }
}
