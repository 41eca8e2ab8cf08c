#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/thin.h"
#include "line/gather.h"
#include "line/line.h"

enum { MINUTE = 60000, HOUR = 60 * MINUTE };

/* 300 bit/s at 8N1, with six bytes of framing. */
static ol_segment_opts slow(uint16_t frame) {
    return (ol_segment_opts){ .frame = frame, .byte_us = 33333, .framing = 6 };
}

static size_t count_of(const thin_link *w, unsigned from, unsigned mask, unsigned kind) {
    size_t n = 0;
    for (size_t i = 0; i < w->sents; i++)
        n += w->sent[i].from == from && (w->sent[i].first & mask) == kind;
    return n;
}

/* ---- the bytes of §5.8 ---- */

static ol_segment *one(ol_mem *mem, uint16_t frame, uint64_t seed) {
    ol_segment *s;
    ol_segment_opts o = slow(frame);
    o.seed = seed;
    ol_mem_heap(mem, 1 << 20);
    assert_int_equal(ol_segment_new(mem, &o, (ol_mono){ 0 }, &s), OL_OK);
    return s;
}

static void frames_are_as_written(void **state) {
    (void)state;
    ol_mem mem;
    ol_segment *s = one(&mem, 14, 0x3f); /* so the second packet has number 0 */
    uint8_t packet[40], f[14];
    for (size_t i = 0; i < sizeof packet; i++)
        packet[i] = (uint8_t)(0xa0 + i);
    ol_mono now = { 0 };
    ol_segment_put(s, OL_CLASS_ROUTINE, packet, 13);
    assert_int_equal(ol_segment_next(s, f, now), 14);
    assert_int_equal(f[0], 0x00);
    assert_memory_equal(f + 1, packet, 13);
    ol_segment_put(s, OL_CLASS_ROUTINE, packet, 14);
    assert_int_equal(ol_segment_next(s, f, now), 14);
    assert_memory_equal(f, "\xbf\x00\xa0", 3);
    assert_int_equal(ol_segment_next(s, f, now), 4);
    assert_memory_equal(f, "\xff\x01\xac\xad", 4);
    ol_segment_put(s, OL_CLASS_ROUTINE, packet, 40);
    assert_int_equal(ol_segment_next(s, f, now), 14);
    assert_memory_equal(f, "\x80\x00\xa0", 3);
    assert_int_equal(ol_segment_next(s, f, now), 14);
    assert_memory_equal(f, "\x80\x01\xac", 3);
    assert_int_equal(ol_segment_next(s, f, now), 14);
    assert_int_equal(ol_segment_next(s, f, now), 6);
    assert_memory_equal(f, "\xc0\x03\xc4\xc5\xc6\xc7", 6);
    assert_int_equal(ol_segment_next(s, f, now), 0);
    assert_true(ol_segment_due(s, now) == OL_NEVER);

    /* Asked for: place 1, and all from place 2 on. */
    ol_segment_take(s, (const uint8_t *)"\x40\x01\x01", 3, now);
    assert_int_equal(ol_segment_next(s, f, now), 14);
    assert_memory_equal(f, "\x80\x01\xac", 3);
    assert_int_equal(ol_segment_next(s, f, now), 0);
    ol_segment_take(s, (const uint8_t *)"\x40\x82", 2, now);
    assert_int_equal(ol_segment_next(s, f, now), 14);
    assert_int_equal(f[1], 2);
    assert_int_equal(ol_segment_next(s, f, now), 6);
    assert_int_equal(ol_segment_next(s, f, now), 0);
    ol_segment_free(s);
}

static void what_is_missing_is_asked_for(void **state) {
    (void)state;
    static const struct {
        const char *have; /* places that came, l: the last one */
        uint8_t want[14];
        size_t len;
    } row[] = {
        { "012", { 0x45, 0x83 }, 2 },              /* all from 3 on */
        { "02", { 0x45, 0x81, 0xfd }, 3 },         /* 1, and from 3 on */
        { "02l", { 0x45, 0x01, 0x01 | 0x04 }, 3 }, /* 1 and 3; the last is 4 */
        { "l", { 0x45, 0x00, 0x0f }, 3 },          /* 0 to 3 */
        { "13l", { 0x45, 0x00, 0x05 }, 3 },        /* 0 and 2 */
    };
    for (size_t i = 0; i < OL_LEN(row); i++) {
        ol_mem mem;
        ol_segment *s = one(&mem, 14, 0);
        uint8_t f[14] = { 0 }, got[14];
        for (const char *p = row[i].have; *p != '\0'; p++) {
            f[0] = *p == 'l' ? 0xc5 : 0x85, f[1] = *p == 'l' ? 4 : (uint8_t)(*p - '0');
            ol_segment_take(s, f, *p == 'l' ? 3 : 14, (ol_mono){ 0 });
        }
        ol_mono then = { ol_segment_due(s, (ol_mono){ 0 }) };
        assert_true(then.ms == 0 || then.ms == 1832); /* two frames and half a second */
        if (then.ms > 0)
            assert_int_equal(ol_segment_next(s, got, (ol_mono){ then.ms - 1 }), 0);
        assert_int_equal(ol_segment_next(s, got, then), row[i].len);
        assert_memory_equal(got, row[i].want, row[i].len);
        assert_int_equal(ol_segment_next(s, got, then), 0);
        ol_segment_free(s);
    }
}

static void what_is_none_is_dropped(void **state) {
    (void)state;
    static const struct {
        const char *f;
        size_t len;
    } row[] = { { "", 0 },
                { "\0", 1 },
                { "\2a", 2 },
                { "\x3f", 1 },
                { "\x40", 1 },
                { "\x80", 1 },
                { "\x80\0", 2 },
                { "\x80\0aaaaaaaaaaa", 13 },  /* eleven bytes and not the last */
                { "\xc0\0aaaaaaaaaaaa", 14 }, /* the last and the first */
                { "\xc0\1", 2 },
                { "\x80\x80"
                  "aaaaaaaaaaaa",
                  14 },
                { "\x80\x63"
                  "aaaaaaaaaaaa",
                  14 } }; /* leaves no byte for the last one */
    ol_mem mem;
    ol_segment *s = one(&mem, 14, 0);
    size_t len;
    for (size_t i = 0; i < OL_LEN(row); i++) {
        ol_segment_take(s, (const uint8_t *)row[i].f, row[i].len, (ol_mono){ 0 });
        assert_null(ol_segment_packet(s, &len));
        assert_int_equal(ol_segment_counts_of(s)->dropped, i + 1);
    }
    static uint8_t whole[1201];
    ol_segment_take(s, whole, 1201, (ol_mono){ 0 });
    assert_null(ol_segment_packet(s, &len));
    ol_segment_take(s, whole, 1200, (ol_mono){ 0 });
    assert_non_null(ol_segment_packet(s, &len));
    assert_int_equal(len, 1199);
    assert_int_equal(ol_segment_counts_of(s)->dropped, OL_LEN(row) + 1);
    ol_segment_free(s);
}

/* ---- delivery ---- */

static void a_clean_wire_costs_two_bytes_a_piece(void **state) {
    (void)state;
    for (uint16_t frame = 14; frame <= 1200; frame = (uint16_t)(frame + 59)) {
        thin_link w;
        ol_segment_opts o = slow(frame);
        thin_set_up(&w, &o, frame);
        size_t bytes = 0, pieces = 0;
        for (size_t i = 0; i < 20; i++) {
            size_t len = 1 + thin_draw(&w) % 1200;
            thin_say(&w, i % 2, OL_CLASS_ROUTINE, len);
            if (i % 2 == 0) {
                size_t n = len + 1 <= frame ? 1 : (len + frame - 3) / (frame - 2u);
                pieces += n;
                bytes += len + (n == 1 && len + 1 <= frame ? 1 : 2 * n);
            }
        }
        assert_true(thin_until(&w, 0, HOUR) && thin_until(&w, 1, HOUR));
        thin_run(&w, 10 * MINUTE); /* and nothing follows */
        size_t sent = 0, frames = 0;
        for (size_t i = 0; i < w.sents; i++)
            if (w.sent[i].from == 0)
                sent += w.sent[i].len, frames++;
        assert_int_equal(sent, bytes);
        assert_int_equal(frames, pieces);
        assert_int_equal(w.end[0].ins, 10);
        assert_int_equal(w.end[1].ins, 10);
        thin_tear_down(&w);
    }
}

static void a_third_of_the_frames_is_lost(void **state) {
    (void)state;
    size_t came = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        thin_link w;
        ol_segment_opts o = slow(seed % 2 == 0 ? 14 : 64);
        thin_set_up(&w, &o, seed);
        w.lost_permille = 300;
        for (unsigned i = 0; i < 5; i++)
            for (unsigned from = 0; from < 2; from++)
                thin_say(&w, from, OL_CLASS_ROUTINE, 300 + thin_draw(&w) % 900);
        ol_segment_heard(w.end[0].s), ol_segment_heard(w.end[1].s);
        for (unsigned from = 0; from < 2; from++) {
            (void)thin_until(&w, from, HOUR);
            for (size_t i = 0; i < w.end[from].outs; i++)
                came += thin_has(&w, 1 - from, &w.end[from].out[i]);
            assert_true(w.end[from].ins <= w.end[1 - from].outs); /* each once */
        }
        thin_tear_down(&w);
    }
    assert_int_equal(came, 400);
}

static bool loses_tails(thin_link *w, unsigned from, const uint8_t *p, size_t len) {
    (void)w, (void)len;
    return from == 0 && (p[0] & 0xc0) == 0xc0 && w->sents < 9;
}

static void a_lost_last_piece_is_asked_for_after_silence(void **state) {
    (void)state;
    thin_link w;
    ol_segment_opts o = slow(64);
    thin_set_up(&w, &o, 5);
    w.loses = loses_tails;
    thin_say(&w, 0, OL_CLASS_ROUTINE, 500);
    assert_true(thin_until(&w, 0, 2 * MINUTE));
    assert_int_equal(count_of(&w, 1, 0xc0, 0x40), 1);
    const thin_frame *last = NULL;
    for (size_t i = 0; i < w.sents && last == NULL; i++)
        if (w.sent[i].from == 1)
            last = &w.sent[i];
    assert_non_null(last); /* two frames of 70 bytes and half a second after piece 7 */
    assert_int_equal(last->second, 0x80 | 8);
    assert_true(last->ms - 1000 >= 10 * 2333 + 500);
    assert_true(last->ms - 1000 <= 10 * 2334 + 600);
    thin_tear_down(&w);
}

static void urgent_goes_after_the_frame_that_is_out(void **state) {
    (void)state;
    thin_link w;
    ol_segment_opts o = slow(64);
    thin_set_up(&w, &o, 7);
    thin_say(&w, 0, OL_CLASS_ROUTINE, 1200);
    thin_run(&w, 6000); /* the third piece is on the wire */
    thin_say(&w, 0, OL_CLASS_URGENT, 100);
    assert_true(thin_until(&w, 0, 2 * MINUTE));
    uint8_t first = w.sent[0].first & 0x3f;
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(w.sent[i].first & 0x3f, i < 3 ? first : (first + 1) % 64);
    assert_int_equal(w.sent[5].first & 0x3f, first);
    assert_int_equal(w.sent[5].second, 3);
    assert_true(thin_has(&w, 1, &w.end[0].out[1]) && w.end[1].in[0].len == 100);
    assert_int_equal(count_of(&w, 1, 0xff, 0), 0); /* and nobody asked for anything */
    thin_tear_down(&w);
}

/* ---- poison ---- */

static void two_for_a_place_are_both_tried(void **state) {
    (void)state;
    ol_mem mem;
    ol_segment *s = one(&mem, 14, 0);
    uint8_t f[4][14] = { { 0x81, 0 }, { 0x81, 1 }, { 0xc1, 2, 'z' }, { 0x81, 0, 'x' } };
    ol_mono now = { 0 };
    size_t len, n = 0, whole = 0;
    const uint8_t *p;
    ol_segment_take(s, f[3], 14, now); /* the forged one comes first */
    ol_segment_take(s, f[0], 14, now);
    ol_segment_take(s, f[1], 14, now);
    assert_null(ol_segment_packet(s, &len));
    ol_segment_take(s, f[2], 3, now);
    while ((p = ol_segment_packet(s, &len)) != NULL) {
        assert_int_equal(len, 25);
        assert_int_equal(p[24], 'z');
        whole += p[0] == 0, n++;
    }
    assert_int_equal(n, 2);
    assert_int_equal(whole, 1);
    ol_segment_take(s, f[2], 3, now); /* a repeat is answered with nothing */
    assert_null(ol_segment_packet(s, &len));
    assert_true(ol_segment_due(s, now) == OL_NEVER);
    f[2][2] = 'y'; /* another last piece: with both */
    ol_segment_take(s, f[2], 3, now);
    for (n = 0; (p = ol_segment_packet(s, &len)) != NULL; n++)
        assert_int_equal(p[24], 'y');
    assert_int_equal(n, 2);
    ol_segment_free(s);
}

static void a_third_for_a_place_empties_it(void **state) {
    (void)state;
    ol_mem mem;
    ol_segment *s = one(&mem, 14, 0);
    uint8_t f[14] = { 0x81, 0 }, got[14];
    ol_mono now = { 0 };
    size_t len;
    for (f[2] = 0; f[2] < 3; f[2]++)
        ol_segment_take(s, f, 14, now);
    assert_int_equal(ol_segment_counts_of(s)->clashes, 1);
    ol_segment_take(s, (const uint8_t *)"\xc1\1z", 3, now);
    assert_null(ol_segment_packet(s, &len));
    assert_int_equal(ol_segment_next(s, got, now), 3);
    assert_memory_equal(got, "\x41\0\1", 3);
    f[2] = 9;
    ol_segment_take(s, f, 14, now);
    assert_non_null(ol_segment_packet(s, &len));
    assert_int_equal(len, 13);
    assert_null(ol_segment_packet(s, &len));
    ol_segment_free(s);
}

static void a_stranger_hears_eight_words(void **state) {
    (void)state;
    ol_mem mem;
    ol_segment *s = one(&mem, 14, 0);
    uint8_t f[14] = { 0x80, 1 }, got[14];
    uint64_t ms = 0;
    size_t said = 0;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 500; i++) {
            f[0] = (uint8_t)(0x80 | i % 64), f[2] = (uint8_t)i, f[3] = (uint8_t)(i >> 8);
            ol_segment_take(s, f, 14, (ol_mono){ ms });
            while (ol_segment_next(s, got, (ol_mono){ ms }) > 0)
                said++;
            ms += 10000;
        }
        assert_int_equal(said, round == 0 ? 8 : 8 + 64);
        ol_segment_heard(s);
    }
    assert_true(ol_segment_counts_of(s)->given_up > 900);
    assert_true(mem.peak < 65536);
    ol_segment_free(s);
}

/* Everything forged that can be, by who sees each frame: what is sent again stays bounded. */
static void forged_requests_cost_little(void **state) {
    (void)state;
    ol_mem mem;
    ol_segment *s = one(&mem, 14, 0);
    static uint8_t packet[1200];
    uint8_t got[14];
    size_t sent = 0;
    ol_segment_put(s, OL_CLASS_ROUTINE, packet, sizeof packet);
    ol_mono now = { 0 };
    while (ol_segment_next(s, got, now) > 0)
        sent++;
    assert_int_equal(sent, 100);
    for (unsigned i = 0; i < 1000; i++) {
        ol_segment_take(s, (const uint8_t *)"\x40\x80", 2, now);
        while (ol_segment_next(s, got, now) > 0)
            sent++;
    }
    assert_int_equal(sent, 300); /* twice, and no third time */
    ol_segment_free(s);
}

/* One forged frame for each genuine one, of the same number: other lengths, ends and places. */
static void an_injector_does_not_keep_packets_out(void **state) {
    (void)state;
    size_t came = 0;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        thin_link w;
        ol_segment_opts o = slow(14);
        thin_set_up(&w, &o, seed);
        thin_say(&w, 0, OL_CLASS_ROUTINE, 200 + thin_draw(&w) % 900);
        ol_segment_heard(w.end[1].s);
        for (unsigned i = 0; i < 400 && !thin_until(&w, 0, 0); i++) {
            uint8_t f[OL_SEGMENT_FRAME_MAX];
            size_t sents = w.sents, len = 3 + thin_draw(&w) % 60;
            for (size_t k = 0; k < len; k++)
                f[k] = (uint8_t)thin_draw(&w);
            while (w.sents == sents && !thin_until(&w, 0, 0) && w.ms < 60 * MINUTE)
                thin_run(&w, 100);
            if (w.sents == sents)
                break;
            f[0] = (uint8_t)((f[0] & 0x40) | 0x80 | (w.sent[sents].first & 0x3f));
            size_t n;
            ol_segment_take(w.end[1].s, f, len, (ol_mono){ w.ms });
            while (ol_segment_packet(w.end[1].s, &n) != NULL)
                ;
        }
        came += thin_until(&w, 0, HOUR);
        thin_tear_down(&w);
    }
    assert_true(came >= 140); /* the engine repeats the others */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_as_written),
        cmocka_unit_test(what_is_missing_is_asked_for),
        cmocka_unit_test(what_is_none_is_dropped),
        cmocka_unit_test(a_clean_wire_costs_two_bytes_a_piece),
        cmocka_unit_test(a_third_of_the_frames_is_lost),
        cmocka_unit_test(a_lost_last_piece_is_asked_for_after_silence),
        cmocka_unit_test(urgent_goes_after_the_frame_that_is_out),
        cmocka_unit_test(two_for_a_place_are_both_tried),
        cmocka_unit_test(a_third_for_a_place_empties_it),
        cmocka_unit_test(a_stranger_hears_eight_words),
        cmocka_unit_test(forged_requests_cost_little),
        cmocka_unit_test(an_injector_does_not_keep_packets_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
