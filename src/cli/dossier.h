/* cli/dossier.h — the joint record of a line as one document: what the cli/dossier*.c files share.
 * Model    a JSON object (docs/CONTROL.md, section "Dossier") that holds all that is told; text and
 *          HTML are made of it and of nothing else, so that the three say the same.
 * Same     the same record and options give the same bytes: no time of printing, no name of a host.
 * Trust    none in what the model's strings hold: who prints them escapes them.
 * Memory   the model is the caller's; kept entries are copies. */
#ifndef OL_CLI_DOSSIER_H
#define OL_CLI_DOSSIER_H

#include <jansson.h>
#include <stdio.h>

#include "cli/cli.h"
#include "record/availability.h"
#include "record/chain.h"
#include "record/verify.h"
#include "station/desk.h"

typedef struct { /* the entries of a record as they came, by log of the view */
    struct ol_dossier_log {
        struct ol_dossier_bytes {
            uint8_t *p;
            size_t len;
            size_t target; /* the place of what it stands beside, or OL_VIEW_NONE */
        } * entry;
        size_t n, cap;
        uint64_t *message; /* which of them are messages that can be read */
        size_t messages;
        unsigned digits; /* so many of its incarnation name it */
    } * log;
    size_t logs;
} ol_dossier_kept;

OL_MUST ol_err ol_dossier_keep(ol_dossier_kept *k, size_t log, uint64_t index, const uint8_t *entry,
                               size_t len);
void ol_dossier_kept_free(ol_dossier_kept *k);

typedef struct {
    uint64_t from, to; /* of wall times, both included */
    bool has_checks;   /* every line check is an item, not only those that tell of missed ones */
    const ol_chain *chain;
    const char *line;
} ol_dossier_opts;

/* dossier_items.c: the keys items, availability of the model, of a view that is finished. */
OL_MUST ol_err ol_dossier_items(json_t *model, const ol_view *view, ol_dossier_kept *kept,
                                const ol_dossier_opts *o);
/* The availability of each member (docs/PROTOCOL.md §11.5). */
json_t *ol_dossier_availability(const ol_avail *avail, const ol_dossier_opts *o);

/* dossier_text.c, dossier_html.c */
void ol_dossier_text(FILE *to, const json_t *model);
void ol_dossier_html(FILE *to, const json_t *model);
/* Sentences that both print alike. to: room for what is told. */
enum { OL_DOSSIER_WORDS_MAX = 512 };
void ol_dossier_stamp(const json_t *time, char to[32]); /* 2026-11-21T14:54:07Z, or "–" */
void ol_dossier_title(const json_t *item, char to[OL_DOSSIER_WORDS_MAX]);
/* The lines under an item but its text; fn gets each, with a word for its kind. */
typedef void ol_dossier_line_fn(void *ctx, const char *label, const char *text);
void ol_dossier_lines(const json_t *item, ol_dossier_line_fn *fn, void *ctx);
/* The same for the dossier as a whole, before and after its items. */
void ol_dossier_head(const json_t *model, ol_dossier_line_fn *fn, void *ctx);
void ol_dossier_tail(const json_t *model, ol_dossier_line_fn *fn, void *ctx);

/* dossier_time.c: a date-time group, ISO 8601, or a day. is_end: the last second that it means. */
OL_MUST ol_err ol_dossier_time(const char *s, bool is_end, uint64_t *ret);

#endif
