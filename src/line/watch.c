#include "line/watch.h"

#include "line/duty_parts.h"
#include "wire/kind.h"
#include "wire/officer.h"

struct ol_watches {
    uint32_t known; /* a bit per party */
    ol_watch_status party[OL_PARTIES_MAX];
};

static OL_MUST ol_err watches_open(ol_duty *d) {
    d->watches = ol_mem_get0(d->o.mem, 1, sizeof *d->watches);
    return d->watches != NULL ? OL_OK : OL_ENOMEM;
}

static void watches_close(ol_duty *d) {
    ol_mem_put(d->o.mem, d->watches, 1, sizeof *d->watches);
}

static bool is_after(const ol_duty_fact *f, const ol_watch_status *last) {
    return ol_log_key_eq(f->log, &last->log) ? f->index > last->index : f->e->wall >= last->wall;
}

static OL_MUST ol_err watches_fact(ol_duty *d, const ol_duty_fact *f) {
    uint8_t party = f->log->party;
    ol_watch_status *s = &d->watches->party[party];
    bool is_known = (d->watches->known >> party & 1) != 0;
    ol_watch w;
    const char *why = NULL;
    if (f->e->kind != OL_KIND_WATCH ||
        ol_watch_decode(f->e->body, f->e->body_len, &w, &why) != OL_OK ||
        (is_known && !is_after(f, s)))
        return OL_OK;
    d->watches->known |= UINT32_C(1) << party;
    *s = (ol_watch_status){
        .log = *f->log, .index = f->index, .wall = f->e->wall, .officer = w.officer, .from = w.from
    };
    return OL_OK;
}

bool ol_watch_status_of(const ol_duty *d, uint8_t party, ol_watch_status *ret) {
    if (party >= d->o.parties || (d->watches->known >> party & 1) == 0)
        return false;
    *ret = d->watches->party[party];
    return true;
}

const ol_duty_row ol_watches_duty = { .open = watches_open,
                                      .close = watches_close,
                                      .fact = watches_fact };
