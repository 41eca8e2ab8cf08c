#include "print/code.h"

#include <qrencode.h>

bool ol_print_code_make(const uint8_t *p, size_t len, ol_print_code *ret) {
    QRcode *made = QRcode_encodeData((int)len, p, 0, QR_ECLEVEL_M);
    if (made == NULL)
        return false;
    *ret = (ol_print_code){ made->width, made->data, made };
    return true;
}

bool ol_print_code_is_dark(const ol_print_code *c, int x, int y) {
    return x >= 0 && y >= 0 && x < c->side && y < c->side &&
           (c->module[(size_t)y * (size_t)c->side + (size_t)x] & 1) != 0;
}

void ol_print_code_free(ol_print_code *c) {
    if (c->made != NULL)
        QRcode_free(c->made);
    *c = (ol_print_code){ 0 };
}
