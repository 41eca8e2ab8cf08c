#include "line/turn.h"

enum { LATE_MS = 50 }; /* a timer may be */

uint32_t ol_turn_hold_ms(uint32_t turnaround_ms) {
    uint64_t ms = UINT64_C(4) * turnaround_ms;
    ms = ms > OL_TURN_HOLD_MAX_MS ? OL_TURN_HOLD_MAX_MS : ms;
    return ms > OL_TURN_HOLD_MS ? (uint32_t)ms : OL_TURN_HOLD_MS;
}

/* Silence that counts as OVER. */
static uint64_t silence_ms(const ol_turn *t) {
    return (uint64_t)t->o.turnaround_ms + UINT64_C(2) * t->o.frame_ms;
}

/* splitmix64 */
static uint64_t draw(ol_turn *t) {
    t->draw += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = t->draw;
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void ol_turn_init(ol_turn *t, const ol_turn_opts *opts, ol_mono now) {
    *t = (ol_turn){ .o = *opts, .draw = opts->seed };
    if (t->o.hold_ms == 0)
        t->o.hold_ms = ol_turn_hold_ms(t->o.turnaround_ms);
    t->free_ms = now.ms + silence_ms(t); /* somebody may be talking */
}

/* Two that talked at once know it by the silence after. From then on each begins only where slots
 * of its own begin, and in the one before it would have heard the other: whenever they have
 * something to say again, and be it at the same time. */
static bool is_slot(const ol_turn *t, uint64_t n) {
    return n > 0 && n % t->period == t->offset;
}

bool ol_turn_may(const ol_turn *t, ol_mono now) {
    if (t->state != OL_TURN_WAIT)
        return t->state == OL_TURN_TALK || now.ms >= t->free_ms;
    if (now.ms < t->air_ms)
        return false;
    uint64_t since = now.ms - t->air_ms, slot = silence_ms(t);
    return slot == 0 || (is_slot(t, since / slot) && since % slot <= t->o.frame_ms / 2 + LATE_MS);
}

bool ol_turn_has_room(const ol_turn *t, ol_mono now) {
    if (t->state != OL_TURN_TALK)
        return ol_turn_may(t, now);
    uint64_t until = (t->air_ms > now.ms ? t->air_ms : now.ms) + t->o.frame_ms;
    return until - t->began_ms <= t->o.hold_ms;
}

bool ol_turn_owes_over(const ol_turn *t, ol_mono now) {
    return t->state == OL_TURN_TALK || (t->owes_over && now.ms >= t->free_ms);
}

static void on_air(ol_turn *t, uint32_t air_ms, ol_mono now) {
    t->air_ms = (t->air_ms > now.ms ? t->air_ms : now.ms) + air_ms;
}

void ol_turn_said(ol_turn *t, uint32_t air_ms, ol_mono now) {
    if (t->state != OL_TURN_TALK)
        t->began_ms = t->air_ms = now.ms;
    t->state = OL_TURN_TALK;
    t->has_heard = t->owes_over = false;
    on_air(t, air_ms, now);
}

void ol_turn_said_over(ol_turn *t, uint32_t air_ms, ol_mono now) {
    on_air(t, air_ms, now);
    t->has_heard = t->owes_over = false;
    if (t->state != OL_TURN_TALK) {
        t->state = OL_TURN_LISTEN; /* an answer, that wants none */
        t->free_ms = t->air_ms + silence_ms(t);
        return;
    }
    t->state = OL_TURN_WAIT;
    t->tries += t->tries < OL_TURN_TRIES_MAX;
    t->period = 2 * t->tries;
    t->offset = (t->o.is_first ? 1 : 0) + 2 * (unsigned)(draw(t) % t->tries);
}

/* What is heard, by anyone, keeps us silent for one longest transmission and no more. */
static void listen(ol_turn *t, uint64_t for_ms, ol_mono now) {
    if (t->state == OL_TURN_WAIT || now.ms >= t->free_ms)
        t->heard_ms = now.ms;
    t->state = OL_TURN_LISTEN;
    uint64_t most = t->heard_ms + t->o.hold_ms + silence_ms(t);
    t->free_ms = now.ms + for_ms < most ? now.ms + for_ms : most;
}

void ol_turn_heard(ol_turn *t, ol_mono now) {
    t->tries = 0;
    if (t->state == OL_TURN_TALK)
        return; /* who talks goes on: else a word of anybody's would silence it */
    listen(t, silence_ms(t), now);
    t->has_heard = true, t->owes_over = false;
}

void ol_turn_heard_over(ol_turn *t, ol_mono now) {
    t->tries = 0;
    if (t->state == OL_TURN_TALK)
        return;
    listen(t, t->o.turnaround_ms, now);
    t->owes_over = t->has_heard, t->has_heard = false;
}

uint64_t ol_turn_due(const ol_turn *t, ol_mono now) {
    if (t->state == OL_TURN_TALK)
        return OL_NEVER;
    if (t->state == OL_TURN_LISTEN && t->free_ms > now.ms)
        return t->free_ms;
    if (t->state == OL_TURN_LISTEN)
        return t->owes_over ? now.ms : OL_NEVER;
    uint64_t slot = silence_ms(t), n = 1;
    if (slot == 0)
        return now.ms < t->air_ms ? t->air_ms : OL_NEVER;
    if (now.ms >= t->air_ms)
        n += (now.ms - t->air_ms) / slot;
    while (!is_slot(t, n))
        n++;
    return t->air_ms + n * slot;
}
