/* Bundles made from a store that fails: what a plan counts as put is in a bundle (§5.5).
 *   sim_bundle [--verbose] */
#include <string.h>

#include "lib_inner.h"
#include "line/bundle.h"
#include "store/source.h"

#define IS(x) CHECK(w, x, "%s", #x)

typedef struct {
    ol_store_source from;
    ol_bundle_source real;
    unsigned fails_in; /* a bit per lane */
} failing;

static ol_err entries(void *ctx, const ol_log_key *log, uint64_t from, uint64_t to,
                      ol_bundle_entry_fn *fn, void *fn_ctx) {
    const failing *f = ctx;
    if ((f->fails_in >> log->lane & 1) != 0)
        return OL_EIO;
    return f->real.entries(f->real.ctx, log, from, to, fn, fn_ctx);
}

static ol_err heads(void *ctx, const ol_log_key *log, uint64_t from, uint64_t to,
                    ol_bundle_head_fn *fn, void *fn_ctx) {
    const failing *f = ctx;
    return f->real.heads(f->real.ctx, log, from, to, fn, fn_ctx);
}

static ol_err seal(sim_world *w, ol_bundle_plan *plan, unsigned fails_in, ol_bundle_made *ret) {
    static uint8_t file[OL_BUNDLE_MADE];
    failing f = { .from = { w->st[0].store, sim_line_id }, .fails_in = fails_in };
    ol_store_source_of(&f.from, &f.real);
    const ol_bundle_source source = { .ctx = &f, .entries = entries, .heads = heads };
    return ol_bundle_seal(w->st[0].line, plan, &source, file, sizeof file, ret);
}

int main(int argc, char **argv) {
    enum { URGENT = 1u << OL_LANE_URGENT, ROUTINE = 1u << OL_LANE_ROUTINE, EACH = 3 };
    sim_world *w = sim_new(75, 2, argc > 1 && strcmp(argv[1], "--verbose") == 0);
    ol_line *l;
    ol_bundle_plan *plan;
    ol_bundle_made urgent, routine, none;
    sim_start(w, 0); /* the other never is */
    for (unsigned i = 0; i < EACH; i++)
        sim_say(w, 0, OL_LANE_URGENT, 100), sim_say(w, 0, OL_LANE_ROUTINE, 100);
    sim_pass_ms(w, 5000);
    l = w->st[0].line;
    IS(ol_bundle_plan_new(l, 1, &plan) == OL_OK);
    IS(ol_bundle_plan_look(l, plan, OL_PLAN_NEW) == OL_OK);
    IS(seal(w, plan, URGENT | ROUTINE, &none) == OL_EIO);
    IS(ol_bundle_plan_look(l, plan, OL_PLAN_NEW) == OL_OK);
    IS(seal(w, plan, ROUTINE, &urgent) == OL_OK);
    IS(urgent.entries == 1 + EACH && urgent.has_more); /* its opening, too */
    IS(seal(w, plan, ROUTINE, &none) == OL_EIO);
    IS(ol_bundle_plan_look(l, plan, OL_PLAN_NEW) == OL_OK);
    IS(seal(w, plan, 0, &routine) == OL_OK);
    IS(routine.entries == 1 + EACH && !routine.has_more);
    IS(routine.clear.counter > urgent.clear.counter);
    IS(ol_bundle_plan_look(l, plan, OL_PLAN_NEW) == OL_ENOENT);
    sim_say(w, 0, OL_LANE_URGENT, 100), sim_say(w, 0, OL_LANE_ROUTINE, 100);
    sim_pass_ms(w, 5000);
    IS(ol_bundle_plan_look(l, plan, OL_PLAN_NEW) == OL_OK);
    IS(seal(w, plan, URGENT, &routine) == OL_OK); /* one that fails keeps no other back */
    IS(routine.entries == 1 && routine.has_more);
    IS(seal(w, plan, URGENT, &none) == OL_EIO);
    IS(seal(w, plan, 0, &urgent) == OL_OK);
    IS(urgent.entries == 1 && !urgent.has_more);
    ol_bundle_plan_free(l, plan);
    sim_free(w);
    printf("sim_bundle: what fails waits, and keeps no other back\n");
    return 0;
}
