#include "record/checkpoint.h"

#include <string.h>

static void put_text(ol_wr *w, const char *s) {
    ol_wr_put(w, s, strlen(s));
}

static size_t finish(ol_wr *w) {
    ol_wr_put(w, "", 1); /* the NUL */
    OL_ASSERT(w->err == OL_OK);
    return w->len - 1;
}

static ol_wr begin(const char *line, const char *party, char *ret) {
    OL_ASSERT(ol_name_is_valid(line, strlen(line)) && ol_name_is_valid(party, strlen(party)));
    ol_wr w = ol_wr_of((uint8_t *)ret, OL_NOTE_NAME_MAX + 1);
    put_text(&w, line), put_text(&w, "/"), put_text(&w, party), put_text(&w, "/");
    return w;
}

size_t ol_checkpoint_origin(const char *line, const char *party, const ol_log_key *log,
                            char ret[OL_NOTE_NAME_MAX + 1]) {
    char incarnation[2 * OL_INC_LEN + 1];
    OL_ASSERT(log->lane < OL_LANES);
    ol_wr w = begin(line, party, ret);
    ol_hex_put(log->incarnation, OL_INC_LEN, incarnation);
    put_text(&w, ol_lane_name((ol_lane)log->lane)), put_text(&w, "/"), put_text(&w, incarnation);
    return finish(&w);
}

size_t ol_checkpoint_mirror(const char *line, const char *party, char ret[OL_NOTE_NAME_MAX + 1]) {
    ol_wr w = begin(line, party, ret);
    put_text(&w, "mirror");
    return finish(&w);
}

size_t ol_checkpoint_put(const ol_checkpoint *cp, char ret[OL_CHECKPOINT_TEXT_MAX]) {
    char size[21], root[OL_B64_LEN(OL_HASH_LEN) + 1];
    OL_ASSERT(ol_note_name_is_valid(cp->origin.p, cp->origin.len) && cp->size <= OL_TREE_SIZE_MAX);
    ol_u64_put(cp->size, size);
    ol_b64_put(cp->root.b, OL_HASH_LEN, root);
    ol_wr w = ol_wr_of((uint8_t *)ret, OL_CHECKPOINT_TEXT_MAX);
    ol_wr_put(&w, cp->origin.p, cp->origin.len);
    put_text(&w, "\n"), put_text(&w, size), put_text(&w, "\n"), put_text(&w, root);
    put_text(&w, "\n");
    OL_ASSERT(w.err == OL_OK);
    return w.len;
}

/* The text's next line, without its newline; OL_EFORM when there is none. */
static ol_err take_line(ol_str *text, ol_str *ret) {
    const char *end = text->len == 0 ? NULL : memchr(text->p, '\n', text->len);
    if (end == NULL)
        return OL_EFORM;
    *ret = (ol_str){ text->p, (size_t)(end - text->p) };
    *text = (ol_str){ end + 1, text->len - ret->len - 1 };
    return OL_OK;
}

ol_err ol_checkpoint_get(const char *text, size_t len, ol_checkpoint *ret) {
    ol_str left = { text, len }, origin, size, root;
    ol_checkpoint cp;
    size_t n = 0;
    if (take_line(&left, &origin) != OL_OK || take_line(&left, &size) != OL_OK ||
        take_line(&left, &root) != OL_OK || left.len != 0)
        return OL_EFORM;
    if (!ol_note_name_is_valid(origin.p, origin.len))
        return OL_EFORM;
    cp.origin = origin;
    ol_err err = ol_u64_get(size.p, size.len, 0, OL_TREE_SIZE_MAX, &cp.size);
    if (err != OL_OK)
        return err;
    if (ol_b64_get(root.p, root.len, cp.root.b, OL_HASH_LEN, &n) != OL_OK || n != OL_HASH_LEN)
        return OL_EFORM;
    ol_frontier empty = { .size = 0 };
    ol_hash none = ol_frontier_root(&empty);
    if (cp.size == 0 && !ol_hash_is_equal(&cp.root, &none))
        return OL_EFORM;
    *ret = cp;
    return OL_OK;
}

void ol_checkpoint_sign(const ol_checkpoint *cp, const ol_sign_key *key, uint8_t ret[OL_SIG_LEN]) {
    char text[OL_CHECKPOINT_TEXT_MAX];
    size_t len = ol_checkpoint_put(cp, text);
    ol_sign_make(key, text, len, ret);
}

ol_err ol_checkpoint_verify(const ol_checkpoint *cp, const uint8_t pub[OL_SIGN_PUB_LEN],
                            const uint8_t sig[OL_SIG_LEN]) {
    char text[OL_CHECKPOINT_TEXT_MAX];
    size_t len = ol_checkpoint_put(cp, text);
    return ol_sign_verify(pub, text, len, sig);
}
