#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/cli.h"

static bool is_cut; /* stdout stopped taking what we print */

static int tell(ol_cli *c, const char *code, const char *what, const char *todo, int exit_code) {
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:{s:s, s:s, s:s}}", "ok", 0, "error", "code", code, "what",
                              what, "do", todo));
    (void)fflush(stdout);
    (void)fprintf(stderr, "openline%s%s: %s%s%s\n", c->command != NULL ? " " : "",
                  c->command != NULL ? c->command->name : "", what, todo[0] != '\0' ? "; " : "",
                  todo);
    return exit_code;
}

/* Arguments may hold any bytes: JSON takes only UTF-8. */
static void make_utf8(char *s) {
    size_t len = strlen(s);
    if (!ol_utf8_is_valid((const uint8_t *)s, len))
        for (size_t i = 0; i < len; i++)
            s[i] = (unsigned char)s[i] < 0x80 ? s[i] : '?';
}

int ol_cli_fail(ol_cli *c, ol_err err, const char *todo, const char *what, ...) {
    char text[1024];
    va_list ap;
    va_start(ap, what);
    (void)vsnprintf(text, sizeof text, what, ap);
    va_end(ap);
    make_utf8(text);
    return tell(c, ol_err_name(err), text, todo, OL_CLI_FAILED);
}

/* What to do where the sentence does not say. */
static const char *usual(ol_err err) {
    switch (err) {
    case OL_ENOENT:
        return "check its name and that it is there";
    case OL_EEXIST:
        return "choose another name, or move it away";
    case OL_EFULL:
        return "free some space and try again";
    case OL_EIO:
        return "check the disk and the permissions, then try again";
    case OL_EVERSION:
        return "use the newer version of openline that wrote it";
    default:
        return "put it right and try again";
    }
}

int ol_cli_fail_why(ol_cli *c, ol_err err, const ol_why *why) {
    char what[OL_WHY_MAX];
    (void)snprintf(what, sizeof what, "%s", why->text[0] != '\0' ? why->text : ol_err_text(err));
    make_utf8(what);
    char *cut = NULL; /* "what was wrong; what to do" */
    for (char *p = strstr(what, "; "); p != NULL; p = strstr(p + 1, "; "))
        cut = p;
    if (cut != NULL)
        *cut = '\0';
    return tell(c, ol_err_name(err), what, cut != NULL ? cut + 2 : usual(err), OL_CLI_FAILED);
}

int ol_cli_fail_json(ol_cli *c, const json_t *error) {
    const char *code = json_string_value(json_object_get(error, "code"));
    const char *what = json_string_value(json_object_get(error, "what"));
    const char *todo = json_string_value(json_object_get(error, "do"));
    if (code == NULL || what == NULL || todo == NULL)
        return ol_cli_fail(c, OL_EFORM, "restart the station: it may be of another version",
                           "the station answered with an error that cannot be read");
    return tell(c, code, what, todo, OL_CLI_FAILED);
}

int ol_cli_usage(ol_cli *c, const char *what, ...) {
    char text[1024];
    char todo[200];
    va_list ap;
    va_start(ap, what);
    (void)vsnprintf(text, sizeof text, what, ap);
    va_end(ap);
    make_utf8(text);
    if (c->command != NULL)
        (void)snprintf(todo, sizeof todo, "see openline %s --help", c->command->name);
    else
        (void)snprintf(todo, sizeof todo, "see openline help");
    return tell(c, "usage", text, todo, OL_CLI_USAGE);
}

void ol_cli_hint(const ol_cli *c, const char *text, ...) {
    if (c->is_json)
        return;
    va_list ap;
    va_start(ap, text);
    (void)fflush(stdout);
    (void)vfprintf(stderr, text, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
}

void ol_cli_print_note(const char *note) {
    is_cut = is_cut || fputs(note, stdout) == EOF;
}

bool ol_cli_is_bidi(uint32_t c) {
    return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

bool ol_cli_is_odd(uint32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x2028 || c == 0x2029 || c == 0xFEFF ||
           ol_cli_is_bidi(c);
}

void ol_cli_print(const char *text, ...) {
    va_list ap;
    char *s = NULL;
    va_start(ap, text);
    int len = vasprintf(&s, text, ap);
    va_end(ap);
    for (size_t at = 0, n = 0; len > 0 && at < (size_t)len; at += n) {
        uint32_t c = 0;
        n = ol_utf8_next((const uint8_t *)s + at, (size_t)len - at, &c);
        bool is_bidi = n > 0 && ol_cli_is_bidi(c);
        n = n == 0 ? 1 : n;
        is_cut = is_cut || fwrite(is_bidi ? "?" : s + at, 1, is_bidi ? 1 : n, stdout) == 0;
    }
    is_cut = is_cut || len < 0;
    if (len >= 0)
        free(s);
}

void ol_cli_json(json_t *o) {
    char *text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT);
    if (text == NULL)
        text = strdup("{\"ok\":false,\"error\":{\"code\":\"OL_ENOMEM\",\"what\":\"out of memory\","
                      "\"do\":\"try again\"}}");
    if (text == NULL || puts(text) < 0 || fflush(stdout) != 0)
        is_cut = true;
    free(text);
    json_decref(o);
}

int ol_cli_end(ol_cli *c) {
    if (fflush(stdout) == 0 && !ferror(stdout) && !is_cut)
        return OL_CLI_DONE;
    const char *why = strerror(errno);
    c->is_json = false;
    return ol_cli_fail(c, OL_EIO, "give it room, or read it to its end, and ask again",
                       "the output could not be written: %s", why);
}

json_t *ol_cli_ok(void) {
    return json_pack("{s:b}", "ok", 1);
}

void ol_cli_dtg(uint64_t wall, char *to) {
    static const char month[12][4] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC" };
    time_t t = (time_t)wall;
    struct tm tm;
    if (wall > 253402300799 || gmtime_r(&t, &tm) == NULL) { /* beyond the year 9999: no claim */
        (void)snprintf(to, OL_CLI_DTG_LEN + 1, "------Z --- --");
        return;
    }
    char text[64];
    (void)snprintf(text, sizeof text, "%02d%02d%02dZ %s %02d", tm.tm_mday, tm.tm_hour, tm.tm_min,
                   month[tm.tm_mon], tm.tm_year % 100);
    (void)snprintf(to, OL_CLI_DTG_LEN + 1, "%.14s", text);
}

const char *ol_cli_text_of(const json_t *o, const char *key) {
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "";
}

long long ol_cli_int_of(const json_t *o, const char *key) {
    return (long long)json_integer_value(json_object_get(o, key));
}

const char *ol_cli_upper(const char *s, char to[OL_CLI_UPPER_LEN]) {
    size_t i = 0;
    for (; s[i] != '\0' && i < OL_CLI_UPPER_LEN - 1; i++)
        to[i] = s[i] >= 'a' && s[i] <= 'z' ? (char)(s[i] - 'a' + 'A') : s[i];
    to[i] = '\0';
    return to;
}

bool ol_cli_is_drill(const json_t *o) {
    const char *status = ol_cli_text_of(o, "status");
    return status[0] != '\0' && strcmp(status, "operational") != 0;
}

const char *ol_cli_drill(const json_t *o, char to[OL_CLI_UPPER_LEN + 2]) {
    char word[OL_CLI_UPPER_LEN];
    to[0] = '\0';
    if (ol_cli_is_drill(o))
        (void)snprintf(to, OL_CLI_UPPER_LEN + 2, "%s ",
                       ol_cli_upper(ol_cli_text_of(o, "status"), word));
    return to;
}
