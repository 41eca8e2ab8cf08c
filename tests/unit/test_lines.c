/* A home's lines: read and checked against each other; a faulty one is left out, others stay. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "lib/parties.h"
#include "station/lines.h"
#include "station/locked.h"
#include "station/log.h"

enum { PARTIES = 3 };

static test_party party[PARTIES];
static char charter[OL_CHARTER_MAX], dir[64];
static size_t charter_len;
static ol_charter parsed;

static int set_up(void **state) {
    (void)state;
    uint32_t missing = 0;
    (void)snprintf(dir, sizeof dir, "/tmp/ol-lines-XXXXXX");
    for (unsigned p = 0; p < PARTIES; p++)
        test_party_make(p, &party[p]);
    charter_len = test_charter(PARTIES, PARTIES, charter, sizeof charter);
    return mkdtemp(dir) != NULL &&
                   ol_charter_read(charter, charter_len, &parsed, &missing, NULL) == OL_OK
               ? 0
               : -1;
}

static int tear_down(void **state) {
    (void)state;
    char command[96];
    (void)snprintf(command, sizeof command, "rm -rf %s", dir);
    return system(command);
}

static ol_home made(const char *name) {
    ol_home h;
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    assert_int_equal(ol_home_open(path, true, &h, NULL), OL_OK);
    return h;
}

static void put(const ol_home *h, const char *name, ol_file_kind kind, const void *p, size_t len) {
    assert_int_equal(ol_file_write(h->dir, name, kind, p, len, NULL), OL_OK);
}

static void put_card(const ol_home *h, const char *name, unsigned p, uint32_t serial) {
    uint8_t note[OL_CARD_TEXT_MAX];
    ol_card card = party[p].card;
    ol_wr w = ol_wr_of(note, sizeof note);
    card.serial = serial;
    assert_int_equal(ol_card_sign(&card, &party[p].identity, &w), OL_OK);
    put(h, name, OL_FILE_PUBLIC, note, w.len);
}

static ol_secret secret(void) {
    ol_secret s;
    memset(&s, 0, sizeof s);
    memcpy(s.line, parsed.id, sizeof s.line);
    memset(s.secret, 7, sizeof s.secret);
    for (unsigned p = 1; p < PARTIES; p++) {
        memcpy(s.pair[s.pairs].party, parsed.party[p].name, sizeof s.pair[0].party);
        memset(s.pair[s.pairs++].keys.ck, (int)p, sizeof s.pair[0].keys.ck);
    }
    return s;
}

static void put_secret(const ol_home *h, const ol_secret *s) {
    uint8_t text[OL_SECRET_FILE_MAX];
    ol_wr w = ol_wr_of(text, sizeof text);
    assert_int_equal(ol_secret_put(s, &w), OL_OK);
    put(h, "lines/hotline/secret", OL_FILE_SECRET, text, w.len);
}

/* Party 0's home with the line hotline, and the card of party 1 alone. */
static ol_home whole(const char *name) {
    ol_home h = made(name);
    ol_secret s = secret();
    assert_int_equal(ol_file_mkdir(h.dir, "lines/hotline/cards", NULL), OL_OK);
    put_card(&h, "card", 0, 3);
    put(&h, "lines/hotline/charter", OL_FILE_PUBLIC, charter, charter_len);
    put_card(&h, "lines/hotline/cards/prc.2", 1, 2);
    put_secret(&h, &s);
    return h;
}

static size_t lines_of(const ol_home *h) {
    ol_mem locked;
    ol_lines l;
    ol_locked_mem(&locked, 1 << 20);
    assert_int_equal(ol_lines_read(h, &locked, &l, NULL), OL_OK);
    size_t n = l.n;
    ol_lines_free(&l);
    assert_int_equal(locked.used, 0);
    return n;
}

static void read_whole(void **state) {
    (void)state;
    ol_home h = whole("whole");
    ol_mem locked;
    ol_lines l;
    ol_why why;
    ol_locked_mem(&locked, 1 << 20);
    put_card(&h, "lines/hotline/cards/prc.1", 1, 1);
    put_card(&h, "lines/hotline/cards/prc.10", 1, 10);
    put(&h, "lines/hotline/cards/readme", OL_FILE_PUBLIC, "?", 1); /* said, and passed over */
    assert_int_equal(ol_lines_read(&h, &locked, &l, &why), OL_OK);
    assert_int_equal(l.n, 1);
    const ol_api_line *a = &l.row[0]->api;
    assert_string_equal(a->name, "hotline");
    assert_true(a->self == 0 && a->number == 0);
    assert_memory_equal(a->id, parsed.id, sizeof a->id);
    assert_memory_equal(a->generation[0].note.p, charter, charter_len);
    assert_int_equal(a->generation[0].note.len, charter_len);
    assert_int_equal(a->generation[0].members, (1 << PARTIES) - 1);
    assert_int_equal(a->card[0].card->serial, 3); /* ours is the home's */
    assert_int_equal(a->card[1].card->serial, 10);
    assert_non_null(strstr(a->card[1].note, "serial = 10\n"));
    assert_null(a->card[2].card);
    assert_int_equal(a->generation[0].secret[31], 7);
    assert_true(a->holds == 4 && a->held[1].card->serial == 10 && a->held[3].card->serial == 1);
    ol_line_party row[OL_PARTIES_MAX];
    ol_line_opts o;
    ol_lines_opts(l.row[0], row, &o);
    assert_true(o.parties == PARTIES && o.self == 0 && o.generation == 0);
    assert_int_equal(o.limit_entries, parsed.limit_entries);
    assert_memory_equal(row[1].log_pk, party[1].card.log, 32);
    assert_memory_equal(row[1].static_pk, party[1].card.static_key, 32);
    assert_true(sodium_is_zero(row[2].static_pk, 32)); /* no card: no session, no signature */
    assert_false(sodium_is_zero(row[2].ratchet.ck, 32));
    assert_true(sodium_is_zero(row[0].ratchet.ck, 32));
    assert_memory_not_equal(row[1].ratchet.ck, row[2].ratchet.ck, 32);
    assert_int_equal(o.epochs.crypto_s, parsed.crypto_period_s);
    assert_int_equal(o.epochs.courier_s, parsed.courier_time_s);
    assert_true(o.olders == 2 && o.older[0].party == 1 && o.before == NULL);
    assert_int_equal(o.members, (1 << PARTIES) - 1);
    ol_lines_drop(&l, 0);
    assert_int_equal(l.n, 0);
    ol_lines_free(&l);
    assert_int_equal(locked.used, 0);
    ol_home_close(&h);
}

static void left_out(void **state) {
    (void)state;
    ol_home h = whole("left-out");
    ol_secret s = secret();
    static char other[OL_CHARTER_MAX];
    assert_int_equal(lines_of(&h), 1);
    size_t len = test_charter(PARTIES, PARTIES - 1, other, sizeof other);
    put(&h, "lines/hotline/charter", OL_FILE_PUBLIC, other, len); /* a signature is missing */
    assert_int_equal(lines_of(&h), 0);
    len = test_replace(charter, charter_len, "limit.entries = 20000", "limit.entries = 20001",
                       other, sizeof other);
    put(&h, "lines/hotline/charter", OL_FILE_PUBLIC, other, len); /* a changed text */
    assert_int_equal(lines_of(&h), 0);
    put(&h, "lines/hotline/charter", OL_FILE_PUBLIC, charter, charter_len);
    assert_int_equal(lines_of(&h), 1);
    s.line[0] ^= 1;
    put_secret(&h, &s); /* another line's secret */
    assert_int_equal(lines_of(&h), 0);
    s = secret();
    s.pairs--;
    put_secret(&h, &s); /* no key for a party */
    assert_int_equal(lines_of(&h), 0);
    assert_int_equal(ol_file_remove(h.dir, "lines/hotline/secret", NULL), OL_OK);
    assert_int_equal(lines_of(&h), 0); /* not finished yet */
    s = secret();
    put_secret(&h, &s);
    assert_int_equal(lines_of(&h), 1);
    put_card(&h, "card", 1, 1); /* the home of another party, whose pairs these are not */
    assert_int_equal(lines_of(&h), 0);
    put_card(&h, "card", 0, 3);
    assert_int_equal(ol_file_mkdir(h.dir, "lines/cold", NULL), OL_OK);
    put(&h, "lines/cold/charter", OL_FILE_PUBLIC, charter, charter_len); /* speaks of hotline */
    put(&h, "lines/cold/secret", OL_FILE_SECRET, "x", 1);
    assert_int_equal(lines_of(&h), 1);
    ol_home_close(&h);
}

static void no_card(void **state) {
    (void)state;
    ol_home h = made("no-card");
    ol_mem locked;
    ol_lines l;
    ol_why why;
    ol_locked_mem(&locked, 1 << 20);
    assert_int_equal(ol_lines_read(&h, &locked, &l, &why), OL_ENOENT);
    assert_non_null(strstr(why.text, "openline init"));
    put(&h, "card", OL_FILE_PUBLIC, "openline card v1\n", 17);
    assert_int_not_equal(ol_lines_read(&h, &locked, &l, &why), OL_OK);
    ol_home_close(&h);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_whole),
        cmocka_unit_test(left_out),
        cmocka_unit_test(no_card),
    };
    ol_log_from((ol_log_level)(OL_ERROR + 1));
    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
