/* A code as a picture, with the words above it that say what it is. */
#include <cairo.h>
#include <stdio.h>

#include "paper/parts.h"
#include "print/draw.h"
#include "print/job.h"

enum { MODULE = 8, HEAD = 64, FOOT = 30, MARGIN = 32, WIDE = 560 }; /* pixels */

static cairo_status_t put(void *ctx, const unsigned char *p, unsigned len) {
    (void)ctx;
    return fwrite(p, len, 1, stdout) == 1 ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static void put_words(cairo_t *to, const ol_print_job *job, size_t n, int width, int height) {
    const ol_print_bundle *b = &job->bundle[0];
    uint8_t id[OL_PARTS_ID_LEN];
    char text[300];
    ol_parts_id(b->p, b->len, id);
    double x = ol_print_text(to, OL_PRINT_BOLD, 20, MARGIN, 30,
                             job->title != NULL ? job->title : "openline: sealed bundle");
    if (job->from != NULL || job->to != NULL) {
        (void)snprintf(text, sizeof text, "   %s%s%s%s", job->from != NULL ? "from " : "",
                       job->from != NULL ? job->from : "", job->to != NULL ? " to " : "",
                       job->to != NULL ? job->to : "");
        (void)ol_print_text(to, OL_PRINT_PLAIN, 16, x, 30, text);
    }
    (void)snprintf(text, sizeof text, "Part %zu of %zu of bundle %02x%02x%02x%02x, %zu bytes",
                   job->part, n, id[0], id[1], id[2], id[3], b->len);
    (void)ol_print_text(to, OL_PRINT_PLAIN, 16, MARGIN, 54, text);
    (void)ol_print_text(to, OL_PRINT_PLAIN, 14, MARGIN, height - 14,
                        "openline paper take --take PICTURE …");
    ol_print_rule(to, MARGIN, HEAD, width - 2 * MARGIN, 1);
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
    int width = side > WIDE ? side : WIDE, height = HEAD + side + FOOT;
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
    cairo_t *to = cairo_create(surface);
    cairo_set_source_rgb(to, 1, 1, 1);
    cairo_paint(to);
    put_words(to, job, n, width, height);
    ol_print_draw_code(to, &c, (width - side) / 2, HEAD, side);
    ol_print_code_free(&c);
    bool is_done = cairo_status(to) == CAIRO_STATUS_SUCCESS;
    cairo_destroy(to);
    is_done = is_done && cairo_surface_write_to_png_stream(surface, put, NULL) == 0;
    cairo_surface_destroy(surface);
    return is_done && fflush(stdout) == 0;
}
