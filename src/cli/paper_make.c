/* openline paper make — sealed bundles as QR codes and as groups of digits. Groups are made here;
 * codes, pictures and sheets by openline-paper. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/helper.h"
#include "paper/groups.h"
#include "paper/parts.h"
#include "station/file.h"

enum {
    BUNDLES_MAX = 64,
    OUTPUT_MAX = 64 << 20,
    WORD_MAX = 240, /* of a title, of who it is from and to: a line on paper */
    NAME_MAX_LEN = 4000
};

typedef enum { QR_TERMINAL, QR_PNG, QR_PDF, QR_NONE, QR_FORMS } form;
static const char *const form_name[QR_FORMS] = { "terminal", "png", "pdf", "none" };

typedef struct {
    form form;
    bool has_groups;
    const char *out;
    size_t n;
    struct bundle {
        const char *file;
        uint8_t *p;
        size_t len;
    } bundle[BUNDLES_MAX];
    char when[OL_CLI_DTG_LEN + 1];
    json_t *made; /* with --json: names of files */
    char *drawn;  /* with --json: what a terminal would show */
} job;

static int read_bundle(ol_cli *c, const char *file, struct bundle *ret) {
    ol_why why = { "" };
    bool is_stdin = strcmp(file, "-") == 0;
    uint8_t *p = malloc(OL_GROUPS_BUNDLE_MAX + 1);
    if (p == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory to read %s", file);
    ret->p = p;
    ret->file = is_stdin ? "standard input" : file;
    ol_err err = ol_file_read(AT_FDCWD, is_stdin ? "/dev/stdin" : file, OL_FILE_PUBLIC, p,
                              OL_GROUPS_BUNDLE_MAX + 1, &ret->len, &why);
    if (err == OL_ELIMIT || (err == OL_OK && ret->len > OL_GROUPS_BUNDLE_MAX))
        return ol_cli_fail(c, OL_ELIMIT, "make smaller ones with openline bundle make --max",
                           "%s is larger than a bundle can be (%d bytes)", ret->file,
                           OL_GROUPS_BUNDLE_MAX);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    if (ret->len == 0)
        return ol_cli_fail(c, OL_EFORM, "make one with openline bundle make", "%s is empty",
                           ret->file);
    return -1;
}

static bool ends_in(const char *name, const char *end) {
    size_t n = name != NULL ? strlen(name) : 0, m = strlen(end);
    return n > m && strcmp(name + n - m, end) == 0;
}

/* What is asked for, whether said or to be told from the name of the file. */
static int choose(ol_cli *c, job *j) {
    const char *qr = ol_cli_value(c, "qr");
    j->out = ol_cli_value(c, "out");
    j->has_groups = ol_cli_has(c, "groups");
    j->form = ends_in(j->out, ".pdf") ? QR_PDF : ends_in(j->out, ".png") ? QR_PNG : QR_TERMINAL;
    if (qr != NULL) {
        j->form = QR_TERMINAL;
        while (j->form < QR_FORMS && strcmp(form_name[j->form], qr) != 0)
            j->form++;
    }
    if (j->form == QR_FORMS)
        return ol_cli_usage(c, "--qr is \"%s\" and must be terminal, png, pdf or none", qr);
    if (j->form == QR_NONE && !j->has_groups)
        return ol_cli_usage(c, "--qr none without --groups makes nothing");
    bool is_file = j->form == QR_PNG || j->form == QR_PDF;
    if (is_file && j->out == NULL)
        return ol_cli_usage(c, "--qr %s needs --out FILE.%s", qr, qr);
    if (!is_file && j->out != NULL)
        return ol_cli_usage(c, "--out is the name of a picture or of sheets: FILE.png or FILE.pdf, "
                               "or say which with --qr");
    static const char *const word[] = { "title", "from", "to" };
    for (size_t i = 0; i < OL_LEN(word); i++) {
        const char *s = ol_cli_value(c, word[i]);
        if (s != NULL &&
            (s[0] == '\0' || strlen(s) > WORD_MAX ||
             ol_text_check((const uint8_t *)s, strlen(s), OL_TEXT_LINE, NULL) != OL_OK))
            return ol_cli_usage(c, "--%s must be 1 to %d bytes of text", word[i], WORD_MAX);
    }
    return -1;
}

/* All bundles, or one alone, as openline-paper reads them. -1: none. */
static int input_of(const job *j, size_t from, size_t n) {
    size_t room = 0;
    for (size_t i = from; i < from + n; i++)
        room += 4 + j->bundle[i].len;
    uint8_t *p = malloc(room);
    if (p == NULL)
        return -1;
    ol_wr w = ol_wr_of(p, room);
    for (size_t i = from; i < from + n; i++) {
        ol_wr_be(&w, j->bundle[i].len, 4);
        ol_wr_put(&w, j->bundle[i].p, j->bundle[i].len);
    }
    int fd = ol_cli_helper_memory(p, w.len);
    free(p);
    return fd;
}

/* n bundles from one on, drawn; part: which code of the first, for a picture. */
static int draw(ol_cli *c, job *j, size_t from, size_t n, size_t part, uint8_t **ret,
                size_t *ret_len) {
    static const char *const key[] = { "title", "from", "to" };
    char value[OL_LEN(key)][WORD_MAX + 16], which[16], when[OL_CLI_DTG_LEN + 8];
    const char *words[OL_CLI_HELPER_WORDS_MAX + 1] = { form_name[j->form] };
    size_t at = 1;
    for (size_t i = 0; i < OL_LEN(key); i++)
        if (ol_cli_has(c, key[i])) {
            (void)snprintf(value[i], sizeof value[i], "%s=%s", key[i], ol_cli_value(c, key[i]));
            words[at++] = value[i];
        }
    (void)snprintf(which, sizeof which, "part=%zu", part);
    (void)snprintf(when, sizeof when, "when=%s", j->when);
    words[at++] = which;
    words[at++] = when;
    if (j->has_groups)
        words[at++] = "groups";
    if (j->form == QR_TERMINAL && !c->is_json && isatty(STDOUT_FILENO))
        words[at++] = "colour";
    ol_why said = { "" };
    ol_cli_helper h = { .name = "openline-paper", .words = words, .out_max = OUTPUT_MAX };
    h.input = input_of(j, from, n);
    if (h.input < 0)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory for the bundles");
    ol_err err = ol_cli_helper_run(&h, ret, ret_len, &said);
    (void)close(h.input);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &said);
}

static int save(ol_cli *c, job *j, const char *name, const uint8_t *p, size_t len) {
    ol_why why = { "" };
    ol_err err = ol_file_create(AT_FDCWD, name, OL_FILE_PUBLIC, p, len, &why);
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    if (c->is_json)
        (void)json_array_append_new(j->made, json_string(name));
    else
        ol_cli_print("%s\n", name);
    return -1;
}

/* One picture a code: F.png where there is one, else F-1.png, F-2.png … */
static int make_pictures(ol_cli *c, job *j) {
    size_t codes = 0, at = 0;
    for (size_t i = 0; i < j->n; i++)
        codes += ol_parts_count(j->bundle[i].len, OL_PARTS_PART_MAX);
    int stem = (int)strlen(j->out) - (ends_in(j->out, ".png") ? 4 : 0);
    for (size_t i = 0; i < j->n; i++)
        for (size_t part = 1; part <= ol_parts_count(j->bundle[i].len, OL_PARTS_PART_MAX); part++) {
            char name[NAME_MAX_LEN + 32];
            uint8_t *p = NULL;
            size_t len = 0;
            if (codes == 1)
                (void)snprintf(name, sizeof name, "%s", j->out);
            else
                (void)snprintf(name, sizeof name, "%.*s-%zu.png", stem, j->out, ++at);
            int code = draw(c, j, i, 1, part, &p, &len);
            if (code < 0)
                code = save(c, j, name, p, len);
            free(p);
            if (code >= 0)
                return code;
        }
    return -1;
}

static int make_codes(ol_cli *c, job *j) {
    uint8_t *p = NULL;
    size_t len = 0;
    if (j->form == QR_NONE)
        return -1;
    if (j->form == QR_PNG)
        return make_pictures(c, j);
    int code = draw(c, j, 0, j->n, 1, &p, &len);
    if (code < 0 && j->form == QR_PDF)
        code = save(c, j, j->out, p, len);
    else if (code < 0 && c->is_json)
        j->drawn = strndup((const char *)p, len);
    else if (code < 0)
        ol_cli_print("%.*s", (int)len, (const char *)p);
    free(p);
    return code;
}

static void print_groups(const struct bundle *b) {
    uint8_t id[OL_PARTS_ID_LEN];
    size_t lines = ol_groups_lines(b->len);
    ol_parts_id(b->p, b->len, id);
    ol_cli_print("# bundle %02x%02x%02x%02x, %zu bytes, %zu line%s of groups\n", id[0], id[1],
                 id[2], id[3], b->len, lines, lines == 1 ? "" : "s");
    for (size_t i = 1; i <= lines; i++) {
        char text[OL_GROUPS_TEXT_MAX + 1];
        ol_groups_put(b->p, b->len, i, text);
        ol_cli_print("%s\n", text);
    }
}

static json_t *bundle_json(const job *j, const struct bundle *b) {
    uint8_t id[OL_PARTS_ID_LEN];
    char hex[2 * OL_PARTS_ID_LEN + 1];
    ol_parts_id(b->p, b->len, id);
    ol_hex_put(id, sizeof id, hex);
    json_t *groups = j->has_groups ? json_array() : NULL;
    for (size_t i = 1; j->has_groups && i <= ol_groups_lines(b->len); i++) {
        char text[OL_GROUPS_TEXT_MAX + 1];
        ol_groups_put(b->p, b->len, i, text);
        (void)json_array_append_new(groups, json_string(text));
    }
    json_t *o = json_pack("{s:s, s:s, s:I, s:I}", "file", b->file, "id", hex, "bytes",
                          (json_int_t)b->len, "lines", (json_int_t)ol_groups_lines(b->len));
    if (groups != NULL)
        (void)json_object_set_new(o, "groups", groups);
    return o;
}

static void tell_json(const job *j) {
    json_t *o = ol_cli_ok(), *bundles = json_array();
    for (size_t i = 0; i < j->n; i++)
        (void)json_array_append_new(bundles, bundle_json(j, &j->bundle[i]));
    (void)json_object_set_new(o, "bundles", bundles);
    (void)json_object_set(o, "files", j->made);
    if (j->drawn != NULL)
        (void)json_object_set_new(o, "terminal", json_string(j->drawn));
    ol_cli_json(o);
}

static int make(ol_cli *c, job *j) {
    int code = choose(c, j);
    for (; code < 0 && j->n < c->args;)
        code = read_bundle(c, c->arg[j->n], &j->bundle[j->n]), j->n++;
    if (code < 0)
        code = make_codes(c, j);
    if (code >= 0)
        return code;
    for (size_t i = 0; i < j->n && j->has_groups && j->form != QR_PDF && !c->is_json; i++)
        print_groups(&j->bundle[i]);
    if (c->is_json)
        tell_json(j);
    return ol_cli_end(c);
}

static int run(ol_cli *c) {
    static job j;
    ol_cli_dtg((uint64_t)time(NULL), j.when);
    j.made = json_array();
    int code = make(c, &j);
    for (size_t i = 0; i < j.n; i++)
        free(j.bundle[i].p);
    json_decref(j.made);
    free(j.drawn);
    return code;
}

static const ol_cli_opt options[] = {
    { "qr", "FORM", "terminal, png, pdf or none; else as --out ends, else terminal", false },
    { "groups", NULL, "also groups of digits to be read aloud; in a PDF on its sheets", false },
    { "out", "FILE", "FILE.pdf or FILE.png; of several codes FILE-1.png …", false },
    { "title", "TEXT", "on sheet and picture, instead of \"Sealed bundle\"", false },
    { "from", "TEXT", "on sheet and picture: from whom, if that may be seen", false },
    { "to", "TEXT", "on sheet and picture: to whom, if that may be seen", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_paper_make = {
    .name = "paper make",
    .args = "<bundle>…",
    .summary = "Puts sealed bundles on paper: QR codes, groups of digits",
    .help =
        "A bundle is what openline bundle make writes; \"-\" is standard input. It can be shown on "
        "the\nterminal, sent as a picture, printed (--out F.pdf), or read aloud: --groups gives "
        "lines of\ndigits, five to a group, each line with its number first and a group last that "
        "proves it.\nThe other side gives the pictures, or what it typed, to openline paper take.\n"
        "Whoever sees it learns no more than that there is a bundle, and how large it is.\n",
    .opt = options,
    .args_min = 1,
    .args_max = BUNDLES_MAX,
    .run = run,
};
