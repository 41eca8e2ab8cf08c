/* cli/cli.h — what every subcommand is made of: a row of the table, options, output, errors.
 * Exit     0 done, 1 failed, 2 usage. Errors are a sentence on stderr: what was wrong; what to do.
 * JSON     with --json a command prints one JSON object a line and nothing else on stdout; its
 *          first key is "ok". A failure prints {"ok": false, "error": {"code", "what", "do"}} too.
 * Options  `--name value` or `--name=value`; `--` ends them; unknown and repeated ones are errors.
 * Memory   values and arguments are borrowed from argv. Secrets live in sodium_malloc memory.
 * Source   docs/CONTROL.md, section "Output of the commands" */
#ifndef OL_CLI_CLI_H
#define OL_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "station/home.h"
#include "station/why.h"

enum { OL_CLI_DONE = 0, OL_CLI_FAILED = 1, OL_CLI_USAGE = 2 };
enum { OL_CLI_ARGS_MAX = 64, OL_CLI_OPTS_MAX = 32, OL_CLI_LIST_MAX = 64 };

typedef struct {
    const char *name;  /* without the dashes; NULL ends the table */
    const char *value; /* what follows it, for --help; NULL: nothing does */
    const char *help;
    bool is_list; /* may stand several times */
} ol_cli_opt;

typedef struct ol_cli ol_cli;

typedef struct {
    const char *name;    /* one or two words: "send", "charter draft" */
    const char *args;    /* "<line> <card>…" */
    const char *summary; /* one line for the list of commands */
    const char *help;    /* paragraphs that end in a newline, or "" */
    const ol_cli_opt *opt;
    unsigned args_min, args_max;
    int (*run)(ol_cli *c);
} ol_cli_command;

struct ol_cli {
    const ol_cli_command *command;
    bool is_json;
    size_t args, lists;
    const char *arg[OL_CLI_ARGS_MAX];
    const char *value[OL_CLI_OPTS_MAX];   /* by place in command->opt; "" for one without a value */
    const char *list[OL_CLI_LIST_MAX];    /* of options that are lists, as they came */
    const char *list_of[OL_CLI_LIST_MAX]; /* of which option */
};

/* args.c: argv after the command's words. An exit code when it is not to be run, else -1. */
int ol_cli_parse(ol_cli *c, int argc, char **argv);
bool ol_cli_wants_json(int argc, char **argv);
/* words.c: argv from a descriptor, each word ended by a zero byte; false: none, or too many. */
bool ol_cli_words(const char *number, int *ret_argc, char ***ret_argv);
const char *ol_cli_value(const ol_cli *c, const char *name); /* NULL: not given */
bool ol_cli_has(const ol_cli *c, const char *name);
bool ol_cli_takes(const ol_cli *c, const char *name); /* the command has such an option */
/* A number option within [min, max]; dflt when not given. An exit code, or -1. */
int ol_cli_u64(ol_cli *c, const char *name, uint64_t min, uint64_t max, uint64_t dflt,
               uint64_t *ret);
void ol_cli_help(const ol_cli_command *command);

/* out.c: the first four tell the operator and return the exit code. */
int ol_cli_fail(ol_cli *c, ol_err err, const char *todo, const char *what, ...)
    __attribute__((format(printf, 4, 5)));
int ol_cli_fail_why(ol_cli *c, ol_err err, const ol_why *why);
int ol_cli_fail_json(ol_cli *c, const json_t *error); /* as the station sent it */
int ol_cli_usage(ol_cli *c, const char *what, ...) __attribute__((format(printf, 2, 3)));
void ol_cli_hint(const ol_cli *c, const char *text, ...)
    __attribute__((format(printf, 2, 3))); /* a line on stderr, for people; not with --json */
/* For people, on stdout: marks that turn what stands beside them round are shown as '?'. */
void ol_cli_print(const char *text, ...) __attribute__((format(printf, 1, 2)));
void ol_cli_print_note(const char *note); /* as it is: what is signed, or will be */
bool ol_cli_is_bidi(uint32_t c);
/* What a terminal would act upon, or what is not seen and changes what is: newline too. */
bool ol_cli_is_odd(uint32_t c);
void ol_cli_json(json_t *o); /* takes the reference; one line on stdout; NULL: no memory, told */
/* Done; but what stdout did not take is a failure. */
int ol_cli_end(ol_cli *c);
json_t *ol_cli_ok(void); /* {"ok": true} to add to; NULL when there is no memory */

/* What the station or a dossier says under a key: "" and 0 where it says nothing. Borrowed. */
const char *ol_cli_text_of(const json_t *o, const char *key);
long long ol_cli_int_of(const json_t *o, const char *key);
/* "flash" → "FLASH", ASCII alone; what is longer is cut. */
enum { OL_CLI_UPPER_LEN = 32 };
const char *ol_cli_upper(const char *s, char to[OL_CLI_UPPER_LEN]);
/* Of what has a "status": it is there and not operational. What begins each line about it: the
 * status and a space, or nothing. */
bool ol_cli_is_drill(const json_t *o);
const char *ol_cli_drill(const json_t *o, char to[OL_CLI_UPPER_LEN + 2]);

/* 211454Z NOV 26; to has room for OL_CLI_DTG_LEN + 1. */
enum { OL_CLI_DTG_LEN = 14 };
void ol_cli_dtg(uint64_t wall, char *to);

/* hook_shim.c: what the station starts before a hook's program; argv after --hook. */
int ol_cli_hook_shim(int argc, char **argv);

extern const ol_cli_command ol_cli_ack, ol_cli_availability, ol_cli_bearer_add, ol_cli_cancel,
    ol_cli_card, ol_cli_card_renew, ol_cli_charter_amend, ol_cli_charter_draft, ol_cli_charter_sign,
    ol_cli_clock_accept, ol_cli_confirm, ol_cli_dossier, ol_cli_copy_ack, ol_cli_export,
    ol_cli_fork_ack, ol_cli_here, ol_cli_hook_add, ol_cli_hook_list, ol_cli_hook_remove,
    ol_cli_hook_test, ol_cli_init, ol_cli_interim, ol_cli_key_combine, ol_cli_key_contribute,
    ol_cli_line_add, ol_cli_line_amend, ol_cli_line_card, ol_cli_log, ol_cli_handover,
    ol_cli_officer_add, ol_cli_officer_key, ol_cli_officer_list, ol_cli_officer_remove,
    ol_cli_officer_use, ol_cli_order, ol_cli_paper_make, ol_cli_paper_take, ol_cli_port_add,
    ol_cli_presence, ol_cli_run, ol_cli_send, ol_cli_show, ol_cli_status, ol_cli_stop,
    ol_cli_verify, ol_cli_version, ol_cli_watch, ol_cli_wrong;
extern const ol_cli_command ol_cli_call, ol_cli_calls, ol_cli_answer, ol_cli_decline, ol_cli_defer,
    ol_cli_close, ol_cli_release, ol_cli_bundle_make, ol_cli_bundle_show, ol_cli_bundle_take,
    ol_cli_officer_check;
extern const ol_cli_command ol_cli_home_show, ol_cli_restart, ol_cli_weigh, ol_cli_bearer_test,
    ol_cli_port_remove, ol_cli_bearer_remove;

#endif
