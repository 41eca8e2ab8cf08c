/* base/limits.h — sizes that several rooms share.
 * Source   docs/PROTOCOL.md §1, §2.4, §8. */
#ifndef OL_BASE_LIMITS_H
#define OL_BASE_LIMITS_H

enum {
    OL_PARTIES_MIN = 2,
    OL_PARTIES_MAX = 16,
    OL_LINE_ID_LEN = 16, /* the first bytes of a SHA-256 */
    OL_SIG_LEN = 64      /* Ed25519 */
};

#endif
