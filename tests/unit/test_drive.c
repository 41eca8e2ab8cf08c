/* The drive with real engines and sockets: two stations on one loop, stores in memory. */
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
#include "station/drive_parts.h"
#include "station/locked.h"
#include "station/log.h"
#include "store/mem.h"

enum { PARTIES = 2, TURNS_MAX = 200000 };

typedef struct {
    uv_loop_t *loop;
    ol_mem mem, locked, store_mem;
    ol_store *store;
    ol_drive *drive;
    ol_drive_keys *keys;
    size_t replies, refused, stored, receipts, stops;
    uint64_t last_index;
    uint32_t last_token;
    ol_err storage, last_err;
    bool is_fatal;
    char url[96];
} station;

static test_party party[PARTIES];
static const uint8_t line_id[OL_LINE_ID_LEN] = "a line of tests";

static void on_note(void *ctx, size_t line, const ol_api_note *n) {
    station *s = ctx;
    assert_int_equal(line, 0);
    s->stored += n->what == OL_NOTE_STORED;
    s->receipts += n->what == OL_NOTE_RECEIPT;
}

static void on_reply(void *ctx, uint32_t token, const ol_api_reply *r) {
    station *s = ctx;
    s->replies += r->err == OL_OK, s->refused += r->err != OL_OK;
    s->last_token = token, s->last_index = r->index, s->last_err = r->err;
}

static void on_storage(void *ctx, ol_err err) {
    station *s = ctx;
    s->storage = err;
    s->stops += err != OL_OK;
}

static void on_fatal(void *ctx, const char *why) {
    station *s = ctx;
    (void)why;
    s->is_fatal = true;
}

static void keys_of(station *s, unsigned p) {
    uint8_t seed[32];
    s->keys = ol_mem_get0(&s->locked, 1, sizeof *s->keys);
    assert_non_null(s->keys);
    memset(seed, (int)(16 * p + 2), sizeof seed); /* as tests/lib/parties.c made them */
    ol_sign_key_of(seed, &s->keys->log);
    memset(seed, (int)(16 * p + 3), sizeof seed);
    ol_sign_key_of(seed, &s->keys->receipt);
    memcpy(s->keys->static_key, party[p].static_private, 32);
    assert_memory_equal(s->keys->log.pub, party[p].card.log, 32);
    assert_memory_equal(s->keys->receipt.pub, party[p].card.receipt, 32);
}

static ol_err add_line(station *s, unsigned self) {
    static const uint8_t secret[32] = "line secret";
    ol_line_party row[PARTIES];
    memset(row, 0, sizeof row);
    for (unsigned p = 0; p < PARTIES; p++) {
        (void)snprintf(row[p].name, sizeof row[p].name, "%s", party[p].card.party.name);
        memcpy(row[p].log_pk, party[p].card.log, 32);
        memcpy(row[p].receipt_pk, party[p].card.receipt, 32);
        memcpy(row[p].static_pk, party[p].card.static_key, 32);
        ol_ratchet_begin((const uint8_t[OL_SECRET_LEN]){ 0x33 }, &row[p].ratchet);
    }
    ol_line_opts o = { .parties = PARTIES,
                       .self = (uint8_t)self,
                       .party = row,
                       .line_secret = secret,
                       .limit_entries = 1000000,
                       .limit_bytes = UINT64_C(1) << 40,
                       .epochs = { .crypto_s = 604800, .courier_s = 2592000 },
                       .name = "hotline" };
    memcpy(o.id, line_id, sizeof o.id);
    ol_why why;
    ol_err err = ol_drive_add_line(s->drive, &o, &why);
    if (err != OL_OK)
        print_message("%s\n", why.text);
    return err;
}

static void begin(station *s, uv_loop_t *loop, unsigned self, ol_store *store) {
    *s = (station){ .loop = loop };
    ol_mem_heap(&s->mem, 64 << 20);
    ol_mem_heap(&s->store_mem, 256 << 20);
    ol_locked_mem(&s->locked, 1 << 20);
    s->store = store;
    if (store == NULL)
        assert_int_equal(ol_store_mem_new(&s->store_mem, &s->store), OL_OK);
    keys_of(s, self);
    ol_drive_opts o = { .loop = loop,
                        .store = s->store,
                        .mem = &s->mem,
                        .secret = &s->locked,
                        .keys = s->keys,
                        .hooks = { on_note, on_reply, on_storage, on_fatal, s, NULL, NULL, NULL } };
    assert_int_equal(ol_drive_new(&o, &s->drive), OL_OK);
    assert_int_equal(add_line(s, self), OL_OK);
    ol_why why;
    assert_int_equal(ol_net_add_port(ol_drive_net(s->drive), "main", "udp://127.0.0.1:0", &why),
                     OL_OK);
    char local[OL_ADDR_TEXT_MAX];
    ol_net_local(ol_drive_net(s->drive), 0, local);
    (void)snprintf(s->url, sizeof s->url, "udp://%s", local);
}

/* url NULL: it waits until the peer speaks. */
static void set_off(station *s, unsigned peer, const char *url) {
    ol_net_path p = { .id = (ol_path_id)(peer * OL_PATHS_PER_PEER), .url = url };
    assert_int_equal(ol_net_add_path(ol_drive_net(s->drive), &p), OL_OK);
    ol_drive_start(s->drive);
}

static void add_path(station *s, unsigned peer, unsigned slot, unsigned port, const char *url) {
    ol_net_path p = { .id = (ol_path_id)(peer * OL_PATHS_PER_PEER + slot),
                      .port = (uint8_t)port,
                      .url = url };
    assert_int_equal(ol_net_add_path(ol_drive_net(s->drive), &p), OL_OK);
}

/* A further port; its url. */
static void add_port(station *s, const char *name, const char *bind, char url[96]) {
    ol_net *n = ol_drive_net(s->drive);
    ol_why why;
    char local[OL_ADDR_TEXT_MAX];
    assert_int_equal(ol_net_add_port(n, name, bind, &why), OL_OK);
    ol_net_local(n, ol_net_ports(n) - 1, local);
    (void)snprintf(url, 96, "%.6s%s", bind, local);
}

static ol_path_status path_of(const station *s, unsigned peer, unsigned slot) {
    ol_path_status st;
    ol_line_path_status(ol_drive_line(s->drive, 0), (ol_path_id)(peer * OL_PATHS_PER_PEER + slot),
                        &st);
    return st;
}

static void end(station *s, bool keeps_store) {
    ol_drive_stop(s->drive);
    (void)uv_run(s->loop, UV_RUN_NOWAIT);
    (void)uv_run(s->loop, UV_RUN_NOWAIT);
    ol_drive_free(s->drive);
    ol_mem_put(&s->locked, s->keys, 1, sizeof *s->keys);
    if (!keeps_store)
        s->store->ops->close(s->store);
    assert_int_equal(s->mem.used, 0);
    assert_int_equal(s->locked.used, 0);
}

static void submit(station *s, uint32_t token, const uint8_t *item) {
    static const uint8_t body[] = { 0x84, 0x03, 0x00, 0x00, 0x82, 0x00, 0x62, 'h', 'i' };
    ol_api_entry e = { .lane = OL_LANE_ROUTINE, .kind = 2, .body = body, .body_len = sizeof body };
    e.item = item;
    assert_int_equal(ol_drive_submit(s->drive, 0, token, &e), OL_OK);
}

static void until(uv_loop_t *loop, const size_t *count, size_t want) {
    for (int i = 0; i < TURNS_MAX && *count < want; i++)
        (void)uv_run(loop, UV_RUN_ONCE);
    assert_true(*count >= want);
}

typedef struct {
    size_t n, mine;
} count;

static ol_err add_one(void *ctx, const ol_stored_entry *e) {
    count *c = ctx;
    c->n++, c->mine += e->log.party == 0;
    return OL_OK;
}

static size_t entries(station *s) {
    count c = { 0 };
    assert_int_equal(s->store->ops->since(s->store, line_id, 0, 1000000, add_one, NULL, &c), OL_OK);
    return c.n;
}

static ol_err add_log(void *ctx, const ol_stored_log *l) {
    (void)l;
    ++*(size_t *)ctx;
    return OL_OK;
}

static void there_and_stored(void **state) {
    (void)state;
    uv_loop_t loop;
    station a, b;
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    begin(&b, &loop, 1, NULL);
    set_off(&b, 0, NULL);
    set_off(&a, 1, b.url);
    submit(&a, 7, NULL);
    assert_int_equal(a.replies, 0); /* never from inside */
    until(&loop, &a.replies, 1);
    assert_true(a.last_token == 7 && a.last_index == 1); /* after the opening */
    until(&loop, &a.receipts, 1);
    submit(&b, 8, NULL); /* the other way, over the path that a opened */
    until(&loop, &b.receipts, 2);
    assert_int_equal(entries(&a), 4);
    assert_int_equal(entries(&b), 4);
    ol_drive_status st;
    ol_drive_status_get(a.drive, &st);
    assert_true(st.commits > 0 && st.stopped == OL_OK);
    ol_net_status net;
    assert_true(ol_net_path_status(ol_drive_net(b.drive), 0, 0, &net));
    assert_string_equal(net.address, a.url + 6);
    assert_null(net.url);
    end(&a, false);
    end(&b, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* b has two paths to a by one port. a speaks from the place of the second one: it is that one that
 * comes to life, whoever opens, and not the first, which leads nowhere. */
static void known_place(void **state) {
    (void)state;
    uv_loop_t loop;
    station a, b;
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    begin(&b, &loop, 1, NULL);
    add_path(&b, 0, 0, 0, "udp://127.0.0.1:9");
    add_path(&b, 0, 1, 0, a.url);
    ol_drive_start(b.drive);
    set_off(&a, 1, b.url);
    submit(&a, 7, NULL);
    until(&loop, &a.receipts, 1);
    submit(&b, 8, NULL);
    until(&loop, &b.receipts, 2);
    assert_true(path_of(&b, 0, 1).is_live);
    assert_false(path_of(&b, 0, 0).is_live);
    assert_int_equal(path_of(&b, 0, 0).frames_in, 0);
    end(&a, false);
    end(&b, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* a speaks first over two paths, from places that b has never heard of: each finds a path. */
static void unknown_places(void **state) {
    (void)state;
    uv_loop_t loop;
    station a, b;
    char second[96];
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    begin(&b, &loop, 1, NULL);
    add_port(&a, "second", "udp://127.0.0.1:0", second);
    for (unsigned i = 0; i < 2; i++) {
        add_path(&b, 0, i, 0, NULL);
        add_path(&a, 1, i, i, b.url);
    }
    ol_drive_start(b.drive);
    ol_drive_start(a.drive);
    for (int i = 0; i < TURNS_MAX; i++) {
        if (path_of(&b, 0, 0).is_live && path_of(&b, 0, 1).is_live)
            break;
        (void)uv_run(&loop, UV_RUN_ONCE);
    }
    assert_true(path_of(&b, 0, 0).is_live && path_of(&b, 0, 1).is_live);
    ol_net_status at[2];
    for (unsigned i = 0; i < 2; i++)
        assert_true(ol_net_path_status(ol_drive_net(b.drive), 0, (ol_path_id)i, &at[i]));
    bool is_straight = strcmp(at[0].address, a.url + 6) == 0;
    assert_string_equal(at[is_straight ? 0 : 1].address, a.url + 6);
    assert_string_equal(at[is_straight ? 1 : 0].address, second + 6);
    end(&a, false);
    end(&b, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* What carried a path is gone: it is not live at once, counts go on, and it comes back. */
static void path_lost(void **state) {
    (void)state;
    uv_loop_t loop;
    station a, b;
    ol_event lost = { .kind = EV_PATH_LOST };
    lost.path.path = OL_PATHS_PER_PEER;
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    begin(&b, &loop, 1, NULL);
    set_off(&b, 0, NULL);
    set_off(&a, 1, b.url);
    submit(&a, 7, NULL);
    until(&loop, &a.receipts, 1);
    ol_path_status was = path_of(&a, 1, 0);
    assert_true(was.is_live && was.proven_wall > 0);
    ol_drive_step(a.drive, 0, &lost);
    ol_path_status now = path_of(&a, 1, 0);
    assert_true(now.is_up && !now.is_live);
    assert_true(now.frames_out == was.frames_out && now.proven_wall == was.proven_wall);
    submit(&b, 8, NULL); /* b has not noticed: what it sends in the old session is read */
    until(&loop, &b.receipts, 2);
    submit(&a, 9, NULL);
    until(&loop, &a.receipts, 3);
    assert_true(path_of(&a, 1, 0).is_live);
    end(&a, false);
    end(&b, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* Over connections: whoever makes them, the line works both ways, also when both do; and it goes on
 * over the next one when one station has gone and come back. */
static void connections(bool a_dials, bool b_dials) {
    uv_loop_t loop;
    station a, b;
    char url_a[96], url_b[96];
    print_message("a dials: %d, b dials: %d\n", a_dials, b_dials);
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    begin(&b, &loop, 1, NULL);
    add_port(&a, "stream", "tcp://127.0.0.1:0", url_a);
    add_port(&b, "stream", "tcp://127.0.0.1:0", url_b);
    add_path(&a, 1, 0, 1, a_dials ? url_b : NULL);
    add_path(&b, 0, 0, 1, b_dials ? url_a : NULL);
    ol_drive_start(a.drive);
    ol_drive_start(b.drive);
    submit(&a, 7, NULL);
    until(&loop, &a.receipts, 1);
    submit(&b, 8, NULL);
    until(&loop, &b.receipts, 2);
    assert_true(path_of(&a, 1, 0).is_live && path_of(&b, 0, 0).is_live);
    for (uint32_t i = 0; i < 500; i++)
        submit(&a, 100 + i, NULL), submit(&b, 100 + i, NULL);
    for (int i = 0; i < TURNS_MAX && (entries(&a) < 1004 || entries(&b) < 1004); i++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_true(entries(&a) == 1004 && entries(&b) == 1004);
    ol_store *store = b.store;
    end(&b, true);
    for (int i = 0; i < TURNS_MAX && path_of(&a, 1, 0).is_live; i++)
        (void)uv_run(&loop, UV_RUN_ONCE); /* noticed at once: it is in the loop's next turns */
    assert_false(path_of(&a, 1, 0).is_live);
    begin(&b, &loop, 1, store);
    add_port(&b, "stream", url_b, url_b);
    add_path(&b, 0, 0, 1, b_dials ? url_a : NULL);
    ol_drive_start(b.drive);
    submit(&a, 9, NULL);
    for (int i = 0; i < TURNS_MAX && entries(&b) < 1005; i++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(entries(&b), 1005);
    end(&a, false);
    end(&b, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void over_tcp(void **state) {
    (void)state;
    connections(true, false);
    connections(false, true);
    connections(true, true);
}

static void many_at_once(void **state) {
    (void)state;
    enum { MANY = 3000 };
    uv_loop_t loop;
    station a, b;
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    begin(&b, &loop, 1, NULL);
    set_off(&b, 0, NULL);
    set_off(&a, 1, b.url);
    for (uint32_t i = 0; i < MANY; i++)
        submit(&a, 100 + i, NULL);
    until(&loop, &a.replies, MANY);
    assert_int_equal(a.refused, 0);
    ol_drive_status st;
    ol_drive_status_get(a.drive, &st);
    assert_true(st.commits < 20); /* group commit: 1,024 entries at a time */
    for (int i = 0; i < TURNS_MAX && entries(&b) < MANY + 1; i++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(entries(&b), MANY + 1);
    end(&a, false);
    end(&b, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* The same item is one entry: under way, in the same batch, and when it is on record already. */
static void items_once(void **state) {
    (void)state;
    uv_loop_t loop;
    station a;
    static const uint8_t item[OL_ITEM_LEN] = "item", other[OL_ITEM_LEN] = "othe";
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    set_off(&a, 1, NULL);
    submit(&a, 1, item);
    submit(&a, 2, item);
    submit(&a, 3, other);
    submit(&a, 4, item);
    until(&loop, &a.replies, 4);
    assert_int_equal(entries(&a), 3);
    submit(&a, 5, item);
    assert_int_equal(a.replies, 4);
    until(&loop, &a.replies, 5);
    assert_true(a.last_token == 5 && a.last_index == 1);
    assert_int_equal(entries(&a), 3);
    end(&a, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void the_disk_fills(void **state) {
    (void)state;
    uv_loop_t loop;
    station a;
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    set_off(&a, 1, NULL);
    submit(&a, 1, NULL);
    until(&loop, &a.replies, 1);
    ol_store_mem_fail(a.store, 1, OL_EFULL);
    submit(&a, 2, NULL);
    until(&loop, &a.stops, 1);
    until(&loop, &a.refused, 1);
    assert_true(a.storage == OL_EFULL && a.last_err == OL_EFULL);
    for (int i = 0; i < TURNS_MAX && a.storage != OL_OK; i++) /* tried again by itself */
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(a.storage, OL_OK);
    submit(&a, 3, NULL);
    until(&loop, &a.replies, 2);
    assert_int_equal(a.last_index, 2); /* what was refused is not there */
    end(&a, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static ol_err finds_nothing_out(ol_store *s, const uint8_t *line, const uint8_t *item,
                                ol_log_key *ret_log, uint64_t *ret_index) {
    (void)s, (void)line, (void)item, (void)ret_log, (void)ret_index;
    return OL_EIO;
}

/* Whether it is on record cannot be told: refused, not said a second time. */
static void the_disk_cannot_be_read(void **state) {
    (void)state;
    uv_loop_t loop;
    station a;
    static const uint8_t item[OL_ITEM_LEN] = "item";
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    set_off(&a, 1, NULL);
    submit(&a, 1, item);
    until(&loop, &a.replies, 1);
    const ol_store_ops *ops = a.store->ops;
    ol_store_ops broken = *ops;
    broken.find_item = finds_nothing_out;
    a.store->ops = &broken;
    submit(&a, 2, item);
    until(&loop, &a.refused, 1);
    assert_true(a.last_token == 2 && a.last_err == OL_EIO);
    a.store->ops = ops;
    submit(&a, 3, item);
    until(&loop, &a.replies, 2);
    assert_true(a.last_index == 1 && entries(&a) == 2);
    end(&a, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* No memory for a path when it is set up: it is tried again, some seconds later. */
static void a_path_finds_no_memory(void **state) {
    (void)state;
    uv_loop_t loop;
    station a, b;
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    begin(&b, &loop, 1, NULL);
    set_off(&b, 0, NULL);
    a.locked.fail_at = a.locked.gets + 1;
    set_off(&a, 1, b.url);
    assert_true(a.locked.gets >= a.locked.fail_at);
    submit(&a, 7, NULL);
    until(&loop, &a.receipts, 1);
    end(&a, false);
    end(&b, false);
    assert_int_equal(uv_loop_close(&loop), 0);
}

/* Loaded again from its store: without a marker a new incarnation, the old entries still there. */
static void started_again(void **state) {
    (void)state;
    uv_loop_t loop;
    station a, b;
    size_t logs = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    begin(&a, &loop, 0, NULL);
    set_off(&a, 1, NULL);
    submit(&a, 1, NULL);
    until(&loop, &a.replies, 1);
    end(&a, true);
    ol_store *store = a.store;
    station was = a;
    begin(&a, &loop, 0, store);
    begin(&b, &loop, 1, NULL);
    set_off(&b, 0, NULL);
    set_off(&a, 1, b.url);
    submit(&a, 2, NULL);
    until(&loop, &a.replies, 1);
    for (int i = 0; i < TURNS_MAX && entries(&b) < 4; i++)
        (void)uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(entries(&b), 4); /* two openings, two messages */
    assert_int_equal(store->ops->logs(store, line_id, add_log, &logs), OL_OK);
    assert_int_equal(logs, 2);
    end(&a, true);
    end(&b, false);
    store->ops->close(store);
    (void)was;
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {

        cmocka_unit_test(there_and_stored),
        cmocka_unit_test(many_at_once),
        cmocka_unit_test(items_once),
        cmocka_unit_test(the_disk_fills),
        cmocka_unit_test(the_disk_cannot_be_read),
        cmocka_unit_test(a_path_finds_no_memory),
        cmocka_unit_test(started_again),
        cmocka_unit_test(known_place),
        cmocka_unit_test(unknown_places),
        cmocka_unit_test(path_lost),
        cmocka_unit_test(over_tcp),
    };
    ol_log_from(OL_ERROR);
    if (sodium_init() < 0)
        return 1;
    for (unsigned p = 0; p < PARTIES; p++)
        test_party_make(p, &party[p]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
