/* Officers, watches, and whose word an entry is, for people. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"

/* "officer 3, Captain Ann Smith" */
const char *ol_show_who(const json_t *sign, char to[OL_SHOW_WHO_LEN]) {
    const char *title = ol_cli_text_of(sign, "title"), *name = ol_cli_text_of(sign, "name");
    (void)snprintf(to, OL_SHOW_WHO_LEN, "officer %lld%s%s%s%s%s", ol_cli_int_of(sign, "officer"),
                   name[0] != '\0' ? ", " : "", title, title[0] != '\0' ? " " : "", name,
                   json_is_false(json_object_get(sign, "vouched")) ? " (by the station's claim)"
                                                                   : "");
    return to;
}

void ol_show_signed(const json_t *entry) {
    const json_t *list = json_object_get(entry, "signed");
    char who[OL_SHOW_WHO_LEN];
    bool has_valid = false;
    size_t i;
    json_t *sign;
    if (json_is_null(list))
        ol_cli_print("  whose word it is has not been judged: openline log tells\n");
    if (!json_is_array(list))
        return;
    json_array_foreach(list, i, sign) {
        bool is_valid = json_is_true(json_object_get(sign, "valid"));
        has_valid = has_valid || is_valid;
        if (is_valid)
            ol_cli_print("  SIGNED by %s\n", ol_show_who(sign, who));
        else
            ol_cli_print("  NOT SIGNED: it claims to be by %s, %s\n", ol_show_who(sign, who),
                         ol_cli_text_of(sign, "why"));
    }
    if (!has_valid)
        ol_cli_print("  the station's word: no officer has signed it\n");
}

static const char *first_of(const json_t *o, const char *key) {
    const char *s =
        json_string_value(json_array_get(json_array_get(json_object_get(o, key), 0), 1));
    return s != NULL ? s : "";
}

void ol_show_officer(const json_t *entry, const json_t *o) {
    char who[OL_SHOW_WHO_LEN];
    json_t *as = json_pack("{s:I, s:s, s:s}", "officer", (json_int_t)ol_cli_int_of(o, "number"),
                           "name", first_of(o, "names"), "title", first_of(o, "titles"));
    ol_show_who(as, who);
    json_decref(as);
    const char *by =
        json_is_true(json_object_get(o, "vouched")) ? "vouched for" : "by the station's claim";
    bool has_left = json_is_true(json_object_get(o, "left"));
    ol_cli_print("  roster of %s: %s %s%s%s, %s%s\n", ol_cli_text_of(entry, "author"), who,
                 has_left ? "HAS LEFT" : "serves",
                 json_is_string(json_object_get(o, "rung")) ? " as " : "",
                 ol_cli_text_of(o, "rung"), by,
                 json_is_false(json_object_get(o, "counts")) ? "; it has no effect" : "");
}

void ol_show_watch(const json_t *entry, const json_t *w) {
    long long officer = ol_cli_int_of(w, "officer"), from = ol_cli_int_of(w, "from");
    ol_cli_print("  watch of %s: ", ol_cli_text_of(entry, "author"));
    if (officer == 0)
        ol_cli_print("nobody has it");
    else
        ol_cli_print("officer %lld has it", officer);
    if (from != 0)
        ol_cli_print(", from officer %lld", from);
    ol_cli_print("%s%s\n", json_object_get(w, "text") != NULL ? ": " : "",
                 ol_cli_text_of(w, "text"));
}
