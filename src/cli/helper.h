/* cli/helper.h — programs that are installed beside this one and do one thing in a process of their
 * own. A helper gets an input and words, gives bytes, and says on stderr what was wrong.
 * Bounds   output at most out_max bytes, OL_CLI_HELPER_SECONDS of time; then it is ended.
 * Errors   OL_ENOENT not installed; OL_EFORM it refused, said has its sentence ("what; what to
 *          do"); OL_ELIMIT too much output or time; OL_EAGAIN it was ended; OL_ENOMEM, OL_EIO. For
 *          all of them said is a sentence to tell. */
#ifndef OL_CLI_HELPER_H
#define OL_CLI_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "station/why.h"

enum { OL_CLI_HELPER_SECONDS = 60, OL_CLI_HELPER_WORDS_MAX = 16 };

typedef struct {
    const char *name;         /* "openline-scan" */
    const char *const *words; /* after the name; NULL ends them */
    int input;                /* a descriptor, read from where it stands */
    bool is_bare;             /* it gets an empty environment and the root directory */
    size_t out_max;
} ol_cli_helper;

/* *ret: free() it. */
OL_MUST ol_err ol_cli_helper_run(const ol_cli_helper *h, uint8_t **ret, size_t *ret_len,
                                 ol_why *said);
/* A descriptor of a file in memory that holds these bytes; -1: errno. */
int ol_cli_helper_memory(const void *p, size_t len);

#endif
