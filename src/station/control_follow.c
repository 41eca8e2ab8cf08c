/* Subscriptions. What is stored (entries, receipts) is read from the store by each follower at its
 * own pace, so nothing of it can be lost or pile up; what passes (states, paths, alarms) goes to
 * those who keep up, and the others are told that they missed some.
 * A receipt is told when it has verified, and again, with its cursor, when the store has it: it is
 * proof from the first moment, and stored with the next commit. */
#include <stdlib.h>
#include <string.h>

#include "station/control_parts.h"
#include "station/way.h"
#include "wire/entry.h"

enum { PAGE = 64 };

typedef struct { /* of what is stored: an entry, or a receipt where len is 0 */
    ol_log_key log;
    uint64_t index, seq; /* index: of a receipt its size */
    uint64_t time;
    uint8_t party, way;
    size_t at, len; /* in bytes */
} row;

/* A page is copied before it is told: what is told of it asks the store again, which a callback of
 * the store must not. */
typedef struct {
    size_t n, used;
    row row[PAGE];
    uint8_t bytes[PAGE * OL_ENTRY_MAX];
} page;

static ol_follow *follow_of(const ol_client *cl, size_t line) {
    ol_follow *f = cl->follow;
    while (f != NULL && f->line != line)
        f = f->next;
    return f;
}

ol_err ol_follow_start(ol_client *cl, size_t line, uint64_t cursor) {
    if (follow_of(cl, line) != NULL)
        return OL_EEXIST;
    ol_follow *f = calloc(1, sizeof *f);
    if (f == NULL)
        return OL_ENOMEM;
    *f = (ol_follow){ .next = cl->follow, .line = line, .cursor = cursor, .is_on = true };
    cl->follow = f;
    return OL_OK;
}

ol_err ol_follow_stop(ol_client *cl, size_t line) {
    for (ol_follow **p = &cl->follow; *p != NULL; p = &(*p)->next)
        if ((*p)->line == line) {
            ol_follow *f = *p;
            *p = f->next;
            free(f);
            return OL_OK;
        }
    return OL_ENOENT;
}

void ol_follow_drop(ol_client *cl) {
    while (cl->follow != NULL) {
        ol_follow *f = cl->follow;
        cl->follow = f->next;
        free(f);
    }
}

static json_t *event_json(const ol_api_line *line, const char *event) {
    return json_pack("{s:s, s:s}", "event", event, "line", line->name);
}

static ol_err keep_entry(void *ctx, const ol_stored_entry *e) {
    page *p = ctx;
    if (e->len > sizeof p->bytes - p->used)
        return OL_EIO; /* nothing so long was ever stored: the file is damaged */
    p->row[p->n++] =
        (row){ .log = e->log, .index = e->index, .seq = e->seq, .at = p->used, .len = e->len };
    memcpy(p->bytes + p->used, e->entry, e->len);
    p->used += e->len;
    return OL_OK;
}

static ol_err keep_receipt(void *ctx, const ol_stored_receipt *r) {
    page *p = ctx;
    p->row[p->n++] = (row){ .log = r->log,
                            .index = r->size,
                            .seq = r->seq,
                            .time = r->time,
                            .party = r->party,
                            .way = r->way };
    return OL_OK;
}

static ol_err tell_entry(ol_client *cl, size_t line, const row *r, const uint8_t *bytes) {
    ol_desk *d = &cl->c->desk;
    json_t *o = event_json(d->line[line], "entry");
    json_t *entry = ol_desk_entry_json(d, line, &r->log, r->index, r->seq, bytes, r->len);
    if (o == NULL || entry == NULL || json_object_update_new(o, entry) != 0) {
        json_decref(o);
        return OL_ENOMEM;
    }
    ol_desk_find_status(d, line, bytes, r->len, o);
    if (json_object_get(o, "item") != NULL && json_object_get(o, "signed") == NULL &&
        ol_desk_signed(d, line, &r->log, r->index, o) != OL_OK)
        (void)json_object_set_new(o, "signed", json_null()); /* no time or memory to tell */
    ol_client_send(cl, o);
    return OL_OK;
}

static json_t *receipt_json(const ol_api_line *line, const ol_log_key *key, uint64_t size,
                            uint8_t party, uint64_t time, uint8_t way) {
    char log[OL_DESK_NAME_LEN + 1], text[OL_WAY_TEXT_MAX];
    json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:s, s:I}", "event", "receipt", "line", line->name,
                          "log", ol_desk_log_name(line, key, log), "size", (json_int_t)size,
                          "party", line->charter->party[party].name, "time", (json_int_t)time);
    if (ol_way_text(way, text) != NULL)
        (void)json_object_set_new(o, "by", json_string(text));
    return o;
}

static ol_err tell_receipt(ol_client *cl, size_t number, const row *r) {
    const ol_api_line *line = cl->c->desk.line[number];
    if (r->party >= line->charter->parties)
        return OL_OK;
    json_t *o = receipt_json(line, &r->log, r->index, r->party, r->time, r->way);
    (void)json_object_set_new(o, "cursor", json_integer((json_int_t)r->seq));
    ol_client_send(cl, o);
    return OL_OK;
}

static ol_err tell_page(ol_client *cl, ol_follow *f, const page *p) {
    ol_err err = OL_OK;
    for (size_t i = 0; i < p->n && err == OL_OK; i++) {
        const row *r = &p->row[i];
        err = r->len > 0 ? tell_entry(cl, f->line, r, p->bytes + r->at)
                         : tell_receipt(cl, f->line, r);
        if (err == OL_OK)
            f->cursor = r->seq;
        if (err == OL_OK && (cl->is_closing || ol_client_is_full(cl)))
            err = OL_EAGAIN;
    }
    return err;
}

static void catch_up(ol_client *cl, ol_follow *f) {
    ol_desk *d = &cl->c->desk;
    const ol_api_line *line = d->line[f->line];
    ol_err err = OL_OK;
    static page p; /* 128 KiB; one at a time */
    do {
        p.n = p.used = 0;
        err =
            d->store->ops->since(d->store, line->id, f->cursor, PAGE, keep_entry, keep_receipt, &p);
        if (err == OL_OK)
            err = tell_page(cl, f, &p);
    } while (err == OL_OK && p.n == PAGE);
    if (cl->is_closing || err == OL_EAGAIN)
        return;         /* goes on when the client has taken its output */
    if (err != OL_OK) { /* tried again at the next note */
        f->is_on = false;
        return;
    }
    f->is_on = false;
    if (f->is_live && !f->has_lost)
        return;
    json_t *o = event_json(line, f->is_live ? "lagged" : "live");
    (void)json_object_set_new(o, "cursor", json_integer((json_int_t)f->cursor));
    f->is_live = true;
    f->has_lost = false;
    ol_client_send(cl, o);
}

void ol_follow_pump(ol_client *cl) {
    for (ol_follow *f = cl->follow; f != NULL && !cl->is_closing && !ol_client_is_full(cl);) {
        ol_follow *next = f->next;
        if (f->is_on || f->has_lost)
            catch_up(cl, f);
        f = cl->is_closing ? NULL : next;
    }
}

void ol_follow_pass(ol_control *c, size_t line, json_t *o) {
    for (size_t i = 0; i < OL_CLIENTS_MAX && o != NULL; i++) {
        ol_client *cl = c->client[i];
        ol_follow *f = cl == NULL || cl->is_closing ? NULL : follow_of(cl, line);
        if (f == NULL)
            continue;
        if (f->is_live && !ol_client_is_full(cl))
            ol_client_send(cl, json_incref(o));
        else
            f->has_lost = f->is_live;
    }
    json_decref(o);
}

static const char *alarm_of(ol_note_kind what) {
    switch (what) {
    case OL_NOTE_RECOVERED:
        return "recovered";
    case OL_NOTE_INCARNATION:
        return "incarnation";
    case OL_NOTE_FORK:
        return "fork";
    case OL_NOTE_PEER_STOPPED:
        return "peer-stopped";
    case OL_NOTE_DELAYS:
        return "delays";
    case OL_NOTE_CLOCK:
        return "clock";
    case OL_NOTE_COPY:
        return "copy";
    default:
        return NULL;
    }
}

static json_t *alarm_json(const ol_api_line *line, const ol_api_note *n) {
    char log[OL_DESK_NAME_LEN + 1];
    json_t *o = event_json(line, "alarm");
    (void)json_object_set_new(o, "alarm", json_string(alarm_of(n->what)));
    bool has_log =
        n->what == OL_NOTE_RECOVERED || n->what == OL_NOTE_INCARNATION || n->what == OL_NOTE_FORK;
    bool has_party =
        n->what == OL_NOTE_FORK || n->what == OL_NOTE_PEER_STOPPED || n->what == OL_NOTE_DELAYS;
    if (has_log)
        (void)json_object_set_new(o, "log", json_string(ol_desk_log_name(line, &n->log, log)));
    if (has_party && n->party < line->charter->parties)
        (void)json_object_set_new(o, "party", json_string(line->charter->party[n->party].name));
    const char *number = n->what == OL_NOTE_RECOVERED      ? "size"
                         : n->what == OL_NOTE_FORK         ? "size"
                         : n->what == OL_NOTE_INCARNATION  ? "reason"
                         : n->what == OL_NOTE_PEER_STOPPED ? "reason"
                         : n->what == OL_NOTE_CLOCK        ? "doubtful"
                                                           : NULL;
    if (n->what == OL_NOTE_DELAYS)
        (void)json_object_set_new(o, "what", ol_desk_delays((uint8_t)n->size));
    if (number != NULL)
        (void)json_object_set_new(o, number, json_integer((json_int_t)n->size));
    return o;
}

static json_t *sent_json(const ol_api_line *line, const ol_api_note *n) {
    char log[OL_DESK_NAME_LEN + 1];
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "event", "state", "line", line->name,
                     "state", "sent", "log", ol_desk_log_name(line, &n->log, log), "size",
                     (json_int_t)n->size, "party", line->charter->party[n->party].name);
}

static json_t *path_event(ol_control *c, size_t number, const ol_api_note *n) {
    const ol_api_line *line = c->desk.line[number];
    uint8_t party = n->path / OL_PATHS_PER_PEER;
    unsigned slot = n->path % OL_PATHS_PER_PEER;
    ol_api_path path;
    if (ol_api_path_get(c->desk.station, line->number, party, slot, &path) != OL_OK)
        return NULL;
    json_t *o = event_json(line, "path");
    (void)json_object_update_new(o, ol_path_json(line, party, slot, &path));
    return o;
}

static bool has_follower(const ol_control *c, size_t line) {
    for (size_t i = 0; i < OL_CLIENTS_MAX; i++)
        if (c->client[i] != NULL && follow_of(c->client[i], line) != NULL)
            return true;
    return false;
}

void ol_follow_committed(ol_control *c) {
    for (size_t i = 0; i < OL_CLIENTS_MAX; i++)
        for (ol_follow *f = c->client[i] == NULL ? NULL : c->client[i]->follow; f != NULL;
             f = f->next) {
            f->is_on = true;
            ol_control_wake(c);
        }
}

void ol_follow_note(ol_control *c, size_t line, const ol_api_note *n) {
    if (c->is_stopping || line >= c->desk.lines)
        return;
    const ol_api_line *l = c->desk.line[line];
    if (n->party < l->charter->parties)
        ol_desk_note(&c->desk, line, n);
    if (!has_follower(c, line))
        return;
    switch (n->what) {
    case OL_NOTE_STORED:
        return; /* ol_follow_committed sees it */
    case OL_NOTE_RECEIPT:
        if (n->party < l->charter->parties)
            ol_follow_pass(c, line, receipt_json(l, &n->log, n->size, n->party, n->time, n->way));
        return;
    case OL_NOTE_SENT:
        if (n->party < l->charter->parties)
            ol_follow_pass(c, line, sent_json(l, n));
        return;
    case OL_NOTE_PATH:
        ol_follow_pass(c, line, path_event(c, line, n));
        return;
    default:
        if (n->what == OL_NOTE_INCARNATION && n->size == OL_WHY_FIRST)
            return; /* a log begins: nobody need be called */
        if (alarm_of(n->what) != NULL)
            ol_follow_pass(c, line, alarm_json(l, n));
    }
}

void ol_follow_storage(ol_control *c, ol_err err) {
    for (size_t line = 0; line < c->desk.lines && !c->is_stopping; line++) {
        json_t *o = event_json(c->desk.line[line], "alarm");
        (void)json_object_set_new(o, "alarm", json_string("storage"));
        (void)json_object_set_new(o, "code", json_string(ol_err_name(err)));
        ol_follow_pass(c, line, o);
    }
}
