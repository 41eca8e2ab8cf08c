/* openline — the one program: a table of subcommands. */
#include <locale.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "cli/cli.h"
#include "control/request.h"

static const ol_cli_command *const commands[] = {
    /* of two that begin alike the longer first */
    &ol_cli_init,           &ol_cli_card_renew,    &ol_cli_card,
    &ol_cli_charter_draft,  &ol_cli_charter_amend, &ol_cli_charter_sign,
    &ol_cli_key_contribute, &ol_cli_key_combine,   &ol_cli_line_add,
    &ol_cli_line_amend,     &ol_cli_line_card,     &ol_cli_port_add,
    &ol_cli_bearer_add,     &ol_cli_run,           &ol_cli_stop,
    &ol_cli_status,         &ol_cli_availability,  &ol_cli_log,
    &ol_cli_send,           &ol_cli_show,          &ol_cli_ack,
    &ol_cli_interim,        &ol_cli_cancel,        &ol_cli_confirm,
    &ol_cli_wrong,          &ol_cli_presence,      &ol_cli_here,
    &ol_cli_order,          &ol_cli_calls,         &ol_cli_call,
    &ol_cli_answer,         &ol_cli_decline,       &ol_cli_defer,
    &ol_cli_close,          &ol_cli_verify,        &ol_cli_export,
    &ol_cli_dossier,        &ol_cli_bundle_make,   &ol_cli_bundle_take,
    &ol_cli_bundle_show,    &ol_cli_hook_add,      &ol_cli_hook_list,
    &ol_cli_hook_remove,    &ol_cli_hook_test,     &ol_cli_clock_accept,
    &ol_cli_copy_ack,       &ol_cli_fork_ack,      &ol_cli_officer_key,
    &ol_cli_officer_use,    &ol_cli_version,       &ol_cli_watch,
    &ol_cli_officer_add,    &ol_cli_officer_list,  &ol_cli_officer_remove,
    &ol_cli_handover,       &ol_cli_release,       &ol_cli_paper_make,
    &ol_cli_paper_take,     &ol_cli_officer_check, &ol_cli_home_show,
    &ol_cli_restart,        &ol_cli_weigh,         &ol_cli_bearer_test,
    &ol_cli_port_remove,    &ol_cli_bearer_remove,
};

static const ol_cli_opt no_options[] = { { NULL, NULL, NULL, false } };

static int version_run(ol_cli *c) {
    if (c->is_json)
        ol_cli_json(json_pack("{s:b, s:s, s:i}", "ok", 1, "version", OL_VERSION, "protocol", 1));
    else
        ol_cli_print("openline %s, protocol 1\n", OL_VERSION);
    return ol_cli_end(c);
}

const ol_cli_command ol_cli_version = {
    .name = "version",
    .args = "",
    .summary = "Prints the version of the program and of the protocol",
    .help = "",
    .opt = no_options,
    .run = version_run,
};

static void print_list(FILE *to) {
    (void)fputs("usage: openline <command> …\n"
                "A crisis line between parties that do not trust each other. The home of this "
                "party's station is\n"
                "$OPENLINE_HOME, else ~/.openline.\n\n",
                to);
    for (size_t i = 0; i < OL_LEN(commands); i++)
        (void)fprintf(to, "  %-16s %s\n", commands[i]->name, commands[i]->summary);
    (void)fputs("\nopenline <command> --help says more. Exit status: 0 done, 1 failed, 2 usage.\n",
                to);
}

/* The command that argv begins with; *ret_words of it are its name. */
static const ol_cli_command *find(int argc, char **argv, int *ret_words) {
    for (size_t i = 0; i < OL_LEN(commands) && argc > 0; i++) {
        const char *name = commands[i]->name;
        size_t first = strcspn(name, " ");
        if (strlen(argv[0]) != first || memcmp(argv[0], name, first) != 0)
            continue;
        if (name[first] == '\0')
            return *ret_words = 1, commands[i];
        if (argc >= 2 && strcmp(argv[1], name + first + 1) == 0)
            return *ret_words = 2, commands[i];
    }
    return NULL;
}

static int unknown(int argc, char **argv) {
    ol_cli c = { .is_json = ol_cli_wants_json(argc, argv) };
    for (size_t i = 0; i < OL_LEN(commands); i++) {
        size_t first = strcspn(commands[i]->name, " ");
        if (strlen(argv[0]) == first && memcmp(argv[0], commands[i]->name, first) == 0)
            return ol_cli_usage(&c, "\"%s\" is not a whole command, as openline %s is", argv[0],
                                commands[i]->name);
    }
    return ol_cli_usage(&c, "there is no command \"%s\"", argv[0]);
}

static int help(int argc, char **argv) {
    int words = 0;
    ol_cli c = { .is_json = false };
    if (argc == 0)
        return print_list(stdout), ol_cli_end(&c);
    const ol_cli_command *command = find(argc, argv, &words);
    if (command == NULL || words != argc)
        return unknown(argc, argv);
    ol_cli_help(command);
    return ol_cli_end(&c);
}

/* No key is made of what is not random: libsodium ends the program, after this. */
static void no_entropy(void) {
    static const char says[] = "openline: the system gives no random numbers (getrandom fails); "
                               "nothing was done with others: see to it, then try again\n";
    if (write(STDERR_FILENO, says, sizeof says - 1) >= 0)
        _exit(OL_CLI_FAILED);
}

int main(int argc, char **argv) {
    (void)setlocale(LC_ALL, "C.UTF-8");
    (void)sodium_set_misuse_handler(no_entropy);
    if (sodium_init() < 0) {
        (void)fputs("openline: libsodium does not start; look at the system's random source\n",
                    stderr);
        return OL_CLI_FAILED;
    }
    ol_request_wipes();
    if (argc < 2) {
        print_list(stderr);
        return OL_CLI_USAGE;
    }
    if (strcmp(argv[1], "--words-fd") == 0 && (argc != 3 || !ol_cli_words(argv[2], &argc, &argv))) {
        (void)fputs("openline: --words-fd stands alone before the number, from 3 on, of a "
                    "descriptor that gives a command; end each of its words by a zero byte\n",
                    stderr);
        return OL_CLI_USAGE;
    }
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return help(argc - 2, argv + 2);
    if (strcmp(argv[1], "--version") == 0)
        argv[1] += 2;
    if (strcmp(argv[1], "--hook") == 0)
        return ol_cli_hook_shim(argc - 2, argv + 2);
    int words = 0;
    const ol_cli_command *command = find(argc - 1, argv + 1, &words);
    if (command == NULL)
        return unknown(argc - 1, argv + 1);
    ol_cli c = { .command = command };
    int code = ol_cli_parse(&c, argc - 1 - words, argv + 1 + words);
    return code >= 0 ? code : command->run(&c);
}
