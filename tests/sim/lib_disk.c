#include "lib_disk.h"

#include <stdlib.h>

#include "base/err.h"
#include "sim/lib_torn_vfs.h"
#include "store/mem.h"
#include "store/sqlite.h"

struct sim_disk {
    ol_mem mem;
    ol_store *store;
    torn_disk *torn; /* NULL: in memory */
    sim_disk_random *draw;
    void *ctx;
};

/* Opening recovers what the last power failure left, and power may fail then, too. */
static const char *open_torn(sim_disk *d, bool may_fail) {
    static ol_store_why why;
    for (unsigned tries = 0;; tries++) {
        if (may_fail && tries < 3 && d->draw(d->ctx, 4) == 0)
            torn_disk_cut_in(d->torn, 1 + d->draw(d->ctx, 24));
        ol_err err = ol_store_sqlite_open(torn_disk_home(d->torn), NULL, &d->store, &why);
        if (err == OL_OK && !torn_disk_is_dead(d->torn))
            break;
        if (!torn_disk_is_dead(d->torn))
            return why.text;
        if (err == OL_OK)
            d->store->ops->close(d->store);
        torn_disk_power(d->torn, true, d->draw, d->ctx);
    }
    torn_disk_cut_in(d->torn, 0);
    return NULL;
}

sim_disk *sim_disk_new(bool is_sqlite, sim_disk_random *draw, void *ctx) {
    sim_disk *d = calloc(1, sizeof *d);
    OL_ASSERT(d != NULL);
    d->draw = draw, d->ctx = ctx;
    ol_mem_heap(&d->mem, 256 << 20);
    if (is_sqlite)
        OL_ASSERT((d->torn = torn_disk_new()) != NULL && open_torn(d, false) == NULL);
    else
        OL_ASSERT(ol_store_mem_new(&d->mem, &d->store) == OL_OK);
    return d;
}

sim_disk *sim_disk_copy(const sim_disk *from) {
    sim_disk *d = calloc(1, sizeof *d);
    OL_ASSERT(d != NULL);
    d->draw = from->draw, d->ctx = from->ctx;
    ol_mem_heap(&d->mem, 256 << 20);
    if (from->torn != NULL)
        OL_ASSERT((d->torn = torn_disk_copy(from->torn)) != NULL && open_torn(d, false) == NULL);
    else
        OL_ASSERT(ol_store_mem_copy(from->store, &d->mem, &d->store) == OL_OK);
    return d;
}

void sim_disk_free(sim_disk *d) {
    if (d == NULL)
        return;
    d->store->ops->close(d->store);
    if (d->torn != NULL)
        torn_disk_free(d->torn);
    free(d);
}

size_t sim_disk_used(const sim_disk *d) {
    return d->mem.used;
}

ol_store *sim_disk_store(sim_disk *d) {
    return d->store;
}

void sim_disk_cut_in(sim_disk *d, uint64_t nth) {
    if (d->torn != NULL)
        torn_disk_cut_in(d->torn, nth);
}

bool sim_disk_is_dead(const sim_disk *d) {
    return d->torn != NULL && torn_disk_is_dead(d->torn);
}

const char *sim_disk_again(sim_disk *d, bool has_lost_power) {
    if (d->torn == NULL) {
        ol_store_mem_crash(d->store);
        return NULL;
    }
    torn_disk_stop(d->torn); /* whatever is written from now on is never written */
    d->store->ops->close(d->store);
    torn_disk_power(d->torn, has_lost_power, d->draw, d->ctx);
    return open_torn(d, has_lost_power);
}

void sim_disk_full_in(sim_disk *d, uint64_t nth) {
    if (d->torn != NULL)
        torn_disk_full_in(d->torn, nth * 3);
    else
        ol_store_mem_fail(d->store, nth, OL_EFULL);
}
