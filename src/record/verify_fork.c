/* Evidence of two histories: notes over another root than the one that the tiles lead to (§7). */
#include "record/verify_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void ol_vf_evidence_path(const vf *v, unsigned which, char ret[OL_VERIFY_PATH_MAX]) {
    unsigned n = (which - VF_EVIDENCE) / 2;
    snprintf(ret, OL_VERIFY_PATH_MAX, "%s/evidence/%u.%c.note", v->now.name, n,
             (which - VF_EVIDENCE) % 2 == 0 ? 'a' : 'b');
}

/* Both notes of a piece, or neither. */
static void read_pair(vf *v, unsigned which) {
    char own[OL_VERIFY_PATH_MAX], other[OL_VERIFY_PATH_MAX];
    vf_head a = { .is_there = false }, b = a;
    bool is_ours = false, is_any = false;
    ol_vf_evidence_path(v, which, own);
    ol_vf_evidence_path(v, which + 1, other);
    if (ol_vf_find(v, own) == NULL && ol_vf_find(v, other) == NULL)
        return;
    bool has_own = ol_vf_read_note(v, own, &a, &is_ours);
    bool has_other = ol_vf_read_note(v, other, &b, &is_any);
    if (has_own && !is_ours) {
        ol_vf_fail(v, "head-unsigned", own,
                   "is not signed by the log key of %s that the policy names",
                   v->party_name[v->now.key.party]);
        has_own = false;
    }
    if (has_other && !b.is_by_author && b.receipted == 0) {
        ol_vf_fail(v, "evidence-unsigned", other,
                   "is signed neither by the log key of %s nor by a receipt key of a member",
                   v->party_name[v->now.key.party]);
        has_other = false;
    }
    if (!has_own || !has_other)
        return;
    if (b.size > a.size) {
        ol_vf_fail(v, "evidence-size", other,
                   "speaks of size %" PRIu64 ", the note beside it only of %" PRIu64, b.size,
                   a.size);
        return;
    }
    v->now.head[which] = a, v->now.head[which + 1] = b;
}

void ol_vf_evidence(vf *v) {
    for (unsigned n = 0; n < VF_EVIDENCE_MAX; n++)
        read_pair(v, VF_EVIDENCE + 2 * n);
}

static void judge(vf *v, unsigned which) {
    const vf_head *h = &v->now.head[which];
    const char *author = v->party_name[v->now.key.party], *log = v->now.name + strlen(author) + 1;
    char path[OL_VERIFY_PATH_MAX], words[64];
    ol_vf_evidence_path(v, which, path);
    snprintf(words, sizeof words, "%s log %s", ol_lane_name((ol_lane)v->now.key.lane),
             strrchr(log, '/') + 1);
    if (ol_hash_is_equal(&h->root, &h->found)) {
        ol_vf_fail(v, "evidence-none", path,
                   "contradicts nothing: its root over size %" PRIu64 " is that of the tiles",
                   h->size);
        return;
    }
    v->place[v->now.log].is_forked |= h->is_by_author;
    if (h->is_by_author)
        ol_vf_note(v, "fork", path,
                   "%s signed two histories of its %s: over size %" PRIu64
                   " the one in this export, and another",
                   author, words, h->size);
    for (unsigned p = 0; p < v->parties; p++)
        if ((h->receipted >> p & 1) != 0)
            ol_vf_note(v, "fork-receipt", path,
                       "%s receipted another history of the %s of %s than the one in this "
                       "export, over size %" PRIu64 "%s%s",
                       v->party_name[p], words, author, h->size,
                       h->is_by_author ? "" : "; nothing here shows that it was ever signed by ",
                       h->is_by_author ? "" : author);
}

void ol_vf_judge_evidence(vf *v) {
    for (unsigned n = 0; n < VF_EVIDENCE_MAX; n++) {
        unsigned which = VF_EVIDENCE + 2 * n;
        if (v->now.head[which].has_root && v->now.head[which + 1].has_root)
            judge(v, which + 1);
    }
}
