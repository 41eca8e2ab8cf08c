/* paper/groups.h — a bundle as groups of digits, to be read aloud, written down and typed.
 * Shape    lines of groups of five digits: the line's number, at most 11 groups that carry two
 *          bytes each, a check group. In line 1 the first two groups are the bundle's length and
 *          the first two bytes of its SHA-256.
 * Check    (11 n + 11^2 g1 + 11^3 g2 + …) mod 99991 over number and groups. In a line it finds
 *          every one or two wrong digits, neighbouring digits that were swapped, swapped groups;
 *          of one wrong digit or one swap of neighbours it tells the group.
 * Reading  lines come in any order; the same line twice is once. Nothing of a wrong line is kept.
 * Memory   pure: no I/O, allocates nothing; ol_groups is the caller's, 70 KB.
 * Source   docs/PROTOCOL.md §12.1. */
#ifndef OL_PAPER_GROUPS_H
#define OL_PAPER_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum {
    OL_GROUPS_BUNDLE_MAX = 65535, /* bytes */
    OL_GROUPS_LINE_MAX = 11,      /* groups of a line, without the check group */
    OL_GROUPS_HEAD = 2,           /* of line 1: length and checksum */
    OL_GROUPS_LINES_MAX = 2980,
    OL_GROUPS_TEXT_MAX = 79 /* characters of a line as it is written */
};
_Static_assert((OL_GROUPS_LINES_MAX * OL_GROUPS_LINE_MAX - OL_GROUPS_HEAD) * 2 >=
                       OL_GROUPS_BUNDLE_MAX &&
                   ((OL_GROUPS_LINES_MAX - 1) * OL_GROUPS_LINE_MAX - OL_GROUPS_HEAD) * 2 <
                       OL_GROUPS_BUNDLE_MAX,
               "the longest bundle fills the last line");

/* Of a bundle of len bytes, 1..OL_GROUPS_BUNDLE_MAX. */
size_t ol_groups_lines(size_t len);
/* Its line of that number, from 1, without a newline. */
void ol_groups_put(const uint8_t *p, size_t len, size_t line, char to[OL_GROUPS_TEXT_MAX + 1]);

typedef enum {
    OL_GROUPS_RIGHT,     /* nothing is wrong */
    OL_GROUPS_CHARACTER, /* c stands at column: no digit */
    OL_GROUPS_NUMBER,    /* no line number that there can be */
    OL_GROUPS_DIGITS,    /* group has not five digits; 0: there is a digit too few or too many */
    OL_GROUPS_COUNT,     /* got groups stand where want must, the check group among them */
    OL_GROUPS_RANGE,     /* group is got: 0, or above want */
    OL_GROUPS_CHECK,     /* the check group does not fit; group: where it probably is; or belongs */
    OL_GROUPS_OTHER,     /* another line of this number was taken before */
    OL_GROUPS_BEYOND     /* by line 1 there are only want lines */
} ol_groups_fault;

typedef struct {
    ol_groups_fault fault;
    unsigned number;  /* of the line, as it was typed; 0: cannot be read */
    unsigned group;   /* from 1, the check group last; 0: cannot be told */
    unsigned belongs; /* the line is right under this number; 0: under none */
    unsigned column;  /* from 1, in characters */
    unsigned got, want;
    uint32_t c; /* code point; 0: not UTF-8 */
} ol_groups_wrong;

/* One bundle on its way in. All members are private. */
typedef struct {
    size_t lines;                      /* 0: line 1 has not come */
    uint8_t have[OL_GROUPS_LINES_MAX]; /* groups of each line; 0: has not come */
    uint16_t group[OL_GROUPS_LINES_MAX * OL_GROUPS_LINE_MAX];
} ol_groups;

void ol_groups_begin(ol_groups *g);
/* A line as somebody typed it, without its newline. A line of blanks, or whose first character is
 * '#', is none: OL_GROUPS_RIGHT with number 0. Of a wrong line nothing is kept. */
ol_groups_fault ol_groups_take(ol_groups *g, const char *text, size_t len, ol_groups_wrong *ret);
/* Lines that came before line 1 are judged by it: the first that is wrong is left out again and
 * told. To be called, when line 1 has come, until it is OL_GROUPS_RIGHT. */
ol_groups_fault ol_groups_settle(ol_groups *g, ol_groups_wrong *ret);
size_t ol_groups_count(const ol_groups *g); /* its lines; 0: line 1 has not come */
/* The first line from `from` (≥ 1) on that has not come; 0: none. Before line 1 has come this knows
 * of the lines up to the last one that has. */
unsigned ol_groups_missing(const ol_groups *g, unsigned from);
/* The bundle, where no line is missing: OL_ESTATE else. OL_EAUTH: each line is right by itself, and
 * together they are not the bundle that line 1 speaks of. to: OL_GROUPS_BUNDLE_MAX bytes, written
 * on any outcome. */
OL_MUST ol_err ol_groups_end(const ol_groups *g, uint8_t *to, size_t *ret_len);

/* What is wrong, for people: "group 4 has not five digits", without the line's number. */
enum { OL_GROUPS_SAYS_MAX = 200 };
void ol_groups_say(const ol_groups_wrong *w, char to[OL_GROUPS_SAYS_MAX]);

#endif
