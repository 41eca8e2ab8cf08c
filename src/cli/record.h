/* cli/record.h — a line's record, open for reading: of the running station by its control socket,
 * else of the home's store. What export and verify work on.
 * Errors   -1, or an exit code that was told.
 * Memory   large: static. close takes one that was never opened, all zero. */
#ifndef OL_CLI_RECORD_H
#define OL_CLI_RECORD_H

#include "cli/files_of.h"
#include "cli/talk.h"
#include "station/lines.h"
#include "store/reader.h"

typedef struct {
    ol_talk talk;
    ol_lines lines;
    ol_mem mem, locked;
    const ol_api_line *line;
    ol_store *remote; /* NULL: the desk's own store is read */
    ol_store_reader *reader;
    bool is_open;
} ol_cli_record;

int ol_cli_record_open(ol_cli *c, const char *line, ol_cli_record *ret);
/* An export's or a proof's directory, or a line's record in the form of one: its files. room: for
 * the latter; it is closed again. */
int ol_cli_record_files(ol_cli *c, const char *arg, ol_cli_record *room, ol_files_of *ret);
/* The same of a line alone. */
int ol_cli_record_line(ol_cli *c, const char *line, ol_cli_record *room, ol_files_of *ret);
void ol_cli_record_close(ol_cli_record *r);
/* For ol_verify_opts: read, where ctx begins with the ol_files_of; unreadable opens the text. */
ol_err ol_cli_record_read(void *ctx, const char *path, uint8_t *to, size_t cap, size_t *ret_len,
                          const char **ret_why);
const char *ol_cli_record_unreadable(void *ctx, const ol_message *m);
/* "usa/urgent/8f3a.17" or more digits of the incarnation → a log of the record and an index. */
int ol_cli_record_find(ol_cli *c, const ol_cli_record *r, const char *entry, ol_log_key *ret_log,
                       uint64_t *ret_index);

#endif
