/* Twelve diplomatic messages of 30 to 240 words (bench/twelve.txt), said one after the other over a
 * serial line of 75 bit/s with frames of 64 bytes: encrypted, signed, receipted. Counts every byte
 * on the line, both ways, session and log openings too, against the plain text in UTF-8.
 *   bench_twelve           prints them
 *   bench_twelve --check   fails where the line carries more than the plain text has (a test)
 * Two engines, the segments between them and COBS; time is virtual, so each run is the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "bearer/cobs.h"
#include "message/body.h"
#include "sim/lib_thin.h"
#include "sim/lib_world.h"
#include "wire/entry.h"

enum { MESSAGES = 12, WORDS_MIN = 30, WORDS_MAX = 240, BAUD = 75, FRAME = 64, TEXT_MAX = 16384 };
enum { WAIT_MS = 1800000, STEP_MS = 250 };

static size_t on_line, frames;

static void on_frame(sim_world *w, unsigned from, const uint8_t *p, size_t len) {
    uint8_t wire[OL_COBS_WIRE_MAX];
    (void)w, (void)from;
    on_line += ol_cobs_put(p, len, true, wire); /* as if the line had been idle before each */
    frames++;
}

static _Noreturn void give_up(const char *what, const char *which) {
    fprintf(stderr, "bench_twelve: %s: %s\n", what, which);
    exit(1);
}

/* One text as the station gets it. */
static size_t body_of(ol_str text, uint8_t *body) {
    ol_body_why why = { "" };
    ol_message m = { .precedence = OL_PRIORITY, .text = text };
    size_t len = 0;
    if (ol_body_put(&m, body, &len, &why) != OL_OK)
        give_up("not taken as a message", why.text);
    return len;
}

/* Says it and waits for the receipt; returns the seconds. */
static uint64_t say(sim_world *w, const uint8_t *body, size_t len) {
    uint64_t before = w->sum.receipts, began = w->now_ms;
    sim_submit(w, 0, OL_LANE_ROUTINE, OL_KIND_MESSAGE, body, len);
    while (w->sum.receipts == before && w->now_ms < began + WAIT_MS)
        sim_until(w, w->now_ms + STEP_MS);
    if (w->sum.receipts == before)
        give_up("no receipt", "in half an hour");
    return (w->now_ms - began) / 1000;
}

int main(int argc, char **argv) {
    static char file[TEXT_MAX];
    bool is_check = argc == 2 && strcmp(argv[1], "--check") == 0;
    if (argc > 2 || (argc == 2 && !is_check)) {
        fprintf(stderr, "usage: bench_twelve [--check]\n");
        return 2;
    }
    FILE *f = fopen(OPENLINE_SRC "/bench/twelve.txt", "r");
    size_t n = f != NULL ? fread(file, 1, sizeof file - 1, f) : 0, plain = 0, count = 0;
    if (f != NULL)
        (void)fclose(f);
    sim_world *w = sim_new(1, 2, false);
    sim_thin_link(w, 0, 1, 0, BAUD, FRAME, 0);
    sim_thin_on_frame = on_frame;
    sim_start(w, 0), sim_start(w, 1);
    for (char *p = file; p < file + n; count++) {
        uint8_t body[OL_BODY_MAX];
        char *end = strstr(p, "\n\n");
        size_t len = (end != NULL ? (size_t)(end - p) : strlen(p) - 1), before = on_line;
        size_t words = ol_text_words((const uint8_t *)p, len);
        if (words < WORDS_MIN || words > WORDS_MAX)
            give_up("not 30 to 240 words", p);
        uint64_t s = say(w, body, body_of((ol_str){ p, len }, body));
        printf("{\"message\":%zu,\"words\":%zu,\"plain\":%zu,\"line\":%zu,\"seconds\":%llu}\n",
               count + 1, words, len, on_line - before, (unsigned long long)s);
        plain += len;
        p += len + 2;
    }
    sim_until(w, w->now_ms + WAIT_MS); /* whatever is said afterwards counts, too */
    printf("{\"messages\":%zu,\"plain\":%zu,\"line\":%zu,\"frames\":%zu}\n", count, plain, on_line,
           frames);
    sim_free(w);
    if (count != MESSAGES)
        give_up("there are not twelve messages", "bench/twelve.txt");
    return is_check && on_line >= plain ? 1 : 0;
}
