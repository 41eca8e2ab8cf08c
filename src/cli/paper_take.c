/* openline paper take — pictures of codes, or typed groups, back into the bundles they were. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/helper.h"
#include "cli/paper.h"
#include "crypto/hash.h"
#include "station/file.h"

enum { NAME_BYTES = 8, HEAD = 32, COPY_MAX = 129 << 20, STEP = 1 << 16 };

void ol_cli_paper_wrong(ol_cli *c, ol_cli_paper *p, const char *file, unsigned line,
                        const char *what, ...) {
    char text[1024], where[16] = "";
    va_list ap;
    va_start(ap, what);
    (void)vsnprintf(text, sizeof text, what, ap);
    va_end(ap);
    p->wrong++;
    if (c->is_json) {
        ol_cli_json(json_pack("{s:b, s:s?, s:I, s:s}", "ok", 0, "file", file, "line",
                              (json_int_t)line, "what", text));
        return;
    }
    if (line != 0)
        (void)snprintf(where, sizeof where, ":%u", line);
    ol_cli_hint(c, "%s%s%s%s", file != NULL ? file : "", where, file != NULL ? ": " : "", text);
}

int ol_cli_paper_keep(ol_cli *c, ol_cli_paper *p, const uint8_t *bundle, size_t len) {
    for (size_t i = 0; i < p->n; i++)
        if (p->bundle[i].len == len && memcmp(p->bundle[i].p, bundle, len) == 0)
            return -1;
    uint8_t *copy = p->n < OL_CLI_PAPER_BUNDLES_MAX ? malloc(len) : NULL;
    if (copy == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "give fewer at once", "these are too many bundles");
    memcpy(copy, bundle, len);
    p->bundle[p->n++] = (struct ol_cli_paper_bundle){ .p = copy, .len = len };
    return -1;
}

/* ── in ─────────────────────────────────────────────────────────────────────────────────────── */

/* A descriptor that can be read from its beginning again: what cannot is copied into memory. */
static int rewindable(int fd) {
    static uint8_t step[STEP];
    struct stat st;
    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return fd;
    int copy = ol_cli_helper_memory(NULL, 0);
    size_t len = 0;
    for (ssize_t got = 1; copy >= 0 && got != 0 && len < COPY_MAX;) {
        got = read(fd, step, sizeof step);
        if (got < 0 && errno == EINTR)
            continue;
        ssize_t put = got <= 0 ? got : write(copy, step, (size_t)got);
        if (got < 0 || put != got) {
            (void)close(copy);
            copy = -1;
        }
        len += got > 0 ? (size_t)got : 0;
    }
    int sys = errno;
    (void)close(fd);
    errno = sys;
    return copy;
}

/* No text that anybody typed: not UTF-8, and not for the sake of a single character. */
static bool is_bytes(const char *text, size_t len) {
    size_t others = 0;
    for (size_t i = 0; i < len; i++)
        others += (text[i] & 0x80) != 0 || (text[i] >= 0 && text[i] < ' ' && text[i] != '\n');
    return !ol_utf8_is_valid((const uint8_t *)text, len) && others > len / 10;
}

static int take_text(ol_cli *c, ol_cli_paper *p, const char *file, int fd) {
    char *text = malloc(OL_CLI_PAPER_TEXT);
    size_t len = 0;
    ssize_t got = 1;
    while (text != NULL && got > 0 && len < OL_CLI_PAPER_TEXT) {
        got = pread(fd, text + len, OL_CLI_PAPER_TEXT - len, (off_t)len);
        len += got > 0 ? (size_t)got : 0;
    }
    int code = -1;
    if (text == NULL)
        code = ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory for %s", file);
    else if (got < 0)
        code = ol_cli_fail(c, OL_EIO, "look at it, and try again", "%s cannot be read: %s", file,
                           strerror(errno));
    else if (got > 0)
        ol_cli_paper_wrong(c, p, file, 0, "it is too large for typed groups, and no picture");
    else if (is_bytes(text, len))
        ol_cli_paper_wrong(c, p, file, 0,
                           "it is neither a picture nor typed groups; what is a bundle already "
                           "goes to openline bundle take");
    else
        code = ol_cli_paper_text(c, p, file, text, len);
    free(text);
    return code;
}

/* A picture or the like, by its first bytes: openline-scan knows best what it is. */
static bool is_picture(int fd) {
    static const char *const mark[] = { "\x89PNG", "\xFF\xD8\xFF", "%PDF", "GIF8", "RIFF", "BM" };
    char head[HEAD];
    ssize_t n = pread(fd, head, sizeof head, 0);
    for (size_t i = 0; i < OL_LEN(mark); i++)
        if (n >= (ssize_t)strlen(mark[i]) && memcmp(head, mark[i], strlen(mark[i])) == 0)
            return true;
    return n > 0 && memchr(head, '\0', (size_t)n) != NULL;
}

static int take_file(ol_cli *c, ol_cli_paper *p, const char *file) {
    bool is_stdin = strcmp(file, "-") == 0;
    if (is_stdin && isatty(STDIN_FILENO))
        return ol_cli_paper_ask(c, p);
    int fd = is_stdin ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                      : open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    const char *name = is_stdin ? "standard input" : file;
    fd = rewindable(fd);
    if (fd < 0)
        return ol_cli_fail(c, errno == ENOENT ? OL_ENOENT : OL_EIO,
                           "check its name and permissions", "%s cannot be read: %s", name,
                           strerror(errno));
    (void)lseek(fd, 0, SEEK_SET);
    int code = is_picture(fd) ? ol_cli_paper_scan(c, p, name, fd) : take_text(c, p, name, fd);
    (void)close(fd);
    return code;
}

/* ── out ────────────────────────────────────────────────────────────────────────────────────── */

static bool is_directory(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Where it goes: its name is that of its contents, so that the same bundle is the same file. False:
 * there is no room for so long a name. */
static bool name_it(struct ol_cli_paper_bundle *b, const char *out) {
    uint8_t hash[OL_HASH_LEN];
    char hex[2 * NAME_BYTES + 1];
    int len;
    ol_hash_sha256(b->p, b->len, hash);
    ol_hex_put(hash, NAME_BYTES, hex);
    if (out != NULL && !is_directory(out))
        len = snprintf(b->file, sizeof b->file, "%s", out);
    else
        len = snprintf(b->file, sizeof b->file, "%s%s%s.olb", out != NULL ? out : "",
                       out != NULL ? "/" : "", hex);
    return len >= 0 && (size_t)len < sizeof b->file;
}

static bool is_there(const struct ol_cli_paper_bundle *b) {
    static uint8_t was[OL_GROUPS_BUNDLE_MAX];
    size_t len = 0;
    ol_why why;
    return ol_file_read(AT_FDCWD, b->file, OL_FILE_PUBLIC, was, sizeof was, &len, &why) == OL_OK &&
           len == b->len && memcmp(was, b->p, len) == 0;
}

static int save(ol_cli *c, ol_cli_paper *p) {
    const char *out = ol_cli_value(c, "out");
    if (out != NULL && p->n > 1 && !is_directory(out))
        return ol_cli_fail(c, OL_ESTATE, "give the name of a directory to --out",
                           "these are %zu bundles, and %s is one file", p->n, out);
    for (size_t i = 0; i < p->n; i++) {
        struct ol_cli_paper_bundle *b = &p->bundle[i];
        ol_why why = { "" };
        if (!name_it(b, out))
            return ol_cli_fail(c, OL_ELIMIT, "go nearer to it, and name it from there",
                               "--out makes a name of more than %zu bytes", sizeof b->file - 1);
        ol_err err = ol_file_create(AT_FDCWD, b->file, OL_FILE_PUBLIC, b->p, b->len, &why);
        if (err != OL_OK && !(err == OL_EEXIST && is_there(b)))
            return ol_cli_fail_why(c, err, &why);
    }
    return -1;
}

static void tell(const ol_cli *c, const ol_cli_paper *p) {
    json_t *o = c->is_json ? ol_cli_ok() : NULL, *list = c->is_json ? json_array() : NULL;
    for (size_t i = 0; i < p->n; i++) {
        if (c->is_json)
            (void)json_array_append_new(list, json_pack("{s:s, s:I}", "file", p->bundle[i].file,
                                                        "bytes", (json_int_t)p->bundle[i].len));
        else
            ol_cli_print("%s\n", p->bundle[i].file);
    }
    if (!c->is_json)
        return;
    (void)json_object_set_new(o, "bundles", list);
    ol_cli_json(o);
}

/* As openline bundle take does with these files. */
static int hand_in(ol_cli *c, const ol_cli_paper *p) {
    ol_cli in = { .command = &ol_cli_bundle_take, .is_json = c->is_json };
    if (p->n > OL_CLI_ARGS_MAX)
        return ol_cli_fail(c, OL_ELIMIT, "give them to openline bundle take",
                           "these are too many bundles to be taken in one go");
    for (; in.args < p->n; in.args++)
        in.arg[in.args] = p->bundle[in.args].file;
    int code = in.command->run(&in);
    return code == OL_CLI_DONE ? -1 : code;
}

static int take(ol_cli *c, ol_cli_paper *p) {
    int code = c->args == 0 ? take_file(c, p, "-") : -1;
    for (size_t i = 0; i < c->args && code < 0; i++)
        code = take_file(c, p, c->arg[i]);
    if (code < 0)
        code = ol_cli_paper_join(c, p);
    if (code < 0)
        code = save(c, p);
    if (code >= 0)
        return code;
    if (p->n > 0 || p->wrong == 0)
        tell(c, p);
    if (p->n > 0 && ol_cli_has(c, "take"))
        code = hand_in(c, p);
    if (code >= 0)
        return code;
    if (p->wrong == 0)
        return ol_cli_end(c);
    const char *todo = p->has_lines   ? "have those lines read again, put them right, and give the "
                                        "whole text again"
                       : p->has_parts ? "photograph what is missing, and give all pictures together"
                                      : "put that right, and give it again";
    return ol_cli_fail(c, OL_EFORM, todo, "%s, %zu thing%s wrong",
                       p->n == 0 ? "nothing was taken" : "not everything was taken", p->wrong,
                       p->wrong == 1 ? " is" : "s are");
}

static int run(ol_cli *c) {
    static ol_cli_paper p;
    int code = take(c, &p);
    for (size_t i = 0; i < p.n; i++)
        free(p.bundle[i].p);
    for (size_t i = 0; i < p.pictures; i++)
        free(p.picture[i]);
    free(p.picture);
    return code;
}

static const ol_cli_opt options[] = {
    { "out", "FILE|DIR", "where bundles go; else here, named by their contents", false },
    { "take", NULL, "hand them to the station at once, as openline bundle take does", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_paper_take = {
    .name = "paper take",
    .args = "[<file>…|-]",
    .summary = "Makes bundles of pictures of QR codes, or of typed groups",
    .help =
        "A file is a picture (PNG or JPEG) with one code or several, or a text with the groups of "
        "one "
        "bundle.\nOn a terminal, without a file, it asks for the groups line by line and says at "
        "once what is\nwrong with one. Of a text with a wrong line nothing is taken: each wrong "
        "and each missing line\nis named. Pictures may come in any order; give all parts of a "
        "bundle together.\nWhat is written goes to the station with openline bundle take, or at "
        "once by --take.\n",
    .opt = options,
    .args_min = 0,
    .args_max = OL_CLI_ARGS_MAX,
    .run = run,
};
