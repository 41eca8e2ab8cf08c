/* The proof of one entry: charter, cards, one log's policy and notes, the leaf, the path. */
#include "record/verify_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "record/proof.h"

/* <index>.leaf of this log, the only one. */
static bool find_leaf(vf *v, uint64_t *ret_index) {
    char dir[OL_VERIFY_PATH_MAX];
    snprintf(dir, sizeof dir, "%s/", v->now.name);
    size_t found = 0;
    bool is_number = false;
    for (size_t i = ol_vf_first(v, dir); ol_vf_has_prefix(v, i, dir); i++) {
        const char *name = v->file[i].path + strlen(dir), *dot = strrchr(name, '.');
        if (!v->file[i].is_plain || dot == NULL || strcmp(dot, ".leaf") != 0)
            continue;
        found++;
        is_number = ol_u64_get(name, (size_t)(dot - name), 0, OL_SIZE_MAX, ret_index) == OL_OK;
    }
    if (found != 1 || !is_number)
        ol_vf_fail(v, "proof-layout", ".",
                   "is not the proof of one entry: there is not one file <index>.leaf");
    return found == 1 && is_number;
}

/* Heads of one size with different roots, both validly signed: the earlier is believed. */
static void check_forks(vf *v) {
    for (unsigned i = 1; i < VF_HEADS_MAX; i++) {
        const vf_head *h = &v->now.head[i], *first = NULL;
        for (unsigned k = 0; k < i && first == NULL && h->is_there; k++)
            if (v->now.head[k].is_there && v->now.head[k].size == h->size)
                first = &v->now.head[k];
        if (first != NULL && !ol_hash_is_equal(&first->root, &h->root))
            ol_vf_fork(v, i);
    }
}

static bool follow(vf *v, const char *path, uint64_t index, const ol_hash *leaf) {
    char checkpoint[OL_VERIFY_PATH_MAX];
    size_t len = 0, note_len = 0;
    ol_proof proof;
    const vf_head *head = &v->now.head[VF_CHECKPOINT];
    snprintf(checkpoint, sizeof checkpoint, "%s/checkpoint", v->now.name);
    if (!ol_vf_read(v, checkpoint, v->note, sizeof v->note, &note_len) ||
        !ol_vf_read(v, path, v->proof, sizeof v->proof, &len) || !head->is_there)
        return false;
    if (ol_proof_parse((const char *)v->proof, len, &proof) != OL_OK) {
        ol_vf_fail(v, "proof-form", path,
                   "is not a proof: a line, index or hash in it has another form");
        return false;
    }
    if (proof.extra.len > 0)
        ol_vf_note(v, "proof-extra", path, "carries extra data, which nobody has signed");
    if (proof.index != index) {
        ol_vf_fail(v, "proof-index", path, "proves entry %" PRIu64 ", its name says %" PRIu64,
                   proof.index, index);
        return false;
    }
    if (proof.note.len != note_len || memcmp(proof.note.p, v->note, note_len) != 0) {
        ol_vf_fail(v, "proof-checkpoint", path, "does not carry the checkpoint of this directory");
        return false;
    }
    if (ol_merkle_verify_inclusion(leaf, index, head->size, proof.path.hash, proof.path.n,
                                   &head->root) != OL_OK) {
        ol_vf_fail(v, "proof-root", path,
                   "does not lead from the leaf to the root of the checkpoint");
        return false;
    }
    return true;
}

/* What the entry is by itself; what it has seen needs the whole record. */
static void read_entry(vf *v, uint64_t index, const uint8_t *entry, size_t len) {
    size_t log;
    ol_view_opts opts = { .mem = v->opts->mem, .parties = v->parties };
    opts.unreadable = v->opts->unreadable, opts.ctx = v->opts->ctx;
    v->err = ol_view_new(&opts, &v->view);
    if (v->err == OL_OK)
        v->err = ol_view_add_log(v->view, &v->now.key, &log);
    if (v->err != OL_OK)
        return;
    ol_view_set_members(v->view, log, v->now.generation->member, v->now.generation->members,
                        v->now.generation->rungs);
    v->err = ol_view_add_entry(v->view, log, entry, len);
    if (v->err == OL_OK)
        v->err = ol_view_finish(v->view);
    if (v->err != OL_OK)
        return;
    ol_view_item item = ol_view_at(v->view, 0);
    v->result->entries = 1;
    v->result->unreadable = item.unreadable != NULL;
    const char *why = item.unreadable != NULL ? item.unreadable : "it is a message";
    if (index == 0 && (item.unreadable != NULL || item.kind != OL_KIND_OPENING))
        ol_vf_fail(v, "opening-first", v->now.name, "entry 0 is not an opening: %s", why);
    if (index > 0 && item.kind == OL_KIND_OPENING)
        ol_vf_fail(v, "opening-later", v->now.name,
                   "entry %" PRIu64 " is an opening; only entry 0 may be one", index);
    if (v->opts->proven != NULL)
        v->opts->proven(v->opts->ctx, v->now.name, index, entry, len, item.unreadable);
}

void ol_vf_proof(vf *v) {
    uint64_t index = 0;
    char path[OL_VERIFY_PATH_MAX];
    size_t len = 0;
    if (!v->party[v->now.key.party].has_card) {
        ol_vf_fail(v, "card-missing", "cards",
                   "%s has authored or receipted, and there is no card of it",
                   v->party_name[v->now.key.party]);
        return;
    }
    if (!find_leaf(v, &index))
        return;
    ol_vf_notes(v);
    check_forks(v);
    snprintf(path, sizeof path, "%s/%" PRIu64 ".leaf", v->now.name, index);
    if (!ol_vf_read(v, path, v->bundle, OL_LEAF_MAX, &len))
        return;
    if (len < OL_LEAF_MIN) {
        ol_vf_fail(v, "tile-leaf", path,
                   "entry %" PRIu64 " has a leaf of %zu bytes, not 17 to 2,064", index, len);
        return;
    }
    ol_hash leaf = ol_merkle_leaf(v->bundle, len);
    snprintf(path, sizeof path, "%s/%" PRIu64 ".tlog-proof", v->now.name, index);
    v->place[v->now.log].is_proven = follow(v, path, index, &leaf);
    if (v->place[v->now.log].is_proven)
        read_entry(v, index, v->bundle + OL_SALT_LEN, len - OL_SALT_LEN);
}
