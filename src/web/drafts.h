/* web/drafts.h — what one officer has signed and another is to release, as long as this server
 * runs: in memory alone, and seen by every console of it.
 * Shape    a draft is the file that openline send --draft or call --draft made, and the words of it
 *          as that command printed them: {"draft": number, "line", "kind", "officer", "written",
 *          "message" or "call"}. Numbers are not used twice.
 * Bounds   OL_DRAFTS drafts of OL_DRAFT_MAX bytes; one is dropped OL_DRAFT_S after it was signed.
 * Time     now_s: a clock that only runs.
 * Memory   an ol_drafts owns what is in it; JSON that is given stays the caller's.
 * Source   docs/CONSOLE.md 3, docs/PROTOCOL.md §4.8 */
#ifndef OL_WEB_DRAFTS_H
#define OL_WEB_DRAFTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OL_DRAFTS = 16, OL_DRAFT_S = 12 * 3600, OL_DRAFT_MAX = 16384 };

typedef struct {
    uint64_t number; /* 0: no draft is here */
    uint64_t since_s;
    bool is_busy; /* it is being released */
    json_t *shown, *file;
} ol_draft;

typedef struct {
    ol_draft draft[OL_DRAFTS];
    uint64_t last; /* number */
} ol_drafts;

bool ol_drafts_is_full(const ol_drafts *d);
/* result: what the command printed; file: in base64. NULL: it is none, or there is no room. */
const ol_draft *ol_drafts_add(ol_drafts *d, const json_t *result, const json_t *file,
                              uint64_t now_s);
ol_draft *ol_drafts_find(ol_drafts *d, const json_t *number); /* NULL: no such draft */
const char *ol_draft_line(const ol_draft *d);
/* Each once; the last that is over, in *ret_line its line, until false. */
bool ol_drafts_over(ol_drafts *d, uint64_t now_s, uint64_t *ret_number, char ret_line[33]);
void ol_drafts_drop(ol_draft *d);
json_t *ol_drafts_list(const ol_drafts *d); /* in their order; a new reference */

#endif
