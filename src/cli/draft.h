/* cli/draft.h — what one officer has signed and another is to release: a file that goes from hand
 * to hand at one station, one line of JSON.
 * Shape    {"openline": "draft 1", "line", "kind", "body", "item", "read", "signs"}; body and signs
 *          in base64. It says nothing to another station: `read` is a position of this one's store.
 * Source   docs/PROTOCOL.md §4.8 */
#ifndef OL_CLI_DRAFT_H
#define OL_CLI_DRAFT_H

#include "cli/people.h"

/* Instead of submitting it: the request, signed by p's officer, into the file. */
int ol_draft_write(ol_people *p, const char *file, const uint8_t *body, size_t len);

#endif
