/* openline-scan — a process of its own for the pictures of strangers: a PNG or JPEG on standard
 * input, the contents of its QR codes on standard output, each as u16 length ‖ bytes. It holds no
 * key, opens no file and no connection. openline paper take starts it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "scan/codes.h"
#include "scan/confine.h"

static int fail(const char *why) {
    (void)fprintf(stderr, "openline-scan: %s\n", why);
    return 1;
}

static bool put(const uint8_t *p, size_t len) {
    for (size_t at = 0; at < len;) {
        ssize_t done = write(STDOUT_FILENO, p + at, len - at);
        if (done < 0 && errno != EINTR)
            return false;
        at += done > 0 ? (size_t)done : 0;
    }
    return true;
}

static int put_all(const ol_scan_codes *c) {
    for (size_t i = 0; i < c->n; i++) {
        const uint8_t head[2] = { (uint8_t)(c->code[i].len >> 8), (uint8_t)c->code[i].len };
        if (!put(head, sizeof head) || !put(c->code[i].p, c->code[i].len))
            return fail("its output was not taken; try again");
    }
    return 0;
}

int main(int argc, char **argv) {
    static ol_scan_codes codes;
    ol_scan_picture picture = { 0 };
    char why[OL_SCAN_WHY_MAX];
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return printf("openline-scan %s\n", OL_VERSION) < 0;
    if (argc != 1 || isatty(STDIN_FILENO)) {
        (void)fputs(
            "usage: openline-scan < PICTURE\nPrints the contents of the QR codes in a "
            "PNG or JPEG picture, each as two bytes of length and its bytes.\nPeople use openline "
            "paper take.\n",
            stderr);
        return 2;
    }
    if (!ol_scan_confine()) {
        (void)snprintf(why, sizeof why, "this system does not confine it: %s; use another machine",
                       strerror(errno));
        return fail(why);
    }
    if (!ol_scan_picture_read(&picture, why))
        return fail(why);
    bool is_done = ol_scan_codes_find(&picture, &codes);
    free(picture.grey);
    int code = is_done ? put_all(&codes)
                       : fail("there is not memory enough for this picture; make it smaller");
    ol_scan_codes_free(&codes);
    return code;
}
