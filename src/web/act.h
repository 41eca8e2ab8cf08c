/* web/act.h — what a console does is done by an openline command: the same words, checks and
 * refusals as at a terminal, and no second way to make an entry.
 * Shape    a request that command.h has a row for; the answer has what the command's --json printed
 *          last as `result`, or its `error`.
 * Drafts   what draft-send and draft-call make is kept (drafts.h), and release gets it from there.
 * Bounds   OL_ACTS_MAX at once a talk; OL_ACT_S seconds and OL_ACT_OUT bytes of output each. In
 *          all OL_ACTS_ALL, of them OL_ACTS_LOOKS for seats that only look, with those whose talk
 *          has ended: with OL_WEB_TALKS they leave the station clients for others.
 * Source   docs/CONTROL.md 3, docs/CONSOLE.md */
#ifndef OL_WEB_ACT_H
#define OL_WEB_ACT_H

#include <jansson.h>

#include "web/web.h"

enum { OL_ACTS_MAX = 4, OL_ACTS_ALL = 12, OL_ACTS_LOOKS = 4, OL_ACT_S = 60, OL_ACT_OUT = 4 << 20 };

typedef struct ol_acts ol_acts;

/* said takes the reference of what it is given. for_looks: of a seat that only looks. */
ol_acts *ol_acts_new(ol_web *w, void (*said)(void *user, json_t *o), void *user, bool for_looks);
void ol_acts_free(ol_acts *a); /* what runs goes on to its end, unheard */
void ol_act_begin(ol_acts *a, json_t *request);

#endif
