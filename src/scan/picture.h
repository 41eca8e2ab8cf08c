/* scan/picture.h — a PNG or JPEG, as grey levels.
 * Takes    what descriptor 0 gives: at most OL_SCAN_FILE_MAX bytes, at most OL_SCAN_PIXELS_MAX
 *          pixels, which the first bytes say; more is refused before anything is unpacked.
 *          What can be seen through lies on white.
 * Errors   a sentence for the operator in why ("what; what to do"), *ret untouched.
 * Memory   *ret is the caller's, free() it. */
#ifndef OL_SCAN_PICTURE_H
#define OL_SCAN_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OL_SCAN_FILE_MAX = 128 << 20, OL_SCAN_PIXELS_MAX = 64 << 20, OL_SCAN_WHY_MAX = 240 };

typedef struct {
    uint32_t width, height;
    uint8_t *grey; /* width * height, row by row; 255: white */
} ol_scan_picture;

bool ol_scan_picture_read(ol_scan_picture *ret, char why[OL_SCAN_WHY_MAX]);
/* jpeg.c: of a whole file; measures it first. */
bool ol_scan_jpeg_read(const uint8_t *file, size_t len, ol_scan_picture *ret,
                       char why[OL_SCAN_WHY_MAX]);
/* Says that it is too large. */
void ol_scan_picture_refuse(uint64_t width, uint64_t height, char why[OL_SCAN_WHY_MAX]);
/* The same at half the size, at twice the size, or each pixel the mean of the nine around it;
 * false: no memory. */
bool ol_scan_picture_half(const ol_scan_picture *p, ol_scan_picture *ret);
bool ol_scan_picture_twice(const ol_scan_picture *p, ol_scan_picture *ret);
bool ol_scan_picture_soft(const ol_scan_picture *p, ol_scan_picture *ret);

#endif
