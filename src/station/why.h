/* station/why.h — one sentence for the operator: what was wrong, and what to do.
 * Shape    "what was wrong; what to do", cut at the last "; "; where there is none the caller
 *          knows better. One line of UTF-8 without a full stop; names files, never contents.
 * Errors   what does not fit is cut. A NULL ol_why is allowed everywhere: nobody wants to know. */
#ifndef OL_STATION_WHY_H
#define OL_STATION_WHY_H

#include "base/err.h"

enum { OL_WHY_MAX = 768 };

typedef struct {
    char text[OL_WHY_MAX];
} ol_why;

/* Sets the sentence and returns err: `return ol_why_set(why, OL_EIO, "…", …);` */
ol_err ol_why_set(ol_why *why, ol_err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same from errno after a failed system call: "<sentence>: <what the system says>[; <hint>]".
 * ENOENT OL_ENOENT, EEXIST OL_EEXIST, ENOSPC and EDQUOT OL_EFULL, ENOMEM OL_ENOMEM, else OL_EIO. */
ol_err ol_why_errno(ol_why *why, int sys, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
