#include "scan/codes.h"

#include <stdlib.h>
#include <string.h>
#include <zbar.h>

enum { SIDE_MIN = 160, TWICE_BELOW = 1200 };

static bool add(ol_scan_codes *c, const uint8_t *p, size_t len) {
    if (len == 0 || len > OL_SCAN_CODE_MAX || c->n == OL_SCAN_CODES_MAX)
        return true;
    for (size_t i = 0; i < c->n; i++)
        if (c->code[i].len == len && memcmp(c->code[i].p, p, len) == 0)
            return true;
    uint8_t *copy = malloc(len);
    if (copy == NULL)
        return false;
    memcpy(copy, p, len);
    c->code[c->n++] = (struct ol_scan_code){ copy, len };
    return true;
}

static bool look(zbar_image_scanner_t *scanner, const ol_scan_picture *p, ol_scan_codes *ret) {
    zbar_image_t *image = zbar_image_create();
    if (image == NULL)
        return false;
    zbar_image_set_format(image, zbar_fourcc('Y', '8', '0', '0'));
    zbar_image_set_size(image, p->width, p->height);
    zbar_image_set_data(image, p->grey, (size_t)p->width * p->height, NULL);
    bool is_done = zbar_scan_image(scanner, image) >= 0;
    const zbar_symbol_t *s = is_done ? zbar_image_first_symbol(image) : NULL;
    for (; s != NULL && is_done; s = zbar_symbol_next(s))
        if (zbar_symbol_get_type(s) == ZBAR_QRCODE)
            is_done =
                add(ret, (const uint8_t *)zbar_symbol_get_data(s), zbar_symbol_get_data_length(s));
    zbar_image_destroy(image);
    return is_done;
}

typedef bool change(const ol_scan_picture *p, ol_scan_picture *ret);

static bool look_changed(zbar_image_scanner_t *scanner, const ol_scan_picture *p, change *by,
                         ol_scan_codes *ret) {
    ol_scan_picture changed = { 0 };
    bool is_done = by(p, &changed) && look(scanner, &changed, ret);
    free(changed.grey);
    return is_done;
}

/* The picture, its half, the half of that …; a small one at twice its size first. Where nothing is
 * seen, the same with less noise. */
static bool look_at_sizes(zbar_image_scanner_t *scanner, const ol_scan_picture *p,
                          ol_scan_codes *ret) {
    ol_scan_picture now = *p, next = { 0 };
    bool is_done = true;
    if (p->width < TWICE_BELOW && p->height < TWICE_BELOW)
        is_done = look_changed(scanner, p, ol_scan_picture_twice, ret);
    while (is_done && now.width >= SIDE_MIN && now.height >= SIDE_MIN) {
        is_done = look(scanner, &now, ret) &&
                  (ret->n > 0 || look_changed(scanner, &now, ol_scan_picture_soft, ret)) &&
                  ol_scan_picture_half(&now, &next);
        if (now.grey != p->grey)
            free(now.grey);
        now = is_done ? next : *p;
    }
    if (now.grey != p->grey)
        free(now.grey);
    return is_done;
}

bool ol_scan_codes_find(const ol_scan_picture *p, ol_scan_codes *ret) {
    zbar_image_scanner_t *scanner = zbar_image_scanner_create();
    if (scanner == NULL)
        return false;
    (void)zbar_image_scanner_request_dbus(scanner, 0); /* it tells nobody else what it sees */
    bool is_done = zbar_image_scanner_set_config(scanner, ZBAR_NONE, ZBAR_CFG_ENABLE, 0) == 0 &&
                   zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_ENABLE, 1) == 0 &&
                   zbar_image_scanner_set_config(scanner, ZBAR_QRCODE, ZBAR_CFG_BINARY, 1) == 0 &&
                   look_at_sizes(scanner, p, ret);
    zbar_image_scanner_destroy(scanner);
    return is_done;
}

void ol_scan_codes_free(ol_scan_codes *c) {
    for (size_t i = 0; i < c->n; i++)
        free(c->code[i].p);
    c->n = 0;
}
