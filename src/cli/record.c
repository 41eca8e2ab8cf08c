#include "cli/record.h"

#include <string.h>
#include <sys/stat.h>

#include "cli/remote.h"
#include "record/export.h"
#include "station/locked.h"
#include "message/body.h"

enum { MEM_MAX = 256 << 20, LOCKED_MAX = 4 << 20 };

static int find_line(ol_cli *c, const char *name, ol_cli_record *r) {
    ol_why why = { "" };
    ol_err err = ol_lines_read(&r->talk.home, &r->locked, &r->lines, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    for (size_t i = 0; i < r->lines.n; i++)
        if (strcmp(r->lines.row[i]->api.name, name) == 0)
            r->line = &r->lines.row[i]->api;
    if (r->line != NULL)
        return -1;
    return ol_cli_fail(c, OL_ENOENT, "openline status names the lines",
                       "this party has joined no line \"%s\"", name);
}

static int open_reader(ol_cli *c, ol_cli_record *r) {
    const ol_api_line *line = r->line;
    ol_store_reader_opts opts = {
        .mem = &r->mem,
        .store = r->remote != NULL ? r->remote : r->talk.desk.store,
        .charter = line->charter,
        .generation = line->generation,
        .generations = line->charter->generation + 1,
        .card = line->held,
        .cards = line->holds,
    };
    ol_err err = ol_store_reader_new(&opts, &r->reader);
    return err == OL_OK ? -1
                        : ol_cli_fail(c, err, "check the disk", "the record cannot be read: %s",
                                      ol_err_text(err));
}

int ol_cli_record_open(ol_cli *c, const char *line, ol_cli_record *r) {
    memset(r, 0, offsetof(ol_cli_record, lines));
    memset(&r->lines, 0, sizeof *r - offsetof(ol_cli_record, lines));
    int code = ol_talk_open(c, true, &r->talk);
    if (code >= 0)
        return code;
    r->is_open = true;
    ol_mem_heap(&r->mem, MEM_MAX);
    ol_locked_mem(&r->locked, LOCKED_MAX);
    code = find_line(c, line, r);
    if (code < 0 && ol_talk_is_live(&r->talk))
        code = ol_cli_remote(c, &r->talk, line, r->line->charter, &r->remote);
    if (code < 0)
        code = open_reader(c, r);
    if (code >= 0)
        ol_cli_record_close(r);
    return code;
}

void ol_cli_record_close(ol_cli_record *r) {
    if (!r->is_open)
        return;
    ol_store_reader_free(r->reader);
    if (r->remote != NULL)
        r->remote->ops->close(r->remote);
    ol_lines_free(&r->lines);
    ol_talk_close(&r->talk);
    r->is_open = false;
}

int ol_cli_record_line(ol_cli *c, const char *line, ol_cli_record *r, ol_files_of *ret) {
    ol_export_at at = { "" };
    ol_files_of_memory(ret);
    int code = ol_cli_record_open(c, line, r);
    if (code >= 0)
        return code;
    ol_export_to to = { .file = ol_files_of_add, .ctx = ret, .mem = &r->mem };
    ol_err err = ol_export_all(ol_store_reader_of(r->reader), &to, &at);
    ol_cli_record_close(r);
    if (err == OL_OK)
        err = ol_files_of_sort(ret);
    if (err == OL_OK)
        return -1;
    if (err == OL_ENOMEM)
        return ol_cli_fail(c, err, "export the line and check that on a machine with more memory",
                           "there is no memory to read so large a record");
    return ol_cli_fail(c, err, "keep the home as it is: this needs a person who looks",
                       err == OL_ECONFLICT ? "the record does not fit its own signatures, at %s"
                                           : "the record could not be read, at %s",
                       at.path);
}

int ol_cli_record_files(ol_cli *c, const char *arg, ol_cli_record *room, ol_files_of *ret) {
    struct stat st;
    ol_why why = { "" };
    if (stat(arg, &st) != 0 && strchr(arg, '/') == NULL)
        return ol_cli_record_line(c, arg, room, ret);
    ol_err err = ol_files_of_dir(arg, ret, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}

ol_err ol_cli_record_read(void *ctx, const char *path, uint8_t *to, size_t cap, size_t *ret_len,
                          const char **ret_why) {
    return ol_files_of_read((const ol_files_of *)ctx, path, to, cap, ret_len, ret_why);
}

const char *ol_cli_record_unreadable(void *ctx, const ol_message *m) {
    static uint8_t room[OL_TEXT_MAX];
    const char *why = NULL;
    ol_message copy = *m;
    (void)ctx;
    return ol_body_text(&copy, room, &why) == OL_OK ? NULL : why;
}

static bool fits(const ol_cli_record *r, const ol_log_key *key, const char *entry, size_t len) {
    char name[OL_DESK_NAME_LEN + 1];
    ol_desk_log_name(r->line, key, name);
    return strlen(name) - (2 * OL_INC_LEN - 4) <= len && strncmp(name, entry, len) == 0;
}

int ol_cli_record_find(ol_cli *c, const ol_cli_record *r, const char *entry, ol_log_key *ret_log,
                       uint64_t *ret_index) {
    size_t dot = strcspn(entry, ".");
    uint64_t index = 0;
    size_t found = 0;
    const ol_reader *reader = ol_store_reader_of(r->reader);
    if (entry[dot] == '\0' ||
        ol_u64_get(entry + dot + 1, strlen(entry + dot + 1), 0, OL_SIZE_MAX, &index) != OL_OK)
        return ol_cli_usage(c, "\"%s\" names no entry, as usa/urgent/8f3a.17 does", entry);
    for (size_t i = 0; i < ol_store_reader_logs(r->reader); i++) {
        ol_record_log log;
        if (reader->log(reader->ctx, i, &log) != OL_OK || log.size <= index ||
            !fits(r, &log.key, entry, dot))
            continue;
        *ret_log = log.key;
        *ret_index = index;
        found++;
    }
    if (found == 1)
        return -1;
    if (found == 0)
        return ol_cli_fail(c, OL_ENOENT, "openline log names the entries",
                           "the record holds no entry %s", entry);
    return ol_cli_fail(c, OL_ECONFLICT, "give more digits of its log's incarnation",
                       "%s fits entries of several logs", entry);
}
