#include "record/export.h"

#include <string.h>

#include "record/policy.h"
#include "record/proof.h"
#include "record/receipt.h"
#include "record/tile.h"

enum {
    /* of notes: each receipt, the checkpoint, the head, two of each piece of evidence */
    SIZES_MAX = OL_PARTIES_MAX + 2 + 2 * OL_EXPORT_EVIDENCE_MAX,
    NOTE_MAX = 8192, /* a head with fifteen receipts has less than 4,400 bytes */
    TEXT_MAX = 16384 /* policy, pending, a proof with its note */
};
_Static_assert((int)OL_POLICY_MAX <= (int)TEXT_MAX, "policy");
_Static_assert(64 + OL_PROOF_MAX * 45 + NOTE_MAX <= TEXT_MAX, "proof");

typedef struct {
    uint64_t size;
    ol_hash root; /* once the walk has come by */
} root_at;

typedef struct { /* of one export; the part from `n` on is of the present log */
    const ol_reader *reader;
    const ol_export_to *to;
    ol_export_at at;
    size_t n;
    size_t dir_len; /* of at.path: <party>/<lane>/<incarnation>/ */
    ol_record_log log;
    char origin[OL_NOTE_NAME_MAX + 1];
    ol_note_key log_key;
    bool has_receipt[OL_PARTIES_MAX];
    ol_record_receipt receipt[OL_PARTIES_MAX]; /* each party's largest */
    uint64_t agreed;                           /* 0: no size is */
    ol_record_receipt agreement[OL_PARTIES_MAX];
    ol_record_evidence evidence[OL_EXPORT_EVIDENCE_MAX];
    size_t evidences;
    root_at root[SIZES_MAX];
    size_t roots;
    ol_frontier frontier;
    bool wants_tiles;
    uint64_t wanted; /* a leaf to keep; UINT64_MAX: none */
    size_t leaf_len, checkpoint_len;
    uint8_t leaf[OL_LEAF_MAX], checkpoint[NOTE_MAX], text[TEXT_MAX];
    ol_tiles tiles;
    ol_bundle bundle;
} job;
_Static_assert(sizeof(job) <= OL_EXPORT_MEM, "OL_EXPORT_MEM says what an export takes");

static bool is_other(const job *j, unsigned party) {
    return (j->log.members >> party & 1) != 0 && party != j->log.key.party;
}

static void put_text(ol_wr *w, const char *s) {
    ol_wr_put(w, s, strlen(s));
}

static void put_u64(ol_wr *w, uint64_t v) {
    char s[21];
    ol_u64_put(v, s);
    put_text(w, s);
}

/* ── files ───────────────────────────────────────────────────────────────────────────────────── */

/* The next file's path: its start is kept, three strings follow. */
static void name_file(job *j, size_t keep, const char *a, const char *b, const char *c) {
    ol_wr w = { (uint8_t *)j->at.path, keep, sizeof j->at.path, OL_OK };
    put_text(&w, a), put_text(&w, b), put_text(&w, c);
    ol_wr_put(&w, "", 1);
    OL_ASSERT(w.err == OL_OK);
}

static ol_err make_file(job *j, const void *p, size_t n) {
    return j->to->file(j->to->ctx, j->at.path, p, n);
}

static ol_err make_file_of(job *j, const ol_wr *w) {
    return w->err != OL_OK ? w->err : make_file(j, w->p, w->len);
}

static ol_err make_charters(job *j) {
    for (size_t generation = 0;; generation++) {
        ol_str note;
        char number[21];
        ol_u64_put(generation, number);
        name_file(j, 0, "charter", generation > 0 ? "." : "", generation > 0 ? number : "");
        ol_err err = j->reader->charter(j->reader->ctx, generation, &note);
        if (err == OL_ENOENT && generation > 0)
            return OL_OK;
        if (err == OL_OK)
            err = make_file(j, note.p, note.len);
        if (err != OL_OK)
            return err;
    }
}

static ol_err make_cards(job *j) {
    for (size_t n = 0;; n++) {
        ol_record_card card;
        char serial[21];
        name_file(j, 0, "cards/", "", "");
        ol_err err = j->reader->card(j->reader->ctx, n, &card);
        if (err == OL_ENOENT)
            return OL_OK;
        if (err == OL_OK && card.party >= j->reader->parties)
            err = OL_ECONFLICT;
        if (err != OL_OK)
            return err;
        ol_u64_put(card.serial, serial);
        name_file(j, strlen("cards/"), j->reader->party[card.party], ".", serial);
        err = make_file(j, card.note.p, card.note.len);
        if (err != OL_OK)
            return err;
    }
}

/* ── one log: what there is of it ────────────────────────────────────────────────────────────── */

static ol_note_key mirror_of(const job *j, unsigned party, const uint8_t *pub) {
    char name[OL_NOTE_NAME_MAX + 1];
    ol_note_key key;
    size_t len = ol_checkpoint_mirror(j->reader->line, j->reader->party[party], name);
    ol_err err = ol_note_key_of(name, len, OL_NOTE_COSIGNATURE, pub, &key);
    OL_ASSERT(err == OL_OK); /* names of parties make names of keys */
    return key;
}

static ol_err want_root(job *j, uint64_t size) {
    if (size == 0 || size > j->log.size)
        return OL_ECONFLICT;
    for (size_t i = 0; i < j->roots; i++)
        if (j->root[i].size == size)
            return OL_OK;
    OL_ASSERT(j->roots < SIZES_MAX);
    j->root[j->roots++].size = size;
    return OL_OK;
}

static ol_err read_largest(job *j) {
    const ol_reader *r = j->reader;
    ol_err err = OL_OK;
    for (uint8_t p = 0; err == OL_OK && p < r->parties; p++) {
        j->has_receipt[p] = false;
        if (!is_other(j, p))
            continue;
        err = r->receipt(r->ctx, j->n, p, 0, &j->receipt[p]);
        if (err == OL_OK)
            err = want_root(j, j->receipt[p].size), j->has_receipt[p] = true;
        else if (err == OL_ENOENT)
            err = OL_OK;
    }
    return err;
}

static ol_err read_agreement(job *j) {
    const ol_reader *r = j->reader;
    ol_err err = r->agreed(r->ctx, j->n, &j->agreed);
    if (err == OL_ENOENT) {
        j->agreed = 0;
        return OL_OK;
    }
    if (err == OL_OK)
        err = want_root(j, j->agreed);
    for (uint8_t p = 0; err == OL_OK && p < r->parties; p++)
        if (is_other(j, p))
            err = r->receipt(r->ctx, j->n, p, j->agreed, &j->agreement[p]);
    return err == OL_ENOENT ? OL_ECONFLICT : err; /* agreed, and yet there is no receipt */
}

static ol_err read_evidence(job *j) {
    const ol_reader *r = j->reader;
    ol_err err = OL_OK;
    for (j->evidences = 0; err == OL_OK && j->evidences < OL_EXPORT_EVIDENCE_MAX;) {
        ol_record_evidence *e = &j->evidence[j->evidences];
        err = r->evidence(r->ctx, j->n, j->evidences, e);
        if (err == OL_OK && (e->party >= r->parties || e->size > e->own_size))
            err = OL_ECONFLICT;
        if (err == OL_OK)
            err = want_root(j, e->size);
        if (err == OL_OK)
            err = want_root(j, e->own_size);
        j->evidences += err == OL_OK;
    }
    return err == OL_ENOENT ? OL_OK : err;
}

/* OL_ENOENT past the last log. */
static ol_err open_log(job *j, size_t n) {
    const ol_reader *r = j->reader;
    ol_err err = r->log(r->ctx, n, &j->log);
    if (err != OL_OK)
        return err;
    uint8_t author = j->log.key.party;
    uint32_t all = (UINT32_C(1) << r->parties) - 1;
    bool is_sane = author < r->parties && j->log.key.lane < OL_LANES &&
                   (j->log.members >> author & 1) != 0 && (j->log.members & ~all) == 0;
    if (!is_sane || j->log.size > OL_TREE_SIZE_MAX)
        return OL_ECONFLICT;
    j->n = n, j->roots = 0, j->agreed = 0;
    ol_checkpoint_origin(r->line, r->party[author], &j->log.key, j->origin);
    name_file(j, 0, j->origin + strlen(r->line) + 1, "/", "");
    j->dir_len = strlen(j->at.path);
    err =
        ol_note_key_of(j->origin, strlen(j->origin), OL_NOTE_ED25519, j->log.log_pub, &j->log_key);
    if (err != OL_OK || j->log.size == 0)
        return err;
    err = want_root(j, j->log.size);
    if (err == OL_OK)
        err = read_largest(j);
    if (err == OL_OK)
        err = read_agreement(j);
    return err == OL_OK ? read_evidence(j) : err;
}

/* ── one log: the walk over its leaves ───────────────────────────────────────────────────────── */

static ol_err take_tile(void *ctx, int level, uint64_t index, unsigned width, const uint8_t *p,
                        size_t len) {
    job *j = ctx;
    char path[OL_TILE_PATH_MAX + 1];
    ol_tile_path(level, index, width, path);
    name_file(j, j->dir_len, path, "", "");
    return make_file(j, p, len);
}

static void keep_roots(job *j) {
    for (size_t i = 0; i < j->roots; i++)
        if (j->root[i].size == j->frontier.size)
            j->root[i].root = ol_frontier_root(&j->frontier);
}

static ol_err take_leaf(void *ctx, uint64_t index, const uint8_t *leaf, size_t len) {
    job *j = ctx;
    if (index != j->frontier.size || len < OL_LEAF_MIN || len > OL_LEAF_MAX)
        return OL_ECONFLICT;
    if (index == j->wanted) {
        memcpy(j->leaf, leaf, len);
        j->leaf_len = len;
    }
    ol_hash hash = ol_merkle_leaf(leaf, len);
    ol_err err = ol_frontier_append(&j->frontier, &hash);
    if (err == OL_OK && j->wants_tiles)
        err = ol_tiles_append(&j->tiles, &hash, take_tile, j);
    if (err == OL_OK && j->wants_tiles)
        err = ol_bundle_append(&j->bundle, leaf, len, take_tile, j);
    if (err == OL_OK)
        keep_roots(j);
    return err;
}

static ol_err walk(job *j) {
    const ol_reader *r = j->reader;
    ol_frontier_clear(&j->frontier);
    j->tiles.size = 0, j->bundle.size = 0, j->bundle.len = 0;
    name_file(j, j->dir_len, "tile/", "", "");
    ol_err err = r->leaves(r->ctx, j->n, 0, j->log.size, take_leaf, j);
    if (err == OL_OK && j->frontier.size != j->log.size)
        err = OL_ECONFLICT;
    if (err == OL_OK && j->wants_tiles)
        err = ol_tiles_finish(&j->tiles, take_tile, j);
    if (err == OL_OK && j->wants_tiles)
        err = ol_bundle_finish(&j->bundle, take_tile, j);
    return err;
}

/* ── one log: policy and notes ───────────────────────────────────────────────────────────────── */

static ol_err make_policy(job *j) {
    ol_policy_witness witness[OL_PARTIES_MAX];
    ol_note_key key[OL_PARTIES_MAX];
    size_t n = 0;
    for (unsigned p = 0; p < j->reader->parties; p++) {
        if (!is_other(j, p))
            continue;
        key[n] = mirror_of(j, p, j->agreed > 0 ? j->agreement[p].pub : j->log.receipt_pub[p]);
        witness[n] = (ol_policy_witness){ j->reader->party[p], &key[n] };
        n++;
    }
    ol_wr w = ol_wr_of(j->text, sizeof j->text);
    ol_policy_put(&w, &j->log_key, witness, n);
    name_file(j, j->dir_len, "policy", "", "");
    return make_file_of(j, &w);
}

static const ol_hash *root_of(const job *j, uint64_t size) {
    const root_at *at = j->root;
    while (at->size != size) /* want_root saw to its being there */
        at++;
    return &at->root;
}

/* Begins a note over `size`, once the author's signature fits the leaves. */
static ol_err put_head(const job *j, uint64_t size, const uint8_t *head, ol_wr *w,
                       ol_checkpoint *ret) {
    char text[OL_CHECKPOINT_TEXT_MAX];
    const ol_checkpoint cp = { { j->origin, strlen(j->origin) }, size, *root_of(j, size) };
    if (ol_checkpoint_verify(&cp, j->log.log_pub, head) != OL_OK)
        return OL_ECONFLICT;
    ol_note_put_text(w, text, ol_checkpoint_put(&cp, text));
    ol_note_put_sig(w, &j->log_key, 0, head);
    *ret = cp;
    return w->err;
}

static ol_err put_receipt(const job *j, unsigned party, const ol_record_receipt *receipt,
                          const ol_checkpoint *cp, ol_wr *w) {
    ol_note_key key = mirror_of(j, party, receipt->pub);
    ol_err err = ol_receipt_verify(cp, receipt->time, receipt->pub, receipt->sig);
    if (err != OL_OK || receipt->size != cp->size)
        return OL_ECONFLICT;
    ol_note_put_sig(w, &key, receipt->time, receipt->sig);
    return w->err;
}

static ol_err make_receipt_notes(job *j) {
    for (unsigned p = 0; p < j->reader->parties; p++) {
        if (!is_other(j, p) || !j->has_receipt[p])
            continue;
        const ol_record_receipt *receipt = &j->receipt[p];
        ol_checkpoint cp;
        ol_wr w = ol_wr_of(j->text, sizeof j->text);
        name_file(j, j->dir_len, "heads/", j->reader->party[p], ".note");
        ol_err err = put_head(j, receipt->size, receipt->head, &w, &cp);
        if (err == OL_OK)
            err = put_receipt(j, p, receipt, &cp, &w);
        if (err == OL_OK)
            err = make_file_of(j, &w);
        if (err != OL_OK)
            return err;
    }
    return OL_OK;
}

/* Keeps the note's bytes in j->checkpoint, for a proof. */
static ol_err make_checkpoint(job *j) {
    ol_wr w = ol_wr_of(j->checkpoint, sizeof j->checkpoint);
    ol_checkpoint cp = { .size = 0 };
    ol_err err = OL_OK;
    name_file(j, j->dir_len, "checkpoint", "", "");
    for (uint8_t p = 0; err == OL_OK && p < j->reader->parties; p++) {
        if (!is_other(j, p))
            continue;
        if (cp.size == 0)
            err = put_head(j, j->agreed, j->agreement[p].head, &w, &cp);
        if (err == OL_OK)
            err = put_receipt(j, p, &j->agreement[p], &cp, &w);
    }
    j->checkpoint_len = w.len;
    return err == OL_OK ? make_file_of(j, &w) : err;
}

static ol_err make_head(job *j) {
    ol_checkpoint cp;
    ol_wr w = ol_wr_of(j->text, sizeof j->text);
    name_file(j, j->dir_len, "head.note", "", "");
    ol_err err = put_head(j, j->log.size, j->log.head, &w, &cp);
    return err == OL_OK ? make_file_of(j, &w) : err;
}

/* What contradicts the leaves, under its own root; it must do so. */
static ol_err put_contradiction(const job *j, const ol_record_evidence *e, ol_wr *w) {
    char text[OL_CHECKPOINT_TEXT_MAX];
    ol_checkpoint cp = { .origin = { j->origin, strlen(j->origin) }, .size = e->size };
    memcpy(cp.root.b, e->root, sizeof cp.root.b);
    bool is_head = e->party == j->log.key.party;
    ol_note_key key = is_head ? j->log_key : mirror_of(j, e->party, e->pub);
    if (ol_hash_is_equal(&cp.root, root_of(j, e->size)))
        return OL_ECONFLICT;
    if (is_head && ol_note_key_of(j->origin, strlen(j->origin), OL_NOTE_ED25519, e->pub, &key) != 0)
        return OL_ECONFLICT;
    if ((is_head ? ol_checkpoint_verify(&cp, e->pub, e->sig)
                 : ol_receipt_verify(&cp, e->time, e->pub, e->sig)) != OL_OK)
        return OL_ECONFLICT;
    ol_note_put_text(w, text, ol_checkpoint_put(&cp, text));
    ol_note_put_sig(w, &key, is_head ? 0 : e->time, e->sig);
    return w->err;
}

static ol_err make_evidence(job *j) {
    ol_err err = OL_OK;
    for (size_t i = 0; err == OL_OK && i < j->evidences; i++) {
        const ol_record_evidence *e = &j->evidence[i];
        char number[21];
        ol_checkpoint cp;
        ol_u64_put(i, number);
        ol_wr w = ol_wr_of(j->text, sizeof j->text);
        name_file(j, j->dir_len, "evidence/", number, ".a.note");
        err = put_head(j, e->own_size, e->own_head, &w, &cp);
        if (err == OL_OK)
            err = make_file_of(j, &w);
        w = ol_wr_of(j->text, sizeof j->text);
        name_file(j, j->dir_len, "evidence/", number, ".b.note");
        if (err == OL_OK)
            err = put_contradiction(j, e, &w);
        if (err == OL_OK)
            err = make_file_of(j, &w);
    }
    return err;
}

static ol_err make_notes(job *j) {
    ol_err err = make_policy(j);
    if (err == OL_OK)
        err = make_receipt_notes(j);
    if (err == OL_OK && j->agreed > 0)
        err = make_checkpoint(j);
    return err == OL_OK ? make_head(j) : err;
}

static ol_err make_pending(job *j) {
    ol_wr w = ol_wr_of(j->text, sizeof j->text);
    for (unsigned p = 0; p < j->reader->parties; p++) {
        uint64_t stored = j->has_receipt[p] ? j->receipt[p].size : 0;
        if (!is_other(j, p) || stored == j->log.size)
            continue;
        put_u64(&w, stored), put_text(&w, " ");
        put_u64(&w, j->log.size - stored), put_text(&w, " ");
        put_text(&w, j->reader->party[p]), put_text(&w, "\n");
    }
    name_file(j, j->dir_len, "pending", "", "");
    return w.len > 0 ? make_file_of(j, &w) : OL_OK;
}

/* ── the whole record ────────────────────────────────────────────────────────────────────────── */

static ol_err export_all(job *j) {
    ol_err err = make_charters(j);
    if (err == OL_OK)
        err = make_cards(j);
    for (size_t n = 0; err == OL_OK; n++) {
        name_file(j, 0, "", "", "");
        err = open_log(j, n);
        if (err == OL_ENOENT)
            return OL_OK;
        if (err != OL_OK || j->log.size == 0)
            continue;
        err = walk(j);
        if (err == OL_OK)
            err = make_notes(j);
        if (err == OL_OK)
            err = make_evidence(j);
        if (err == OL_OK)
            err = make_pending(j);
    }
    return err;
}

/* ── the proof of one entry ──────────────────────────────────────────────────────────────────── */

typedef struct {
    uint64_t next;
    ol_frontier frontier;
} subtree;

static ol_err take_hash(void *ctx, uint64_t index, const uint8_t *leaf, size_t len) {
    subtree *s = ctx;
    if (index != s->next++)
        return OL_ECONFLICT;
    ol_hash hash = ol_merkle_leaf(leaf, len);
    return ol_frontier_append(&s->frontier, &hash);
}

/* A subtree is hashed from its leaves: all of a proof's together are less than the log. */
static ol_err node_of(void *ctx, unsigned level, uint64_t index, ol_hash *ret) {
    const job *j = ctx;
    uint64_t count = UINT64_C(1) << level, from = index << level;
    subtree s = { .next = from };
    ol_err err = j->reader->leaves(j->reader->ctx, j->n, from, from + count, take_hash, &s);
    if (err == OL_OK && s.frontier.size != count)
        err = OL_ECONFLICT;
    if (err == OL_OK)
        *ret = ol_frontier_root(&s.frontier);
    return err;
}

static ol_err make_proof(job *j) {
    char index[21];
    ol_proof proof = { .index = j->wanted,
                       .note = { (const char *)j->checkpoint, j->checkpoint_len } };
    ol_u64_put(j->wanted, index);
    name_file(j, j->dir_len, index, ".leaf", "");
    ol_err err = make_file(j, j->leaf, j->leaf_len);
    if (err != OL_OK)
        return err;
    name_file(j, j->dir_len, index, ".tlog-proof", "");
    err = ol_merkle_inclusion(j->wanted, j->agreed, node_of, j, &proof.path);
    if (err != OL_OK)
        return err;
    ol_checkpoint cp;
    ol_hash leaf = ol_merkle_leaf(j->leaf, j->leaf_len);
    if (ol_proof_verify(&proof, &leaf, &j->log_key, NULL, 0, &cp) != OL_OK)
        return OL_ECONFLICT;
    ol_wr w = ol_wr_of(j->text, sizeof j->text);
    ol_proof_put(&w, &proof);
    return make_file_of(j, &w);
}

static ol_err find_log(job *j, const ol_log_key *key) {
    for (size_t n = 0;; n++) {
        ol_err err = j->reader->log(j->reader->ctx, n, &j->log);
        if (err != OL_OK)
            return err;
        if (ol_log_key_eq(&j->log.key, key))
            return open_log(j, n);
    }
}

static ol_err export_proof(job *j, const ol_log_key *key, uint64_t index) {
    name_file(j, 0, "", "", "");
    ol_err err = find_log(j, key);
    if (err == OL_OK && index >= j->log.size)
        err = OL_ENOENT;
    if (err == OL_OK && index >= j->agreed)
        err = OL_ESTATE;
    if (err != OL_OK)
        return err;
    j->wanted = index;
    err = walk(j);
    if (err == OL_OK)
        err = make_notes(j);
    if (err == OL_OK)
        err = make_proof(j);
    if (err == OL_OK)
        err = make_charters(j);
    return err == OL_OK ? make_cards(j) : err;
}

/* ── entries ─────────────────────────────────────────────────────────────────────────────────── */

static job *new_job(const ol_reader *reader, const ol_export_to *to) {
    job *j = ol_mem_get0(to->mem, 1, sizeof *j);
    if (j == NULL)
        return NULL;
    OL_ASSERT(reader->parties >= OL_PARTIES_MIN && reader->parties <= OL_PARTIES_MAX);
    j->reader = reader, j->to = to;
    j->wanted = UINT64_MAX;
    return j;
}

static ol_err end_job(job *j, ol_err err, ol_export_at *ret_at) {
    if (err != OL_OK && ret_at != NULL)
        *ret_at = j->at;
    ol_mem_put(j->to->mem, j, 1, sizeof *j);
    return err;
}

ol_err ol_export_all(const ol_reader *reader, const ol_export_to *to, ol_export_at *ret_at) {
    job *j = new_job(reader, to);
    if (j == NULL)
        return OL_ENOMEM;
    j->wants_tiles = true;
    return end_job(j, export_all(j), ret_at);
}

ol_err ol_export_proof(const ol_reader *reader, const ol_log_key *log, uint64_t index,
                       const ol_export_to *to, ol_export_at *ret_at) {
    job *j = new_job(reader, to);
    if (j == NULL)
        return OL_ENOMEM;
    return end_job(j, export_proof(j, log, index), ret_at);
}
