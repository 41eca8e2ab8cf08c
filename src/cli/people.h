/* cli/people.h — what every command shares that puts a person's entry into the record.
 * Use      open; then rungs, entries and parties by the names that people know; submit.
 * Read     what the person had read is settled by open, before a text is taken: --read where the
 *          command has that option and it is given, else all that the store holds then.
 * Errors   functions return -1, or an exit code after they told the operator.
 * Memory   one conversation at a time, which open begins and close ends; replies are new
 *          references.
 * Source   docs/PROTOCOL.md §4.2, §11; docs/CONTROL.md, `submit` */
#ifndef OL_CLI_PEOPLE_H
#define OL_CLI_PEOPLE_H

#include "cli/cli.h"
#include "cli/signer.h"
#include "cli/talk.h"
#include "record/charter.h"
#include "wire/message.h"

typedef struct {
    ol_cli *c;
    const char *line;
    ol_talk *talk;
    ol_charter charter; /* in force; its parties are all who ever were, by number */
    uint32_t members;   /* of the line now, a bit each */
    int self;
    uint64_t position; /* what the person had read */
    ol_signer signer;  /* which officer says it, if the command has OL_SIGNER_OPTIONS */
} ol_people;

/* Needs a running station. *ret is large: static. close also after a failed open. */
int ol_people_open(ol_cli *c, const char *line, ol_people *ret);
void ol_people_close(ol_people *p);

/* One of names by its option, dflt where it is not given. */
int ol_people_choose(ol_cli *c, const char *option, const char *const *names, unsigned n,
                     unsigned dflt, uint8_t *ret);
/* --precedence and --status. */
int ol_people_precedence(ol_cli *c, unsigned dflt, uint8_t *ret);
int ol_people_status(ol_cli *c, uint8_t *ret);
/* "watch" is 0, the n-th rung of the charter n. */
int ol_people_rung(ol_people *p, const char *name, uint64_t *ret);
/* The entry that a name such as usa/urgent/8f3a.17 means; with so many bytes of its incarnation,
 * OL_REF_INC_MIN to OL_INC_LEN. option: for the sentence, "--ref". */
int ol_people_ref(ol_people *p, const char *option, const char *name, uint8_t inc_len, ol_ref *ret);

/* The status of that entry, for what is said of it; operational where it has none. */
int ol_people_status_of(ol_people *p, const char *name, uint8_t *ret);
/* Parties by name, "prc,swi", as bits of their numbers: members, not this party. */
int ol_people_parties(ol_people *p, const char *option, uint16_t *ret);
/* "90", "90s", "45m", "2h", "1d" in seconds, at most max; 0 where the option is not given. */
int ol_people_duration(ol_cli *c, const char *option, uint64_t max, uint64_t *ret);
/* Messages and calls of others that came after what the person had read (p->position) would cross
 * what is about to be submitted: they are shown, and it is refused, unless --anyway is given. */
int ol_people_crossing(ol_people *p);
/* "exercise" → "EXERCISE" */
enum { OL_PEOPLE_STATUS_LEN = 24 };
const char *ol_people_upper(const char *s, char to[OL_PEOPLE_STATUS_LEN]);

/* people_text.c: the command's second word; `-`: standard input to its end, into *room, which the
 * caller frees. */
int ol_people_text(ol_cli *c, char **room, ol_str *ret);

/* Subscribes to the line from now on: what has come before is not told. */
int ol_people_follow(ol_people *p);

/* The entry is on disk when this returns: {"entry", "log", "index", "item"}, "officer" where one
 * signed it. item NULL: a new one is drawn. */
int ol_people_submit(ol_people *p, uint64_t kind, const uint8_t *body, size_t len,
                     const uint8_t *item, json_t **ret);

/* people_sign.c: adds the officer's sign to a request to submit. */
int ol_people_sign(ol_people *p, uint64_t kind, ol_request *r);

#endif
