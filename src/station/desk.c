#include "station/desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "station/file.h"
#include "station/lines.h"
#include "station/locked.h"
#include "store/sqlite.h"

enum { PAGE = 256, WENT_MAX = 4096 };

struct ol_desk_own {
    ol_mem locked;
    ol_lines lines;
};

static ol_err read_party(const ol_home *h, char ret[OL_NAME_MAX + 1], ol_why *why) {
    static char note[OL_CARD_TEXT_MAX + 1024];
    ol_card card;
    ol_ini_at at = { 0 };
    size_t len = 0;
    ol_err err = ol_file_read(h->dir, OL_HOME_CARD, OL_FILE_PUBLIC, note, sizeof note, &len, why);
    if (err != OL_OK)
        return err;
    err = ol_card_read(note, len, &card, &at);
    if (err != OL_OK)
        return ol_why_set(why, err, "this home's card is damaged: %s",
                          at.why != NULL ? at.why : ol_err_text(err));
    memcpy(ret, card.party.name, OL_NAME_MAX + 1);
    return OL_OK;
}

ol_err ol_desk_of_station(ol_station *st, ol_desk *ret, ol_why *why) {
    ol_desk d = { .station = st, .store = ol_api_store(st), .lines = ol_api_lines(st) };
    OL_ASSERT(d.lines <= OL_LINES_MAX);
    for (size_t i = 0; i < d.lines; i++)
        d.line[i] = ol_api_line_at(st, i);
    ol_err err = read_party(ol_api_home(st), d.party, why);
    if (err == OL_OK)
        *ret = d;
    return err;
}

ol_err ol_desk_of_home(const ol_home *h, ol_desk *ret, ol_why *why) {
    struct ol_desk_own *own = calloc(1, sizeof *own);
    ol_store_why store_why = { "" };
    ol_desk d = { .own = own };
    if (own == NULL)
        return ol_why_set(why, OL_ENOMEM, "no memory to read the home");
    ol_locked_mem(&own->locked, 1 << 20);
    ol_err err = read_party(h, d.party, why);
    if (err == OL_OK)
        err = ol_lines_read(h, &own->locked, &own->lines, why);
    if (err == OL_OK && !ol_file_exists(h->dir, OL_HOME_STORE))
        err = ol_why_set(why, OL_ENOENT, "%s holds no record yet; start the station: openline run",
                         h->path);
    if (err == OL_OK) {
        err = ol_store_sqlite_open(h->path, NULL, &d.store, &store_why);
        if (err != OL_OK)
            (void)ol_why_set(why, err, "%s", store_why.text);
    }
    for (; d.lines < own->lines.n; d.lines++)
        d.line[d.lines] = &own->lines.row[d.lines]->api;
    if (err == OL_OK)
        *ret = d;
    else
        ol_desk_close(&d);
    return err;
}

void ol_desk_close(ol_desk *d) {
    ol_desk_forget(d);
    free(d->went);
    d->went = NULL;
    d->n_went = d->went_cap = 0;
    if (d->own == NULL)
        return;
    if (d->store != NULL)
        d->store->ops->close(d->store);
    ol_lines_free(&d->own->lines);
    free(d->own);
    d->own = NULL;
}

const ol_desk_went *ol_desk_went_of(const ol_desk *d, size_t line, const ol_log_key *log,
                                    uint8_t party) {
    for (size_t i = 0; i < d->n_went; i++)
        if (d->went[i].line == line && d->went[i].party == party &&
            ol_log_key_eq(&d->went[i].log, log))
            return &d->went[i];
    return NULL;
}

static ol_desk_went *new_went(ol_desk *d, size_t line, const ol_api_note *note) {
    if (d->n_went == d->went_cap && d->went_cap < WENT_MAX) {
        size_t cap = d->went_cap == 0 ? 8 : d->went_cap * 2;
        ol_desk_went *went = realloc(d->went, cap * sizeof *went);
        if (went == NULL)
            return NULL; /* shown as queued until it is stored */
        d->went = went;
        d->went_cap = cap;
    }
    if (d->n_went == d->went_cap)
        return NULL;
    ol_desk_went *w = &d->went[d->n_went++];
    *w = (ol_desk_went){ .line = (uint16_t)line, .party = note->party, .log = note->log };
    return w;
}

void ol_desk_note(ol_desk *d, size_t line, const ol_api_note *note) {
    if (note->what != OL_NOTE_SENT && note->what != OL_NOTE_RECEIPT)
        return;
    const ol_desk_went *old = ol_desk_went_of(d, line, &note->log, note->party);
    ol_desk_went *w = old != NULL ? &d->went[old - d->went] : new_went(d, line, note);
    if (w == NULL)
        return;
    if (note->what == OL_NOTE_SENT) {
        w->sent = note->size;
    } else {
        w->stored = note->size;
        w->time = note->time, w->way = note->way;
    }
}

ol_err ol_desk_line(const ol_desk *d, const ol_request *r, size_t *ret, ol_refusal *why) {
    for (size_t i = 0; i < d->lines; i++)
        if (strcmp(d->line[i]->name, r->line) == 0)
            return *ret = i, OL_OK;
    return ol_refuse(why, OL_ENOENT,
                     "name a line of this station; one that was joined since it was started is "
                     "there after openline restart",
                     "the station has no line \"%s\"", r->line);
}

json_t *ol_desk_delays(uint8_t what) {
    static const char *const words[] = { "our-entries",   "our-handshakes",   "our-requests",
                                         "their-entries", "their-handshakes", "their-requests" };
    json_t *list = json_array();
    for (size_t i = 0; i < OL_LEN(words); i++)
        if ((what >> i & 1) != 0)
            (void)json_array_append_new(list, json_string(words[i]));
    return list;
}

const char *ol_desk_log_name(const ol_api_line *line, const ol_log_key *log, char *to) {
    char inc[2 * OL_INC_LEN + 1];
    const char *party =
        log->party < line->charter->parties ? line->charter->party[log->party].name : "?";
    ol_hex_put(log->incarnation, sizeof log->incarnation, inc);
    (void)snprintf(to, OL_DESK_NAME_LEN + 1, "%s/%s/%s", party, ol_lane_name((ol_lane)log->lane),
                   inc);
    return to;
}

const char *ol_desk_entry_name(const ol_api_line *line, const ol_log_key *log, uint64_t index,
                               char *to) {
    char name[OL_DESK_NAME_LEN + 1];
    size_t len = strlen(ol_desk_log_name(line, log, name)) - (2 * OL_INC_LEN - 4);
    (void)snprintf(to, OL_DESK_NAME_LEN + 1, "%.*s.%llu", (int)len, name,
                   (unsigned long long)index);
    return to;
}

static json_t *rows_json(const ol_known *read, size_t n) {
    static uint8_t rows[OL_DESK_READ_ROWS * OL_DESK_READ_ROW];
    static char text[OL_B64_LEN(sizeof rows) + 1];
    ol_wr w = ol_wr_of(rows, sizeof rows);
    for (size_t i = 0; i < n; i++) {
        ol_wr_be(&w, read[i].log.party, 1);
        ol_wr_be(&w, read[i].log.lane, 1);
        ol_wr_put(&w, read[i].log.incarnation, OL_INC_LEN);
        ol_wr_be(&w, read[i].size, 8);
    }
    ol_b64_put(rows, w.len, text);
    return w.err == OL_OK ? json_string(text) : json_null();
}

/* What a sign of an entry written at that position covers (docs/PROTOCOL.md §4.8). */
static ol_err position_rows(ol_desk *d, size_t number, uint64_t position, json_t *reply) {
    const ol_api_line *line = d->line[number];
    ol_known *read = NULL;
    size_t n = 0;
    ol_api_line_status st = { 0 };
    ol_err err = ol_desk_read(d, number, position, &read, &n);
    if (err == OL_OK && d->station != NULL)
        err = ol_api_line_status_get(d->station, line->number, &st);
    if (err == OL_OK) {
        json_t *current = json_object();
        char name[OL_DESK_NAME_LEN + 1];
        for (unsigned lane = 0; lane < OL_LANES; lane++) {
            ol_log_key key = { .party = line->self, .lane = (uint8_t)lane };
            memcpy(key.incarnation, st.marker.incarnation[lane], sizeof key.incarnation);
            if (st.marker.has[lane])
                (void)json_object_set_new(current, ol_lane_name((ol_lane)lane),
                                          json_string(ol_desk_log_name(line, &key, name)));
        }
        (void)json_object_set_new(reply, "generation", json_integer(line->charter->generation));
        (void)json_object_set_new(reply, "current", current);
        (void)json_object_set_new(reply, "logs", rows_json(read, n));
    }
    free(read);
    return err;
}

ol_err ol_desk_position(ol_desk *d, const ol_request *r, json_t *reply, ol_refusal *why) {
    size_t line;
    uint64_t seq = 0;
    ol_err err = ol_desk_line(d, r, &line, why);
    if (err == OL_OK)
        err = d->store->ops->last_seq(d->store, &seq);
    if (err == OL_OK && (r->given & OL_GIVEN_READ) != 0) {
        seq = r->read;
        err = position_rows(d, line, seq, reply);
        if (err == OL_ECONFLICT)
            err = ol_refuse(why, err, "ask for a position again",
                            "\"read\" is beyond what the store holds: it is of another store");
    }
    if (err != OL_OK)
        return err;
    return json_object_set_new(reply, "position", json_integer((json_int_t)seq)) == 0 ? OL_OK
                                                                                      : OL_ENOMEM;
}

typedef struct {
    ol_known *known;
    size_t n, cap, seen;
    uint64_t seq;
} read_walk;

static ol_err walk_log(void *ctx, const ol_stored_log *log) {
    read_walk *w = ctx;
    if (w->n == w->cap) {
        size_t cap = w->cap == 0 ? 16 : w->cap * 2;
        ol_known *known = realloc(w->known, cap * sizeof *known);
        if (known == NULL)
            return OL_ENOMEM;
        w->known = known;
        w->cap = cap;
    }
    w->known[w->n++] = (ol_known){ log->key, log->size };
    return OL_OK;
}

/* An entry that came after the position: its log had been read below it at most. */
static ol_err walk_unread(void *ctx, const ol_stored_entry *e) {
    read_walk *w = ctx;
    w->seen++;
    w->seq = e->seq;
    for (size_t i = 0; i < w->n; i++)
        if (ol_log_key_eq(&w->known[i].log, &e->log) && w->known[i].size > e->index)
            w->known[i].size = e->index;
    return OL_OK;
}

ol_err ol_desk_read(const ol_desk *d, size_t line, uint64_t position, ol_known **ret,
                    size_t *ret_n) {
    const uint8_t *id = d->line[line]->id;
    read_walk w = { .seq = position };
    uint64_t last = 0;
    ol_err err = d->store->ops->last_seq(d->store, &last);
    if (err == OL_OK && position > last)
        err = OL_ECONFLICT;
    if (err == OL_OK && position > 0)
        err = d->store->ops->logs(d->store, id, walk_log, &w);
    do {
        w.seen = 0;
        if (err == OL_OK && position > 0)
            err = d->store->ops->since(d->store, id, w.seq, PAGE, walk_unread, NULL, &w);
    } while (err == OL_OK && w.seen == PAGE);
    if (err != OL_OK) {
        free(w.known);
        return err;
    }
    size_t n = 0; /* what had not been read at all is left out */
    for (size_t i = 0; i < w.n; i++)
        if (w.known[i].size > 0)
            w.known[n++] = w.known[i];
    *ret = w.known;
    *ret_n = n;
    return OL_OK;
}
