#include "scan/picture.h"

#include <errno.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_READ = 1 << 20, HEAD = 24, MEASURES_AT = 16 };

static bool fail(char why[OL_SCAN_WHY_MAX], const char *what) {
    (void)snprintf(why, OL_SCAN_WHY_MAX, "%s", what);
    return false;
}

/* What it is instead, by its first bytes. */
static bool not_png(const uint8_t *p, size_t len, char why[OL_SCAN_WHY_MAX]) {
    static const struct {
        const char *mark;
        size_t len;
        const char *says;
    } row[] = {
        { "%PDF", 4, "it is a PDF and no picture; pdftoppm -r 150 -png makes PNG pictures of it" },
        { "GIF8", 4, "it is a GIF, and only PNG and JPEG are read; turn it into one of these" },
        { "BM", 2, "it is a BMP, and only PNG and JPEG are read; turn it into one of these" },
        { "RIFF", 4, "it is a WebP, and only PNG and JPEG are read; turn it into one of these" },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        if (len >= row[i].len && memcmp(p, row[i].mark, row[i].len) == 0)
            return fail(why, row[i].says);
    if (len == 0)
        return fail(why, "it is empty; copy it again");
    return fail(why,
                "it is no PNG or JPEG picture; save it as one of these, or give what is a bundle "
                "already to openline bundle take");
}

static bool is_jpeg(const uint8_t *p, size_t len) {
    return len >= 3 && memcmp(p, "\xFF\xD8\xFF", 3) == 0;
}

/* Width and height stand at the beginning. */
static bool measure(const uint8_t *p, size_t len, char why[OL_SCAN_WHY_MAX]) {
    if (is_jpeg(p, len))
        return true; /* its measures stand anywhere */
    if (png_sig_cmp(p, 0, len < 8 ? len : 8) != 0 || len < 8)
        return not_png(p, len, why);
    if (len < HEAD)
        return fail(why, "the picture is cut off; copy it again");
    uint64_t width = png_get_uint_32(p + MEASURES_AT),
             height = png_get_uint_32(p + MEASURES_AT + 4);
    if (width == 0 || height == 0)
        return fail(why, "the picture has no size; save it as PNG again");
    if (width * height <= OL_SCAN_PIXELS_MAX)
        return true;
    ol_scan_picture_refuse(width, height, why);
    return false;
}

void ol_scan_picture_refuse(uint64_t width, uint64_t height, char why[OL_SCAN_WHY_MAX]) {
    (void)snprintf(why, OL_SCAN_WHY_MAX,
                   "the picture is %llu by %llu, and at most %d million pixels are read; make it "
                   "smaller, or photograph fewer codes at once",
                   (unsigned long long)width, (unsigned long long)height, OL_SCAN_PIXELS_MAX >> 20);
}

/* All of descriptor 0, once its first bytes are such that it is worth it. */
static bool slurp(uint8_t **ret, size_t *ret_len, char why[OL_SCAN_WHY_MAX]) {
    size_t len = 0, cap = FIRST_READ;
    uint8_t *p = malloc(cap);
    bool is_judged = false, is_good = p != NULL || fail(why, "there is no memory; try again");
    while (is_good) {
        ssize_t got = read(STDIN_FILENO, p + len, cap - len);
        if (got < 0 && errno == EINTR)
            continue;
        len += got > 0 ? (size_t)got : 0;
        if (got < 0)
            is_good = fail(why, "it cannot be read; check the disk and the permissions");
        else if (!is_judged && (len >= HEAD || got == 0))
            is_judged = true, is_good = measure(p, len, why);
        if (got <= 0)
            break;
        if (!is_good || len < cap)
            continue;
        uint8_t *more = cap < OL_SCAN_FILE_MAX ? realloc(p, cap * 2) : NULL;
        if (more == NULL)
            is_good = fail(why, "the file is larger than 128 MB; make it smaller");
        else
            p = more, cap *= 2;
    }
    if (is_good)
        *ret = p, *ret_len = len;
    else
        free(p);
    return is_good;
}

static bool read_png(const uint8_t *file, size_t len, ol_scan_picture *ret,
                     char why[OL_SCAN_WHY_MAX]) {
    png_image image = { .version = PNG_IMAGE_VERSION };
    const png_color white = { 255, 255, 255 };
    uint8_t *grey = NULL;
    bool is_read = png_image_begin_read_from_memory(&image, file, len) != 0;
    if (is_read && (uint64_t)image.width * image.height > OL_SCAN_PIXELS_MAX)
        is_read = fail(why, "the picture is larger than it says first; save it as PNG again");
    else if (is_read) {
        image.format = PNG_FORMAT_GRAY;
        grey = malloc((size_t)image.width * image.height);
        is_read = grey != NULL && png_image_finish_read(&image, &white, grey, 0, NULL) != 0;
        if (grey == NULL)
            (void)fail(why, "there is no memory for the picture; make it smaller");
    }
    if (image.warning_or_error >= PNG_IMAGE_ERROR)
        (void)snprintf(why, OL_SCAN_WHY_MAX, "the picture is damaged (%s); copy it again",
                       image.message);
    png_image_free(&image);
    if (is_read)
        *ret = (ol_scan_picture){ image.width, image.height, grey };
    else
        free(grey);
    return is_read;
}

bool ol_scan_picture_read(ol_scan_picture *ret, char why[OL_SCAN_WHY_MAX]) {
    uint8_t *file = NULL;
    size_t len = 0;
    if (!slurp(&file, &len, why))
        return false;
    bool is_read =
        is_jpeg(file, len) ? ol_scan_jpeg_read(file, len, ret, why) : read_png(file, len, ret, why);
    free(file);
    return is_read;
}

bool ol_scan_picture_half(const ol_scan_picture *p, ol_scan_picture *ret) {
    uint32_t w = p->width / 2, h = p->height / 2;
    uint8_t *to = malloc((size_t)w * h);
    if (to == NULL)
        return false;
    for (uint32_t y = 0; y < h; y++) {
        const uint8_t *above = p->grey + (size_t)2 * y * p->width, *below = above + p->width;
        for (uint32_t x = 0; x < w; x++) {
            int sum = above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1];
            to[(size_t)y * w + x] = (uint8_t)(sum / 4);
        }
    }
    *ret = (ol_scan_picture){ w, h, to };
    return true;
}

bool ol_scan_picture_twice(const ol_scan_picture *p, ol_scan_picture *ret) {
    uint32_t w = p->width * 2, h = p->height * 2;
    uint8_t *to = malloc((size_t)w * h);
    if (to == NULL)
        return false;
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w; x++)
            to[(size_t)y * w + x] = p->grey[(size_t)(y / 2) * p->width + x / 2];
    *ret = (ol_scan_picture){ w, h, to };
    return true;
}

bool ol_scan_picture_soft(const ol_scan_picture *p, ol_scan_picture *ret) {
    uint32_t w = p->width, h = p->height;
    uint8_t *to = malloc((size_t)w * h);
    if (to == NULL)
        return false;
    memcpy(to, p->grey, (size_t)w * h);
    for (uint32_t y = 1; y + 1 < h; y++) {
        const uint8_t *row = p->grey + (size_t)y * w;
        for (uint32_t x = 1; x + 1 < w; x++) {
            int sum = 0;
            for (const uint8_t *at = row + x - w; at <= row + x + w; at += w)
                sum += at[-1] + at[0] + at[1];
            to[(size_t)y * w + x] = (uint8_t)(sum / 9);
        }
    }
    *ret = (ol_scan_picture){ w, h, to };
    return true;
}
