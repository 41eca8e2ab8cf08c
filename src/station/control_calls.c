/* `calls`: the open calls of a line and the last that ended; what the duty machine tells. */
#include "station/control_parts.h"
#include "station/duty.h"

enum { ROOM = OL_CONTROL_LINE_MAX - 4096 }; /* for one more call, and the rest of the reply */

ol_err ol_control_calls(ol_control *c, const ol_request *r, json_t *reply, ol_refusal *why) {
    size_t number;
    ol_mono now;
    ol_call_status s;
    ol_err err = ol_desk_line(&c->desk, r, &number, why);
    if (err != OL_OK)
        return err;
    const ol_api_line *line = c->desk.line[number];
    const ol_duty *duty = ol_api_duty(c->desk.station, line->number, &now);
    json_t *calls = json_array();
    size_t bytes = 0, n = (r->given & OL_GIVEN_FROM) != 0 ? (size_t)r->from : 0;
    bool has_more = false;
    for (; duty != NULL && !has_more && ol_calls_at(duty, n, now, &s); n++) {
        json_t *one = ol_duty_call_json(line, duty, &s, now);
        bytes += json_dumpb(one, NULL, 0, JSON_COMPACT) + 1;
        has_more = bytes > ROOM;
        if (!has_more)
            (void)json_array_append(calls, one);
        json_decref(one);
    }
    (void)json_object_set_new(reply, "line", json_string(line->name));
    (void)json_object_set_new(reply, "calls", calls);
    (void)json_object_set_new(reply, "next",
                              has_more ? json_integer((json_int_t)n - 1) : json_null());
    return OL_OK;
}

void ol_control_event(ol_control *c, size_t line, json_t *event) {
    if (!c->is_stopping && event != NULL && line < c->desk.lines)
        ol_follow_pass(c, line, json_incref(event));
}

ol_err ol_control_may_call(ol_control *c, size_t number, const ol_request *r, ol_refusal *why) {
    ol_mono now;
    ol_call call;
    const char *fault;
    const ol_api_line *line = c->desk.line[number];
    const ol_duty *duty = ol_api_duty(c->desk.station, line->number, &now);
    if (duty == NULL || ol_call_decode(r->body, r->body_len, &call, &fault) != OL_OK)
        return OL_OK;
    switch (ol_calls_room(duty, line->self, call.called, call.status)) {
    case OL_CALLS_ROOM:
        return OL_OK;
    case OL_CALLS_FULL:
        return ol_refuse(why, OL_ELIMIT, "wait until one is closed, or withdraw one",
                         "%d calls of ours are open", OL_CALLS_OWN_MAX);
    case OL_CALLS_UNRUNG:
        break;
    }
    return ol_refuse(why, OL_ELIMIT, "wait until one is closed, or withdraw one",
                     "%d calls of ours to one party are open, and its station rings no more",
                     OL_CALLS_OPEN_MAX);
}
