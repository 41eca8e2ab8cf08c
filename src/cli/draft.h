/* cli/draft.h — what one officer has signed and another is to release: a file that goes from hand
 * to hand at one station, one line of JSON.
 * Shape    {"openline": "draft 1", "line", "kind", "body", "item", "read", "signs"}; kind is
 *          message or call; body and signs are in base64. It says nothing to another station:
 *          `read` is a position of this one's store.
 * Source   docs/PROTOCOL.md §4.8 */
#ifndef OL_CLI_DRAFT_H
#define OL_CLI_DRAFT_H

#include "cli/people.h"

/* Instead of submitting it: the request, signed by p's officer, into the file. */
int ol_draft_write(ol_people *p, const char *file, uint64_t kind, const uint8_t *body, size_t len);
/* That it was written, and what to do with it. */
int ol_draft_print(ol_cli *c, const char *line, const char *file);
/* What is about to be said was shown: the word yes, on the terminal. -1, or a refusal told. verb:
 * "release" it, "send" it. */
int ol_draft_ask(ol_cli *c, const char *verb);

#endif
