/* Who has the watch of each party, for `status`: what its last word says, and whether the officer
 * himself has said so. That is judged once for each such word, by the joint view, which is not
 * built for it while the loop has had enough of that (station/desk.h): then it is not told yet. */
#include <string.h>

#include "line/watch.h"
#include "station/control_parts.h"

static void set(json_t *o, const char *key, json_t *v) {
    (void)json_object_set_new(o, key, v); /* no memory: the key is missing, nothing worse */
}

/* The officer's own sign on it: name and title are of the roster at that place. */
static const json_t *sign_of(const json_t *signs, json_int_t officer) {
    size_t i;
    json_t *s;
    json_array_foreach((json_t *)(uintptr_t)signs, i, s) {
        if (json_integer_value(json_object_get(s, "officer")) == officer &&
            json_is_true(json_object_get(s, "valid")))
            return s;
    }
    return NULL;
}

static void judge(ol_control *c, size_t number, const ol_watch_status *w, json_t *o) {
    json_t *said = json_object();
    ol_err err = ol_desk_signed(&c->desk, number, &w->log, w->index, said);
    const json_t *s = sign_of(json_object_get(said, "signed"), w->officer);
    if (err == OL_OK)
        set(o, "taken", json_boolean(s != NULL));
    if (s != NULL)
        set(o, "vouched", json_incref(json_object_get(s, "vouched")));
    static const char *const of_roster[] = { "name", "title", "names", "titles" };
    for (size_t i = 0; i < OL_LEN(of_roster); i++)
        if (s != NULL && json_object_get(s, of_roster[i]) != NULL)
            set(o, of_roster[i], json_incref(json_object_get(s, of_roster[i])));
    json_decref(said);
}

static json_t *watch_json(ol_control *c, size_t number, const ol_watch_status *w) {
    const ol_api_line *line = c->desk.line[number];
    char name[OL_DESK_NAME_LEN + 1];
    json_t *o = json_pack("{s:i, s:i, s:I}", "officer", (int)w->officer, "from", (int)w->from,
                          "since", (json_int_t)(w->wall & OL_CONTROL_INT_MAX));
    set(o, "entry", json_string(ol_desk_entry_name(line, &w->log, w->index, name)));
    set(o, "log", json_string(ol_desk_log_name(line, &w->log, name)));
    set(o, "index", json_integer((json_int_t)w->index));
    set(o, "taken", json_null());
    judge(c, number, w, o);
    return o;
}

static bool is_same(const json_t *a, const char *log, uint64_t index) {
    const char *has = json_string_value(json_object_get(a, "log"));
    return has != NULL && strcmp(has, log) == 0 &&
           json_integer_value(json_object_get(a, "index")) == (json_int_t)index &&
           json_is_boolean(json_object_get(a, "taken"));
}

json_t *ol_control_watches(ol_control *c, size_t number, const ol_duty *duty) {
    const ol_api_line *line = c->desk.line[number];
    json_t *known = c->watches[number], *all = json_object();
    bool had_view = c->desk.view != NULL;
    ol_watch_status w;
    for (uint8_t p = 0; p < line->charter->parties; p++) {
        char log[OL_DESK_NAME_LEN + 1];
        const char *party = line->charter->party[p].name;
        json_t *before = json_object_get(known, party);
        if ((line->generation[line->charter->generation].members >> p & 1) == 0 ||
            !ol_watch_status_of(duty, p, &w))
            continue;
        bool is_known = is_same(before, ol_desk_log_name(line, &w.log, log), w.index);
        set(all, party, is_known ? json_incref(before) : watch_json(c, number, &w));
    }
    if (!had_view)
        ol_desk_forget(&c->desk);
    json_decref(known);
    c->watches[number] = json_incref(all);
    return all;
}

void ol_control_watches_free(ol_control *c) {
    for (size_t i = 0; i < OL_LINES_MAX; i++)
        json_decref(c->watches[i]);
}
