/* scan/codes.h — the QR codes in a picture.
 * Finds    each content once, in bytes as it was written (no conversion between scripts), at most
 *          OL_SCAN_CODES_MAX of them; looks at the picture in several sizes.
 * Memory   *ret is the caller's, zeroed before; ol_scan_codes_free releases what it holds. */
#ifndef OL_SCAN_CODES_H
#define OL_SCAN_CODES_H

#include "scan/picture.h"

enum { OL_SCAN_CODES_MAX = 256, OL_SCAN_CODE_MAX = 2953 /* bytes: version 40, level L */ };

typedef struct {
    size_t n;
    struct ol_scan_code {
        uint8_t *p;
        size_t len;
    } code[OL_SCAN_CODES_MAX];
} ol_scan_codes;

/* False: no memory. */
bool ol_scan_codes_find(const ol_scan_picture *p, ol_scan_codes *ret);
void ol_scan_codes_free(ol_scan_codes *c);

#endif
