/* web/command: what a console asks → the words of a command; nothing given becomes an option or a
 * path, and every limit on both its sides. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "web/command.h"

#define LINE "\"line\":\"hotline\""

static const struct {
    const char *in, *want; /* the words between spaces, or "!" and a part of why */
} rows[] = {
    { "{\"do\":\"verdicts\"," LINE "}", "openline calls --json -- hotline" },
    { "{\"do\":\"fork-ack\"," LINE ",\"log\":\"usa/urgent/00\"}",
      "openline fork ack --json -- hotline usa/urgent/00" },
    { "{\"do\":\"send\"," LINE ",\"text\":\"--anyway\",\"precedence\":\"--x\",\"anyway\":false}",
      "openline send --precedence=--x --json -- hotline -" },
    { "{\"do\":\"send\"," LINE ",\"text\":\"x\",\"anyway\":true,\"id\":7}",
      "openline send --anyway --json -- hotline -" },
    { "{\"do\":\"weigh\"," LINE ",\"text\":\"--help\",\"ref\":\"a\"}",
      "openline weigh --ref=a --json -- hotline -" },
    { "{\"do\":\"call\"," LINE ",\"rung\":\"--help\",\"party\":[\"prc\",\"swi\"]}",
      "openline call --party=prc --party=swi --json -- hotline --help" },
    { "{\"do\":\"answer\"," LINE ",\"entry\":\"a\"}", "openline answer --json -- hotline a" },
    { "{\"do\":\"answer\"," LINE ",\"entry\":\"a\",\"text\":\"b c\",\"rung\":null}",
      "openline answer --json -- hotline a b c" },
    { "{\"do\":\"ack\"," LINE ",\"entry\":\"a\",\"passphrase\":\"p\"}",
      "openline ack --passphrase-fd=3 --json -- hotline a" },
    { "{\"do\":\"ack\"," LINE "}", "!\"entry\" is no text" },
    { "{\"do\":\"ack\",\"entry\":\"a\"}", "!\"line\" is no text" },
    { "{\"do\":\"verdicts\",\"line\":\"/etc\"}", "!no name of a line" },
    { "{\"do\":\"verify\",\"line\":\".\"}", "!no name of a line" },
    { "{\"do\":\"verify\",\"line\":\"--help\"}", "!no name of a line" },
    { "{\"do\":\"verify\",\"line\":\"hotline/\"}", "!no name of a line" },
    { "{\"do\":\"send\"," LINE ",\"text\":\"x\",\"out\":\"f\"}", "!takes no key \"out\"" },
    { "{\"do\":\"send\"," LINE ",\"text\":\"x\",\"key\":\"/f\"}", "!\"key\" is no file" },
    { "{\"do\":\"ack\"," LINE
      ",\"entry\":\"a\",\"as\":\"2\",\"key\":\"aGk=\",\"passphrase\":\"p\"}",
      "openline ack --as=2 --key=@key --passphrase-fd=3 --json -- hotline a" },
    { "{\"do\":\"check\"," LINE ",\"as\":\"2\"}",
      "openline officer check --as=2 --json -- hotline" },
    { "{\"do\":\"draft-send\"," LINE ",\"text\":\"x\",\"as\":\"1\"}",
      "openline send --draft=@draft --as=1 --json -- hotline -" },
    { "{\"do\":\"draft-call\"," LINE ",\"rung\":\"r\",\"key\":\"aGk=\"}",
      "openline call --draft=@draft --key=@key --json -- hotline r" },
    { "{\"do\":\"draft-send\"," LINE ",\"text\":\"x\",\"draft\":\"/f\"}",
      "!takes no key \"draft\"" },
    { "{\"do\":\"release\",\"draft\":\"aGk=\",\"yes\":true,\"as\":\"2\"}",
      "openline release --yes --as=2 --json -- @draft" },
    { "{\"do\":\"release\",\"draft\":7}", "!no file" },
    { "{\"do\":\"verdicts\"," LINE ",\"passphrase\":\"p\"}", "!takes no key \"passphrase\"" },
    { "{\"do\":\"send\"," LINE ",\"text\":\"x\",\"anyway\":\"yes\"}", "!no truth value" },
    { "{\"do\":\"call\"," LINE ",\"rung\":\"r\",\"party\":\"prc\"}", "!no list" },
    { "{\"do\":\"call\"," LINE ",\"rung\":\"r\",\"party\":[1]}", "!no text" },
    { "{\"do\":\"send\"," LINE ",\"text\":\"a\\u0000b\"}", "!no text" },
    { "{\"do\":\"send\"," LINE ",\"text\":7}", "!no text" },
    { "{\"do\":\"init\",\"party\":\"--help\",\"name\":\"U S\",\"also\":[\"fr=É\"]}",
      "openline init --name=U S --also=fr=É --json -- --help" },
    { "{\"do\":\"join\",\"charter\":\"YQ==\",\"cards\":[\"Yg==\",\"Yw==\"],\"digits\":\"0\"}",
      "openline line add --json -- @charter @cards.0 @cards.1" },
    { "{\"do\":\"charter-sign\",\"charter\":\"YQ==\",\"passphrase\":\"p\"}",
      "openline charter sign --passphrase-fd=3 --json -- @charter" },
    { "{\"do\":\"contribute\"," LINE "}", "openline key contribute --out=@out --json -- hotline" },
    { "{\"do\":\"contribute\"," LINE ",\"out\":\"/tmp/x\"}", "!takes no key \"out\"" },
    { "{\"do\":\"charter-sign\",\"charter\":\"/etc/passwd\"}", "!no file in base64" },
    { "{\"do\":\"charter-sign\",\"charter\":\"\"}", "!no file in base64" },
    { "{\"do\":\"charter-sign\",\"charter\":[\"YQ==\"]}", "!no file in base64" },
    { "{\"do\":\"charter-sign\"}", "!no file in base64" },
    { "{\"do\":\"charter-sign\",\"@charter\":\"YQ==\"}", "!takes no key \"@charter\"" },
    { "{\"do\":\"charter-draft\"," LINE ",\"cards\":\"YQ==\"}", "!\"cards\" is no list" },
    { "{\"do\":\"charter-draft\"," LINE ",\"cards\":{\"../x\":\"YQ==\"}}",
      "!\"cards\" is no list" },
    { "{\"do\":\"combine\",\"line\":\"../x\",\"shares\":[\"YQ==\"]}", "!no name of a line" },
    { "{\"do\":\"port-add\",\"url\":\"udp://[::]:4477\"}",
      "openline port add --json -- udp://[::]:4477" },
    { "{\"do\":\"port-add\",\"url\":\"Exec:/bin/sh\"}", "!added at a terminal" },
};

static void joined(const ol_command *c, char *to, size_t cap) {
    to[0] = '\0';
    for (size_t i = 0; i < c->words; i++) {
        strncat(to, i == 0 ? "" : " ", cap - strlen(to) - 1);
        const char *folder = c->folder[0] == '\0' ? NULL : strstr(c->word[i], c->folder);
        size_t before = folder == NULL ? strlen(c->word[i]) : (size_t)(folder - c->word[i]);
        strncat(to, c->word[i], before < cap - strlen(to) ? before : cap - strlen(to) - 1);
        if (folder == NULL)
            continue;
        strncat(to, "@", cap - strlen(to) - 1);
        strncat(to, folder + strlen(c->folder) + 1, cap - strlen(to) - 1);
    }
}

static bool of_text(const char *text, ol_command *c) {
    json_t *o = json_loads(text, JSON_ALLOW_NUL, NULL);
    assert_non_null(o);
    assert_true(ol_command_is_one(json_string_value(json_object_get(o, "do"))));
    bool is = ol_command_of(o, c);
    json_decref(o);
    return is;
}

static void command_rows(void **state) {
    (void)state;
    for (size_t i = 0; i < OL_LEN(rows); i++) {
        char words[400];
        ol_command c;
        bool is = of_text(rows[i].in, &c);
        joined(&c, words, sizeof words);
        if (rows[i].want[0] == '!' ? is || strstr(c.why, rows[i].want + 1) == NULL
                                   : !is || strcmp(words, rows[i].want) != 0)
            fail_msg("%s: %s %s", rows[i].in, words, c.why);
        assert_null(c.word[c.words]);
        ol_command_drop(&c);
    }
    assert_false(ol_command_is_one("run"));
    assert_false(ol_command_is_one(""));
    assert_int_equal(ol_command_right("proof"), OL_SEAT_VIEWS);
    assert_int_equal(ol_command_right("send"), OL_SEAT_ACTS);
    assert_int_equal(ol_command_right("init"), OL_SEAT_SETS);
}

static void command_limits(void **state) {
    (void)state;
    for (size_t len = OL_COMMAND_VALUE; len <= OL_COMMAND_VALUE + 1; len++) {
        char *text = malloc(len + 1);
        assert_non_null(text);
        memset(text, 'x', len);
        text[len] = '\0';
        json_t *o = json_pack("{s:s, s:s, s:s}", "do", "send", "line", "hotline", "text", text);
        ol_command c;
        assert_int_equal(ol_command_of(o, &c), len == OL_COMMAND_VALUE);
        if (c.text != NULL)
            assert_string_equal(c.text, text);
        ol_command_drop(&c);
        json_decref(o);
        free(text);
    }
    for (size_t n = OL_COMMAND_WORDS - 6; n <= OL_COMMAND_WORDS - 5; n++) { /* beside six others */
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++)
            (void)json_array_append_new(list, json_string("p"));
        json_t *o = json_pack("{s:s, s:s, s:s, s:o}", "do", "call", "line", "hotline", "rung", "r",
                              "party", list);
        ol_command c;
        assert_int_equal(ol_command_of(o, &c), n == OL_COMMAND_WORDS - 6);
        assert_true(c.words <= OL_COMMAND_WORDS);
        ol_command_drop(&c);
        json_decref(o);
    }
}

static void command_folder(void **state) {
    ol_command c;
    char folder[OL_GATHER_PATH];
    (void)state;
    assert_true(of_text("{\"do\":\"proof\"," LINE ",\"entry\":\"usa/urgent/00.1\"}", &c));
    assert_string_equal(c.word[2], "--proof=usa/urgent/00.1");
    assert_string_equal(c.word[c.words - 1], c.folder);
    memcpy(folder, c.folder, sizeof folder);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(access(folder, F_OK), 0); /* ours; the command makes what is in it */
    ol_command_drop(&c);
    assert_int_equal(access(folder, F_OK), -1);
}

/* What was given lies under our names, for us alone, and is gone afterwards. */
static void command_files(void **state) {
    ol_command c;
    struct stat st;
    char path[200], folder[OL_GATHER_PATH], text[8] = "";
    (void)state;
    assert_true(of_text("{\"do\":\"charter-draft\"," LINE ",\"cards\":[\"YQ==\",\"YmM=\"]}", &c));
    assert_false(c.gives);
    memcpy(folder, c.folder, sizeof folder);
    (void)snprintf(path, sizeof path, "%s/cards.1", folder);
    assert_string_equal(c.word[c.words - 1], path);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fread(text, 1, sizeof text, f), 2);
    (void)fclose(f);
    assert_memory_equal(text, "bc", 2);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    ol_command_drop(&c);
    assert_int_equal(access(folder, F_OK), -1);
    for (size_t n = OL_COMMAND_FILES; n <= OL_COMMAND_FILES + 1; n++) {
        json_t *list = json_array();
        for (size_t i = 0; i < n; i++)
            (void)json_array_append_new(list, json_string("YQ=="));
        json_t *o = json_pack("{s:s, s:s, s:o}", "do", "combine", "line", "l", "shares", list);
        assert_int_equal(ol_command_of(o, &c), n == OL_COMMAND_FILES);
        ol_command_drop(&c);
        json_decref(o);
    }
    for (size_t len = OL_COMMAND_FILE; len <= OL_COMMAND_FILE + 1; len++) {
        char *b64 = malloc(OL_B64_LEN(len) + 1);
        uint8_t *bytes = calloc(1, len);
        assert_true(b64 != NULL && bytes != NULL);
        ol_b64_put(bytes, len, b64);
        json_t *o = json_pack("{s:s, s:s}", "do", "charter-sign", "charter", b64);
        assert_int_equal(ol_command_of(o, &c), len == OL_COMMAND_FILE);
        assert_true(c.gives);
        ol_command_drop(&c);
        json_decref(o);
        free(bytes);
        free(b64);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(command_rows),
        cmocka_unit_test(command_limits),
        cmocka_unit_test(command_folder),
        cmocka_unit_test(command_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
