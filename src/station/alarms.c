#include "station/alarms.h"

#include <stdlib.h>
#include <string.h>

#include "station/desk.h"
#include "wire/entry.h"
#include "wire/act.h"
#include "wire/message.h"

enum { LOOK_MS = 1000, PAGE = 64, UNSEEN = 4 };

typedef struct { /* a FLASH message of another party */
    bool is_used;
    uint8_t status;
    uint64_t to;
    ol_log_key log;
    uint64_t index, seq;
} flash;

typedef struct {
    uint64_t since_ms; /* no path to the party has been live since; 0: one is, or it is no peer */
    uint32_t told;     /* a bit per hook */
} dead;

struct ol_alarms {
    ol_station *st;
    ol_hooks *hooks;
    uv_loop_t *loop;
    uv_timer_t look;
    size_t lines;
    uint64_t *cursor; /* by line: what has been looked at */
    dead (*dead)[OL_PARTIES_MAX];
    flash (*unseen)[OL_STATUSES][UNSEEN]; /* by party; only while what is on record is read */
    bool is_failing, is_stopping;
};

static json_t *about(const ol_api_line *line, uint8_t party) {
    return json_pack("{s:s, s:s}", "line", line->name, "party", line->charter->party[party].name);
}

/* ---- flash ---- */

typedef struct {
    ol_alarms *a;
    size_t line, n;
} walk;

static void raise_flash(ol_alarms *a, size_t number, const flash *f) {
    const ol_api_line *line = ol_api_line_at(a->st, number);
    char name[OL_DESK_NAME_LEN + 1];
    json_t *o = about(line, f->log.party);
    (void)json_object_set_new(o, "entry",
                              json_string(ol_desk_entry_name(line, &f->log, f->index, name)));
    (void)json_object_set_new(o, "precedence", json_string(ol_precedence_name(OL_FLASH)));
    (void)json_object_set_new(o, "status", json_string(ol_status_name(f->status)));
    (void)json_object_set_new(o, "rung",
                              json_string(f->to == 0 ? "watch" : line->charter->rung[f->to - 1]));
    ol_hooks_raise(a->hooks, OL_HOOK_ALL, OL_HOOK_FLASH, o);
}

static bool get_message(const ol_api_line *line, const ol_stored_entry *e, const ol_entry *entry,
                        ol_message *ret) {
    const char *why;
    return entry->kind == OL_KIND_MESSAGE &&
           ol_message_decode(entry->body, entry->body_len, ret, &why) == OL_OK &&
           ol_message_misfit(ret, e->log.party, (ol_lane)e->log.lane, line->charter->parties,
                             line->charter->rungs) == NULL;
}

/* ---- flash: what was on record at the start, and which of ours is about it ---- */

static bool is_before(const flash *a, const flash *b) {
    return b->is_used && (!a->is_used || a->seq < b->seq);
}

/* The newest few of each party and status: no party and no drill pushes out another's. */
static void keep_unseen(ol_alarms *a, const flash *f) {
    flash *row = a->unseen[f->log.party][f->status];
    size_t oldest = 0;
    for (size_t i = 1; i < UNSEEN; i++)
        if (is_before(&row[i], &row[oldest]))
            oldest = i;
    row[oldest] = *f;
}

static void end_unseen(ol_alarms *a, const ol_ref *ref, unsigned status) {
    if (ref->party >= OL_PARTIES_MAX || status >= OL_STATUSES)
        return;
    flash *row = a->unseen[ref->party][status];
    for (size_t i = 0; i < UNSEEN; i++)
        if (row[i].is_used && ol_ref_fits(ref, &row[i].log, row[i].index))
            row[i].is_used = false;
}

/* An act of ours or its author's, or our message, that is about a FLASH: somebody has seen it. */
static void take_word(ol_alarms *a, const ol_api_line *line, const ol_stored_entry *e,
                      const ol_entry *entry) {
    bool is_ours = e->log.party == line->self;
    ol_message m;
    ol_act act;
    const char *why;
    if (entry->kind == OL_KIND_ACT &&
        ol_act_decode(entry->body, entry->body_len, &act, &why) == OL_OK &&
        ol_act_misfit(&act, e->log.party, line->charter->parties) == NULL && act.has_ref &&
        (is_ours || (act.verb == OL_ACT_CANCEL && act.ref.party == e->log.party)))
        end_unseen(a, &act.ref, act.status);
    else if (is_ours && get_message(line, e, entry, &m) && m.has_ref)
        end_unseen(a, &m.ref, m.status);
}

static ol_err look_entry(void *ctx, const ol_stored_entry *e) {
    static ol_entry entry; /* 4 KiB that need not lie on the stack */
    walk *w = ctx;
    const ol_api_line *line = ol_api_line_at(w->a->st, w->line);
    ol_message m;
    w->n++;
    w->a->cursor[w->line] = e->seq;
    if (e->log.party >= line->charter->parties || e->index == 0 ||
        ol_entry_decode(e->entry, e->len, &entry) != OL_OK)
        return OL_OK;
    if (w->a->unseen != NULL)
        take_word(w->a, line, e, &entry);
    if (e->log.party == line->self || !get_message(line, e, &entry, &m) || m.precedence != OL_FLASH)
        return OL_OK;
    flash f = { .is_used = true, .status = m.status, .to = m.to, .log = e->log, .index = e->index };
    f.seq = e->seq;
    if (w->a->unseen == NULL)
        raise_flash(w->a, w->line, &f);
    else if (m.part <= 1 && m.status < OL_STATUSES)
        keep_unseen(w->a, &f);
    return OL_OK;
}

static ol_err skip_receipt(void *ctx, const ol_stored_receipt *r) {
    walk *w = ctx;
    w->n++;
    w->a->cursor[w->line] = r->seq;
    return OL_OK;
}

static void look_at_stored(ol_alarms *a, size_t number) {
    ol_store *s = ol_api_store(a->st);
    const ol_api_line *line = ol_api_line_at(a->st, number);
    walk w = { .a = a, .line = number };
    ol_err err = OL_OK;
    do {
        w.n = 0;
        err = s->ops->since(s, line->id, a->cursor[number], PAGE, look_entry, skip_receipt, &w);
    } while (err == OL_OK && w.n == PAGE);
}

/* The station may have ended between the commit of a FLASH and its program. */
static ol_err look_at_unseen(ol_alarms *a) {
    size_t size = OL_PARTIES_MAX * sizeof *a->unseen;
    a->unseen = malloc(size);
    if (a->unseen == NULL)
        return OL_ENOMEM;
    for (size_t i = 0; i < a->lines; i++) {
        memset(a->unseen, 0, size);
        a->cursor[i] = 0;
        look_at_stored(a, i);
        const flash *f = &a->unseen[0][0][0];
        for (size_t n = 0; n < size / sizeof *f; n++)
            if (f[n].is_used)
                raise_flash(a, i, &f[n]);
    }
    free(a->unseen);
    a->unseen = NULL;
    return OL_OK;
}

/* ---- line-dead ---- */

static bool is_live(const ol_alarms *a, size_t line, uint8_t party) {
    ol_api_path p;
    for (unsigned slot = 0; slot < OL_PATHS_PER_PEER; slot++)
        if (ol_api_path_get(a->st, line, party, slot, &p) == OL_OK && p.s.is_live)
            return true;
    return false;
}

static void look_at_paths(ol_alarms *a, size_t line, uint8_t party) {
    dead *d = &a->dead[line][party];
    if (is_live(a, line, party))
        *d = (dead){ 0, 0 };
    else if (d->since_ms == 0)
        d->since_ms = uv_now(a->loop);
}

static void on_look(uv_timer_t *timer) {
    ol_alarms *a = timer->data;
    const ol_hook_conf *conf;
    for (size_t line = 0; line < a->lines; line++)
        for (uint8_t party = 0; party < OL_PARTIES_MAX; party++) {
            dead *d = &a->dead[line][party];
            uint64_t s = d->since_ms == 0 ? 0 : (uv_now(a->loop) - d->since_ms) / 1000;
            for (size_t i = 0; s > 0 && (conf = ol_hooks_conf(a->hooks, i)) != NULL; i++) {
                if ((d->told >> i & 1) != 0 || s < conf->after_s)
                    continue;
                d->told |= 1u << i;
                ol_hooks_raise(a->hooks, i, OL_HOOK_LINE_DEAD,
                               about(ol_api_line_at(a->st, line), party));
            }
        }
}

/* Before a path has been live the line is dead: since we were started, for all we know. */
static void watch_paths(ol_alarms *a) {
    for (size_t i = 0; i < a->lines; i++) {
        const ol_api_line *line = ol_api_line_at(a->st, i);
        for (uint8_t p = 0; p < line->charter->parties; p++)
            if (p != line->self && (line->generation[line->charter->generation].members >> p & 1))
                look_at_paths(a, i, p);
    }
    (void)uv_timer_start(&a->look, on_look, LOOK_MS, LOOK_MS);
}

/* ---- what happens ---- */

void ol_alarms_note(ol_alarms *a, size_t line, const ol_api_note *n) {
    if (a->is_stopping || line >= a->lines)
        return;
    const ol_api_line *l = ol_api_line_at(a->st, line);
    uint8_t peer = n->path / OL_PATHS_PER_PEER;
    char log[OL_DESK_NAME_LEN + 1];
    switch (n->what) {
    case OL_NOTE_STORED:
        if (n->log.party != l->self && n->log.lane == OL_LANE_URGENT &&
            ol_hooks_wants(a->hooks, OL_HOOK_FLASH))
            look_at_stored(a, line);
        break;
    case OL_NOTE_PATH:
        if (peer < l->charter->parties && peer != l->self)
            look_at_paths(a, line, peer);
        break;
    case OL_NOTE_FORK: {
        json_t *o = about(l, n->party);
        (void)json_object_set_new(o, "log", json_string(ol_desk_log_name(l, &n->log, log)));
        ol_hooks_raise(a->hooks, OL_HOOK_ALL, OL_HOOK_FORK, o);
        break;
    }
    case OL_NOTE_COPY:
        ol_hooks_raise(a->hooks, OL_HOOK_ALL, OL_HOOK_COPY, json_pack("{s:s}", "line", l->name));
        break;
    default:
        break;
    }
}

void ol_alarms_storage(ol_alarms *a, ol_err err) {
    bool was_failing = a->is_failing;
    a->is_failing = err != OL_OK;
    if (a->is_failing && !was_failing && !a->is_stopping)
        ol_hooks_raise(a->hooks, OL_HOOK_ALL, OL_HOOK_STORAGE,
                       json_pack("{s:s}", "code", ol_err_name(err)));
}

static const char *word_of(const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "";
}

/* The keys of the event that programs are told, if they stand in it; party: whom it is about. */
static void raise_event(ol_alarms *a, ol_hook_what what, const json_t *event, const char *party) {
    static const char *const keys[] = { "line", "entry",   "precedence", "status",
                                        "rung", "verdict", "why",        "seconds" };
    json_t *o = json_object();
    for (size_t i = 0; i < OL_LEN(keys); i++)
        if (json_object_get(event, keys[i]) != NULL)
            (void)json_object_set(o, keys[i], json_object_get(event, keys[i]));
    (void)json_object_set_new(o, "party", json_string(party));
    ol_hooks_raise(a->hooks, OL_HOOK_ALL, what, o);
}

/* `call` when this station rings somebody, each rung anew, and when it should and cannot;
 * `unanswered` when a ladder has ended, of either side, and when our call's time is over. */
static void call_event(ol_alarms *a, const json_t *event) {
    const char *state = word_of(event, "state"), *caller = word_of(event, "caller");
    const char *party = word_of(event, "party"), *line = word_of(event, "line");
    const ol_api_line *l = ol_api_line_of(a->st, line, strlen(line));
    const char *self = l == NULL ? "" : l->charter->party[l->self].name;
    bool is_ours = strcmp(caller, self) == 0, is_by_us = strcmp(party, self) == 0;
    if (is_by_us && !is_ours && (strcmp(state, "rings") == 0 || strcmp(state, "unrung") == 0))
        raise_event(a, OL_HOOK_CALL, event, caller);
    else if (strcmp(state, "silent") == 0 && (is_by_us || is_ours))
        raise_event(a, OL_HOOK_UNANSWERED, event, is_by_us ? caller : party);
    else if (strcmp(state, "closed") == 0 && is_ours && strcmp(word_of(event, "why"), "time") == 0)
        raise_event(a, OL_HOOK_UNANSWERED, event, party);
}

void ol_alarms_event(ol_alarms *a, const json_t *event) {
    const char *name = word_of(event, "event"), *alarm = word_of(event, "alarm");
    if (a->is_stopping)
        return;
    if (strcmp(name, "call") == 0)
        call_event(a, event);
    else if (strcmp(name, "overdue") == 0 || strcmp(alarm, "overdue") == 0)
        raise_event(a, OL_HOOK_OVERDUE, event, word_of(event, "party"));
    else if (strcmp(name, "due") == 0)
        raise_event(a, OL_HOOK_DUE, event, word_of(event, "party"));
    else if (strcmp(alarm, "check-missed") == 0)
        raise_event(a, OL_HOOK_CHECK_MISSED, event, word_of(event, "party"));
}

ol_hooks *ol_alarms_hooks(ol_alarms *a) {
    return a->hooks;
}

/* ---- the whole ---- */

ol_err ol_alarms_start(ol_station *st, const ol_hooks_opts *opts, ol_alarms **ret) {
    ol_store *s = ol_api_store(st);
    uint64_t last = 0;
    ol_alarms *a = calloc(1, sizeof *a);
    if (a == NULL)
        return OL_ENOMEM;
    *a = (ol_alarms){ .st = st, .loop = opts->loop, .lines = ol_api_lines(st) };
    a->cursor = calloc(a->lines + 1, sizeof *a->cursor);
    a->dead = calloc(a->lines + 1, sizeof *a->dead);
    ol_err err = a->cursor == NULL || a->dead == NULL ? OL_ENOMEM : OL_OK;
    if (err == OL_OK)
        err = s->ops->last_seq(s, &last);
    if (err == OL_OK)
        err = ol_hooks_start(opts, &a->hooks);
    if (err != OL_OK) {
        free(a->cursor);
        free(a->dead);
        free(a);
        return err;
    }
    for (size_t i = 0; i < a->lines; i++)
        a->cursor[i] = last;
    (void)uv_timer_init(a->loop, &a->look);
    a->look.data = a;
    if (ol_hooks_wants(a->hooks, OL_HOOK_LINE_DEAD))
        watch_paths(a);
    *ret = a; /* whatever happens: its handles are to be closed */
    return ol_hooks_wants(a->hooks, OL_HOOK_FLASH) ? look_at_unseen(a) : OL_OK;
}

void ol_alarms_stop(ol_alarms *a) {
    if (a == NULL || a->is_stopping)
        return;
    a->is_stopping = true;
    uv_close((uv_handle_t *)&a->look, NULL);
    ol_hooks_stop(a->hooks);
}

void ol_alarms_free(ol_alarms *a) {
    if (a == NULL)
        return;
    ol_hooks_free(a->hooks);
    free(a->cursor);
    free(a->dead);
    free(a);
}
