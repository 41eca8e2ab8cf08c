#include "base/err.h"

#include <stddef.h>

static const struct {
    ol_err code;
    const char *name, *text;
} errs[] = {
#define OL_ERR_ROW(name, code, text) { name, #name, text },
    OL_ERRS(OL_ERR_ROW)
#undef OL_ERR_ROW
};

const char *ol_err_name(ol_err err) {
    for (size_t i = 0; i < OL_LEN(errs); i++)
        if (errs[i].code == err)
            return errs[i].name;
    return "OL_E?";
}

const char *ol_err_text(ol_err err) {
    for (size_t i = 0; i < OL_LEN(errs); i++)
        if (errs[i].code == err)
            return errs[i].text;
    return "unknown error";
}
