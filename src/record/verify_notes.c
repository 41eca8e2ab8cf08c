/* The notes of one log: its policy, its heads with their receipts, and what is pending. */
#include "record/verify_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void path_of(const vf *v, const char *file, char ret[OL_VERIFY_PATH_MAX]) {
    snprintf(ret, OL_VERIFY_PATH_MAX, "%s/%s", v->now.name, file);
}

static bool key_of_card(const vf *v, const vf_card *card, bool is_author, ol_note_key *ret) {
    char name[OL_NOTE_NAME_MAX + 1];
    size_t len = ol_checkpoint_mirror(v->result->line, v->party_name[card->party], name);
    return is_author ? ol_note_key_of(v->now.origin, strlen(v->now.origin), OL_NOTE_ED25519,
                                      card->log, ret) == OL_OK
                     : ol_note_key_of(name, len, OL_NOTE_COSIGNATURE, card->receipt, ret) == OL_OK;
}

static int member_number(const vf_generation *g, unsigned party) {
    for (unsigned i = 0; i < g->members; i++)
        if (g->member[i] == party)
            return (int)i;
    return -1;
}

/* ── policy ────────────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    ol_str rest; /* lines not taken yet */
    unsigned line;
} lines;

/* The next line without its newline; false at the end or where the newline is missing. */
static bool next_line(lines *l, ol_str *ret) {
    const char *end = l->rest.len == 0 ? NULL : memchr(l->rest.p, '\n', l->rest.len);
    l->line++;
    if (end == NULL)
        return false;
    *ret = (ol_str){ l->rest.p, (size_t)(end - l->rest.p) };
    l->rest = (ol_str){ end + 1, l->rest.len - ret->len - 1 };
    return true;
}

static bool is_text(ol_str s, const char *text) {
    return s.len == strlen(text) && memcmp(s.p, text, s.len) == 0;
}

/* Takes a word that ends in a space or with the line. */
static bool next_word(ol_str *line, ol_str *ret) {
    const char *end = line->len == 0 ? NULL : memchr(line->p, ' ', line->len);
    if (line->len == 0)
        return false;
    ret->p = line->p;
    ret->len = end == NULL ? line->len : (size_t)(end - line->p);
    size_t taken = ret->len + (end != NULL);
    line->p += taken, line->len -= taken;
    return ret->len > 0;
}

/* The card whose key this is; NULL: on none. */
static const vf_card *card_of_vkey(const vf *v, bool is_author, unsigned party, ol_str vkey,
                                   ol_note_key *ret) {
    char text[OL_NOTE_VKEY_MAX + 1];
    for (size_t i = 0; i < v->cards; i++) {
        if (v->card[i].party != party || !key_of_card(v, &v->card[i], is_author, ret))
            continue;
        if (ol_note_vkey_put(ret, text) == vkey.len && memcmp(text, vkey.p, vkey.len) == 0)
            return &v->card[i];
    }
    return NULL;
}

typedef struct {
    unsigned party;
    ol_note_key key;
} witness;

static bool policy_broken(vf *v, const char *path, unsigned line) {
    ol_vf_fail(v, "policy-form", path, "line %u is not what a policy of this line says there",
               line);
    return false;
}

static bool read_log_line(vf *v, const char *path, lines *l) {
    ol_str line, word, vkey;
    if (!next_line(l, &line) || !next_word(&line, &word) || !is_text(word, "log") ||
        !next_word(&line, &vkey) || line.len > 0)
        return policy_broken(v, path, l->line);
    if (card_of_vkey(v, true, v->now.key.party, vkey, &v->now.log_key) != NULL)
        return true;
    ol_vf_fail(v, "policy-key", path, "names a key of %s that is on none of its cards",
               v->party_name[v->now.key.party]);
    return false;
}

static bool read_witness(vf *v, const char *path, ol_str name, ol_str vkey, witness *ret) {
    for (unsigned p = 0; p < v->parties; p++) {
        if (p == v->now.key.party || !is_text(name, v->party_name[p]))
            continue;
        if (!v->party[p].has_card) {
            ol_vf_fail(v, "card-missing", "cards",
                       "%s has authored or receipted, and there is no card of it",
                       v->party_name[p]);
            return false;
        }
        ret->party = p;
        if (card_of_vkey(v, false, p, vkey, &ret->key) != NULL)
            return true;
    }
    ol_vf_fail(v, "policy-key", path, "names a key of %.*s that is on none of its cards",
               (int)(name.len < OL_NAME_MAX ? name.len : OL_NAME_MAX), name.p);
    return false;
}

static bool is_members(const vf *v, const vf_generation *g, const witness *w, size_t n) {
    if (member_number(g, v->now.key.party) < 0 || n + 1 != g->members)
        return false;
    for (size_t k = 0; k < n; k++)
        if (w[k].party == v->now.key.party || member_number(g, w[k].party) < 0 ||
            (k > 0 && w[k].party <= w[k - 1].party))
            return false;
    return true;
}

/* The last generation whose other members these are, by number. */
static bool adopt_generation(vf *v, const char *path, const witness *w, size_t n) {
    for (unsigned i = v->generations; i-- > 0;) {
        const vf_generation *g = &v->generation[i];
        if (!is_members(v, g, w, n))
            continue;
        v->now.generation = g;
        for (size_t k = 0; k < n; k++)
            v->now.witness[member_number(g, w[k].party)] = w[k].key;
        v->now.has_policy = true;
        return true;
    }
    ol_vf_fail(v, "policy-members", path, "does not name the other members of a generation");
    return false;
}

static void read_policy(vf *v) {
    char path[OL_VERIFY_PATH_MAX], want[OL_PARTIES_MAX * (OL_NAME_MAX + 1) + 20];
    size_t len = 0, n = 0;
    witness w[OL_PARTIES_MAX];
    ol_str line, word, name, vkey;
    path_of(v, "policy", path);
    if (!ol_vf_read(v, path, v->policy, sizeof v->policy, &len))
        return;
    lines l = { { (const char *)v->policy, len }, 0 };
    if (!read_log_line(v, path, &l))
        return;
    size_t at = (size_t)snprintf(want, sizeof want, "group others all");
    for (;;) {
        if (!next_line(&l, &line)) {
            (void)policy_broken(v, path, l.line);
            return;
        }
        ol_str rest = line;
        if (!next_word(&rest, &word) || !is_text(word, "witness") || !next_word(&rest, &name) ||
            !next_word(&rest, &vkey) || rest.len > 0 || n == OL_PARTIES_MAX)
            break;
        if (!read_witness(v, path, name, vkey, &w[n]))
            return;
        at += (size_t)snprintf(want + at, sizeof want - at, " %s", v->party_name[w[n].party]);
        n++;
    }
    bool is_right = is_text(line, want);
    if (is_right)
        is_right = next_line(&l, &line) && is_text(line, "quorum others");
    if (is_right) {
        l.line++;
        is_right = l.rest.len == 0;
    }
    if (!is_right)
        (void)policy_broken(v, path, l.line);
    else
        (void)adopt_generation(v, path, w, n);
}

/* ── heads ─────────────────────────────────────────────────────────────────────────────────────*/

static bool head_broken(vf *v, const char *path, const char *why) {
    ol_vf_fail(v, "head-form", path, "is not a head: %s", why);
    return false;
}

static bool read_text(vf *v, const char *path, const ol_note *note, vf_head *h) {
    ol_checkpoint cp;
    ol_err err = ol_checkpoint_get(note->text.p, note->text.len, &cp);
    if (err == OL_ELIMIT)
        return head_broken(v, path, "its size is not a number below 2^48");
    if (err != OL_OK)
        return head_broken(v, path, "it is not three lines of origin, size and root");
    if (!is_text(cp.origin, v->now.origin)) {
        ol_vf_fail(v, "head-origin", path, "is a head of %.*s, not of %s",
                   (int)(cp.origin.len < 200 ? cp.origin.len : 200), cp.origin.p, v->now.origin);
        return false;
    }
    h->size = cp.size, h->root = cp.root;
    return true;
}

static bool is_same_key(const ol_note_key *a, const ol_note_key *b) {
    return memcmp(a->pub, b->pub, sizeof a->pub) == 0;
}

/* A known signature that fails breaks the note. */
static bool read_signature(vf *v, const char *path, const ol_note *note, const vf_card *card,
                           vf_head *h, bool *ret_is_author) {
    bool is_author = card->party == v->now.key.party;
    const char *party = v->party_name[card->party];
    ol_note_key key;
    ol_note_sig sig = { .is_there = false };
    if (!key_of_card(v, card, is_author, &key))
        return true;
    ol_err err = ol_note_verify(note, &key, 1, &sig);
    if (err == OL_ENOENT)
        return true;
    if (err != OL_OK && is_author)
        ol_vf_fail(v, "sig-head", path, "the head of %s does not verify over size %" PRIu64, party,
                   h->size);
    else if (err != OL_OK)
        ol_vf_fail(v, "sig-receipt", path, "receipt of %s does not verify over size %" PRIu64,
                   party, h->size);
    if (err != OL_OK)
        return false;
    if (is_author) {
        h->is_by_author = true;
        *ret_is_author |= !v->now.has_policy || is_same_key(&key, &v->now.log_key);
        return true;
    }
    int member = member_number(v->now.generation, card->party);
    bool has_time = (h->receipted >> card->party & 1) != 0;
    if (!has_time || sig.time > h->time[card->party])
        h->time[card->party] = sig.time;
    h->receipted |= UINT64_C(1) << card->party;
    if (member >= 0 && v->now.has_policy && is_same_key(&key, &v->now.witness[member]))
        h->quorum |= UINT64_C(1) << card->party;
    return true;
}

static void name_strangers(vf *v, const char *path, const ol_note *note) {
    for (size_t i = 0; i < note->sigs; i++) {
        ol_note one = { .text = note->text, .sigs = 1 };
        one.sig[0] = note->sig[i];
        bool is_known = false;
        for (size_t k = 0; k < v->cards && !is_known; k++) {
            ol_note_key key;
            is_known = key_of_card(v, &v->card[k], v->card[k].party == v->now.key.party, &key) &&
                       one.sig[0].name.len == key.name_len &&
                       memcmp(one.sig[0].name.p, key.name, key.name_len) == 0 &&
                       memcmp(one.sig[0].id, key.id, OL_NOTE_ID_LEN) == 0;
        }
        if (!is_known)
            ol_vf_strangers(v, path, &one, NULL, 0);
    }
}

bool ol_vf_read_note(vf *v, const char *path, vf_head *ret, bool *ret_is_ours) {
    size_t len = 0;
    ol_note note;
    vf_head h = { .is_there = true };
    if (!ol_vf_read(v, path, v->note, sizeof v->note, &len))
        return false;
    if (ol_note_parse((const char *)v->note, len, &note) != OL_OK) {
        ol_vf_fail(v, "note-form", path,
                   "is not a signed note: a text, an empty line and well-formed signature lines");
        return false;
    }
    if (!read_text(v, path, &note, &h))
        return false;
    for (size_t i = 0; i < v->cards; i++)
        if (!read_signature(v, path, &note, &v->card[i], &h, ret_is_ours))
            return false;
    name_strangers(v, path, &note);
    *ret = h;
    return true;
}

/* of: the party whose receipt it must carry; -1: none. */
static void read_head(vf *v, unsigned which, const char *file, int of) {
    char path[OL_VERIFY_PATH_MAX];
    vf_head h = { .is_there = false };
    bool is_author = false;
    path_of(v, file, path);
    if (which != VF_HEAD_NOTE && ol_vf_find(v, path) == NULL)
        return;
    if (of >= 0 && !v->party[of].has_card) {
        vf_file *f = ol_vf_find(v, path);
        f->is_touched = true;
        ol_vf_fail(v, "card-missing", "cards",
                   "%s has authored or receipted, and there is no card of it", v->party_name[of]);
        return;
    }
    if (!ol_vf_read_note(v, path, &h, &is_author))
        return;
    if (!is_author) {
        ol_vf_fail(v, "head-unsigned", path,
                   "is not signed by the log key of %s that the policy names",
                   v->party_name[v->now.key.party]);
        return;
    }
    if (of >= 0 && (h.receipted >> of & 1) == 0) {
        ol_vf_fail(v, "receipt-missing", path, "carries no receipt of %s", v->party_name[of]);
        return;
    }
    v->now.head[which] = h;
}

/* ── what they say together ────────────────────────────────────────────────────────────────────*/

static void check_quorum(vf *v) {
    const vf_generation *g = v->now.generation;
    const vf_head *whole = &v->now.head[VF_CHECKPOINT];
    char path[OL_VERIFY_PATH_MAX];
    path_of(v, "checkpoint", path);
    for (unsigned i = 0; whole->is_there && v->now.has_policy && i < g->members; i++)
        if (g->member[i] != v->now.key.party && (whole->quorum >> g->member[i] & 1) == 0)
            ol_vf_fail(v, "checkpoint-quorum", path,
                       "has no receipt of %s, which the policy asks for",
                       v->party_name[g->member[i]]);
}

static void check_against_checkpoint(vf *v, unsigned party, const char *path, const vf_head *own) {
    const vf_head *whole = &v->now.head[VF_CHECKPOINT];
    const ol_verify_stored *s = &v->now.stored[party];
    bool is_known = own->is_there || ol_vf_find(v, path) == NULL;
    if (s->size < whole->size && is_known)
        ol_vf_fail(v, "heads-behind", path,
                   "stands at size %" PRIu64 "; checkpoint shows a later receipt of %s, over size "
                   "%" PRIu64,
                   s->size, v->party_name[party], whole->size);
    else if (s->size >= whole->size && s->time < whole->time[party])
        ol_vf_note(v, "receipt-earlier", path,
                   "the receipt of %s is dated before the one in checkpoint over size %" PRIu64,
                   v->party_name[party], whole->size);
}

static void check_heads_agree(vf *v) {
    const vf_generation *g = v->now.generation;
    const vf_head *whole = &v->now.head[VF_CHECKPOINT];
    char path[OL_VERIFY_PATH_MAX], file[OL_NAME_MAX + 16];
    uint64_t least = UINT64_MAX, most = 0;
    for (unsigned i = 0; i < g->members; i++) {
        unsigned party = g->member[i];
        const vf_head *own = &v->now.head[VF_HEAD_OF + i];
        if (party == v->now.key.party)
            continue;
        if (own->is_there)
            v->now.stored[party] = (ol_verify_stored){ true, own->size, own->time[party] };
        uint64_t size = v->now.stored[party].size;
        least = size < least ? size : least, most = size > most ? size : most;
        snprintf(file, sizeof file, "heads/%s.note", v->party_name[party]);
        path_of(v, file, path);
        if (whole->is_there)
            check_against_checkpoint(v, party, path, own);
    }
    path_of(v, "checkpoint", path);
    if (least == most && most > whole->size && (whole->is_there || ol_vf_find(v, path) == NULL))
        ol_vf_fail(v, "checkpoint-behind", path,
                   "every other member has receipted size %" PRIu64 ", and it does not say so",
                   most);
}

void ol_vf_notes(vf *v) {
    read_policy(v);
    const vf_generation *g = v->now.generation;
    read_head(v, VF_HEAD_NOTE, "head.note", -1);
    read_head(v, VF_CHECKPOINT, "checkpoint", -1);
    for (unsigned i = 0; i < g->members; i++) {
        char file[OL_NAME_MAX + 16];
        snprintf(file, sizeof file, "heads/%s.note", v->party_name[g->member[i]]);
        if (g->member[i] != v->now.key.party)
            read_head(v, VF_HEAD_OF + i, file, g->member[i]);
    }
    check_quorum(v);
    check_heads_agree(v);
}

/* ── pending ───────────────────────────────────────────────────────────────────────────────────*/

static bool pending_broken(vf *v, const char *path, const char *why, ol_str line) {
    ol_vf_fail(v, "pending-wrong", path, "does not say what the receipts say: %s%s%.*s%s", why,
               line.p == NULL ? "" : " \"", (int)(line.len < 100 ? line.len : 100),
               line.p == NULL ? "" : line.p, line.p == NULL ? "" : "\"");
    return false;
}

/* The line that a member ought to have, in to; empty: none. */
static ol_str wanted(const vf *v, unsigned member, char to[OL_NAME_MAX + 50]) {
    unsigned party = v->now.generation->member[member];
    uint64_t held = v->now.stored[party].size, size = v->now.head[VF_HEAD_NOTE].size;
    if (party == v->now.key.party || held >= size)
        return (ol_str){ to, 0 };
    return (ol_str){ to, (size_t)snprintf(to, OL_NAME_MAX + 50, "%" PRIu64 " %" PRIu64 " %s", held,
                                          size - held, v->party_name[party]) };
}

static bool check_pending_lines(vf *v, const char *path, ol_str text) {
    char want[OL_NAME_MAX + 50];
    ol_str line, none = { NULL, 0 };
    uint32_t found = 0, needed = 0;
    if (text.len > 0 && text.p[text.len - 1] != '\n')
        return pending_broken(v, path, "it does not end in a newline", none);
    for (lines l = { text, 0 }; next_line(&l, &line);) {
        uint32_t before = found;
        bool is_wanted = false;
        for (unsigned i = 0; i < v->now.generation->members; i++) {
            ol_str w = wanted(v, i, want);
            if (w.len == 0 || w.len != line.len || memcmp(w.p, line.p, w.len) != 0)
                continue;
            is_wanted = true;
            found |= UINT32_C(1) << i;
        }
        if (!is_wanted)
            return pending_broken(v, path, "nothing in the notes says", line);
        if (found == before)
            return pending_broken(v, path, "a line stands twice", none);
    }
    for (unsigned i = 0; i < v->now.generation->members; i++) {
        ol_str w = wanted(v, i, want);
        needed |= w.len > 0 ? UINT32_C(1) << i : 0;
        if (w.len > 0 && (found >> i & 1) == 0)
            return pending_broken(v, path, "it lacks", w);
    }
    return found == needed;
}

void ol_vf_pending(vf *v) {
    char path[OL_VERIFY_PATH_MAX], heads[OL_VERIFY_PATH_MAX];
    size_t len = 0, notes = 0, known = 0;
    path_of(v, "pending", path);
    path_of(v, "heads/", heads);
    if (ol_vf_find(v, path) != NULL && !ol_vf_read(v, path, v->note, sizeof v->note, &len))
        return;
    for (size_t i = ol_vf_first(v, heads); ol_vf_has_prefix(v, i, heads); i++)
        notes += v->file[i].is_plain;
    for (unsigned i = 0; i < v->now.generation->members; i++)
        known += v->now.head[VF_HEAD_OF + i].is_there;
    if (known < notes)
        return; /* a note is broken, and already named: who has what is not known */
    (void)check_pending_lines(v, path, (ol_str){ (const char *)v->note, len });
}
