#include "web/drafts.h"

#include <stdio.h>
#include <string.h>

bool ol_drafts_is_full(const ol_drafts *d) {
    for (size_t i = 0; i < OL_DRAFTS; i++)
        if (d->draft[i].number == 0)
            return false;
    return true;
}

/* What a console is shown: not where the file was. */
static json_t *shown_of(const json_t *result, uint64_t number) {
    static const char *const keys[] = { "line", "kind", "officer", "written", "message", "call" };
    json_t *o = json_pack("{s:I}", "draft", (json_int_t)number);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (json_object_get(result, keys[i]) != NULL)
            (void)json_object_set(o, keys[i], json_object_get(result, keys[i]));
    return o;
}

const ol_draft *ol_drafts_add(ol_drafts *d, const json_t *result, const json_t *file,
                              uint64_t now_s) {
    const char *line = json_string_value(json_object_get(result, "line"));
    size_t at = 0;
    while (at < OL_DRAFTS && d->draft[at].number != 0)
        at++;
    if (at == OL_DRAFTS || line == NULL || strlen(line) > 32 || !json_is_string(file) ||
        json_string_length(file) > OL_DRAFT_MAX)
        return NULL;
    ol_draft *x = &d->draft[at];
    *x = (ol_draft){ .number = ++d->last,
                     .since_s = now_s,
                     .shown = shown_of(result, d->last),
                     .file = json_deep_copy(file) };
    if (x->shown != NULL && x->file != NULL)
        return x;
    ol_drafts_drop(x);
    return NULL;
}

ol_draft *ol_drafts_find(ol_drafts *d, const json_t *number) {
    json_int_t n = json_integer_value(number);
    for (size_t i = 0; i < OL_DRAFTS && n > 0; i++)
        if (d->draft[i].number == (uint64_t)n)
            return &d->draft[i];
    return NULL;
}

const char *ol_draft_line(const ol_draft *d) {
    return json_string_value(json_object_get(d->shown, "line"));
}

bool ol_drafts_over(ol_drafts *d, uint64_t now_s, uint64_t *ret_number, char ret_line[33]) {
    for (size_t i = 0; i < OL_DRAFTS; i++) {
        ol_draft *x = &d->draft[i];
        if (x->number == 0 || x->is_busy || now_s - x->since_s <= OL_DRAFT_S)
            continue;
        *ret_number = x->number;
        (void)snprintf(ret_line, 33, "%s", ol_draft_line(x));
        ol_drafts_drop(x);
        return true;
    }
    return false;
}

void ol_drafts_drop(ol_draft *d) {
    json_decref(d->shown);
    json_decref(d->file);
    *d = (ol_draft){ .number = 0 };
}

json_t *ol_drafts_list(const ol_drafts *d) {
    json_t *list = json_array();
    for (uint64_t last = 0;;) {
        const ol_draft *next = NULL;
        for (size_t i = 0; i < OL_DRAFTS; i++)
            if (d->draft[i].number > last && (next == NULL || d->draft[i].number < next->number))
                next = &d->draft[i];
        if (next == NULL)
            return list;
        last = next->number;
        (void)json_array_append(list, next->shown);
    }
}
