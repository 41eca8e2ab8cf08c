/* openline export — a line's record, or the proof of one entry, as files for a stranger.
 * Files are made in DIR.new, which becomes DIR when the export is whole. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/record.h"
#include "record/export.h"

typedef struct {
    int dir;
    uint64_t files, bytes;
    char why[400];
} target;

static ol_cli_record record;

static ol_err failed(target *t, const char *path) {
    int sys = errno;
    (void)snprintf(t->why, sizeof t->why, "%s: %s", path, strerror(sys));
    return sys == ENOSPC || sys == EDQUOT ? OL_EFULL : OL_EIO;
}

/* The directories above a file; they may be there. */
static ol_err make_above(target *t, const char *path) {
    char dir[OL_EXPORT_PATH_MAX + 1];
    for (const char *p = strchr(path, '/'); p != NULL; p = strchr(p + 1, '/')) {
        memcpy(dir, path, (size_t)(p - path));
        dir[p - path] = '\0';
        if (mkdirat(t->dir, dir, 0700) != 0 && errno != EEXIST)
            return failed(t, dir);
    }
    return OL_OK;
}

static ol_err make_file(void *ctx, const char *path, const uint8_t *p, size_t n) {
    target *t = ctx;
    ol_err err = make_above(t, path);
    if (err != OL_OK)
        return err;
    int fd = (int)TEMP_FAILURE_RETRY(
        openat(t->dir, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (fd < 0)
        return failed(t, path);
    for (size_t at = 0; at < n && err == OL_OK;) {
        ssize_t put = write(fd, p + at, n - at);
        if (put < 0 && errno != EINTR)
            err = failed(t, path);
        at += put > 0 ? (size_t)put : 0;
    }
    if (close(fd) != 0 && errno != EINTR && err == OL_OK)
        err = failed(t, path);
    t->files++;
    t->bytes += n;
    return err;
}

/* A full export gives everything away: the person says so, by --yes or on the terminal. */
static int confirm(ol_cli *c) {
    char answer[16] = "";
    if (ol_cli_has(c, "proof") || ol_cli_has(c, "yes"))
        return -1;
    if (c->is_json || !isatty(STDIN_FILENO))
        return ol_cli_fail(c, OL_ESTATE, "say so with --yes, or give one entry with --proof ID",
                           "a full export discloses every message of every party on the line");
    ol_cli_hint(c,
                "This discloses every message of every party on the line %s, in the clear. "
                "Type yes to go on:",
                c->arg[0]);
    if (fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0)
        return -1;
    return ol_cli_fail(c, OL_ESTATE, "type yes, or give --yes", "nothing was exported");
}

static int tell(ol_cli *c, ol_err err, const target *t, const char *dir, const ol_export_at *at) {
    if (t->why[0] != '\0')
        return ol_cli_fail(c, err,
                           "give it room and permissions, remove that directory and try "
                           "again",
                           "%s could not be written: %s", dir, t->why);
    if (err == OL_ECONFLICT)
        return ol_cli_fail(c, err, "run openline verify; keep the home as it is",
                           "the record does not fit its own signatures, at %s", at->path);
    if (err == OL_ESTATE)
        return ol_cli_fail(c, err, "wait for their receipts, then ask again",
                           "not all parties have stored the entry yet: it has no proof");
    return ol_cli_fail(c, err, "look at the home and its disk", "the export stopped at %s: %s",
                       at->path, ol_err_text(err));
}

static int write_export(ol_cli *c, target *t, const char *dir) {
    ol_export_at at = { "" };
    ol_export_to to = { .file = make_file, .ctx = t, .mem = &record.mem };
    const ol_reader *reader = ol_store_reader_of(record.reader);
    const char *proof = ol_cli_value(c, "proof");
    ol_err err;
    if (proof == NULL) {
        err = ol_export_all(reader, &to, &at);
    } else {
        ol_log_key log;
        uint64_t index = 0;
        int code = ol_cli_record_find(c, &record, proof, &log, &index);
        if (code >= 0)
            return code;
        err = ol_export_proof(reader, &log, index, &to, &at);
    }
    if (err == OL_OK && TEMP_FAILURE_RETRY(syncfs(t->dir)) != 0)
        err = failed(t, dir);
    return err == OL_OK ? -1 : tell(c, err, t, dir, &at);
}

static int print_done(ol_cli *c, const target *t, const char *dir) {
    const char *proof = ol_cli_value(c, "proof");
    if (c->is_json) {
        json_t *o = json_pack("{s:b, s:s, s:s, s:I, s:I}", "ok", 1, "line", c->arg[0], "directory",
                              dir, "files", (json_int_t)t->files, "bytes", (json_int_t)t->bytes);
        if (proof != NULL)
            (void)json_object_set_new(o, "proof", json_string(proof));
        ol_cli_json(o);
    } else if (proof != NULL) {
        ol_cli_print("The proof of %s is in %s: it discloses this entry and no other.\n", proof,
                     dir);
    } else {
        ol_cli_print("The record of the line %s is in %s, %llu files.\n", c->arg[0], dir,
                     (unsigned long long)t->files);
    }
    return ol_cli_end(c);
}

static int export_to(ol_cli *c, const char *dir) {
    char part[4096];
    target t = { .dir = -1 };
    if (snprintf(part, sizeof part, "%s.new", dir) >= (int)sizeof part)
        return ol_cli_fail(c, OL_ELIMIT, "choose a shorter one",
                           "the directory's name is too long");
    if (access(dir, F_OK) == 0)
        return ol_cli_fail(c, OL_EEXIST, "name one that is not there yet", "%s is there already",
                           dir);
    if (mkdir(part, 0700) != 0)
        return ol_cli_fail(c, errno == EEXIST ? OL_EEXIST : OL_EIO,
                           errno == EEXIST ? "an export was broken off: remove it"
                                           : "name another place",
                           "%s cannot be made: %s", part, strerror(errno));
    t.dir = (int)TEMP_FAILURE_RETRY(open(part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    int code = t.dir < 0 ? ol_cli_fail(c, OL_EIO, "name another place", "%s cannot be opened: %s",
                                       part, strerror(errno))
                         : write_export(c, &t, part);
    if (t.dir >= 0)
        (void)close(t.dir);
    if (code < 0 && rename(part, dir) != 0)
        code = ol_cli_fail(c, OL_EIO, "rename it yourself: it is whole", "%s cannot become %s: %s",
                           part, dir, strerror(errno));
    if (code >= 0 && t.files == 0)
        (void)rmdir(part);
    return code < 0 ? print_done(c, &t, dir) : code;
}

static int export_run(ol_cli *c) {
    int code = confirm(c);
    if (code < 0)
        code = ol_cli_record_open(c, c->arg[0], &record);
    if (code >= 0)
        return code;
    code = export_to(c, c->arg[1]);
    ol_cli_record_close(&record);
    return code;
}

static const ol_cli_opt options[] = {
    { "proof", "ENTRY", "only the proof of one entry, such as usa/urgent/8f3a.17", false },
    { "yes", NULL, "disclose the whole record without being asked", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_export = {
    .name = "export",
    .args = "<line> <directory>",
    .summary = "Writes a line's record as files that a stranger can check",
    .help = "A full export discloses every message, and asks before it does. The directory must "
            "not be there yet.\ntools/verify_export.py checks it without any of this program.\n",
    .opt = options,
    .args_min = 2,
    .args_max = 2,
    .run = export_run,
};
