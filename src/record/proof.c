#include "record/proof.h"

#include <string.h>

static const char title[] = "c2sp.org/tlog-proof@v1";

/* The next line without its newline; false when none is left. */
static bool take_line(ol_str *text, ol_str *ret) {
    const char *end = text->len == 0 ? NULL : memchr(text->p, '\n', text->len);
    if (end == NULL)
        return false;
    *ret = (ol_str){ text->p, (size_t)(end - text->p) };
    *text = (ol_str){ end + 1, text->len - ret->len - 1 };
    return true;
}

static bool take_prefix(ol_str *line, const char *prefix) {
    size_t n = strlen(prefix);
    if (line->len < n || memcmp(line->p, prefix, n) != 0)
        return false;
    *line = (ol_str){ line->p + n, line->len - n };
    return true;
}

static ol_err add_hash(ol_merkle_proof *path, ol_str line) {
    size_t n = 0;
    if (path->n == OL_PROOF_MAX)
        return OL_ELIMIT;
    ol_hash *to = &path->hash[path->n];
    if (ol_b64_get(line.p, line.len, to->b, OL_HASH_LEN, &n) != OL_OK || n != OL_HASH_LEN)
        return OL_EFORM;
    path->n++;
    return OL_OK;
}

ol_err ol_proof_parse(const char *p, size_t len, ol_proof *ret) {
    ol_str left = { p, len }, line;
    ol_proof proof = { .index = 0 };
    if (len > OL_PROOF_TEXT_MAX)
        return OL_ELIMIT;
    if (!take_line(&left, &line) || !take_prefix(&line, title) || line.len != 0)
        return OL_EFORM;
    if (!take_line(&left, &line))
        return OL_EFORM;
    if (take_prefix(&line, "extra ")) {
        proof.extra = line;
        if (line.len == 0 || !ol_b64_is_valid(line.p, line.len) || !take_line(&left, &line))
            return OL_EFORM;
    }
    if (!take_prefix(&line, "index "))
        return OL_EFORM;
    ol_err err = ol_u64_get(line.p, line.len, 0, OL_TREE_SIZE_MAX - 1, &proof.index);
    while (err == OL_OK && take_line(&left, &line) && line.len > 0)
        err = add_hash(&proof.path, line);
    if (err != OL_OK)
        return err;
    if (line.len != 0 || left.len == 0)
        return OL_EFORM; /* no empty line, or nothing after it */
    proof.note = left;
    *ret = proof;
    return OL_OK;
}

static void put_text(ol_wr *w, const char *s) {
    ol_wr_put(w, s, strlen(s));
}

void ol_proof_put(ol_wr *w, const ol_proof *proof) {
    char index[21], hash[OL_B64_LEN(OL_HASH_LEN) + 1];
    put_text(w, title), put_text(w, "\n");
    if (proof->extra.len > 0) {
        put_text(w, "extra "), ol_wr_put(w, proof->extra.p, proof->extra.len);
        put_text(w, "\n");
    }
    ol_u64_put(proof->index, index);
    put_text(w, "index "), put_text(w, index), put_text(w, "\n");
    for (size_t i = 0; i < proof->path.n; i++) {
        ol_b64_put(proof->path.hash[i].b, OL_HASH_LEN, hash);
        put_text(w, hash), put_text(w, "\n");
    }
    put_text(w, "\n");
    ol_wr_put(w, proof->note.p, proof->note.len);
}

static ol_err check_signatures(const ol_note *note, const ol_note_key *log,
                               const ol_note_key *witness, size_t witnesses) {
    ol_note_key key[1 + OL_PARTIES_MAX];
    ol_note_sig sig[1 + OL_PARTIES_MAX];
    OL_ASSERT(witnesses <= OL_PARTIES_MAX);
    key[0] = *log;
    for (size_t i = 0; i < witnesses; i++)
        key[1 + i] = witness[i];
    ol_err err = ol_note_verify(note, key, 1 + witnesses, sig);
    for (size_t i = 0; err == OL_OK && i <= witnesses; i++)
        if (!sig[i].is_there)
            err = OL_ENOENT;
    return err;
}

ol_err ol_proof_verify(const ol_proof *proof, const ol_hash *leaf, const ol_note_key *log,
                       const ol_note_key *witness, size_t witnesses, ol_checkpoint *ret) {
    ol_note note;
    ol_checkpoint cp;
    ol_err err = ol_note_parse(proof->note.p, proof->note.len, &note);
    if (err == OL_OK)
        err = check_signatures(&note, log, witness, witnesses);
    if (err == OL_OK)
        err = ol_checkpoint_get(note.text.p, note.text.len, &cp);
    if (err != OL_OK)
        return err;
    if (cp.origin.len != log->name_len || memcmp(cp.origin.p, log->name, cp.origin.len) != 0)
        return OL_EFORM;
    err = ol_merkle_verify_inclusion(leaf, proof->index, cp.size, proof->path.hash, proof->path.n,
                                     &cp.root);
    if (err == OL_OK)
        *ret = cp;
    return err;
}
