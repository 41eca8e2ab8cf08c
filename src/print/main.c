/* openline-paper — puts sealed bundles on paper: QR codes for a terminal, as a picture, as sheets
 * with groups to be read aloud. A process of its own, because what draws is many times as large as
 * a station may be. openline paper make starts it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/text.h"
#include "base/version.h"
#include "paper/parts.h"
#include "print/job.h"

enum { INPUT_MAX = OL_PRINT_BUNDLES_MAX * (OL_PARTS_BUNDLE_MAX + 4) };

static int usage(void) {
    (void)fputs("usage: openline-paper terminal|png|pdf [groups] [colour] [part=N] [title=T] "
                "[from=T] [to=T] [when=T] < BUNDLES\nEach bundle: four bytes of length, then the "
                "bundle. People use openline paper make.\n",
                stderr);
    return 2;
}

static bool take_word(ol_print_job *job, const char *word) {
    static const char *const key[] = { "title=", "from=", "to=", "when=" };
    const char **value[] = { &job->title, &job->from, &job->to, &job->when };
    uint64_t part = 0;
    if (strcmp(word, "groups") == 0)
        return job->has_groups = true;
    if (strcmp(word, "colour") == 0)
        return job->has_colour = true;
    if (strncmp(word, "part=", 5) == 0) {
        bool is_part = ol_u64_get(word + 5, strlen(word + 5), 1, OL_PARTS_MAX, &part) == OL_OK;
        job->part = (size_t)part;
        return is_part;
    }
    for (size_t i = 0; i < OL_LEN(key); i++)
        if (strncmp(word, key[i], strlen(key[i])) == 0) {
            *value[i] = word + strlen(key[i]);
            return ol_utf8_is_valid((const uint8_t *)*value[i], strlen(*value[i]));
        }
    return false;
}

static bool read_bundles(ol_print_job *job, uint8_t *input, size_t len) {
    ol_rd r = ol_rd_of(input, len);
    while (r.left > 0 && r.err == OL_OK && job->n < OL_PRINT_BUNDLES_MAX) {
        size_t n = (size_t)ol_rd_be(&r, 4);
        const uint8_t *p = ol_rd_take(&r, n);
        if (p == NULL || n == 0 || n > OL_PARTS_BUNDLE_MAX)
            return false;
        job->bundle[job->n++] = (ol_print_bundle){ p, n };
    }
    return ol_rd_end(&r) == OL_OK && job->n > 0;
}

int main(int argc, char **argv) {
    static uint8_t input[INPUT_MAX];
    ol_print_job job = { .part = 1 };
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("openline-paper %s\n", OL_VERSION) < 0;
    for (int i = 2; i < argc; i++)
        if (!take_word(&job, argv[i]))
            return usage();
    bool (*print)(const ol_print_job *) = argc < 2                           ? NULL
                                          : strcmp(argv[1], "terminal") == 0 ? ol_print_terminal
                                          : strcmp(argv[1], "png") == 0      ? ol_print_png
                                          : strcmp(argv[1], "pdf") == 0      ? ol_print_pdf
                                                                             : NULL;
    if (print == NULL)
        return usage();
    if (!read_bundles(&job, input, fread(input, 1, sizeof input, stdin)))
        return usage();
    if (print(&job))
        return 0;
    (void)fputs("openline-paper: it could not be drawn: no memory, or the output is not taken; "
                "make room and try again\n",
                stderr);
    return 1;
}
