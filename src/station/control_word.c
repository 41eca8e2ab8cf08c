/* An officer's word, before it is appended: the author's station is strict (docs/PROTOCOL.md §3.5,
 * §4.8). The roster is read from the store as far as it has come, once, in the order in which it
 * came: what of our own logs the entry will have seen. */
#include <stdlib.h>
#include <string.h>

#include "record/roster.h"
#include "station/control_parts.h"
#include "wire/kind.h"

enum { PAGE = 256, MEM_MAX = 4 << 20 };

struct ol_words { /* of a line */
    ol_mem mem;
    ol_roster *roster;
    uint64_t seq; /* read so far */
    size_t seen;
    uint8_t self;
};

static ol_err walk(void *ctx, const ol_stored_entry *e) {
    ol_words *w = ctx;
    static ol_entry entry;
    ol_officer o;
    ol_enrolment who;
    ol_roster_effect effect;
    bool is_false;
    const char *why = NULL;
    w->seen++, w->seq = e->seq;
    if (e->log.party != w->self || e->log.lane != OL_LANE_URGENT ||
        ol_entry_decode(e->entry, e->len, &entry) != OL_OK || entry.kind != OL_KIND_OFFICER ||
        !entry.has_item || ol_officer_decode(entry.body, entry.body_len, &o, &why) != OL_OK)
        return OL_OK;
    ol_enrolment_of(&o, &who);
    return ol_roster_add(w->roster, e->seq, w->self, &who, 0, &effect, &is_false);
}

static ol_err read_on(const ol_desk *d, const ol_api_line *line, ol_words *w) {
    ol_err err;
    do {
        w->seen = 0;
        err = d->store->ops->since(d->store, line->id, w->seq, PAGE, walk, NULL, w);
    } while (err == OL_OK && w->seen == PAGE);
    return err;
}

static ol_err words_of(ol_control *c, size_t number, ol_words **ret) {
    const ol_api_line *line = c->desk.line[number];
    const uint8_t *identity[OL_PARTIES_MAX];
    ol_words *w = c->words[number];
    ol_err err = OL_OK;
    if (w == NULL) {
        w = calloc(1, sizeof *w);
        if (w == NULL)
            return OL_ENOMEM;
        ol_mem_heap(&w->mem, MEM_MAX);
        w->self = line->self;
        for (unsigned i = 0; i < line->charter->parties; i++)
            identity[i] = line->charter->party[i].identity;
        err = ol_roster_new(&w->mem, line->id, identity, line->charter->parties, &w->roster);
        if (err != OL_OK) {
            free(w);
            return err;
        }
        c->words[number] = w;
    }
    err = read_on(&c->desk, line, w);
    if (err == OL_OK)
        *ret = w;
    return err;
}

void ol_control_words_free(ol_control *c) {
    for (size_t i = 0; i < OL_LINES_MAX; i++)
        if (c->words[i] != NULL) {
            ol_roster_free(c->words[i]->roster);
            free(c->words[i]);
        }
}

/* ── what the sign covers ── */

typedef struct {
    ol_ref ref;
    ol_log_key log;
    unsigned fits;
    uint8_t *hash;
} ref_walk;

static ol_err walk_log(void *ctx, const ol_stored_log *log) {
    ref_walk *w = ctx;
    if (log->size > w->ref.index && ol_ref_fits(&w->ref, &log->key, w->ref.index))
        w->log = log->key, w->fits++;
    return OL_OK;
}

static ol_err walk_entry(void *ctx, const ol_stored_entry *e) {
    const ref_walk *w = ctx;
    ol_hash_sha256(e->entry, e->len, w->hash);
    return OL_OK;
}

static ol_err hash_ref(const ol_desk *d, const ol_api_line *line, const ol_api_entry *e,
                       uint8_t ret[OL_HASH_LEN]) {
    ol_store *s = d->store;
    const ol_kind *kind = ol_kind_of(e->kind);
    ref_walk w = { .hash = ret };
    ol_hash_sha256("", 0, ret);
    if (kind->ref == NULL || !kind->ref(e->body, e->body_len, &w.ref))
        return OL_OK;
    ol_err err = s->ops->logs(s, line->id, walk_log, &w);
    if (err != OL_OK || w.fits != 1)
        return err;
    return s->ops->entries(s, line->id, &w.log, w.ref.index, w.ref.index + 1, walk_entry, &w);
}

/* All that was read but of the log itself, which the entry goes into. */
static ol_err hash_read(const ol_desk *d, const ol_api_line *line, const ol_api_entry *e,
                        uint8_t ret[OL_HASH_LEN]) {
    ol_api_line_status st;
    ol_known *read = calloc(e->reads + 1, sizeof *read);
    ol_err err = read == NULL ? OL_ENOMEM : ol_api_line_status_get(d->station, line->number, &st);
    for (size_t i = 0; i < e->reads && err == OL_OK; i++) {
        read[i] = e->read[i];
        bool is_itself =
            read[i].log.party == line->self && read[i].log.lane == e->lane &&
            st.marker.has[e->lane] &&
            memcmp(read[i].log.incarnation, st.marker.incarnation[e->lane], OL_INC_LEN) == 0;
        if (is_itself)
            read[i].size = 0;
    }
    if (err == OL_OK)
        ol_word_read_hash(read, ol_word_sort(read, e->reads), ret);
    free(read);
    return err;
}

static ol_err refuse(ol_refusal *why, const ol_roster_row *who, unsigned officer) {
    static const char todo[] = "openline officer list shows the roster";
    if (who == NULL)
        return ol_refuse(why, OL_EAUTH, todo, "nobody of this party is officer %u", officer);
    if (who->has_left)
        return ol_refuse(why, OL_EAUTH, todo, "officer %u has left", officer);
    if (!who->has_key)
        return ol_refuse(why, OL_EAUTH, todo, "officer %u has no key on the roster", officer);
    return ol_refuse(why, OL_EAUTH,
                     "sign with the key on the roster, over what docs/PROTOCOL.md 4.8 says, at a "
                     "position asked for anew",
                     "the sign of officer %u does not verify", officer);
}

static ol_err refuse_few(ol_refusal *why, unsigned releasers) {
    return ol_refuse(why, OL_EAUTH,
                     "sign a draft, and have another officer release it: openline send --draft "
                     "FILE, openline release FILE",
                     "the charter asks for two officers who may release it, and %u %s signed",
                     releasers, releasers == 1 ? "has" : "have");
}

ol_err ol_control_word(ol_control *c, size_t number, const ol_request *r, const ol_api_entry *e,
                       ol_refusal *why) {
    const ol_api_line *line = c->desk.line[number];
    ol_words *words = NULL;
    ol_word w = { .generation = line->charter->generation, .party = line->self };
    bool needs_two = ol_kind_needs_two(e->kind, e->body, e->body_len, line->charter->two);
    unsigned releasers = 0;
    if (e->signs == 0)
        return needs_two ? refuse_few(why, 0) : OL_OK;
    if (!e->has_read)
        return ol_refuse(why, OL_EFORM, "give the position at which it was signed",
                         "\"signs\" go with \"read\"");
    w.kind = (uint8_t)e->kind;
    memcpy(w.line_id, line->id, sizeof w.line_id);
    memcpy(w.item, r->item, sizeof w.item);
    ol_hash_sha256(e->body, e->body_len, w.body);
    ol_err err = hash_ref(&c->desk, line, e, w.ref);
    if (err == OL_OK)
        err = hash_read(&c->desk, line, e, w.read);
    if (err == OL_OK)
        err = words_of(c, number, &words);
    for (unsigned i = 0; i < e->signs && err == OL_OK; i++) {
        const ol_sign *s = &e->sign[i];
        const ol_roster_row *who =
            ol_roster_find(words->roster, w.party, (uint16_t)s->officer, UINT64_MAX);
        if (i > 0 && s->officer == e->sign[0].officer)
            return ol_refuse(why, OL_EFORM, "another officer signs second",
                             "officer %u signs twice", (unsigned)s->officer);
        if (who == NULL || who->has_left || !who->has_key ||
            ol_word_verify(&w, who->number, s->written, who->key, s->sig) != OL_OK)
            return refuse(why, who, (unsigned)s->officer);
        releasers += who->may_release;
    }
    return err == OL_OK && needs_two && releasers < 2 ? refuse_few(why, releasers) : err;
}
