/* station/drive_bundle.c — bundles in, one at a time a line; and out, from the store. */
#include <stdlib.h>
#include <string.h>

#include "station/drive_parts.h"
#include "store/source.h"

/* The engine takes one at a time: the next goes in when the last has been told. */
static void hand_in(ol_drive *d, size_t number) {
    ol_driven *l = d->line[number];
    if (l->bundle == NULL || l->is_opening)
        return;
    ol_event ev = l->bundle->ev;
    ev.bundle.bundle = (ol_bytes){ l->bundle->p, l->bundle->len };
    l->is_opening = true;
    ol_drive_step(d, number, &ev);
}

ol_err ol_drive_bundle_take(ol_drive *d, uint32_t token, bool is_shown, uint8_t way,
                            const uint8_t *p, size_t len) {
    ol_event ev = { .kind = EV_BUNDLE };
    if (d->is_stopped)
        return OL_ESTATE;
    if (ol_switch_find(d->sw, p, len, &ev.bundle.hit) != OL_OK || ev.bundle.hit.kind != OL_TAG_HINT)
        return OL_ENOENT;
    ol_driven *l = d->line[ev.bundle.hit.line];
    ol_drive_bundle *b = l->bundles < OL_DRIVE_BUNDLES_MAX ? malloc(sizeof *b + len) : NULL;
    if (b == NULL)
        return l->bundles < OL_DRIVE_BUNDLES_MAX ? OL_ENOMEM : OL_EAGAIN;
    ev.bundle.token = token, ev.bundle.is_shown = is_shown, ev.bundle.way = way;
    b->next = NULL, b->ev = ev, b->len = len;
    memcpy(b->p, p, len);
    ol_drive_bundle **last = &l->bundle;
    while (*last != NULL)
        last = &(*last)->next;
    *last = b;
    l->bundles++;
    hand_in(d, l->number); /* its effects wait for the turn */
    return OL_OK;
}

static void drop_first(ol_driven *l) {
    ol_drive_bundle *b = l->bundle;
    l->bundle = b->next;
    l->bundles--;
    free(b);
}

void ol_drive_bundle_told(ol_drive *d, size_t number) {
    ol_driven *l = d->line[number];
    ol_event ev = { .kind = EV_BUNDLE_TOLD };
    if (d->o.hooks.bundle != NULL)
        d->o.hooks.bundle(d->o.hooks.ctx, number, ol_line_bundle(l->engine));
    drop_first(l);
    l->is_opening = false;
    ol_drive_step(d, number, &ev);
    hand_in(d, number);
}

void ol_drive_bundle_free(ol_driven *l) {
    while (l->bundle != NULL)
        drop_first(l);
}

ol_err ol_drive_bundle_look(ol_drive *d, size_t number, uint8_t party, ol_plan_how how,
                            ol_bundle_plan **plan) {
    ol_line *engine = d->line[number]->engine;
    ol_err err = *plan == NULL ? ol_bundle_plan_new(engine, party, plan) : OL_OK;
    return err == OL_OK ? ol_bundle_plan_look(engine, *plan, how) : err;
}

void ol_drive_bundle_drop(ol_drive *d, size_t number, ol_bundle_plan *plan) {
    ol_bundle_plan_free(d->line[number]->engine, plan);
}

ol_err ol_drive_bundle_next(ol_drive *d, size_t number, ol_bundle_plan *plan, uint8_t *buf,
                            size_t max, ol_bundle_made *ret) {
    ol_driven *l = d->line[number];
    ol_store_source from = { d->o.store, l->id };
    ol_bundle_source source;
    ol_store_source_of(&from, &source);
    ol_err err = ol_bundle_seal(l->engine, plan, &source, buf, max, ret);
    if (err == OL_OK || err == OL_EAGAIN) { /* the counter was used, and what went is to be told */
        ol_event ev = { .kind = EV_MORE };
        ol_drive_step(d, number, &ev);
    }
    return err;
}
