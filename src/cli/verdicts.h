/* cli/verdicts.h — the calls of a record with their verdicts, as JSON and as people read them.
 * JSON     a list of {"call", "log", "index", "at", "from", "wall", "precedence", "status",
 *          "purpose", "rung", "verdicts": [{"party", "verdict", "late", "crossed", "ended",
 *          "stored", "by", "close", "receipt", "witness", "known", "says", "proof": [sentences]}]},
 *          in the joint order.
 *          Entries are named by as many digits of their logs as tell those apart, four at least;
 *          who looks for a call does so by log and index, or by its place in the view.
 * Drills   a line about a call that is not operational begins with its status.
 * Source   docs/PROTOCOL.md §11.4 */
#ifndef OL_CLI_VERDICTS_H
#define OL_CLI_VERDICTS_H

#include "cli/cli.h"
#include "record/verdict.h"

json_t *ol_cli_verdicts_json(const ol_view *v, const char *const *party);
/* One of that list, in words. */
void ol_cli_verdicts_print(const json_t *call);

/* calls.c: one call of a line by log and index as in `placed`, what the station said of it, from
 * the verified record. An exit code that was told, or -1 and *ret a new reference (it comes in as
 * NULL). */
int ol_cli_calls_find(ol_cli *c, const char *line, const json_t *placed, json_t **ret);

#endif
