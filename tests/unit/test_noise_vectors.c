/* Every published vector of noise.json: each message, each transport frame, the handshake hash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <sodium.h>

#include "crypto/noise.h"
#include "lib/vectors.h"

enum { KEY = OL_NOISE_KEY_LEN, CAP = 512 };

static const char *where = "";

#define MUST(x)                                                                                    \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s: line %d: %s\n", where, __LINE__, #x);                             \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

typedef struct {
    uint8_t b[CAP];
    size_t len;
} bytes;

static bytes unhex(const json_t *v) {
    bytes r = { .len = 0 };
    const char *s = json_string_value(v);
    MUST(s != NULL && sodium_hex2bin(r.b, CAP, s, strlen(s), NULL, &r.len, NULL) == 0);
    return r;
}

static bytes get(const json_t *vector, const char *key) {
    return unhex(json_object_get(vector, key));
}

typedef struct {
    ol_noise hs;
    bytes s, rs, e;
    uint8_t tx[KEY], rx[KEY], ss[KEY];
} side;

static ol_noise_pattern pattern_of(const char *name) {
    static const char *const names[OL_NOISE_PATTERNS] = { "Noise_KK_25519_ChaChaPoly_SHA256",
                                                          "Noise_K_25519_ChaChaPoly_SHA256",
                                                          "Noise_KKpsk0_25519_ChaChaPoly_SHA256",
                                                          "Noise_KKpsk2_25519_ChaChaPoly_SHA256",
                                                          "Noise_Kpsk0_25519_ChaChaPoly_SHA256" };
    for (int i = 0; i < OL_NOISE_PATTERNS; i++)
        if (strcmp(name, names[i]) == 0)
            return (ol_noise_pattern)i;
    MUST(NULL == name);
    return OL_NOISE_KK;
}

static void begin(side *a, const json_t *vector, bool is_initiator) {
    bytes prologue = get(vector, is_initiator ? "init_prologue" : "resp_prologue");
    const json_t *psks = json_object_get(vector, is_initiator ? "init_psks" : "resp_psks");
    bytes psk = { .len = 0 };
    if (psks != NULL)
        psk = unhex(json_array_get(psks, 0));
    a->s = get(vector, is_initiator ? "init_static" : "resp_static");
    a->rs = get(vector, is_initiator ? "init_remote_static" : "resp_remote_static");
    const json_t *e = json_object_get(vector, is_initiator ? "init_ephemeral" : "resp_ephemeral");
    if (e != NULL)
        a->e = unhex(e);
    uint8_t pub[KEY];
    MUST(crypto_scalarmult_base(pub, a->s.b) == 0);
    MUST(crypto_scalarmult(a->ss, a->s.b, a->rs.b) == 0);
    ol_noise_setup setup = { .pattern = pattern_of(
                                 json_string_value(json_object_get(vector, "protocol_name"))),
                             .is_initiator = is_initiator,
                             .prologue = prologue.b,
                             .prologue_len = prologue.len,
                             .s = pub,
                             .rs = a->rs.b,
                             .psk = psks != NULL ? psk.b : NULL };
    ol_noise_init(&a->hs, &setup);
}

static void expect(const uint8_t *got, size_t len, const bytes *want) {
    MUST(len == want->len && memcmp(got, want->b, len) == 0);
}

/* Handshake message number i (0, 1): written by from, read by to, both as the vector says. */
static void handshake(size_t i, side *from, side *to, const bytes *payload, const bytes *cipher) {
    uint8_t msg[CAP], back[CAP], pub[KEY], shared[KEY];
    ol_wr w = ol_wr_of(msg, CAP), r = ol_wr_of(back, CAP);
    if (i == 0)
        MUST(ol_noise_write1(&from->hs, from->e.b, from->ss, payload->b, payload->len, &w) ==
             OL_OK);
    else
        MUST(ol_noise_write2(&from->hs, from->e.b, payload->b, payload->len, &w) == OL_OK);
    expect(msg, w.len, cipher);
    MUST(ol_noise_peek(msg, w.len, pub) == OL_OK);
    MUST(crypto_scalarmult(shared, to->s.b, pub) == 0);
    if (i == 0)
        MUST(ol_noise_read1(&to->hs, shared, to->ss, msg, w.len, &r) == OL_OK);
    else
        MUST(ol_noise_read2(&to->hs, shared, msg, w.len, &r) == OL_OK);
    expect(back, r.len, payload);
}

static void transport(uint64_t n, side *from, side *to, const bytes *payload, const bytes *cipher) {
    uint8_t msg[CAP], back[CAP];
    ol_wr w = ol_wr_of(msg, CAP), r = ol_wr_of(back, CAP);
    MUST(ol_noise_seal(from->tx, n, NULL, 0, payload->b, payload->len, &w) == OL_OK);
    expect(msg, w.len, cipher);
    MUST(ol_noise_open(to->rx, n, NULL, 0, msg, w.len, &r) == OL_OK);
    expect(back, r.len, payload);
}

static void play(const json_t *vector) {
    side side_of[2] = { 0 };
    begin(&side_of[0], vector, true);
    begin(&side_of[1], vector, false);
    bool is_oneway = json_object_get(vector, "resp_ephemeral") == NULL;
    size_t handshakes = is_oneway ? 1 : 2;
    uint64_t n[2] = { 0, 0 };
    const json_t *messages = json_object_get(vector, "messages");
    MUST(json_array_size(messages) > handshakes);
    for (size_t i = 0; i < json_array_size(messages); i++) {
        bytes payload = get(json_array_get(messages, i), "payload");
        bytes cipher = get(json_array_get(messages, i), "ciphertext");
        size_t who = is_oneway ? 0 : i % 2;
        side *from = &side_of[who], *to = &side_of[1 - who];
        if (i < handshakes)
            handshake(i, from, to, &payload, &cipher);
        else
            transport(n[who]++, from, to, &payload, &cipher);
        for (size_t s = 0; i + 1 == handshakes && s < 2; s++) {
            uint8_t h[KEY];
            bytes hash = get(vector, "handshake_hash");
            MUST(ol_noise_split(&side_of[s].hs, side_of[s].tx, side_of[s].rx) == OL_OK);
            MUST(ol_noise_hash(&side_of[s].hs, h) == OL_OK);
            expect(h, KEY, &hash);
        }
    }
}

int main(void) {
    size_t len = 0;
    char *text = vectors_published("noise.json", &len);
    json_error_t error;
    json_t *file = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
    free(text);
    if (file == NULL || sodium_init() < 0) {
        fprintf(stderr, "noise.json: line %d: %s\n", error.line, error.text);
        return 1;
    }
    const json_t *vectors = json_object_get(file, "vectors");
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        const json_t *vector = json_array_get(vectors, i);
        where = json_string_value(json_object_get(vector, "protocol_name"));
        play(vector);
        printf("ok %s\n", where);
    }
    where = "noise.json";
    MUST(json_array_size(vectors) == OL_NOISE_PATTERNS);
    json_decref(file);
    return 0;
}
