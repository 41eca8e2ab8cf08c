/* A JPEG, as cameras write it, as grey levels. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "scan/picture.h"

typedef struct {
    struct jpeg_error_mgr base; /* first: libjpeg hands this back */
    jmp_buf out;
} trap;

static void on_error(j_common_ptr c) {
    longjmp(((trap *)(void *)c->err)->out, 1);
}

static void on_message(j_common_ptr c, int level) { /* a file that ends early is no picture */
    if (level < 0)
        on_error(c);
}

static bool unpack(struct jpeg_decompress_struct *c, uint8_t **grey, char why[OL_SCAN_WHY_MAX]) {
    (void)jpeg_read_header(c, TRUE);
    uint64_t width = c->image_width, height = c->image_height;
    if (width * height > OL_SCAN_PIXELS_MAX) {
        ol_scan_picture_refuse(width, height, why);
        return false;
    }
    c->out_color_space = JCS_GRAYSCALE;
    (void)jpeg_start_decompress(c);
    *grey = malloc((size_t)(width * height));
    if (*grey == NULL) {
        (void)snprintf(why, OL_SCAN_WHY_MAX, "there is no memory for it; make it smaller");
        return false;
    }
    while (c->output_scanline < c->output_height) {
        JSAMPROW row = *grey + (size_t)c->output_scanline * c->output_width;
        (void)jpeg_read_scanlines(c, &row, 1);
    }
    (void)jpeg_finish_decompress(c);
    return true;
}

bool ol_scan_jpeg_read(const uint8_t *file, size_t len, ol_scan_picture *ret,
                       char why[OL_SCAN_WHY_MAX]) {
    static struct jpeg_decompress_struct c; /* static: a longjmp leaves them as they are */
    static trap t;
    static uint8_t *grey;
    static bool is_read;
    grey = NULL, is_read = false;
    c.err = jpeg_std_error(&t.base);
    t.base.error_exit = on_error;
    t.base.emit_message = on_message;
    if (setjmp(t.out) == 0) {
        jpeg_create_decompress(&c);
        jpeg_mem_src(&c, file, len);
        is_read = unpack(&c, &grey, why);
    } else {
        char says[JMSG_LENGTH_MAX];
        t.base.format_message((j_common_ptr)&c, says);
        (void)snprintf(why, OL_SCAN_WHY_MAX, "the picture is damaged (%.160s); copy it again",
                       says);
    }
    if (is_read)
        *ret = (ol_scan_picture){ c.output_width, c.output_height, grey };
    else
        free(grey);
    jpeg_destroy_decompress(&c);
    return is_read;
}
