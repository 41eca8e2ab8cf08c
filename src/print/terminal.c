/* Codes for a terminal: two rows of modules in one row of characters. With colours a code is black
 * on white whatever the terminal's are; without, what is dark is left in the text's colour. */
#include <stdio.h>

#include "paper/parts.h"
#include "print/code.h"
#include "print/job.h"

enum { PART_MAX = 331 }; /* version 13: 69 modules and the white around them in 80 columns */

static void put_code(const ol_print_code *c, bool has_colour) {
    static const char *const half[2][2] = { { " ", "▄" }, { "▀", "█" } };
    for (int y = -OL_PRINT_QUIET; y < c->side + OL_PRINT_QUIET; y += 2) {
        (void)fputs(has_colour ? "\033[38;5;16;48;5;231m" : "", stdout);
        for (int x = -OL_PRINT_QUIET; x < c->side + OL_PRINT_QUIET; x++)
            (void)fputs(half[ol_print_code_is_dark(c, x, y)][ol_print_code_is_dark(c, x, y + 1)],
                        stdout);
        (void)fputs(has_colour ? "\033[0m\n" : "\n", stdout);
    }
}

bool ol_print_terminal(const ol_print_job *job) {
    for (size_t i = 0; i < job->n; i++) {
        const ol_print_bundle *b = &job->bundle[i];
        size_t n = ol_parts_count(b->len, PART_MAX);
        uint8_t id[OL_PARTS_ID_LEN];
        ol_parts_id(b->p, b->len, id);
        for (size_t part = 1; part <= n; part++) {
            uint8_t bytes[OL_PARTS_PART_MAX];
            ol_print_code c = { 0 };
            size_t len = ol_parts_put(b->p, b->len, part, n, bytes);
            if (!ol_print_code_make(bytes, len, &c))
                return false;
            (void)printf("Part %zu of %zu of bundle %02x%02x%02x%02x, %zu bytes\n", part, n, id[0],
                         id[1], id[2], id[3], b->len);
            put_code(&c, job->has_colour);
            ol_print_code_free(&c);
        }
    }
    return fflush(stdout) == 0;
}
