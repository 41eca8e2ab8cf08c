#include "station/why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int sys;
    ol_err err;
    const char *hint;
} rows[] = {
    { ENOENT, OL_ENOENT, NULL },
    { EEXIST, OL_EEXIST, NULL },
    { ENOSPC, OL_EFULL, "free some space and try again" },
    { EDQUOT, OL_EFULL, "free some space and try again" },
    { ENOMEM, OL_ENOMEM, NULL },
    { EACCES, OL_EIO, "see who owns it, and its mode" },
    { EPERM, OL_EIO, "see who owns it, and its mode" },
    { EROFS, OL_EIO, "it must be writable" },
    { EMFILE, OL_EIO, "raise the limit on open files (ulimit -n)" },
};

static void fill(ol_why *why, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void fill(ol_why *why, const char *format, va_list args) {
    int n = vsnprintf(why->text, sizeof why->text, format, args);
    if (n < 0)
        why->text[0] = '\0';
}

ol_err ol_why_set(ol_why *why, ol_err err, const char *format, ...) {
    if (why != NULL) {
        va_list args;
        va_start(args, format);
        fill(why, format, args);
        va_end(args);
    }
    return err;
}

ol_err ol_why_errno(ol_why *why, int sys, const char *format, ...) {
    ol_err err = OL_EIO;
    const char *hint = NULL;
    for (size_t i = 0; i < OL_LEN(rows); i++)
        if (rows[i].sys == sys)
            err = rows[i].err, hint = rows[i].hint;
    if (why == NULL)
        return err;
    va_list args;
    va_start(args, format);
    fill(why, format, args);
    va_end(args);
    size_t len = strlen(why->text);
    (void)snprintf(why->text + len, sizeof why->text - len, ": %s%s%s", strerror(sys),
                   hint != NULL ? "; " : "", hint != NULL ? hint : "");
    return err;
}
