/* verify_record DIR - checks an export with the core's own verifier and prints what it found as
 * JSON in the form of tools/verify_export.py --json, for tests that compare the two. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "message/body.h"
#include "record/verdict.h"
#include "record/verify.h"

static ol_verify_file *files;
static size_t n_files, top_len;
static const char *top;

static int on_file(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st, (void)at;
    if (type == FTW_D)
        return 0;
    files = realloc(files, (n_files + 1) * sizeof *files);
    files[n_files++] =
        (ol_verify_file){ strdup(path + top_len + 1), type == FTW_F && S_ISREG(st->st_mode) };
    return 0;
}

static ol_err on_read(void *ctx, const char *path, uint8_t *to, size_t cap, size_t *ret_len,
                      const char **ret_why) {
    (void)ctx;
    char whole[4096], beyond;
    snprintf(whole, sizeof whole, "%s/%s", top, path);
    int fd = open(whole, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    size_t n = 0;
    ssize_t got = fd < 0 ? -1 : 0;
    while (fd >= 0 && n < cap && (got = read(fd, to + n, cap - n)) > 0)
        n += (size_t)got;
    bool is_more = fd >= 0 && n == cap && read(fd, &beyond, 1) == 1;
    if (fd >= 0)
        close(fd);
    *ret_why = strerror(errno);
    *ret_len = n;
    return got < 0 ? OL_EIO : is_more ? OL_ELIMIT : OL_OK;
}

/* The parts of the answer, each written as it comes. */
enum { FAILURES, ANOMALIES, LOGS, ORDER, UNREADABLE, CALLS, PARTS };
static struct {
    const char *name, *between;
    FILE *out;
    char *text;
    size_t len;
} part[PARTS] = { [FAILURES] = { .name = "failures" },
                  [ANOMALIES] = { .name = "anomalies" },
                  [LOGS] = { .name = "logs" },
                  [ORDER] = { .name = "order" },
                  [UNREADABLE] = { .name = "unreadable" },
                  [CALLS] = { .name = "calls" } };

static FILE *next(int which) {
    fputs(part[which].between, part[which].out);
    part[which].between = ",\n  ";
    return part[which].out;
}

static void string(FILE *out, const char *s) {
    putc('"', out);
    for (; *s != 0; s++) {
        if (*s == '"' || *s == '\\' || (unsigned char)*s < 0x20)
            fprintf(out, "\\u%04x", (unsigned)(unsigned char)*s);
        else
            putc(*s, out);
    }
    putc('"', out);
}

static void on_finding(void *ctx, const ol_verify_finding *f) {
    (void)ctx;
    FILE *out = next(f->is_broken ? FAILURES : ANOMALIES);
    char whole[6000];
    snprintf(whole, sizeof whole, "%s: %s", f->file, f->sentence);
    fprintf(out, "{\"rule\": \"%s\", \"file\": ", f->rule);
    string(out, f->file);
    fprintf(out, ", \"sentence\": ");
    string(out, whole);
    putc('}', out);
}

static const char *unreadable(void *ctx, const ol_message *m) {
    (void)ctx;
    static uint8_t room[OL_TEXT_MAX];
    ol_message with = *m;
    const char *why = NULL;
    return ol_body_text(&with, room, &why) == OL_OK ? NULL : why;
}

static void on_log(void *ctx, const ol_verify_log *log, const char *const *party) {
    (void)ctx;
    FILE *out = next(LOGS);
    fprintf(out, "{\"log\": \"%s\", \"size\": %" PRIu64 ", \"proven\": %s, \"stored\": {",
            log->name, log->size, log->is_proven ? "true" : "false");
    const char *comma = "";
    for (unsigned i = 0; i < 64; i++) {
        if ((log->members >> i & 1) == 0 || !log->by[i].is_there)
            continue;
        fprintf(out, "%s\"%s\": {\"size\": %" PRIu64 ", \"time\": %" PRIu64 "}", comma, party[i],
                log->by[i].size, log->by[i].time);
        comma = ", ";
    }
    fprintf(out, "}}");
}

static void place(FILE *out, const char *name, const ol_view *view, size_t at,
                  const char *const *party) {
    char log[OL_VIEW_ID_MAX + 1];
    fprintf(out, "\"%s\": ", name);
    if (at == OL_VIEW_NONE) {
        fprintf(out, "null, ");
        return;
    }
    ol_view_item item = ol_view_at(view, at);
    ol_view_log_name(ol_view_log_key(view, item.log), 16, party, log);
    fprintf(out, "\"%s.%" PRIu64 "\", ", log, item.index);
}

static const char *truth(bool is) {
    return is ? "true" : "false";
}

static void verdict(FILE *out, const ol_view *view, size_t call, uint8_t p,
                    const char *const *party) {
    ol_verdict is = ol_verdict_of(view, call, p);
    fprintf(out, "{\"party\": \"%s\", \"verdict\": \"%s\", ", party[p], ol_verdict_text(is.name));
    fprintf(out, "\"late\": %s, \"crossed\": %s, ", truth(is.is_late), truth(is.is_crossed));
    fprintf(out, "\"ended\": %s, \"stored\": %s, ", truth(is.is_ended), truth(is.is_stored));
    fprintf(out, "\"rang\": %s, ", truth(is.has_rung));
    place(out, "by", view, is.by, party);
    place(out, "close", view, is.close, party);
    place(out, "witness", view, is.witness, party);
    if (is.has_receipt)
        fprintf(out, "\"receipt\": {\"size\": %" PRIu64 ", \"time\": %" PRIu64 "}, ", is.size,
                is.time);
    else
        fprintf(out, "\"receipt\": null, ");
    fprintf(out, "\"known\": %s}", truth(is.is_known));
}

static void on_calls(const ol_view *view, const char *const *party) {
    for (size_t i = 0; i < ol_verdict_calls(view); i++) {
        FILE *out = next(CALLS);
        ol_call_word call = ol_verdict_call(view, i);
        const char *between = "";
        putc('{', out);
        place(out, "call", view, call.at, party);
        fprintf(out, "\"verdicts\": [");
        for (uint8_t p = 0; p < OL_VIEW_PARTIES_MAX; p++) {
            if ((call.called >> p & 1) == 0)
                continue;
            fputs(between, out);
            verdict(out, view, i, p, party);
            between = ",\n    ";
        }
        fprintf(out, "]}");
    }
}

static void on_view(void *ctx, const ol_view *view, const char *const *party) {
    (void)ctx;
    char name[OL_VIEW_ID_MAX + 1];
    for (size_t i = 0; i < ol_view_len(view); i++) {
        ol_view_item item = ol_view_at(view, i);
        ol_view_log_name(ol_view_log_key(view, item.log), 16, party, name);
        fprintf(next(ORDER), "\"%s.%" PRIu64 "\"", name, item.index);
        if (item.unreadable == NULL)
            continue;
        FILE *out = next(UNREADABLE);
        fprintf(out, "{\"id\": \"%s.%" PRIu64 "\", \"reason\": ", name, item.index);
        string(out, item.unreadable);
        putc('}', out);
    }
    on_calls(view, party);
}

int main(int argc, char **argv) {
    if (argc != 2 || (top_len = strlen(argv[1])) == 0) {
        fprintf(stderr, "usage: verify_record DIR\n");
        return 2;
    }
    top = argv[1];
    if (nftw(top, on_file, 16, FTW_PHYS) != 0) {
        fprintf(stderr, "verify_record: cannot list %s: %s\n", top, strerror(errno));
        return 2;
    }
    for (int i = 0; i < PARTS; i++) {
        part[i].out = open_memstream(&part[i].text, &part[i].len);
        part[i].between = "";
    }
    ol_mem mem;
    ol_mem_heap(&mem, 256 << 20);
    const ol_verify_opts opts = { .mem = &mem,
                                  .file = files,
                                  .files = n_files,
                                  .read = on_read,
                                  .unreadable = unreadable,
                                  .finding = on_finding,
                                  .log = on_log,
                                  .view = on_view };
    ol_verify_result result;
    ol_err err = ol_verify(&opts, &result);
    if (err != OL_OK || mem.used != 0) {
        fprintf(stderr, "verify_record: %s; %zu bytes kept\n", ol_err_text(err), mem.used);
        return 2;
    }
    printf("{\"verified\": %s, \"form\": \"%s\"", result.broken == 0 ? "true" : "false",
           result.is_proof ? "proof" : "export");
    for (int i = 0; i < PARTS; i++) {
        fclose(part[i].out);
        printf(",\n\"%s\": [%s]", part[i].name, part[i].text);
        free(part[i].text);
    }
    printf("}\n");
    for (size_t i = 0; i < n_files; i++)
        free((void *)(uintptr_t)files[i].path);
    free(files);
    return result.broken == 0 ? 0 : 1;
}
