/* base/limits.h — sizes that several rooms share.
 * Source   docs/PROTOCOL.md §1, §2.4, §8. */
#ifndef OL_BASE_LIMITS_H
#define OL_BASE_LIMITS_H

enum {
    OL_PARTIES_MIN = 2,
    OL_PARTIES_MAX = 16,
    OL_LINES_MAX = 256,      /* of one station */
    OL_GENERATIONS_MAX = 64, /* of a line: its charter and its amendments */
    OL_LINE_ID_LEN = 16,     /* the first bytes of a SHA-256 */
    OL_SIG_LEN = 64,         /* Ed25519 */
    OL_INC_LEN = 8,          /* an incarnation: 16 hex digits */
    OL_ITEM_LEN = 6,         /* an item id, chosen by the client */
    OL_SALT_LEN = 16         /* of a leaf, before its entry */
};

#endif
