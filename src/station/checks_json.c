/* Line checks and the state of a line, as clients and hooks are told them (docs/CONTROL.md). */
#include <jansson.h>

#include "line/checks.h"
#include "station/duty.h"

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v); /* no memory: the key is missing, nothing worse */
}

static json_t *wall_json(uint64_t wall) {
    return wall > 0 ? json_integer((json_int_t)wall) : json_null();
}

json_t *ol_checks_event_json(const ol_api_line *line, const ol_duty_note *n) {
    const char *party = line->charter->party[n->party].name;
    if (n->what == OL_DUTY_LINE)
        return json_pack("{s:s, s:s, s:s}", "event", "line", "line", line->name, "state",
                         ol_line_state_name((ol_line_state)n->verb));
    json_t *o = json_pack("{s:s, s:s, s:s}", "event", "alarm", "line", line->name, "party", party);
    if (n->what == OL_DUTY_PATH_SILENT) {
        set(o, "alarm", json_string("path-silent"));
        set(o, "bearer", json_string(n->path.bearer));
        set(o, "check", json_integer((json_int_t)n->number));
        return o;
    }
    set(o, "alarm", json_string(n->what == OL_DUTY_CHECK_MISSED ? "check-missed" : "check-back"));
    set(o, "last", json_integer((json_int_t)n->number));
    set(o, "time", wall_json(n->time));
    return o;
}

static json_t *party_json(const ol_checks_party *p, ol_mono now) {
    json_t *o =
        json_pack("{s:s, s:b}", "state", ol_line_state_name(p->state), "missed", p->is_missed);
    set(o, "last", json_integer((json_int_t)p->number));
    set(o, "time", wall_json(p->wall));
    set(o, "heard_ms_ago",
        p->heard_ms > 0 && now.ms >= p->heard_ms ? json_integer((json_int_t)(now.ms - p->heard_ms))
                                                 : json_null());
    return o;
}

json_t *ol_checks_json(const ol_api_line *line, const ol_duty *duty, ol_mono now) {
    ol_checks_status s;
    ol_checks_status_of(duty, &s);
    json_t *o = json_object(), *parties = json_object();
    set(o, "interval", json_integer((json_int_t)line->charter->check_s));
    set(o, "last", json_integer((json_int_t)s.number));
    set(o, "next_ms",
        s.due_ms != OL_NEVER && s.due_ms > now.ms ? json_integer((json_int_t)(s.due_ms - now.ms))
                                                  : json_null());
    for (uint8_t i = 0; i < line->charter->parties; i++)
        if (s.party[i].is_member)
            set(parties, line->charter->party[i].name, party_json(&s.party[i], now));
    set(o, "parties", parties);
    return o;
}

void ol_checks_state_json(const ol_duty *duty, ol_mono now, json_t *o) {
    ol_checks_status s;
    ol_checks_status_of(duty, &s);
    set(o, "state", json_string(ol_line_state_name(s.state)));
    set(o, "state_since", wall_json(s.since_wall));
    set(o, "state_ms", json_integer((json_int_t)(now.ms > s.since_ms ? now.ms - s.since_ms : 0)));
}
