/* print/code.h — one QR code as rows of modules.
 * Holds    bytes as they are (byte mode), correction level M, the smallest version that they fit.
 * Memory   the caller's; ol_print_code_free takes one that was never made.
 * Source   ISO/IEC 18004, by libqrencode. */
#ifndef OL_PRINT_CODE_H
#define OL_PRINT_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OL_PRINT_QUIET = 4 }; /* modules of white that a code needs around it */

typedef struct {
    int side;        /* modules */
    uint8_t *module; /* side * side; bit 0: dark */
    void *made;      /* libqrencode's */
} ol_print_code;

bool ol_print_code_make(const uint8_t *p, size_t len, ol_print_code *ret); /* false: no memory */
bool ol_print_code_is_dark(const ol_print_code *c, int x, int y);          /* outside: never */
void ol_print_code_free(ol_print_code *c);

#endif
