#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

static int place_of(const ol_cli *c, const char *name, size_t len) {
    for (int i = 0; c->command->opt[i].name != NULL; i++)
        if (strlen(c->command->opt[i].name) == len &&
            memcmp(c->command->opt[i].name, name, len) == 0)
            return i;
    return -1;
}

/* One option at argv[*at]; *at is left on its last word. An exit code, or -1. */
static int take_option(ol_cli *c, int argc, char **argv, int *at) {
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    bool has_equals = name[len] == '=';
    int i = place_of(c, name, len);
    if (i < 0)
        return ol_cli_usage(c, "there is no option --%.*s", (int)len, name);
    const ol_cli_opt *o = &c->command->opt[i];
    if (c->value[i] != NULL && !o->is_list)
        return ol_cli_usage(c, "--%s stands twice", o->name);
    if (o->value == NULL && has_equals)
        return ol_cli_usage(c, "--%s takes no value", o->name);
    const char *value = o->value == NULL ? "" : has_equals ? name + len + 1 : NULL;
    if (value == NULL && *at + 1 < argc)
        value = argv[++*at];
    if (value == NULL)
        return ol_cli_usage(c, "--%s needs %s after it", o->name, o->value);
    c->value[i] = value;
    if (!o->is_list)
        return -1;
    if (c->lists == OL_CLI_LIST_MAX)
        return ol_cli_usage(c, "--%s stands more than %d times", o->name, OL_CLI_LIST_MAX);
    c->list_of[c->lists] = o->name;
    c->list[c->lists++] = value;
    return -1;
}

static int take_argument(ol_cli *c, const char *arg) {
    if (c->args == c->command->args_max || c->args == OL_CLI_ARGS_MAX)
        return ol_cli_usage(c,
                            "\"%s\" is one argument too many; a text of several words goes in "
                            "quotes",
                            arg);
    c->arg[c->args++] = arg;
    return -1;
}

bool ol_cli_wants_json(int argc, char **argv) {
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--json") == 0)
            return true;
    return false;
}

int ol_cli_parse(ol_cli *c, int argc, char **argv) {
    bool is_ended = false, has_json = false;
    c->is_json = ol_cli_wants_json(argc, argv); /* errors before it are told in that way too */
    for (int i = 0; i < argc; i++) {
        int code = -1;
        if (is_ended || argv[i][0] != '-' || argv[i][1] == '\0') {
            code = take_argument(c, argv[i]);
        } else if (strcmp(argv[i], "--") == 0) {
            is_ended = true;
        } else if (strcmp(argv[i], "--help") == 0) {
            ol_cli_help(c->command);
            return ol_cli_end(c);
        } else if (strcmp(argv[i], "--json") == 0) {
            code = has_json ? ol_cli_usage(c, "--json stands twice") : -1;
            has_json = true;
        } else if (argv[i][1] == '-') {
            code = take_option(c, argc, argv, &i);
        } else {
            code = ol_cli_usage(c,
                                "there is no option %s; a text that begins with a dash goes "
                                "after --",
                                argv[i]);
        }
        if (code >= 0)
            return code;
    }
    if (c->args < c->command->args_min)
        return ol_cli_usage(c, "something is missing: openline %s %s", c->command->name,
                            c->command->args);
    return -1;
}

const char *ol_cli_value(const ol_cli *c, const char *name) {
    int i = place_of(c, name, strlen(name));
    OL_ASSERT(i >= 0);
    return c->value[i];
}

bool ol_cli_takes(const ol_cli *c, const char *name) {
    return place_of(c, name, strlen(name)) >= 0;
}

bool ol_cli_has(const ol_cli *c, const char *name) {
    return ol_cli_value(c, name) != NULL;
}

int ol_cli_u64(ol_cli *c, const char *name, uint64_t min, uint64_t max, uint64_t dflt,
               uint64_t *ret) {
    const char *s = ol_cli_value(c, name);
    if (s == NULL)
        return *ret = dflt, -1;
    if (ol_u64_get(s, strlen(s), min, max, ret) != OL_OK)
        return ol_cli_usage(c, "--%s is \"%s\" and must be a number from %llu to %llu", name, s,
                            (unsigned long long)min, (unsigned long long)max);
    return -1;
}

void ol_cli_help(const ol_cli_command *command) {
    ol_cli_print("usage: openline %s%s%s [options]\n%s.\n", command->name,
                 command->args[0] != '\0' ? " " : "", command->args, command->summary);
    if (command->help[0] != '\0')
        ol_cli_print("\n%s", command->help);
    ol_cli_print("\noptions:\n");
    for (const ol_cli_opt *o = command->opt; o->name != NULL; o++) {
        char left[64];
        (void)snprintf(left, sizeof left, "--%s%s%s", o->name, o->value != NULL ? " " : "",
                       o->value != NULL ? o->value : "");
        ol_cli_print("  %-25s %s%s\n", left, o->help, o->is_list ? "; any number of times" : "");
    }
    ol_cli_print("  %-25s %s\n  %-25s %s\n", "--json", "print JSON, one object a line", "--help",
                 "print this");
}
