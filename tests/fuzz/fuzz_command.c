/* Whatever a browser asks: what it gives stands after an option's equals sign or after `--`, the
 * line is a name, files lie under our names in a folder of ours, and a refusal says why. */
#include <string.h>

#include "base/err.h"
#include "base/text.h"
#include "web/command.h"

static void check_files(const ol_command *c) {
    size_t len = strlen(c->folder), named = 0;
    OL_ASSERT(c->files == 0 || strncmp(c->folder, "/dev/shm/openline-web.", 22) == 0 ||
              strncmp(c->folder, "/tmp/openline-web.", 18) == 0);
    for (size_t i = 1; i < c->words && len > 0; i++) {
        const char *path = c->word[i];
        if (strncmp(path, "--", 2) == 0 && strchr(path, '=') != NULL)
            path = strchr(path, '=') + 1; /* a file that an option names */
        if (strncmp(path, c->folder, len) != 0 || path[len] != '/')
            continue;
        OL_ASSERT(strchr(path + len + 1, '/') == NULL);
        OL_ASSERT(strstr(path + len, "..") == NULL);
        named++;
    }
    OL_ASSERT(named >= c->files);
}

static void check_words(const ol_command *c, bool has_line) {
    check_files(c);
    size_t end = 1;
    OL_ASSERT(c->words >= 4 && c->words <= OL_COMMAND_WORDS && c->word[c->words] == NULL);
    OL_ASSERT(strcmp(c->word[0], "openline") == 0);
    while (end < c->words && strcmp(c->word[end], "--") != 0)
        end++;
    OL_ASSERT(end < c->words && strcmp(c->word[end - 1], "--json") == 0);
    OL_ASSERT(!has_line || end + 1 < c->words);
    OL_ASSERT(!has_line || ol_name_is_valid(c->word[end + 1], strlen(c->word[end + 1])));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    json_t *o = json_loadb(size == 0 ? "" : (const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
    const char *what = json_string_value(json_object_get(o, "do"));
    if (what != NULL && ol_command_is_one(what)) {
        ol_command c;
        if (ol_command_of(o, &c))
            check_words(&c, json_object_get(o, "line") != NULL);
        else
            OL_ASSERT(c.why[0] != '\0' && c.words <= OL_COMMAND_WORDS);
        ol_command_drop(&c);
        OL_ASSERT(c.words == 0 && c.text == NULL && c.secret == NULL);
    }
    json_decref(o);
    return 0;
}
