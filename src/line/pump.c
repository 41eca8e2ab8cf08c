/* Flags and queues → effects; what does not fit stays flagged and `more` is set. */
#include "line/fork.h"
#include "line/state.h"

static ol_effect *put(ol_effects *out, ol_effect_kind kind) {
    if (out->n == OL_FX_MAX) {
        out->more = true;
        return NULL;
    }
    ol_effect *fx = &out->v[out->n++];
    *fx = (ol_effect){ .kind = kind };
    return fx;
}

static bool note(ol_effects *out, ol_note_kind what, const ol_log *log, uint64_t size,
                 uint8_t party) {
    ol_effect *fx = put(out, FX_NOTIFY);
    if (fx == NULL)
        return false;
    fx->notify.what = what, fx->notify.size = size, fx->notify.party = party;
    if (log != NULL)
        fx->notify.log = log->key;
    return true;
}

static void put_dh(ol_line *l, ol_effects *out, uint32_t token, const uint8_t *peer, bool *wanted) {
    ol_effect *fx = *wanted ? put(out, FX_DH) : NULL;
    (void)l;
    if (fx == NULL)
        return;
    fx->dh.token = token;
    memcpy(fx->dh.peer, peer, 32);
    *wanted = false;
}

static void pump_dh(ol_line *l, ol_effects *out) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_peer *peer = &l->peer[p];
        put_dh(l, out, peer->dh_token, peer->p.static_pk, &peer->dh_wanted);
        for (size_t i = 0; i < OL_PATHS_PER_PEER; i++) {
            ol_path *path = &peer->path[i];
            if (path->is_up)
                put_dh(l, out, path->wait->token, path->wait->e, &path->wait->is_wanted);
        }
    }
}

static void pump_bundle(ol_line *l, ol_effects *out) {
    ol_inbox *in = &l->inbox;
    if (in->phase == IN_DH)
        put_dh(l, out, in->token, in->e, &in->is_wanted);
    if (in->phase == IN_DONE && !in->is_told)
        in->is_told = put(out, FX_BUNDLE) != NULL;
}

static void pump_jobs(ol_line *l, ol_effects *out) {
    for (size_t i = 0; i < l->job.n; i++) {
        ol_job *j = &l->job.v[i];
        ol_effect *fx = j->is_ready && !j->is_out ? put(out, FX_SIGN) : NULL;
        if (fx == NULL)
            continue;
        char origin[OL_NOTE_NAME_MAX + 1], text[OL_CHECKPOINT_TEXT_MAX];
        ol_checkpoint cp = { .size = j->size };
        cp.origin = (ol_str){ origin, ol_log_origin(l, &j->log->key, origin) };
        memcpy(cp.root.b, j->root, sizeof cp.root.b);
        fx->sign.token = j->token;
        fx->sign.key = j->is_receipt ? OL_KEY_RECEIPT : OL_KEY_LOG;
        if (j->is_receipt) {
            fx->sign.len = ol_receipt_message(&cp, j->time, fx->sign.text);
        } else {
            fx->sign.len = ol_checkpoint_put(&cp, text);
            memcpy(fx->sign.text, text, fx->sign.len);
        }
        j->is_out = true;
    }
}

static void pump_fetches(ol_line *l, ol_effects *out) {
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        uint64_t to = 0, head = 0, from = ol_chunk_fetch(l, log, &to, &head);
        ol_effect *fx = from == OL_NEVER ? NULL : put(out, FX_FETCH);
        if (fx == NULL)
            continue;
        log->fetch_from = from;
        log->fetch_token = ol_token(l);
        fx->fetch.token = log->fetch_token, fx->fetch.log = log->key;
        fx->fetch.from = from, fx->fetch.to = to, fx->fetch.head = head;
    }
}

static void pump_forks(ol_line *l, ol_effects *out) {
    ol_effect fx = { .kind = FX_FETCH };
    if (out->n < OL_FX_MAX && ol_fork_fetch(l, &fx))
        *put(out, FX_FETCH) = fx;
}

static bool reply(ol_effects *out, const ol_answer *a) {
    ol_effect *fx = put(out, FX_REPLY);
    if (fx == NULL)
        return false;
    fx->reply.token = a->token, fx->reply.err = a->err, fx->reply.log = a->log;
    fx->reply.index = a->index, fx->reply.wait_s = a->wait_s;
    return true;
}

static void pump_answers(ol_line *l, ol_effects *out) {
    size_t done = 0;
    while (done < l->answer.n && reply(out, &l->answer.v[done]))
        done++;
    l->answer.n -= done;
    if (done > 0 && l->answer.n > 0)
        memmove(l->answer.v, l->answer.v + done, l->answer.n * sizeof *l->answer.v);
}

static void pump_parties(ol_line *l, ol_effects *out, ol_log *log) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_sync *s = &log->sync[p];
        ol_got *g = &log->got[p];
        if (s->note_sent)
            s->note_sent = !note(out, OL_NOTE_SENT, log, s->sent_max, p);
        if (g->note && note(out, OL_NOTE_RECEIPT, log, g->size, p)) {
            out->v[out->n - 1].notify.time = g->time;
            out->v[out->n - 1].notify.way = g->way;
            g->note = false;
        }
    }
}

static void pump_logs(ol_line *l, ol_effects *out) {
    for (size_t i = 0; i < l->log.n; i++) {
        ol_log *log = l->log.v[i];
        if (log->note_opened && log->stored > 0)
            log->note_opened = !note(out, OL_NOTE_INCARNATION, log, log->why, l->self);
        if (log->note_recovered && !log->is_dirty)
            log->note_recovered = !note(out, OL_NOTE_RECOVERED, log, log->stored, l->self);
        if (log->note_stored)
            log->note_stored = !note(out, OL_NOTE_STORED, log, log->stored, log->key.party);
        if (log->note_fork)
            log->note_fork = !note(out, OL_NOTE_FORK, log, log->fork_size, log->fork_party);
        pump_parties(l, out, log);
    }
}

static void pump_paths(ol_line *l, ol_effects *out) {
    for (uint8_t p = 0; p < l->parties; p++) {
        ol_peer *peer = &l->peer[p];
        if (peer->note_stopped)
            peer->note_stopped = !note(out, OL_NOTE_PEER_STOPPED, NULL, peer->stopped, p);
        if (peer->credit.note)
            peer->credit.note = !note(out, OL_NOTE_DELAYS, NULL, peer->credit.what, p);
        for (uint8_t i = 0; i < OL_PATHS_PER_PEER; i++) {
            ol_path *path = &peer->path[i];
            ol_effect *fx = path->move != 0 ? put(out, FX_MOVE) : NULL;
            if (fx != NULL) {
                fx->move.path = (ol_path_id)(p * OL_PATHS_PER_PEER + i);
                fx->move.from = path->move;
                path->move = 0;
                path->has_address = true;
            }
            if (path->note && note(out, OL_NOTE_PATH, NULL, 0, p)) {
                out->v[out->n - 1].notify.path = (ol_path_id)(p * OL_PATHS_PER_PEER + i);
                path->note = false;
            }
        }
    }
}

static void pump_ratchet(ol_line *l, ol_effects *out) {
    ol_effect *fx = l->is_epoch_wanted ? put(out, FX_SAVE_RATCHET) : NULL;
    if (fx == NULL)
        return;
    fx->save_ratchet.token = l->epoch_token, fx->save_ratchet.party = l->epoch_party;
    l->is_epoch_wanted = false;
}

static void pump_timer(ol_line *l, ol_effects *out) {
    uint64_t next = ol_min_ms(ol_sync_next_ms(l), ol_path_next_ms(l));
    next = ol_min_ms(next, ol_min_ms(ol_relay_next_ms(l), ol_handback_next_ms(l)));
    next = ol_min_ms(next, ol_min_ms(l->save_ms, ol_fork_next_ms(l)));
    next = ol_min_ms(next, ol_copy_next_ms(l));
    next = ol_min_ms(next, ol_epoch_next_ms(l));
    if (next == OL_NEVER || next == l->timer_ms)
        return;
    ol_effect *fx = put(out, FX_TIMER);
    if (fx == NULL)
        return;
    /* Due still, although the timer has gone off: it waits for something else than time. */
    bool is_late = l->timer_ms == OL_NEVER && next <= l->mono_ms;
    fx->timer.at_ms = is_late ? l->mono_ms + OL_RETRY_MS : next;
    l->timer_ms = next;
}

void ol_pump(ol_line *l, ol_effects *out) {
    out->n = 0, out->more = false;
    if (l->refused.err != OL_OK && reply(out, &l->refused))
        l->refused = (ol_answer){ 0 };
    pump_dh(l, out);
    pump_bundle(l, out);
    pump_jobs(l, out);
    pump_fetches(l, out);
    pump_forks(l, out);
    pump_answers(l, out);
    pump_ratchet(l, out);
    pump_paths(l, out);
    pump_logs(l, out);
    if (l->note_copy)
        l->note_copy = !note(out, OL_NOTE_COPY, NULL, 0, l->self);
    if (l->note_clock)
        l->note_clock = !note(out, OL_NOTE_CLOCK, NULL, l->is_doubtful ? 1 : 0, l->self);
    if (l->wants_commit && !l->batch.is_out)
        (void)put(out, FX_COMMIT);
    pump_timer(l, out);
}
