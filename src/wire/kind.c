#include "wire/kind.h"

#include "wire/act.h"
#include "wire/call.h"
#include "wire/check.h"
#include "wire/handback.h"
#include "wire/order.h"
#include "wire/officer.h"

static const char *opening(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_opening o;
    *lane = at->lane;
    return ol_opening_decode(body, len, &o) == OL_OK ? NULL : "the opening has another form";
}

static const char *message(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_message m;
    const char *why = NULL;
    if (ol_message_decode(body, len, &m, &why) != OL_OK)
        return why;
    *lane = ol_message_lane(&m);
    return ol_message_misfit(&m, at->author, *lane, at->parties, at->rungs);
}

static bool message_ref(const uint8_t *body, size_t len, ol_ref *ret) {
    ol_message m;
    const char *why = NULL;
    if (ol_message_decode(body, len, &m, &why) != OL_OK || !m.has_ref)
        return false;
    *ret = m.ref;
    return true;
}

static const char *handback(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_handback h;
    *lane = OL_LANE_URGENT;
    if (ol_handback_decode(body, len, &h) != OL_OK)
        return "the handback has another form";
    return h.party < at->parties ? NULL : "the handback names no party of the charter";
}

/* Its `seen` is all it says. */
static const char *mentions(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    enum { CBOR_ARRAY = 4 };
    *lane = at->lane;
    return len > 0 && body[0] >> 5 == CBOR_ARRAY ? NULL : "the mentions have another form";
}

static const char *act(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_act a;
    const char *why = NULL;
    if (ol_act_decode(body, len, &a, &why) != OL_OK)
        return why;
    *lane = ol_act_lane(&a);
    return ol_act_misfit(&a, at->author, at->parties);
}

static bool act_ref(const uint8_t *body, size_t len, ol_ref *ret) {
    ol_act a;
    const char *why = NULL;
    if (ol_act_decode(body, len, &a, &why) != OL_OK || !a.has_ref)
        return false;
    *ret = a.ref;
    return true;
}

static const char *order(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_order o;
    const char *why = NULL;
    (void)at;
    *lane = OL_LANE_URGENT;
    return ol_order_decode(body, len, &o, &why) != OL_OK ? why : NULL;
}

static const char *call(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_call c;
    const char *why = NULL;
    *lane = OL_LANE_URGENT;
    return ol_call_decode(body, len, &c, &why) != OL_OK
               ? why
               : ol_call_misfit(&c, at->author, at->parties, at->rungs);
}

static bool call_ref(const uint8_t *body, size_t len, ol_ref *ret) {
    ol_call c;
    const char *why = NULL;
    if (ol_call_decode(body, len, &c, &why) != OL_OK || !c.has_ref)
        return false;
    *ret = c.ref;
    return true;
}

static const char *ring(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_ring r;
    const char *why = NULL;
    *lane = OL_LANE_URGENT;
    return ol_ring_decode(body, len, &r, &why) != OL_OK
               ? why
               : ol_ring_misfit(&r, at->author, at->parties, at->rungs);
}

static bool ring_ref(const uint8_t *body, size_t len, ol_ref *ret) {
    ol_ring r;
    const char *why = NULL;
    return ol_ring_decode(body, len, &r, &why) == OL_OK && (*ret = r.call, true);
}

static const char *reply(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_reply r;
    const char *why = NULL;
    *lane = OL_LANE_URGENT;
    return ol_reply_decode(body, len, &r, &why) != OL_OK
               ? why
               : ol_reply_misfit(&r, at->author, at->parties, at->rungs);
}

static bool reply_ref(const uint8_t *body, size_t len, ol_ref *ret) {
    ol_reply r;
    const char *why = NULL;
    return ol_reply_decode(body, len, &r, &why) == OL_OK && (*ret = r.call, true);
}

static const char *close(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_close c;
    const char *why = NULL;
    *lane = OL_LANE_URGENT;
    return ol_close_decode(body, len, &c, &why) != OL_OK
               ? why
               : ol_close_misfit(&c, at->author, at->parties);
}

static bool close_ref(const uint8_t *body, size_t len, ol_ref *ret) {
    ol_close c;
    const char *why = NULL;
    return ol_close_decode(body, len, &c, &why) == OL_OK && (*ret = c.call, true);
}

static const char *check(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_check c;
    const char *why = NULL;
    *lane = OL_LANE_URGENT;
    return ol_check_decode(body, len, &c, &why) != OL_OK ? why : ol_check_misfit(&c, at->parties);
}

static const char *officer(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_officer o;
    const char *why = NULL;
    *lane = OL_LANE_URGENT;
    return ol_officer_decode(body, len, &o, &why) == OL_OK ? ol_officer_misfit(&o, at->rungs) : why;
}

static const char *watch(const uint8_t *body, size_t len, const ol_kind_at *at, ol_lane *lane) {
    ol_watch o;
    const char *why = NULL;
    (void)at;
    *lane = OL_LANE_URGENT;
    return ol_watch_decode(body, len, &o, &why) == OL_OK ? NULL : why;
}

static const ol_kind kinds[] = {
    { OL_KIND_OPENING, "opening", OL_BY_STATION, opening, NULL },
    { OL_KIND_MESSAGE, "message", OL_BY_PEOPLE, message, message_ref },
    { OL_KIND_HANDBACK, "handback", OL_BY_STATION, handback, NULL },
    { OL_KIND_ACT, "act", OL_BY_PEOPLE, act, act_ref },
    { OL_KIND_OFFICER, "officer", OL_BY_PEOPLE, officer, NULL },
    { OL_KIND_WATCH, "watch", OL_BY_PEOPLE, watch, NULL },
    { OL_KIND_CALL, "call", OL_BY_EITHER, call, call_ref },
    { OL_KIND_RING, "ring", OL_BY_STATION, ring, ring_ref },
    { OL_KIND_REPLY, "reply", OL_BY_PEOPLE, reply, reply_ref },
    { OL_KIND_CLOSE, "close", OL_BY_EITHER, close, close_ref },
    { OL_KIND_CHECK, "check", OL_BY_STATION, check, NULL },
    { OL_KIND_ORDER, "order", OL_BY_PEOPLE, order, NULL },
    { OL_KIND_MENTIONS, "mentions", OL_BY_STATION, mentions, NULL },
};

const ol_kind *ol_kind_of(uint64_t kind) {
    for (size_t i = 0; i < OL_LEN(kinds); i++)
        if (kinds[i].kind == kind)
            return &kinds[i];
    return NULL;
}

const ol_kind *ol_kind_named(const char *name, size_t len) {
    for (size_t i = 0; i < OL_LEN(kinds); i++)
        if (strlen(kinds[i].name) == len && memcmp(kinds[i].name, name, len) == 0)
            return &kinds[i];
    return NULL;
}

const char *ol_kind_misfit(const ol_entry *e, const ol_kind_at *at) {
    const ol_kind *k = ol_kind_of(e->kind);
    ol_lane lane = at->lane;
    if (at->is_first != (e->kind == OL_KIND_OPENING))
        return "an opening stands first in a log, and nowhere else";
    if (k == NULL)
        return "it is of a kind that this version does not know";
    if (k->by == OL_BY_PEOPLE && !e->has_item)
        return e->kind == OL_KIND_MESSAGE ? "the message has no item id or no read"
                                          : "it has no item id or no read, and people write it";
    if (k->by == OL_BY_STATION && e->has_item && e->kind != OL_KIND_OPENING)
        return "it has an item id, and only stations write it";
    const char *why = k->misfit(e->body, e->body_len, at, &lane);
    if (why != NULL || lane == at->lane)
        return why;
    return at->lane == OL_LANE_URGENT ? "it stands in the wrong lane, urgent"
                                      : "it stands in the wrong lane, routine";
}

const char *ol_kind_submit(const ol_kind *k, const uint8_t *body, size_t len, const ol_kind_at *at,
                           ol_lane *ret_lane) {
    if (k->by == OL_BY_STATION)
        return "people do not write this kind of entry";
    return k->misfit(body, len, at, ret_lane);
}

bool ol_kind_ref(const ol_entry *e, ol_ref *ret) {
    const ol_kind *k = ol_kind_of(e->kind);
    return k != NULL && k->ref != NULL && k->ref(e->body, e->body_len, ret);
}

bool ol_kind_needs_two(uint64_t kind, const uint8_t *body, size_t len, unsigned precedences) {
    ol_message m;
    ol_call c;
    const char *why = NULL;
    if (kind == OL_KIND_MESSAGE && ol_message_decode(body, len, &m, &why) == OL_OK)
        return m.status != OL_TEST && (precedences >> m.precedence & 1) != 0;
    if (kind == OL_KIND_CALL && ol_call_decode(body, len, &c, &why) == OL_OK)
        return c.status != OL_TEST && (precedences >> c.precedence & 1) != 0;
    return false;
}
