/* Own entries: what a client submits becomes an entry of our log, with what we have seen. */
#include "line/state.h"

#include "base/text.h"

enum { SEEN_ROW = 2 + OL_INC_LEN + 8 };

/* ---- seen: what each own log has mentioned ---- */

static void seen_free(ol_line *l, ol_seen *s) {
    ol_mem_put(l->mem, s->v, s->cap, sizeof *s->v);
    *s = (ol_seen){ 0 };
}

static OL_MUST ol_err own_save(ol_line *l, ol_own *own) {
    if (own->has_undo)
        return OL_OK;
    seen_free(l, &own->undo);
    if (own->seen.n > 0) {
        own->undo.v = ol_mem_get0(l->mem, own->seen.n, sizeof *own->undo.v);
        if (own->undo.v == NULL)
            return OL_ENOMEM;
        own->undo.cap = own->undo.n = own->seen.n;
        memcpy(own->undo.v, own->seen.v, own->seen.n * sizeof *own->seen.v);
    }
    own->has_undo = true;
    return OL_OK;
}

void ol_own_undo(ol_line *l, uint8_t lane) {
    ol_own *own = &l->own[lane];
    if (!own->has_undo)
        return;
    seen_free(l, &own->seen);
    own->seen = own->undo;
    own->undo = (ol_seen){ 0 };
    own->has_undo = false;
}

ol_err ol_own_put_seen(ol_line *l, uint8_t lane) {
    ol_own *own = &l->own[lane];
    size_t cap = OL_INC_LEN + own->seen.n * SEEN_ROW;
    uint8_t *room = ol_mem_get0(l->mem, cap, 1);
    if (room == NULL)
        return OL_ENOMEM;
    ol_wr w = ol_wr_of(room, cap);
    ol_wr_put(&w, own->log->key.incarnation, OL_INC_LEN);
    for (size_t i = 0; i < own->seen.n; i++) {
        ol_wr_be(&w, own->seen.v[i].log.party, 1);
        ol_wr_be(&w, own->seen.v[i].log.lane, 1);
        ol_wr_put(&w, own->seen.v[i].log.incarnation, OL_INC_LEN);
        ol_wr_be(&w, own->seen.v[i].size, 8);
    }
    OL_ASSERT(w.err == OL_OK && w.len == cap);
    ol_err err = ol_batch_state(l, lane == OL_LANE_URGENT ? "seen.0" : "seen.1", room, cap);
    ol_mem_put(l->mem, room, cap, 1);
    return err;
}

ol_err ol_own_load_seen(ol_line *l, uint8_t lane, const uint8_t *p, size_t len) {
    ol_own *own = &l->own[lane];
    ol_rd r = ol_rd_of(p, len);
    uint8_t inc[OL_INC_LEN];
    ol_rd_copy(&r, inc, sizeof inc);
    if (own->log == NULL || r.err != OL_OK || memcmp(inc, own->log->key.incarnation, 8) != 0)
        return r.err; /* of a closed incarnation: nothing is appended there any more */
    while (r.left > 0 && r.err == OL_OK) {
        if (!ol_push(l->mem, (void **)&own->seen.v, &own->seen.n, &own->seen.cap,
                     sizeof *own->seen.v))
            return OL_ENOMEM;
        ol_log_key *key = &own->seen.v[own->seen.n - 1].log;
        key->party = (uint8_t)ol_rd_be(&r, 1);
        key->lane = (uint8_t)ol_rd_be(&r, 1);
        ol_rd_copy(&r, key->incarnation, OL_INC_LEN);
        own->seen.v[own->seen.n - 1].size = ol_rd_be(&r, 8);
    }
    return r.err;
}

static bool is_numbered(const ol_seen *s, const ol_log_key *key) {
    for (size_t i = 0; i < s->n; i++)
        if (ol_log_key_eq(&s->v[i].log, key))
            return true;
    return false;
}

typedef struct {
    ol_entry *e;
    bool has_more; /* than one entry mentions */
} seeing;

static void mention(seeing *q, const ol_mention *m) {
    if (q->e->seens == OL_MENTIONS_MAX)
        q->has_more = true;
    else
        q->e->seen[q->e->seens++] = *m;
}

/* Mentions of logs that have a number already and grew. */
static void see_known(const ol_line *l, const ol_seen *s, uint8_t lane, seeing *q) {
    for (size_t i = 0; i < s->n && !q->has_more; i++) {
        if (s->v[i].log.lane != lane)
            continue;
        const ol_log *log = ol_log_find(l, &s->v[i].log);
        if (log != NULL && log->tree.size > s->v[i].size)
            mention(q, &(ol_mention){ .number = i + 1, .size = log->tree.size });
    }
}

/* First mentions, newest logs first. */
static void see_new(const ol_line *l, const ol_log *own, const ol_seen *s, uint8_t lane,
                    seeing *q) {
    for (size_t i = l->log.n; i > 0 && !q->has_more; i--) {
        const ol_log *log = l->log.v[i - 1];
        if (log == own || log->key.lane != lane || log->tree.size == 0 || is_numbered(s, &log->key))
            continue;
        mention(q, &(ol_mention){ .size = log->tree.size, .is_first = true, .log = log->key });
    }
}

/* What there is to mention, the urgent logs first; returns whether that is more than an entry
 * takes (§4.2). A handback begins with new logs: it must name the one that it answers. */
static bool see(const ol_line *l, const ol_own *own, uint64_t kind, ol_entry *e) {
    const ol_seen *s = &own->seen;
    seeing q = { .e = e };
    e->seens = 0;
    if (kind == OL_KIND_HANDBACK)
        see_new(l, own->log, s, OL_LANE_URGENT, &q), see_new(l, own->log, s, OL_LANE_ROUTINE, &q);
    for (uint8_t lane = 0; lane < OL_LANES; lane++) {
        see_known(l, s, lane, &q);
        if (kind != OL_KIND_HANDBACK)
            see_new(l, own->log, s, lane, &q);
    }
    return q.has_more;
}

/* Ascending by number; the new ones get the next free ones. */
static void put_in_order(ol_entry *e, uint64_t known) {
    for (size_t i = 0; i < e->seens; i++)
        if (e->seen[i].is_first)
            e->seen[i].number = ++known;
    for (size_t i = 1; i < e->seens; i++) {
        const ol_mention m = e->seen[i];
        size_t at = i;
        for (; at > 0 && e->seen[at - 1].number > m.number; at--)
            e->seen[at] = e->seen[at - 1];
        e->seen[at] = m;
    }
}

static OL_MUST ol_err seen_adopt(ol_line *l, ol_own *own, const ol_entry *e) {
    for (size_t i = 0; i < e->seens; i++) {
        const ol_mention *m = &e->seen[i];
        if (m->is_first) {
            if (!ol_push(l->mem, (void **)&own->seen.v, &own->seen.n, &own->seen.cap,
                         sizeof *own->seen.v))
                return OL_ENOMEM;
            own->seen.v[own->seen.n - 1].log = m->log;
        }
        own->seen.v[m->number - 1].size = m->size;
    }
    return OL_OK;
}

static uint64_t read_of(const ol_submit *s, const ol_log_key *key) {
    for (size_t i = 0; i < s->reads; i++)
        if (ol_log_key_eq(&s->read[i].log, key))
            return s->read[i].size;
    return 0;
}

static OL_MUST bool read_less(ol_entry *e, uint64_t number, uint64_t upto, uint64_t seen) {
    if (upto >= seen)
        return true;
    if (e->reads == OL_MENTIONS_MAX)
        return false;
    e->read[e->reads++] = (ol_mention){ .number = number, .size = upto };
    return true;
}

/* read, relative to seen as it stands with this entry (§4.2); false: an entry cannot say it. */
static OL_MUST bool read_below_seen(const ol_submit *s, const ol_seen *seen, ol_entry *e) {
    bool fits = true;
    e->reads = 0;
    for (size_t i = 0; s->has_read && i < seen->n && fits; i++) {
        uint64_t now = seen->v[i].size;
        for (size_t k = 0; k < e->seens; k++)
            if (e->seen[k].number == i + 1)
                now = e->seen[k].size;
        fits = read_less(e, i + 1, read_of(s, &seen->v[i].log), now);
    }
    for (size_t k = 0; s->has_read && k < e->seens && fits; k++) {
        const ol_mention *m = &e->seen[k];
        if (m->is_first)
            fits = read_less(e, m->number, read_of(s, &m->log), m->size);
    }
    return fits;
}

/* ---- appending ---- */

/* With the head that every so many entries end with (§3.2). */
static OL_MUST ol_err put_entry(ol_line *l, ol_own *own, const ol_entry *e, const ol_wr *w,
                                const ol_submit *s) {
    ol_err err = own_save(l, own);
    if (err == OL_OK)
        err = ol_batch_touch(l, own->log);
    if (err == OL_OK)
        err = seen_adopt(l, own, e);
    if (err == OL_OK)
        err = ol_batch_entry(l, own->log, w->p, w->len, s->has_item ? s->item : NULL);
    if (err != OL_OK || own->log->tree.size % OL_HEAD_EVERY != 0)
        return err;
    ol_hash root = ol_frontier_root(&own->log->tree);
    err = ol_batch_head(l, own->log, own->log->tree.size, root.b, NULL);
    return err != OL_OK ? err : ol_job_add(l, own->log, false, own->log->tree.size, 0, root.b);
}

/* With as many of the mentions as there is room for. OL_ECONFLICT: since it was read, more logs
 * have grown than an entry can say. */
static ol_err encode(const ol_own *own, const ol_submit *s, const ol_entry *all, ol_entry *e,
                     ol_wr *w) {
    ol_err err = OL_ELIMIT;
    for (size_t n = all->seens + 1; n-- > 0 && err != OL_OK;) {
        *e = *all;
        e->seens = n;
        put_in_order(e, own->seen.n);
        bool can_say = read_below_seen(s, &own->seen, e);
        w->len = 0, w->err = OL_OK;
        ol_entry_encode(e, w);
        err = can_say ? w->err : OL_ECONFLICT;
    }
    return err;
}

typedef struct { /* an entry as it would be appended now */
    ol_entry e;
    ol_wr w;
    uint8_t room[OL_ENTRY_MAX];
    bool is_whole; /* it mentions all that there is (§4.2) */
} draft;

static OL_MUST ol_err draft_of(ol_line *l, const ol_own *own, const ol_submit *s, draft *d) {
    ol_entry all = { .kind = s->kind, .wall = ol_claim_time(l), .body = s->body };
    all.body_len = s->body_len, all.has_item = s->has_item;
    memcpy(all.item, s->item, sizeof all.item);
    all.signs = (uint8_t)s->signs;
    memcpy(all.sign, s->sign, sizeof all.sign);
    bool has_more = see(l, own, s->kind, &all);
    d->w = ol_wr_of(d->room, sizeof d->room);
    ol_err err = encode(own, s, &all, &d->e, &d->w);
    d->is_whole = !has_more && d->e.seens == all.seens;
    return err;
}

static OL_MUST ol_err put_draft(ol_line *l, ol_own *own, const draft *d, const ol_submit *s) {
    ol_err err = put_entry(l, own, &d->e, &d->w, s);
    l->batch_failing = l->batch_failing || err != OL_OK; /* half of it is there */
    return err;
}

/* What it cannot mention itself is mentioned before it (§4.2): else what its writer had read, or
 * what it refers to, would not be what it says. */
static OL_MUST ol_err append(ol_line *l, ol_own *own, const ol_submit *s) {
    uint8_t nothing = 0x80; /* an empty array */
    const ol_submit more = { .kind = OL_KIND_MENTIONS, .body = &nothing, .body_len = 1 };
    const bool is_alone = s->kind == OL_KIND_OPENING || s->kind == OL_KIND_HANDBACK;
    draft d;
    ol_err err = draft_of(l, own, s, &d);
    while (err == OL_OK && !d.is_whole && !is_alone) {
        ol_limit_spend(l, more.body_len);
        err = draft_of(l, own, &more, &d);
        if (err == OL_OK)
            err = put_draft(l, own, &d, &more);
        if (err == OL_OK)
            err = draft_of(l, own, s, &d);
    }
    return err == OL_OK ? put_draft(l, own, &d, s) : err;
}

static ol_log *predecessor(const ol_line *l, uint8_t lane) {
    for (size_t i = l->log.n; i > 0; i--)
        if (l->log.v[i - 1]->is_own && l->log.v[i - 1]->key.lane == lane)
            return l->log.v[i - 1];
    return NULL;
}

/* A log with nothing in it begins with its opening (§6.2). */
static OL_MUST ol_err open_log(ol_line *l, uint8_t lane) {
    ol_own *own = &l->own[lane];
    if (own->log == NULL) {
        ol_log *before = predecessor(l, lane);
        ol_log_key key = { .party = l->self, .lane = lane };
        do
            ol_random(l, key.incarnation, sizeof key.incarnation);
        while (ol_log_find(l, &key) != NULL);
        ol_log *log = ol_log_add(l, &key);
        if (log == NULL)
            return l->log.n >= OL_LOGS_MAX ? OL_ELIMIT : OL_ENOMEM;
        bool is_first = before == NULL && !(l->may_have_spoken && l->has_forgotten);
        log->why = is_first            ? OL_WHY_FIRST
                   : before == NULL    ? own->next_why /* none that is known: who knows more? */
                   : before->is_forked ? OL_WHY_FORK   /* known before a restart, too */
                                       : own->next_why;
        log->generation = l->generation, log->log_pk = l->peer[l->self].p.log_pk;
        seen_free(l, &own->seen);
        seen_free(l, &own->undo);
        own->has_undo = false;
        own->log = log;
        own->is_new = true;
    }
    if (own->log->tree.size > 0)
        return OL_OK;
    ol_opening o = { .why = own->log->why, .generation = l->generation };
    for (size_t i = own->log->place; i > 0 && !o.has_predecessor; i--) {
        const ol_log *log = l->log.v[i - 1];
        if (!log->is_own || log->key.lane != lane)
            continue;
        o.has_predecessor = true, o.size = log->tree.size;
        memcpy(o.predecessor, log->key.incarnation, sizeof o.predecessor);
        ol_hash root = ol_frontier_root(&log->tree);
        memcpy(o.root, root.b, sizeof o.root);
    }
    uint8_t body[128];
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_opening_encode(&o, &w);
    ol_submit s = { .kind = OL_KIND_OPENING, .body = body, .body_len = w.len };
    own->log->note_opened = true;
    return append(l, own, &s);
}

/* Beside the token bucket: there are few of these, one for an incarnation at most. */
ol_err ol_append_own(ol_line *l, uint8_t lane, uint64_t kind, const uint8_t *body, size_t len) {
    if (!ol_batch_has_room(l) || l->batch_failing)
        return OL_EAGAIN;
    ol_err err = open_log(l, lane);
    ol_submit s = { .kind = kind, .body = (uint8_t *)(uintptr_t)body, .body_len = len };
    if (err == OL_OK && kind != OL_KIND_OPENING)
        err = append(l, &l->own[lane], &s);
    if (err == OL_OK)
        l->wants_commit = true;
    return err;
}

void ol_append_close(ol_line *l, ol_log *log, uint8_t why) {
    ol_own *own = &l->own[log->key.lane];
    log->is_closed = true, log->wants_close = log->is_put;
    l->wants_commit = true;
    if (own->log == log)
        own->log = NULL, own->next_why = why;
}

/* ---- submissions ---- */

/* What is submitted is always answered: a place for it, whichever way it goes, is made before. */
static bool has_places(ol_line *l) {
    size_t said = l->unsaid.n + l->submit.n + 1;
    void *v = ol_mem_grow(l->mem, l->unsaid.v, &l->unsaid.cap, said, sizeof *l->unsaid.v);
    if (v == NULL)
        return false;
    l->unsaid.v = v;
    v = ol_mem_grow(l->mem, l->answer.v, &l->answer.cap, l->answer.n + said, sizeof *l->answer.v);
    if (v != NULL)
        l->answer.v = v;
    return v != NULL;
}

static void answer(ol_line *l, const ol_answer *a, bool is_now) {
    ol_answer *slot = is_now ? OL_PUSH(l, &l->answer) : OL_PUSH(l, &l->unsaid);
    OL_ASSERT(slot != NULL);
    *slot = *a;
}

static bool in_batch(const ol_line *l, const uint8_t *item, ol_answer *a) {
    for (size_t i = 0; i < l->batch.n; i++) {
        const ol_put *p = &l->batch.put[i];
        if (p->kind != OL_PUT_ENTRY || p->item == NULL || memcmp(p->item, item, OL_ITEM_LEN) != 0)
            continue;
        a->log = p->log, a->index = p->at;
        return true;
    }
    return false;
}

static void take(ol_line *l, ol_submit *s) {
    ol_answer a = { .token = s->token };
    if (s->has_item && in_batch(l, s->item, &a)) { /* the same again, before it was durable */
        answer(l, &a, false);
        return;
    }
    if (l->storage != 0)
        a.err = ol_line_stopped(l);
    else
        a.wait_s = ol_limit_append_s(l, s->lane, s->kind, (ol_bytes){ s->body, s->body_len }),
        a.err = a.wait_s > 0 ? OL_ELIMIT : OL_OK;
    ol_own *own = &l->own[s->lane];
    if (a.err == OL_OK)
        a.err = open_log(l, s->lane);
    if (a.err == OL_OK)
        a.err = append(l, own, s);
    if (own->log != NULL)
        a.log = own->log->key, a.index = own->log->tree.size - (a.err == OL_OK ? 1 : 0);
    answer(l, &a, a.err != OL_OK);
}

static void submit_free(ol_line *l, ol_submit *s) {
    ol_mem_put(l->mem, s->body, s->body_len, 1);
    ol_mem_put(l->mem, s->read, s->reads, sizeof *s->read);
}

/* The batch is out or full: the submission waits, as a copy. */
static OL_MUST ol_err keep(ol_line *l, const ol_submit *s) {
    ol_submit c = *s;
    c.body = ol_mem_get0(l->mem, s->body_len, 1);
    c.read = ol_mem_get0(l->mem, s->reads, sizeof *s->read);
    ol_submit *slot = NULL;
    if (c.body != NULL && (c.read != NULL || s->reads == 0) && l->submit.n < OL_SUBMITS_MAX)
        slot = OL_PUSH(l, &l->submit);
    if (slot == NULL) {
        submit_free(l, &c);
        return OL_EAGAIN;
    }
    memcpy(c.body, s->body, s->body_len);
    if (s->reads > 0)
        memcpy(c.read, s->read, s->reads * sizeof *s->read);
    *slot = c;
    return OL_OK;
}

void ol_append_submit(ol_line *l, const ol_event *ev) {
    ol_submit s = { .token = ev->submit.token, .lane = ev->submit.lane, .kind = ev->submit.kind };
    s.has_item = ev->submit.item != NULL;
    if (s.has_item)
        memcpy(s.item, ev->submit.item, sizeof s.item);
    s.body = (uint8_t *)(uintptr_t)ev->submit.body.p, s.body_len = ev->submit.body.len;
    s.has_read = ev->submit.has_read, s.reads = s.has_read ? ev->submit.reads : 0;
    s.read = (ol_known *)(uintptr_t)ev->submit.read;
    OL_ASSERT(ev->submit.signs <= (s.has_item ? OL_SIGNS_MAX : 0));
    for (; s.signs < ev->submit.signs; s.signs++)
        s.sign[s.signs] = ev->submit.sign[s.signs];
    OL_ASSERT(s.lane < OL_LANES && s.body_len > 0 && s.kind != OL_KIND_OPENING);
    if (!has_places(l)) {
        l->refused = (ol_answer){ .token = s.token, .err = OL_ENOMEM };
        return;
    }
    if (l->storage == 0 && (!ol_batch_has_room(l) || l->submit.n > 0)) {
        ol_err err = keep(l, &s);
        if (err != OL_OK)
            answer(l, &(ol_answer){ .token = s.token, .err = err }, true);
        return;
    }
    take(l, &s);
}

void ol_append_waiting(ol_line *l) {
    size_t done = 0;
    while (done < l->submit.n && (ol_batch_has_room(l) || l->storage != 0)) {
        take(l, &l->submit.v[done]);
        submit_free(l, &l->submit.v[done++]);
    }
    if (done == 0)
        return;
    l->submit.n -= done;
    memmove(l->submit.v, l->submit.v + done, l->submit.n * sizeof *l->submit.v);
}
