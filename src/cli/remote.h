/* cli/remote.h — a line's record as an ol_store that only reads: through the conversation with the
 * station, or the home's own store where no station runs. Export and verify work on either.
 * Snapshot sizes, heads and receipts are of one moment; entries are fetched as they are walked, and
 *          never change. What exports need is there: of each log the last signed head, of each
 *          party the largest receipt and the one of the largest size that all have receipted, with
 *          the heads under them.
 * Why      the station writes nothing outside its home and spends no memory on an export: the
 *          command pulls pages at its own pace and writes the files as the person who runs it.
 * Memory   the store is the caller's to close; it borrows talk and charter until then. */
#ifndef OL_CLI_REMOTE_H
#define OL_CLI_REMOTE_H

#include "cli/talk.h"
#include "record/charter.h"
#include "store/store.h"

/* An exit code that was told, or -1. */
int ol_cli_remote(ol_cli *c, ol_talk *t, const char *line, const ol_charter *charter,
                  ol_store **ret);

#endif
