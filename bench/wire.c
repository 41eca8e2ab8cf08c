/* Bytes on the wire of one message and its receipt, by what they are for: two engines in one
 * process, joined by the simulator's path: 20 ms each way, no loss, frames as UDP carries them.
 *   bench_wire [CHARS]        280 characters unless told
 *   bench_wire --check        fails where 280 characters take more than is allowed (a test)
 * The entry is as long as the real one; lib_world fills its body with a byte string. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "message/body.h"
#include "sim/lib_world.h"

enum { IP_UDP = 28, FRAME = 2 + 2 + 16, CALM_MS = 5000 };
enum { WARM = 440, COLD = 600, AFTER_REBOOT = 700 }; /* bytes that are allowed */

static const char english[] =
    "We have observed an airship of yours over our territory since 06:40 this morning, moving "
    "east at about forty knots and eighteen thousand metres. Please state its purpose and the "
    "course you expect it to take. We have no intention to act against it before we have your "
    "answer, which we ask for within the hour. ";

typedef struct {
    size_t frames, bytes;
} tally;

static tally counted; /* since the message was said */
static size_t over;   /* measurements that took more than is allowed */

static void on_frame(sim_world *w, unsigned from, unsigned party, uint32_t to, const uint8_t *p,
                     size_t len) {
    (void)w, (void)from, (void)party, (void)to, (void)p;
    counted.frames++, counted.bytes += len;
}

static ol_err on_entry(void *ctx, const ol_stored_entry *e) {
    *(size_t *)ctx = e->len;
    return OL_OK;
}

typedef struct {
    sim_world *w;
    size_t body, text; /* of the message */
} bench;

typedef struct {
    tally receipt, calm; /* until the receipt had come; until nobody said anything more */
    uint64_t ms;
    size_t entry;
} result;

/* One message by a party; what it took. */
static result say(bench *b, unsigned party) {
    sim_world *w = b->w;
    result r = { .ms = w->now_ms };
    uint64_t before = w->sum.receipts;
    counted = (tally){ 0 };
    w->on_frame = on_frame;
    sim_say(w, party, 0, b->body - 2);
    while (w->sum.receipts == before && w->now_ms < r.ms + 60000)
        sim_until(w, w->now_ms + 1);
    r.receipt = counted, r.ms = w->now_ms - r.ms;
    sim_until(w, w->now_ms + CALM_MS);
    r.calm = counted;
    w->on_frame = NULL;
    const sim_said *said = &w->said.v[w->said.n - 1];
    ol_store *s = w->st[party].store;
    if (s->ops->entries(s, (const uint8_t *)"a line to test\0", &said->log, said->index,
                        said->index + 1, on_entry, &r.entry) != OL_OK)
        r.entry = 0;
    return r;
}

static void print(const bench *b, const char *name, const result *r, size_t allowed) {
    size_t ip = IP_UDP * r->receipt.frames, frame = FRAME * r->receipt.frames;
    size_t total = r->receipt.bytes + ip, known = r->entry + 64 + 64 + frame;
    printf("{\"name\":\"%s\",\"total\":%zu,\"frames\":%zu,\"ip_udp\":%zu,\"frame\":%zu,"
           "\"entry\":%zu,\"text\":%zu,\"head_signature\":64,\"receipt_signature\":64,"
           "\"rest\":%zu,\"until_calm\":%zu,\"ms\":%llu}\n",
           name, total, r->receipt.frames, ip, frame, r->entry - b->text, b->text,
           r->receipt.bytes - known, r->calm.bytes + IP_UDP * r->calm.frames,
           (unsigned long long)r->ms);
    over += total > allowed;
}

static void measure_body(bench *b, size_t chars) {
    char text[1024];
    uint8_t body[OL_BODY_MAX];
    const char *said = "";
    ol_body_why why = { "" };
    ol_message m = { .precedence = OL_IMMEDIATE };
    for (size_t i = 0; i < chars; i++)
        text[i] = english[i % (sizeof english - 1)];
    m.text = (ol_str){ text, chars };
    if (ol_body_put(&m, body, &b->body, &why) != OL_OK ||
        ol_message_decode(body, b->body, &m, &said) != OL_OK) {
        fprintf(stderr, "bench_wire: %s%s\n", why.text, said);
        exit(1);
    }
    b->text = m.text.len;
}

static void reboot(bench *b, const char *name) {
    sim_kill(b->w, 0, true);
    sim_until(b->w, b->w->now_ms + 1000);
    sim_start(b->w, 0);
    result r = say(b, 0);
    print(b, name, &r, AFTER_REBOOT);
}

int main(int argc, char **argv) {
    uint64_t chars = 280;
    bool is_check = argc == 2 && strcmp(argv[1], "--check") == 0;
    if (argc > 2 || (argc == 2 && !is_check &&
                     ol_u64_get(argv[1], strlen(argv[1]), 10, 1000, &chars) != OL_OK)) {
        fprintf(stderr, "usage: bench_wire [CHARS | --check]\n");
        return 2;
    }
    bench b = { .w = sim_new(1, 2, false) };
    measure_body(&b, (size_t)chars);
    sim_start(b.w, 0), sim_start(b.w, 1);
    sim_until(b.w, 3000);
    for (int i = 0; i < 3; i++)
        (void)say(&b, 0), (void)say(&b, 1);
    result r = say(&b, 0);
    print(&b, "warm, an answer", &r, WARM);
    r = say(&b, 0);
    print(&b, "warm, one after the other", &r, WARM);
    sim_net_cut(b.w, 0, 1, true);
    sim_until(b.w, b.w->now_ms + 180000); /* the session is given up */
    sim_net_cut(b.w, 0, 1, false);
    r = say(&b, 0);
    print(&b, "cold", &r, COLD);
    reboot(&b, "cold, right after a reboot");
    sim_free(b.w);
    b.w = sim_new(2, 2, false);
    sim_start(b.w, 0), sim_start(b.w, 1);
    sim_until(b.w, 3000);
    (void)say(&b, 0);
    reboot(&b, "the same, where the other has never spoken");
    sim_free(b.w);
    return is_check && over > 0 ? 1 : 0;
}
