/* Pictures of codes. They are strangers' bytes: openline-scan reads them, confined, and what it
 * says is judged here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/helper.h"
#include "cli/paper.h"

enum { OUTPUT_MAX = 256 * (2 + 2953) };

static bool is_same(const ol_part_of *a, const ol_part_of *b) {
    return a->n == b->n && memcmp(a->id, b->id, sizeof a->id) == 0;
}

/* Another of that place is there already: the same, or not. */
static const ol_part_of *there(const ol_cli_paper *p, const ol_part_of *part) {
    for (size_t i = 0; i < p->parts; i++)
        if (is_same(&p->part[i], part) && p->part[i].i == part->i)
            return &p->part[i];
    return NULL;
}

static void take_part(ol_cli *c, ol_cli_paper *p, const char *file, const ol_part_of *part) {
    const ol_part_of *was = there(p, part);
    if (was != NULL && (was->len != part->len || memcmp(was->p, part->p, part->len) != 0))
        ol_cli_paper_wrong(c, p, file, 0,
                           "part %u of bundle %02x%02x%02x%02x differs from the one that was read "
                           "before",
                           part->i, part->id[0], part->id[1], part->id[2], part->id[3]);
    else if (was == NULL && p->parts == OL_CLI_PAPER_PARTS_MAX)
        ol_cli_paper_wrong(c, p, file, 0, "these are more than %d codes: give fewer at once",
                           OL_CLI_PAPER_PARTS_MAX);
    else if (was == NULL)
        p->part[p->parts++] = *part;
}

static void take_codes(ol_cli *c, ol_cli_paper *p, const char *file, const uint8_t *out,
                       size_t len) {
    ol_rd r = ol_rd_of(out, len);
    size_t codes = 0, others = 0;
    while (r.left > 0 && r.err == OL_OK) {
        size_t n = (size_t)ol_rd_be(&r, 2);
        const uint8_t *code = ol_rd_take(&r, n);
        ol_part_of part;
        if (code != NULL && ol_parts_get(code, n, &part) == OL_OK)
            take_part(c, p, file, &part), codes++;
        else
            others++;
    }
    if (codes == 0 && others > 0)
        ol_cli_paper_wrong(c, p, file, 0, "the codes in it are not of a bundle");
    else if (codes == 0)
        ol_cli_paper_wrong(c, p, file, 0,
                           "no code can be seen in it: photograph it again, nearer, straight from "
                           "above, in even light");
}

int ol_cli_paper_scan(ol_cli *c, ol_cli_paper *p, const char *file, int fd) {
    const ol_cli_helper h = {
        .name = "openline-scan", .input = fd, .is_bare = true, .out_max = OUTPUT_MAX
    };
    uint8_t *out = NULL;
    size_t len = 0;
    ol_why said = { "" };
    ol_err err = ol_cli_helper_run(&h, &out, &len, &said);
    if (err == OL_ENOENT || err == OL_ENOMEM || err == OL_EIO)
        return ol_cli_fail_why(c, err, &said);
    if (err != OL_OK) {
        ol_cli_paper_wrong(c, p, file, 0, "%s", said.text);
        return -1;
    }
    uint8_t **more = realloc(p->picture, (p->pictures + 1) * sizeof *more);
    if (more == NULL) {
        free(out);
        return ol_cli_fail(c, OL_ENOMEM, "give fewer at once", "there is no memory for %s", file);
    }
    p->picture = more;
    p->picture[p->pictures++] = out;
    take_codes(c, p, file, out, len);
    return -1;
}

/* The bundle that part `at` is of. */
static int join(ol_cli *c, ol_cli_paper *p, size_t at) {
    static uint8_t bundle[OL_PARTS_BUNDLE_MAX];
    const ol_part_of *of = &p->part[at];
    ol_part_of part[OL_PARTS_MAX];
    char id[2 * OL_PARTS_ID_LEN + 1];
    size_t has = 0, len = 0;
    unsigned missing = 0;
    ol_hex_put(of->id, sizeof of->id, id);
    for (unsigned i = 1; i <= of->n; i++) {
        ol_part_of want = *of;
        want.i = (uint8_t)i;
        const ol_part_of *found = there(p, &want);
        if (found != NULL)
            part[has++] = *found;
        else
            missing = i;
    }
    if (has < of->n) {
        p->has_parts = true;
        ol_cli_paper_wrong(c, p, NULL, 0,
                           of->n - has == 1 ? "bundle %s: part %u of %u is missing"
                                            : "bundle %s: part %u of %u and others are missing",
                           id, missing, of->n);
        return -1;
    }
    if (ol_parts_join(part, has, bundle, &len) == OL_OK)
        return ol_cli_paper_keep(c, p, bundle, len);
    ol_cli_paper_wrong(c, p, NULL, 0, "bundle %s: its parts do not make it: one is forged", id);
    return -1;
}

int ol_cli_paper_join(ol_cli *c, ol_cli_paper *p) {
    int code = -1;
    for (size_t i = 0; i < p->parts && code < 0; i++) {
        size_t first = 0;
        while (!is_same(&p->part[first], &p->part[i]))
            first++;
        if (first == i)
            code = join(c, p, i);
    }
    return code;
}
