/* line/switch.h — the first bytes of a frame → line, peer, path, meaning; one per station.
 * A frame from a stranger costs one look-up here and nothing else.
 * Shape    tags of 2 to 4 bytes, prefix-free; a binary search over at most OL_TAGS_MAX. Far tags,
 *          at most OL_FAR_TAGS_MAX, are looked for when none of these fits; two may be the same:
 *          one is found.
 * Errors   add: OL_ECONFLICT when a tag is a prefix of another or the reverse, OL_ELIMIT when full.
 * Source   docs/PROTOCOL.md §5.1 */
#ifndef OL_LINE_SWITCH_H
#define OL_LINE_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"

enum { OL_TAG_MAX = 4, OL_TAGS_MAX = 16384, OL_FAR_TAGS_MAX = 131072 };

typedef enum { OL_TAG_HINT, OL_TAG_SESSION } ol_tag_kind;

typedef struct {
    uint16_t line; /* ol_line_opts.line_number */
    uint8_t kind;  /* ol_tag_kind */
    uint8_t party; /* who sends with this tag */
    uint8_t slot;  /* the engine's own: which handshake or session; of a hint: which epoch */
    uint8_t len;   /* of the tag */
} ol_switch_hit;

typedef struct ol_switch ol_switch;

OL_MUST ol_err ol_switch_new(ol_mem *mem, ol_switch **ret);
void ol_switch_free(ol_switch *sw);
OL_MUST ol_err ol_switch_add(ol_switch *sw, const uint8_t *tag, size_t len,
                             const ol_switch_hit *hit);
OL_MUST ol_err ol_switch_add_far(ol_switch *sw, const uint8_t *tag, size_t len,
                                 const ol_switch_hit *hit);
/* All of this kind, far ones too. */
void ol_switch_drop_hints(ol_switch *sw, uint16_t line, uint8_t party);
void ol_switch_remove(ol_switch *sw, const uint8_t *tag, size_t len);
OL_MUST ol_err ol_switch_find(const ol_switch *sw, const uint8_t *frame, size_t len,
                              ol_switch_hit *ret); /* OL_ENOENT: a stranger */

#endif
