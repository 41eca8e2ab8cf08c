/* print/job.h — what is to be put on paper, and the sheets that come of it.
 * Bundles  each as u32 length ‖ bytes on standard input; what is printed goes to standard output.
 * Errors   false: no memory, or the output was not taken.
 * Source   docs/PROTOCOL.md §12. */
#ifndef OL_PRINT_JOB_H
#define OL_PRINT_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OL_PRINT_BUNDLES_MAX = 64 };

typedef struct {
    const uint8_t *p;
    size_t len;
} ol_print_bundle;

typedef struct {
    const char *title, *from, *to, *when; /* NULL: not said */
    bool has_groups, has_colour;
    size_t part; /* of the first bundle, from 1: the one for a picture */
    size_t n;
    ol_print_bundle bundle[OL_PRINT_BUNDLES_MAX];
} ol_print_job;

bool ol_print_terminal(const ol_print_job *job);
bool ol_print_png(const ol_print_job *job);
bool ol_print_pdf(const ol_print_job *job);

#endif
