/* The availability of each party from its line checks: docs/PROTOCOL.md §11.5. */
#include "cli/dossier.h"

static json_t *number(uint64_t v) {
    return json_integer((json_int_t)(v & OL_CONTROL_INT_MAX));
}

static json_t *gaps_json(const ol_avail *avail, uint8_t party, uint64_t from, uint64_t to) {
    json_t *gaps = json_array();
    uint64_t begin = 0, end = from;
    while (ol_avail_gap(avail, party, end, to, &begin, &end))
        (void)json_array_append_new(
            gaps, json_pack("{s:o, s:o}", "from", number(begin), "to", number(end)));
    return gaps;
}

static json_t *party_json(const ol_avail *avail, uint8_t party, const ol_dossier_opts *o) {
    uint64_t from = o->from > 0 ? o->from : OL_AVAIL_OWN;
    uint64_t to = o->to < OL_CONTROL_INT_MAX ? o->to + 1 : OL_AVAIL_OWN;
    json_t *one = json_pack("{s:s}", "party", o->chain->now.party[party].name);
    bool has_time = ol_avail_period(avail, party, &from, &to);
    ol_avail_share s = { 0 };
    if (has_time)
        s = ol_avail_of(avail, party, from, to);
    (void)json_object_set_new(one, "from", has_time ? number(from) : json_null());
    (void)json_object_set_new(one, "to", has_time ? number(to) : json_null());
    (void)json_object_set_new(one, "checks", number(s.checks));
    (void)json_object_set_new(one, "first", s.checks > 0 ? number(s.first) : json_null());
    (void)json_object_set_new(one, "last", s.checks > 0 ? number(s.last) : json_null());
    (void)json_object_set_new(one, "available", number(s.available));
    (void)json_object_set_new(one, "permille",
                              has_time ? number(s.available * 1000 / (to - from)) : json_null());
    (void)json_object_set_new(one, "gaps",
                              has_time ? gaps_json(avail, party, from, to) : json_array());
    return one;
}

json_t *ol_dossier_availability(const ol_avail *avail, const ol_dossier_opts *o) {
    json_t *all = json_array();
    for (uint8_t p = 0; p < o->chain->now.parties; p++)
        (void)json_array_append_new(all, party_json(avail, p, o));
    return all;
}
