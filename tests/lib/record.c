#include "lib/record.h"

#include <stdio.h>
#include <string.h>

#include "crypto/keys.h"
#include "lib/known.h"
#include "record/receipt.h"
#include "wire/cbor.h"
#include "wire/entry.h"

enum { USA, PRC, SWI, PARTIES, CARDS = 4, NOTE_MAX = 4096 };
static const char *const names[PARTIES] = { "usa", "prc", "swi" };
static const char *const serials[PARTIES] = { "1", "2", "1" };

static const struct {
    uint8_t party, lane;
    uint64_t size;
    uint64_t receipts[PARTIES][3]; /* by each party, rising */
    uint64_t agreed;
} logs[RECORD_LOGS] = {
    { USA, 0, 3, { { 0 }, { 3 }, { 3 } }, 3 },
    { USA, 1, 600, { { 0 }, { 256, 600 }, { 256, 512 } }, 256 },
    { PRC, 0, 1, { { 1 }, { 0 }, { 1 } }, 1 },
    { PRC, 1, 256, { { 256 }, { 0 }, { 256 } }, 256 },
    { SWI, 0, 257, { { 200 }, { 200, 257 }, { 0 } }, 200 },
    { SWI, 1, 2, { { 0 }, { 0 }, { 0 } }, 0 },
};

static uint8_t line_secret[32], charter[NOTE_MAX], cards[CARDS][NOTE_MAX];
static size_t charter_len, card_len[CARDS];

static void digest(const char *a, const char *b, const char *c, uint8_t ret[32]) {
    const ol_part part[] = { { a, strlen(a) }, { b, strlen(b) }, { c, strlen(c) } };
    ol_hash_sha256_parts(part, 3, ret);
}

static ol_sign_key key_of(uint8_t party, const char *role, const char *serial) {
    uint8_t seed[32];
    ol_sign_key key;
    digest(names[party], role, serial, seed);
    ol_sign_key_of(seed, &key);
    return key;
}

ol_log_key record_key(size_t log) {
    uint8_t hash[32];
    ol_log_key key = { .party = logs[log].party, .lane = logs[log].lane };
    digest(names[key.party], "lane ", key.lane == 0 ? "0" : "1", hash);
    memcpy(key.incarnation, hash, OL_INC_LEN);
    return key;
}

const uint8_t *record_secret(void) {
    return line_secret;
}

static uint64_t size_of(const test_record *r, size_t log) {
    return log == 1 && r->grown > 0 ? r->grown : logs[log].size;
}

static size_t origin_of(size_t log, char *to) {
    ol_log_key key = record_key(log);
    return ol_checkpoint_origin("hotline", names[key.party], &key, to);
}

/* ── leaves ──────────────────────────────────────────────────────────────────────────────────── */

static void put_message(ol_wr *w, size_t log, uint64_t index) {
    char text[600];
    int n = snprintf(text, sizeof text, "entry %u ", (unsigned)index);
    size_t more = index * 37 % 500;
    memset(text + n, 'x', more);
    ol_cbor_put_array(w, 4);
    ol_cbor_put_uint(w, logs[log].lane == 0 ? 1 : 3);
    ol_cbor_put_uint(w, 1), ol_cbor_put_uint(w, 0);
    ol_cbor_put_array(w, 2), ol_cbor_put_uint(w, 0);
    ol_cbor_put_text(w, text, (size_t)n + more);
}

static size_t make_leaf(size_t log, uint64_t index, uint8_t *to) {
    static ol_entry e;
    uint8_t body[700], item[32];
    char origin[OL_NOTE_NAME_MAX + 1], number[24];
    size_t len = origin_of(log, origin);
    ol_wr b = ol_wr_of(body, sizeof body), w = ol_wr_of(to, OL_LEAF_MAX);
    snprintf(number, sizeof number, "%u", (unsigned)index);
    digest(origin, " ", number, item);
    if (index == 0)
        ol_opening_encode(&(ol_opening){ .why = OL_WHY_FIRST }, &b);
    else
        put_message(&b, log, index);
    e = (ol_entry){ .kind = index == 0 ? OL_KIND_OPENING : OL_KIND_MESSAGE,
                    .wall = RECORD_START + index,
                    .body = body,
                    .body_len = b.len,
                    .has_item = index > 0 };
    memcpy(e.item, item, OL_ITEM_LEN);
    ol_keys_salt(line_secret, origin, len, index, to);
    w.len = OL_SALT_LEN;
    ol_entry_encode(&e, &w);
    OL_ASSERT(b.err == OL_OK && w.err == OL_OK);
    return w.len;
}

static ol_err leaves(void *ctx, size_t log, uint64_t from, uint64_t to, ol_record_leaf_fn *fn,
                     void *fn_ctx) {
    test_record *r = ctx;
    static uint8_t leaf[OL_LEAF_MAX + 1];
    ol_err err = OL_OK;
    for (uint64_t i = from; err == OL_OK && i < to; i++) {
        size_t len = make_leaf(log, i, leaf);
        r->leaves_asked++;
        if (r->spoil == SPOIL_LEAF_MISSING && i == to - 1)
            break;
        if (r->spoil == SPOIL_LEAF && i == 0)
            leaf[len - 1] ^= 1;
        if (r->spoil == SPOIL_LEAF_LONG && i == 0)
            len = OL_LEAF_MAX + 1;
        err = fn(fn_ctx, i, leaf, len);
        if (err == OL_OK && r->spoil == SPOIL_LEAF_TWICE)
            err = fn(fn_ctx, i, leaf, len);
    }
    return err;
}

/* ── signatures ──────────────────────────────────────────────────────────────────────────────── */

/* Asked for again and again: the roots are kept. */
static ol_hash root_of(size_t log, uint64_t size) {
    static struct {
        uint64_t size;
        ol_hash root;
    } kept[RECORD_LOGS][16];
    size_t at = 0;
    while (kept[log][at].size != 0 && kept[log][at].size != size)
        at++;
    OL_ASSERT(at + 1 < OL_LEN(kept[log]));
    if (kept[log][at].size == size)
        return kept[log][at].root;
    ol_frontier f = { .size = 0 };
    uint8_t leaf[OL_LEAF_MAX];
    for (uint64_t i = 0; i < size; i++) {
        ol_hash hash = ol_merkle_leaf(leaf, make_leaf(log, i, leaf));
        ol_err err = ol_frontier_append(&f, &hash);
        OL_ASSERT(err == OL_OK);
    }
    kept[log][at].size = size;
    return kept[log][at].root = ol_frontier_root(&f);
}

static ol_checkpoint checkpoint_of(size_t log, uint64_t size, char *origin) {
    size_t len = origin_of(log, origin);
    return (ol_checkpoint){ { origin, len }, size, root_of(log, size) };
}

static void sign_head(size_t log, uint64_t size, uint8_t *ret) {
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_checkpoint cp = checkpoint_of(log, size, origin);
    ol_sign_key key = key_of(logs[log].party, "log", serials[logs[log].party]);
    ol_checkpoint_sign(&cp, &key, ret);
}

static ol_err get_receipt(void *ctx, size_t log, uint8_t party, uint64_t size,
                          ol_record_receipt *ret) {
    const test_record *r = ctx;
    char origin[OL_NOTE_NAME_MAX + 1];
    const uint64_t *kept = logs[log].receipts[party];
    bool is_kept = size == 0 ? kept[0] > 0 : kept[0] == size || kept[1] == size;
    if (!is_kept || (log == 1 && r->grown > 0))
        return OL_ENOENT;
    if (size == 0)
        size = kept[1] > 0 ? kept[1] : kept[0];
    ol_checkpoint cp = checkpoint_of(log, size, origin);
    bool is_earlier = log == 1 && party == PRC && size == 256; /* signed under an earlier card */
    ol_sign_key key = key_of(party, "receipt", is_earlier ? "1" : serials[party]);
    *ret = (ol_record_receipt){ .size = size, .time = RECORD_START + size };
    ol_receipt_sign(&cp, ret->time, &key, ret->sig);
    sign_head(log, size, ret->head);
    memcpy(ret->pub, key.pub, OL_SIGN_PUB_LEN);
    ret->pub[0] ^= r->spoil == SPOIL_RECEIPT_KEY;
    ret->sig[40] ^= r->spoil == SPOIL_RECEIPT;
    ret->head[40] ^= r->spoil == SPOIL_RECEIPT_HEAD;
    ret->size += r->spoil == SPOIL_RECEIPT_SIZE ? 1000 : 0;
    ret->time += r->spoil == SPOIL_RECEIPT_TIME;
    return OL_OK;
}

static ol_err get_agreed(void *ctx, size_t log, uint64_t *ret_size) {
    const test_record *r = ctx;
    if (logs[log].agreed == 0 || (log == 1 && r->grown > 0))
        return OL_ENOENT;
    *ret_size = logs[log].agreed;
    if (r->spoil == SPOIL_AGREED)
        *ret_size -= 1;
    if (r->spoil == SPOIL_AGREED_BEYOND)
        *ret_size = logs[log].size + 1;
    return OL_OK;
}

static ol_err get_evidence(void *ctx, size_t log, size_t n, ol_record_evidence *ret) {
    const test_record *r = ctx;
    char origin[OL_NOTE_NAME_MAX + 1];
    if (log != 1 || n >= r->evidence)
        return OL_ENOENT;
    ol_checkpoint cp = checkpoint_of(log, n == 0 ? 256 : 600, origin);
    cp.root.b[0] ^= r->spoil == SPOIL_EVIDENCE_NONE ? 0 : 1;
    *ret = (ol_record_evidence){ .party = n == 0 ? USA : PRC, .size = cp.size };
    ret->time = n == 0 ? 0 : RECORD_START;
    ol_sign_key key = key_of(ret->party, n == 0 ? "log" : "receipt", serials[ret->party]);
    if (n == 0)
        ol_checkpoint_sign(&cp, &key, ret->sig);
    else
        ol_receipt_sign(&cp, ret->time, &key, ret->sig);
    memcpy(ret->pub, key.pub, sizeof ret->pub);
    memcpy(ret->root, cp.root.b, sizeof ret->root);
    ret->own_size = r->spoil == SPOIL_EVIDENCE_SIZE ? 255 : cp.size;
    sign_head(log, ret->own_size, ret->own_head);
    ret->sig[40] ^= r->spoil == SPOIL_EVIDENCE;
    return OL_OK;
}

/* ── logs, cards, charters ───────────────────────────────────────────────────────────────────── */

static ol_err get_log(void *ctx, size_t n, ol_record_log *ret) {
    const test_record *r = ctx;
    if (n > RECORD_LOGS)
        return OL_ENOENT;
    if (n == RECORD_LOGS) { /* one that has no head yet is not shown */
        *ret = (ol_record_log){ .key = { SWI, 1, { 9 } }, .members = 7 };
        return OL_OK;
    }
    *ret = (ol_record_log){ .key = record_key(n), .size = size_of(r, n), .members = 7 };
    sign_head(n, ret->size, ret->head);
    const char *serial = serials[logs[n].party];
    const char *role = r->spoil == SPOIL_LOG_KEY ? "receipt" : "log";
    ol_sign_key key = key_of(logs[n].party, role, serial);
    memcpy(ret->log_pub, key.pub, OL_SIGN_PUB_LEN);
    for (uint8_t p = 0; p < PARTIES; p++) {
        key = key_of(p, "receipt", serials[p]);
        memcpy(ret->receipt_pub[p], key.pub, OL_SIGN_PUB_LEN);
    }
    ret->head[40] ^= r->spoil == SPOIL_HEAD;
    ret->key.party = r->spoil == SPOIL_PARTY ? PARTIES : ret->key.party;
    ret->key.lane = r->spoil == SPOIL_LANE ? OL_LANES : ret->key.lane;
    ret->members = r->spoil == SPOIL_MEMBERS ? 15 : 7;
    return OL_OK;
}

static ol_err get_charter(void *ctx, size_t generation, ol_str *ret) {
    const test_record *r = ctx;
    if (generation >= r->generations || r->spoil == SPOIL_CHARTER)
        return OL_ENOENT;
    *ret = (ol_str){ (const char *)charter, charter_len };
    return OL_OK;
}

static ol_err get_card(void *ctx, size_t n, ol_record_card *ret) {
    static const struct {
        uint8_t party;
        uint32_t serial;
    } of[CARDS] = { { PRC, 1 }, { PRC, 2 }, { SWI, 1 }, { USA, 1 } };
    const test_record *r = ctx;
    if (n >= CARDS)
        return OL_ENOENT;
    *ret = (ol_record_card){ of[n].party, of[n].serial, { (const char *)cards[n], card_len[n] } };
    ret->party = r->spoil == SPOIL_CARD ? PARTIES : ret->party;
    return OL_OK;
}

static void load(void) {
    static const char *const path[CARDS] = { "cards/prc.1", "cards/prc.2", "cards/swi.1",
                                             "cards/usa.1" };
    known k;
    known_open(&k, "export.txt");
    OL_ASSERT(known_next(&k));
    known_bytes(&k, "secret", line_secret, sizeof line_secret);
    while (known_next(&k) && strcmp(known_text(&k, "in"), "full") == 0) {
        if (strcmp(known_text(&k, "path"), "charter") == 0)
            charter_len = known_hex(&k, "text", charter, sizeof charter);
        for (size_t i = 0; i < CARDS; i++)
            if (strcmp(known_text(&k, "path"), path[i]) == 0)
                card_len[i] = known_hex(&k, "text", cards[i], sizeof cards[i]);
    }
    known_close(&k);
}

void record_make(test_record *r) {
    *r = (test_record){
        .reader = { .line = "hotline",
                    .parties = PARTIES,
                    .party = { "usa", "prc", "swi" },
                    .ctx = r,
                    .charter = get_charter,
                    .card = get_card,
                    .log = get_log,
                    .receipt = get_receipt,
                    .agreed = get_agreed,
                    .evidence = get_evidence,
                    .leaves = leaves },
        .generations = 1,
    };
    load();
}
