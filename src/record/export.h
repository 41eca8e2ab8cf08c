/* record/export.h — a line's record as files that a stranger can check without us.
 * Full     charter, charter.<g>, cards/<party>.<serial>, and per log with a signed head, in
 *          <party>/<lane>/<incarnation>/: tile/…, policy, heads/<other>.note, checkpoint,
 *          head.note, pending (if anything is), evidence/<n>.a.note and .b.note (if there is any).
 * Proof    charters, cards, and for one log policy and notes, <index>.leaf, <index>.tlog-proof. The
 *          proof stands against `checkpoint`: an entry that not all members have receipted has none
 *          yet (OL_ESTATE).
 * Checks   every head and receipt is verified over the leaves before its file is made: OL_ECONFLICT
 *          means that the record does not fit its own signatures. Files made until then are to be
 *          thrown away: a note is never there without the tiles that it speaks of, but an export
 *          that failed is none.
 * Memory   from to->mem: OL_EXPORT_MEM at most, whatever the logs' sizes. OL_ENOMEM.
 * Errors   also those of the reader and of to->file. *ret_at names the file that was being made.
 * Source   docs/PROTOCOL.md §7. */
#ifndef OL_RECORD_EXPORT_H
#define OL_RECORD_EXPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "record/reader.h"

enum {
    OL_EXPORT_PATH_MAX = 127,
    OL_EXPORT_EVIDENCE_MAX = 16,
    /* a log */ OL_EXPORT_MEM = 700 * 1024
};

typedef struct {
    /* Makes a file with all its bytes; path is relative, with '/', in a-z 0-9 - . and NUL-ended. */
    ol_err (*file)(void *ctx, const char *path, const uint8_t *p, size_t n);
    void *ctx;
    ol_mem *mem;
} ol_export_to;

typedef struct {
    char path[OL_EXPORT_PATH_MAX + 1];
} ol_export_at; /* written on error only */

OL_MUST ol_err ol_export_all(const ol_reader *reader, const ol_export_to *to, ol_export_at *ret_at);
OL_MUST ol_err ol_export_proof(const ol_reader *reader, const ol_log_key *log, uint64_t index,
                               const ol_export_to *to, ol_export_at *ret_at);

#endif
