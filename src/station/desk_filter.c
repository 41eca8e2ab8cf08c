/* Which entries of the joint view a `log` asks for: by what the view knows of each, so that no body
 * is read, and no text, for those that are left out. */
#include <string.h>

#include "station/desk.h"
#include "wire/kind.h"

enum { ANY = -1 };

static int number_of(const char *name, unsigned n, const char *(*name_of)(unsigned)) {
    for (unsigned i = 0; i < n; i++)
        if (strcmp(name, name_of(i)) == 0)
            return (int)i;
    return ANY;
}

static ol_err no_such(ol_refusal *why, const char *key, const char *what) {
    return ol_refuse(why, OL_EFORM, "give one of the words of docs/CONTROL.md", "\"%s\" is no %s",
                     key, what);
}

ol_err ol_desk_filter_of(const ol_api_line *line, const ol_request *r, ol_desk_filter *ret,
                         ol_refusal *why) {
    ol_desk_filter f = { .precedence = ANY, .status = ANY, .author = ANY };
    if ((r->given & OL_GIVEN_PRECEDENCE) != 0) {
        f.precedence = number_of(r->precedence, OL_PRECEDENCES, ol_precedence_name);
        if (f.precedence == ANY)
            return no_such(why, r->precedence, "precedence");
    }
    if ((r->given & OL_GIVEN_STATUS) != 0) {
        f.status = number_of(r->status, OL_STATUSES, ol_status_name);
        if (f.status == ANY)
            return no_such(why, r->status, "status");
    }
    if ((r->given & OL_GIVEN_AUTHOR) != 0) {
        f.author = ol_charter_party(line->charter, r->author, strlen(r->author));
        if (f.author < 0)
            return no_such(why, r->author, "party of the line");
    }
    if ((r->given & OL_GIVEN_KIND) != 0) {
        const ol_kind *kind = ol_kind_named(r->kind, strlen(r->kind));
        if (kind == NULL)
            return no_such(why, r->kind, "kind of entry");
        f.kind = kind->kind, f.has_kind = true;
    }
    f.is_brief = (r->given & OL_GIVEN_BRIEF) != 0 && r->brief != 0;
    f.is_unread = (r->given & OL_GIVEN_UNREAD) != 0 && r->unread != 0;
    f.is_given = f.precedence != ANY || f.status != ANY || f.author != ANY || f.has_kind ||
                 f.is_brief || f.is_unread;
    *ret = f;
    return OL_OK;
}

static bool is_of_people(const ol_view_item *item) {
    return item->kind == OL_KIND_MESSAGE || item->kind == OL_KIND_CALL;
}

/* What stations say of themselves. What cannot be read is for people to see. */
static bool is_machine(const ol_view_item *item) {
    return item->unreadable == NULL &&
           (item->kind == OL_KIND_OPENING || item->kind == OL_KIND_CHECK ||
            item->kind == OL_KIND_MENTIONS || item->kind == OL_KIND_HANDBACK);
}

/* A message of another party's that nobody of ours has acknowledged or answered. */
static bool is_unread(const ol_view *v, size_t at, const ol_view_item *item, uint8_t self) {
    if (!item->is_message || ol_view_log_key(v, item->log)->party == self)
        return false;
    ol_view_state s = ol_view_state_of(v, at, self);
    return s.seen == OL_VIEW_NOWHERE && s.answered == OL_VIEW_NOWHERE;
}

bool ol_desk_passes(const ol_desk_filter *f, const ol_view *v, size_t at, uint8_t self) {
    if (!f->is_given)
        return true;
    ol_view_item item = ol_view_at(v, at);
    bool is_readable = item.unreadable == NULL;
    if (f->precedence != ANY &&
        (!is_readable || !is_of_people(&item) || item.precedence != f->precedence))
        return false;
    if (f->status != ANY && (!item.has_status || item.status != f->status))
        return false;
    if (f->author != ANY && ol_view_log_key(v, item.log)->party != f->author)
        return false;
    if (f->has_kind && (!is_readable || item.kind != f->kind))
        return false;
    if (f->is_brief && is_machine(&item))
        return false;
    return !f->is_unread || is_unread(v, at, &item, self);
}
