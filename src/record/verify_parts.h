/* record/verify_parts.h — what the record/verify*.c files share, and nobody else.
 * Parties are numbered through all generations of the charter, in the order of their joining. */
#ifndef OL_RECORD_VERIFY_PARTS_H
#define OL_RECORD_VERIFY_PARTS_H

#include "record/charter.h"
#include "record/checkpoint.h"
#include "record/tile.h"
#include "record/verify.h"

enum {
    VF_PARTIES_MAX = OL_VIEW_PARTIES_MAX,
    VF_NOTE_MAX = 65536,
    VF_EVIDENCE_MAX = 16, /* pieces of one log */
    VF_HEAD_NOTE = 0,
    VF_CHECKPOINT = 1,
    VF_HEAD_OF = 2,                            /* + the member's number in its charter */
    VF_EVIDENCE = VF_HEAD_OF + OL_PARTIES_MAX, /* + 2 n: what it is held against; + 1: it */
    VF_HEADS_MAX = VF_EVIDENCE + 2 * VF_EVIDENCE_MAX
};

typedef struct {
    const char *path;
    bool is_plain, is_touched;
} vf_file;

typedef struct {
    char name[OL_NAME_MAX + 1];
    uint8_t identity[OL_SIGN_PUB_LEN];
    bool has_card;
} vf_party;

typedef struct {
    unsigned members, rungs;
    unsigned known;                      /* parties of this generation and those before */
    uint8_t member[OL_PARTIES_MAX], two; /* two: record/charter.h */
    uint8_t text_hash[OL_HASH_LEN];
} vf_generation;

typedef struct {
    unsigned party;
    uint64_t serial;
    uint8_t log[OL_SIGN_PUB_LEN], receipt[OL_SIGN_PUB_LEN], static_key[OL_SIGN_PUB_LEN];
} vf_card;

typedef struct {
    bool is_there, has_root, is_by_author; /* by_author: by the log key of any of its cards */
    uint64_t size;
    ol_hash root, found; /* as it says; as the tiles have it, once they came to its size */
    uint64_t receipted;  /* a bit per party: carries its receipt */
    uint64_t quorum;     /* the same: by the key that the policy names */
    uint64_t time[VF_PARTIES_MAX];
} vf_head;

typedef struct {
    ol_log_key key;
    bool is_proven, is_forked; /* forked: its key signed another history, too */
} vf_place;

typedef struct { /* the log under way; of the others `name` and the view remain */
    ol_log_key key;
    char name[OL_VIEW_ID_MAX + 1];
    char origin[OL_NOTE_NAME_MAX + 1];
    const vf_generation *generation;
    bool has_policy;
    ol_note_key log_key;                 /* of the policy */
    ol_note_key witness[OL_PARTIES_MAX]; /* of the policy, by the member's number */
    vf_head head[VF_HEADS_MAX];
    ol_verify_stored stored[VF_PARTIES_MAX];
    size_t log;      /* in the view */
    bool was_walked; /* all its leaves were read */
} vf_log;

typedef struct {
    const ol_verify_opts *opts;
    ol_verify_result *result;
    ol_err err; /* OL_ENOMEM, once */
    vf_file *file;
    size_t files;
    vf_party party[VF_PARTIES_MAX];
    const char *party_name[VF_PARTIES_MAX];
    unsigned parties;
    vf_generation generation[OL_VERIFY_GENERATIONS_MAX];
    unsigned generations;
    vf_card *card;
    size_t cards, cards_cap;
    vf_place *place;
    size_t logs, logs_cap;
    uint64_t counted; /* entries that heads speak of */
    ol_view *view;
    vf_log now;
    ol_charter read;
    uint8_t note[VF_NOTE_MAX], tile[OL_TILE_WIDTH * OL_HASH_LEN];
    uint8_t policy[VF_NOTE_MAX], proof[2 * VF_NOTE_MAX];
    uint8_t bundle[OL_BUNDLE_MAX], other[OL_BUNDLE_MAX];
    ol_tiles tiles;
    ol_frontier frontier;
    const uint64_t *root_size; /* that roots are asked of, ascending */
    ol_hash *root;             /* and where they go */
    size_t roots, rooted;
} vf;

/* ── verify.c: files and findings ──────────────────────────────────────────────────────────────*/

__attribute__((format(printf, 4, 5))) void ol_vf_fail(vf *v, const char *rule, const char *file,
                                                      const char *format, ...);
__attribute__((format(printf, 4, 5))) void ol_vf_note(vf *v, const char *rule, const char *file,
                                                      const char *format, ...);
vf_file *ol_vf_find(vf *v, const char *path); /* NULL: there is none */
/* The first file whose path begins so, and all after it that do, in order of their names. */
size_t ol_vf_first(const vf *v, const char *prefix);
bool ol_vf_has_prefix(const vf *v, size_t at, const char *prefix);
void ol_vf_touch_all(vf *v, const char *prefix);
/* False with a finding told: missing, larger than cap, not to be read. */
bool ol_vf_read(vf *v, const char *path, uint8_t *to, size_t cap, size_t *ret_len);

/* ── verify_names.c: who there is ──────────────────────────────────────────────────────────────*/

bool ol_vf_charters(vf *v); /* false: no generation 0 */
void ol_vf_cards(vf *v);
void ol_vf_strangers(vf *v, const char *file, const ol_note *note, const ol_note_key *key,
                     size_t keys);

/* ── verify_notes.c: the notes of one log ──────────────────────────────────────────────────────*/

void ol_vf_notes(vf *v);
void ol_vf_pending(vf *v);
/* A head's text and signatures, of whomever; *ret_is_ours: by the key that the policy names. */
bool ol_vf_read_note(vf *v, const char *path, vf_head *ret, bool *ret_is_ours);

/* ── verify_fork.c: notes that contradict the tiles ────────────────────────────────────────────*/

void ol_vf_evidence(vf *v);       /* reads them, beside the other notes */
void ol_vf_judge_evidence(vf *v); /* once the roots are known */
/* <n>.a.note or <n>.b.note, by its place among the heads. */
void ol_vf_evidence_path(const vf *v, unsigned which, char ret[OL_VERIFY_PATH_MAX]);

/* ── verify_tiles.c: its tiles and entries ─────────────────────────────────────────────────────*/

/* False, with a finding: the heads of all logs speak of more entries than are checked here. */
bool ol_vf_count(vf *v);
/* Every tile against the leaves, every head against the root: the log is then proven. */
bool ol_vf_tiles(vf *v);
/* Tells that this head contradicts what head.note leads to. */
void ol_vf_fork(vf *v, unsigned which);
/* Hands every entry of the log to the view. */
void ol_vf_entries(vf *v);
/* The roots over the first size[i] leaves of a log that was proven before, ascending; n > 0. */
bool ol_vf_roots(vf *v, const char *log_name, uint64_t log_size, const uint64_t *size, size_t n,
                 ol_hash *ret);

/* ── verify_claims.c: receipts in closes ───────────────────────────────────────────────────────*/

void ol_vf_claims(vf *v);

/* ── verify_proof.c ────────────────────────────────────────────────────────────────────────────*/

void ol_vf_proof(vf *v);

#endif
