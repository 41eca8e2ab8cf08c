/* record/verify.h — checks an exported record, or the proof of one entry, from its files.
 * Checks   §7: charters and cards, policies, heads and receipts over the roots of the tiles, the
 *          tiles themselves, and what entries say of each other (record/view.h). Every rule that
 *          is broken is told, with the file and one sentence; so is what only needs a reader's eye.
 *          A record verifies when nothing broken was told.
 * Trust    none in any byte of the files. They must not change meanwhile.
 * Memory   from opts.mem: OL_VERIFY_MEM and what a view of the entries takes.
 * Errors   OL_ENOMEM alone ends the check; everything else is a finding.
 * Source   docs/PROTOCOL.md §2 to §4, §7; rules carry the words of tools/verify_export.py, where
 *          text-form stands for all of its text-…, key-… and note-… in charters and cards. */
#ifndef OL_RECORD_VERIFY_H
#define OL_RECORD_VERIFY_H

#include "record/view.h"

enum {
    OL_VERIFY_MEM = 1600 * 1024,
    OL_VERIFY_LOGS_MAX = 4096,
    OL_VERIFY_CARDS_MAX = 1000,
    OL_VERIFY_GENERATIONS_MAX = 64,
    OL_VERIFY_PATH_MAX = 160, /* longer ones belong to no export */
    OL_VERIFY_SENTENCE_MAX = 512
};
#define OL_VERIFY_ENTRIES_MAX (UINT64_C(1) << 24) /* of all logs: not the protocol's, but ours */

typedef struct {
    const char *path; /* below the export's directory, with '/' */
    bool is_plain;    /* false: a link, a device, …: named, never read */
} ol_verify_file;

typedef struct {
    const char *rule;
    bool is_broken;              /* false: for a reader's eye */
    const char *file, *sentence; /* may hold anything that a file's name holds */
} ol_verify_finding;

typedef struct {
    bool is_there;
    uint64_t size, time; /* of the party's largest receipt */
} ol_verify_stored;

typedef struct {
    const char *name;         /* <party>/<lane>/<incarnation> */
    unsigned author;          /* a number of the record's parties */
    bool has_head, is_proven; /* proven: what the tiles hold is what the author signed */
    uint64_t size;            /* of the author's last head */
    uint8_t root[32];
    bool has_checkpoint;
    uint64_t checkpoint;        /* its size */
    uint64_t members;           /* a bit per party, the author's among them */
    const ol_verify_stored *by; /* one per party of the record */
    size_t log;                 /* in the view */
} ol_verify_log;

typedef struct {
    ol_mem *mem;
    const ol_verify_file *file; /* all of them, in any order */
    size_t files;
    /* Reads a file of at most cap bytes. OL_ELIMIT: it has more; any other error: it cannot be
     * read, and *ret_why, if set, says why. */
    ol_err (*read)(void *ctx, const char *path, uint8_t *to, size_t cap, size_t *ret_len,
                   const char **ret_why);
    /* As in record/view.h; may be NULL. */
    const char *(*unreadable)(void *ctx, const ol_message *m);
    /* Each may be NULL. What they are handed lives for the call. */
    void (*finding)(void *ctx, const ol_verify_finding *f);
    void (*log)(void *ctx, const ol_verify_log *log, const char *const *party);
    /* Of a full export each entry of a log that is proven, without salt, ascending; log: in the
     * view. OL_ENOMEM ends the check; nothing else may be returned. */
    ol_err (*entry)(void *ctx, size_t log, uint64_t index, const uint8_t *entry, size_t len);
    /* Once, at the end, of a full export: all entries in their joint order. */
    void (*view)(void *ctx, const ol_view *view, const char *const *party);
    ol_view_check_fn *check; /* of a full export, as in record/view.h */
    /* Once, of a proof that holds: the entry, without salt; why it cannot be read, or NULL. */
    void (*proven)(void *ctx, const char *log, uint64_t index, const uint8_t *entry, size_t len,
                   const char *unreadable);
    void *ctx;
} ol_verify_opts;

typedef struct {
    bool is_proof;
    char line[OL_NAME_MAX + 1]; /* empty: there is no charter to be had */
    uint8_t id[OL_LINE_ID_LEN];
    unsigned parties;
    uint64_t broken, anomalies, unreadable, logs, entries;
} ol_verify_result;

OL_MUST ol_err ol_verify(const ol_verify_opts *opts, ol_verify_result *ret);

#endif
