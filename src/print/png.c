/* A code as a picture, with the words above it that say what it is. */
#include <cairo.h>
#include <stdio.h>

#include "base/err.h"
#include "paper/parts.h"
#include "print/draw.h"
#include "print/job.h"

enum { MODULE = 8, HEAD = 64, ROW = 22, FOOT = 30, MARGIN = 32, WIDE = 560 }; /* pixels */

static cairo_status_t put(void *ctx, const unsigned char *p, unsigned len) {
    (void)ctx;
    return fwrite(p, len, 1, stdout) == 1 ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static int head_of(const ol_print_job *job) {
    return HEAD + (job->from != NULL ? ROW : 0) + (job->to != NULL ? ROW : 0);
}

static void put_words(cairo_t *to, const ol_print_job *job, size_t n, int width, int height) {
    const char *label[] = { "from ", "to " }, *name[] = { job->from, job->to };
    double y = 30, wide = width - 2 * MARGIN;
    const ol_print_bundle *b = &job->bundle[0];
    uint8_t id[OL_PARTS_ID_LEN];
    char text[300];
    ol_parts_id(b->p, b->len, id);
    (void)ol_print_fitted(to, OL_PRINT_BOLD, 20, MARGIN, y, wide,
                          job->title != NULL ? job->title : "openline: sealed bundle");
    for (size_t i = 0; i < OL_LEN(name); i++)
        if (name[i] != NULL) {
            (void)snprintf(text, sizeof text, "%s%s", label[i], name[i]);
            y += ROW;
            (void)ol_print_fitted(to, OL_PRINT_PLAIN, 16, MARGIN, y, wide, text);
        }
    (void)snprintf(text, sizeof text, "Part %zu of %zu of bundle %02x%02x%02x%02x, %zu bytes",
                   job->part, n, id[0], id[1], id[2], id[3], b->len);
    (void)ol_print_text(to, OL_PRINT_PLAIN, 16, MARGIN, y + 24, text);
    (void)ol_print_text(to, OL_PRINT_PLAIN, 14, MARGIN, height - 14,
                        "openline paper take --take PICTURE …");
    ol_print_rule(to, MARGIN, head_of(job), wide, 1);
}

bool ol_print_png(const ol_print_job *job) {
    const ol_print_bundle *b = &job->bundle[0];
    uint8_t bytes[OL_PARTS_PART_MAX];
    ol_print_code c = { 0 };
    size_t n = ol_parts_count(b->len, OL_PARTS_PART_MAX);
    if (job->part < 1 || job->part > n)
        return false;
    size_t len = ol_parts_put(b->p, b->len, job->part, n, bytes);
    if (!ol_print_code_make(bytes, len, &c))
        return false;
    int side = (c.side + 2 * OL_PRINT_QUIET) * MODULE;
    int width = side > WIDE ? side : WIDE, height = head_of(job) + side + FOOT;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *to = cairo_create(surface);
    cairo_set_source_rgb(to, 1, 1, 1);
    cairo_paint(to);
    put_words(to, job, n, width, height);
    ol_print_draw_code(to, &c, (width - side) / 2, head_of(job), side);
    ol_print_code_free(&c);
    bool is_done = cairo_status(to) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(to);
    is_done = is_done && cairo_surface_write_to_png_stream(surface, put, NULL) == 0;
    cairo_surface_destroy(surface);
    return is_done && fflush(stdout) == 0;
}
