/* Bundles that clients make, hand in or look into (docs/CONTROL.md). */
#include <stdlib.h>
#include <string.h>

#include "station/control_parts.h"
#include "wire/item.h"

void ol_client_bundle_drop(ol_client *cl) {
    free(cl->bundle.in);
    if (cl->bundle.plan != NULL)
        ol_api_bundle_drop(cl->c->desk.station, cl->c->desk.line[cl->bundle.line]->number,
                           cl->bundle.plan);
    cl->bundle.in = NULL, cl->bundle.len = 0;
    cl->bundle.plan = NULL;
}

/* ---- making ---- */

static ol_err look(ol_client *cl, const ol_request *r, size_t line, int party, ol_refusal *why) {
    const ol_api_line *l = cl->c->desk.line[line];
    ol_plan_how how = r->all != 0 ? OL_PLAN_ALL : OL_PLAN_AGAIN;
    ol_client_bundle_drop(cl);
    ol_err err = OL_ESTATE;
    if (party >= 0)
        err = ol_api_bundle_look(cl->c->desk.station, l->number, (uint8_t)party, how,
                                 &cl->bundle.plan);
    cl->bundle.line = line, cl->bundle.party = party;
    if (err == OL_ESTATE)
        return ol_refuse(why, OL_ENOENT, "name another party of the line",
                         "%s is no other party of the line %s now", r->party, r->line);
    return err;
}

static ol_err put_made(json_t *reply, const ol_api_line *l, const ol_request *r, const uint8_t *p,
                       const ol_bundle_made *made) {
    char name[OL_BUNDLE_NAME_LEN + 1];
    char *text = malloc(OL_B64_LEN(made->len) + 1);
    if (text == NULL)
        return OL_ENOMEM;
    ol_b64_put(p, made->len, text);
    ol_bundle_name(&made->clear, name);
    json_t *o =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:s}", "line", l->name, "party",
                  r->party, "name", name, "epoch", (json_int_t)made->clear.epoch, "counter",
                  (json_int_t)made->clear.counter, "entries", (json_int_t)made->entries, "receipts",
                  (json_int_t)made->receipts, "more", made->has_more, "bundle", text);
    free(text);
    return json_object_update_new(reply, o) == 0 ? OL_OK : OL_ENOMEM;
}

ol_err ol_control_make(ol_client *cl, const ol_request *r, json_t *reply, ol_refusal *why) {
    static uint8_t room[OL_BUNDLE_MADE];
    size_t line, max = (r->given & OL_GIVEN_MAX) != 0 ? (size_t)r->max : OL_BUNDLE_MADE;
    ol_bundle_made made;
    _Static_assert((int)OL_CONTROL_BUNDLE_MAX == (int)OL_BUNDLE_MADE, "fits a line");
    _Static_assert((int)OL_CONTROL_BUNDLE_MIN == (int)OL_BUNDLE_LEAST, "as refused");
    ol_err err = ol_desk_line(&cl->c->desk, r, &line, why);
    if (err != OL_OK)
        return err;
    const ol_api_line *l = cl->c->desk.line[line];
    int party = ol_charter_party(l->charter, r->party, strlen(r->party));
    bool is_on = cl->bundle.plan != NULL && cl->bundle.line == line && cl->bundle.party == party;
    if (r->next != 0 && !is_on)
        return ol_refuse(why, OL_ESTATE, "ask without \"next\" first",
                         "this client has no bundles of this line for %s under way", r->party);
    if (r->next == 0)
        err = look(cl, r, line, party, why);
    if (err == OL_OK)
        err = ol_api_bundle_next(cl->c->desk.station, l->number, cl->bundle.plan, room, max, &made);
    if (err == OL_OK)
        err = put_made(reply, l, r, room, &made);
    if (err == OL_ENOENT && why->what[0] == '\0') { /* that is an answer */
        ol_client_bundle_drop(cl);
        return json_object_update_new(reply, json_pack("{s:s, s:s, s:b, s:n}", "line", l->name,
                                                       "party", r->party, "more", 0, "bundle")) == 0
                   ? OL_OK
                   : OL_ENOMEM;
    }
    if (err == OL_EAGAIN)
        return ol_refuse(why, err, "try again in a moment", "the keys are not there yet");
    if (err != OL_OK || !made.has_more)
        ol_client_bundle_drop(cl);
    return err;
}

/* ---- handing in ---- */

static ol_err not_ours(ol_client *cl, const uint8_t *p, size_t len, ol_refusal *why) {
    ol_bundle_clear clear;
    size_t line;
    uint8_t party;
    if (ol_bundle_clear_get(p, len, &clear) != OL_OK)
        return ol_refuse(why, OL_EFORM, "leave it alone", "it is no bundle: %s",
                         len < OL_BUNDLE_OVERHEAD ? "too short" : "too long");
    if (ol_api_bundle_own(cl->c->desk.station, &clear, &line, &party)) {
        const ol_api_line *l = ol_api_line_at(cl->c->desk.station, line);
        return ol_refuse(why, OL_EEXIST, "bring it to them",
                         "it is one of ours, of the line %s for %s, epoch %u, number %llu", l->name,
                         l->charter->party[party].name, (unsigned)clear.epoch,
                         (unsigned long long)clear.counter);
    }
    return ol_refuse(why, OL_ENOENT,
                     "leave it alone; where it should be for here, ask whoever made it for a new "
                     "one",
                     "it is not for any line of this station, or so old that its keys are erased "
                     "here (it says epoch %u)",
                     (unsigned)clear.epoch);
}

static ol_err hand_in(ol_client *cl, const ol_request *r, ol_refusal *why) {
    ol_control *c = cl->c;
    uint32_t token = 0;
    ol_asked *place = ol_control_place(c, &token);
    OL_ASSERT(place != NULL); /* lines are not treated while all are used */
    ol_err err = ol_api_bundle_take(c->desk.station, token, r->what == OL_DO_BUNDLE_SHOW,
                                    cl->bundle.in, cl->bundle.len);
    if (err == OL_ENOENT)
        err = not_ours(cl, cl->bundle.in, cl->bundle.len, why);
    else if (err == OL_EAGAIN)
        err = ol_refuse(why, err, "try again in a moment", "too many bundles wait");
    if (err == OL_OK) {
        *place = (ol_asked){ true, cl, r->id, 0 };
        c->asks++;
    }
    return err;
}

ol_err ol_control_take(ol_client *cl, const ol_request *r, bool *ret_is_later, ol_refusal *why) {
    ol_err err = OL_OK;
    if (cl->bundle.in == NULL)
        cl->bundle.in = malloc(OL_BUNDLE_MAX);
    if (cl->bundle.in == NULL)
        return OL_ENOMEM;
    if (r->body_len > OL_BUNDLE_MAX - cl->bundle.len)
        err = ol_refuse(why, OL_ELIMIT, "leave it alone", "it is no bundle: longer than %d bytes",
                        OL_BUNDLE_MAX);
    if (err == OL_OK) {
        memcpy(cl->bundle.in + cl->bundle.len, r->body, r->body_len);
        cl->bundle.len += r->body_len;
        if (r->more != 0)
            return OL_OK;
        err = hand_in(cl, r, why);
        *ret_is_later = err == OL_OK;
    }
    free(cl->bundle.in);
    cl->bundle.in = NULL, cl->bundle.len = 0;
    return err;
}

/* ---- the answer ---- */

static const char *type_name(ol_item_type type) {
    switch (type) {
    case OL_ITEM_HEAD:
        return "head";
    case OL_ITEM_RECEIPT:
        return "receipt";
    case OL_ITEM_HAVE:
        return "have";
    case OL_ITEM_NOTE:
    case OL_ITEM_NOTE_R:
        return "note";
    default:
        return NULL;
    }
}

/* What is in it: rows of a log and what it says of that, as many as fit a line. */
static json_t *items_json(const ol_api_line *l, const uint8_t *p, size_t len) {
    enum { ROWS_MAX = 300 };
    json_t *list = json_array(), *row = NULL;
    ol_rd r = ol_rd_of(p, len);
    ol_item it = { 0 };
    char name[OL_DESK_NAME_LEN + 1] = "";
    while (r.left > 0 && ol_item_get(&r, &it) == OL_OK && json_array_size(list) < ROWS_MAX) {
        const char *word = type_name(it.type);
        if (it.type == OL_ITEM_LOG_FULL)
            name[0] = '\0', row = NULL;
        if (it.type == OL_ITEM_LOG_FULL && it.log.party < l->charter->parties)
            ol_desk_log_name(l, &it.log, name); /* else no party of the line: without a name */
        if (it.type == OL_ITEM_ENTRY || it.type == OL_ITEM_NEXT || it.type == OL_ITEM_PART) {
            bool is_on = row != NULL && it.type != OL_ITEM_PART;
            if (!is_on)
                (void)json_array_append_new(
                    list, row = json_pack("{s:s, s:s, s:I, s:I}", "log", name, "what",
                                          it.type == OL_ITEM_PART ? "piece" : "entries", "from",
                                          (json_int_t)it.index, "count", (json_int_t)0));
            (void)json_object_set_new(
                row, "count", json_integer(json_integer_value(json_object_get(row, "count")) + 1));
            row = it.type == OL_ITEM_PART ? NULL : row;
        } else if (word != NULL) {
            row = NULL;
            json_t *o = json_pack("{s:s, s:s, s:I}", "log", name, "what", word, "size",
                                  (json_int_t)it.size);
            bool has_party = it.type == OL_ITEM_RECEIPT || it.type == OL_ITEM_NOTE_R;
            if (has_party && it.party < l->charter->parties)
                (void)json_object_set_new(o, "party",
                                          json_string(l->charter->party[it.party].name));
            (void)json_array_append_new(list, o);
        }
    }
    return list;
}

static ol_err refuse(const ol_bundle_read *read, ol_refusal *why) {
    static const char todo[] = "leave it alone; ask whoever made it for a new one";
    switch (read->err) {
    case OL_ESHORT:
    case OL_ELIMIT:
    case OL_EAUTH:
        return ol_refuse(why, OL_EAUTH, todo,
                         "it is damaged, or somebody else made it: it does not open");
    case OL_EFORM:
        return ol_refuse(why, OL_EFORM, todo, "what is in it cannot be read");
    case OL_EFULL:
        return ol_refuse(why, OL_EFULL, "free some space, then take it again",
                         "the disk is full: nothing of it was stored");
    case OL_EAGAIN:
        return ol_refuse(why, OL_EAGAIN, "try again in a moment", "the keys are not there yet");
    default:
        return ol_refuse(why, read->err, "look at the station's log, then take it again",
                         "nothing of it was stored: %s", ol_err_text(read->err));
    }
}

void ol_control_bundle(ol_control *c, size_t number, const ol_bundle_read *read) {
    ol_asked asked;
    if (!ol_control_asked(c, read->token, &asked))
        return;
    ol_refusal why = { .has_id = true, .id = asked.id };
    if (read->err != OL_OK) {
        (void)refuse(read, &why);
        ol_client_send(asked.client, ol_error_json(&why));
        return;
    }
    const ol_api_line *l = ol_api_line_at(c->desk.station, number);
    json_t *o = json_pack("{s:I, s:b, s:s, s:s, s:I, s:I}", "id", (json_int_t)asked.id, "ok", 1,
                          "line", l->name, "party", l->charter->party[read->party].name, "epoch",
                          (json_int_t)read->epoch, "counter", (json_int_t)read->counter);
    if (read->items != NULL)
        (void)json_object_set_new(o, "items", items_json(l, read->items, read->items_len));
    else
        (void)json_object_update_new(
            o, json_pack("{s:I, s:I, s:I}", "entries", (json_int_t)read->entries, "receipts",
                         (json_int_t)read->receipts, "waiting", (json_int_t)read->waiting));
    ol_client_send(asked.client, o);
}
