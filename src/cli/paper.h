/* cli/paper.h — what openline paper take collects: bundles that are whole, and what is wrong.
 * Sources  pictures give parts, which are joined over all files; a typed text gives one bundle.
 * Wrong    each mistake is told as it is found: a line on stderr, or with --json an object with
 *          "ok": false, "file", "line" (0: none) and "what". */
#ifndef OL_CLI_PAPER_H
#define OL_CLI_PAPER_H

#include "cli/cli.h"
#include "paper/groups.h"
#include "paper/parts.h"

enum { OL_CLI_PAPER_BUNDLES_MAX = 256, OL_CLI_PAPER_PARTS_MAX = 4096, OL_CLI_PAPER_TEXT = 1 << 20 };

typedef struct {
    size_t wrong;   /* mistakes told */
    bool has_lines; /* some of them in typed lines */
    bool has_parts; /* some of them parts that are missing */
    size_t n;
    struct ol_cli_paper_bundle {
        uint8_t *p;
        size_t len;
        char file[400]; /* where it was written */
    } bundle[OL_CLI_PAPER_BUNDLES_MAX];
    size_t parts, pictures;
    ol_part_of part[OL_CLI_PAPER_PARTS_MAX];
    uint8_t **picture; /* what the parts lie in: one of each picture */
} ol_cli_paper;

/* An exit code for what ends everything, else -1. */
int ol_cli_paper_keep(ol_cli *c, ol_cli_paper *p, const uint8_t *bundle, size_t len);
void ol_cli_paper_wrong(ol_cli *c, ol_cli_paper *p, const char *file, unsigned line,
                        const char *what, ...) __attribute__((format(printf, 5, 6)));

/* paper_text.c: the groups of one bundle; from a terminal line by line, with an answer to each. */
int ol_cli_paper_text(ol_cli *c, ol_cli_paper *p, const char *file, const char *text, size_t len);
int ol_cli_paper_ask(ol_cli *c, ol_cli_paper *p);

/* paper_scan.c: a picture that stands at the beginning of a descriptor; then all parts. */
int ol_cli_paper_scan(ol_cli *c, ol_cli_paper *p, const char *file, int fd);
int ol_cli_paper_join(ol_cli *c, ol_cli_paper *p);

#endif
