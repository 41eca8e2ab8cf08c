/* web/command.h — what a console asks to have done → the openline command that does it; pure but
 * for the folder that it may make.
 * Shape    {"id", "do": "send", "line", …}: a row of the table names the command, its positional
 *          words and the options it may have. Values are texts; they become `--option=value` and,
 *          after `--`, the positional words: nothing that is given is taken for an option, and
 *          there is no shell. `line` is the name of a line and never a path.
 * Files    are given in base64; the command has their paths in a folder of its own, under names
 *          that come from the table. What it makes or changes there is the answer.
 * Limits   OL_COMMAND_WORDS words, OL_COMMAND_VALUE bytes a value, OL_COMMAND_FILES files of
 *          OL_COMMAND_FILE bytes; every key must be one of the row's.
 * Memory   a command's words are its own, until ol_command_drop; secrets are wiped there, and files
 *          overwritten.
 * Source   docs/CONSOLE.md 3 */
#ifndef OL_WEB_COMMAND_H
#define OL_WEB_COMMAND_H

#include <jansson.h>
#include <stdbool.h>

#include "web/gather.h"
#include "web/seat.h"

enum {
    OL_COMMAND_WORDS = 48,
    OL_COMMAND_VALUE = 32768,
    OL_COMMAND_FILES = 17, /* a charter and the cards of sixteen parties */
    OL_COMMAND_FILE = 45056,
    OL_COMMAND_NAME = 40, /* of a key or option, with its NUL */
    OL_COMMAND_WHY = 120
};

typedef struct {
    char *word[OL_COMMAND_WORDS + 1]; /* ends in NULL */
    size_t words, files;
    char *text;                  /* for its stdin; NULL: none */
    char *secret;                /* a passphrase, for its descriptor 3; NULL: none */
    char folder[OL_GATHER_PATH]; /* where files given or made lie; "": none */
    bool gives;                  /* what lies there then is the answer */
    char why[OL_COMMAND_WHY];    /* it cannot be: a sentence's half; "": it can */
} ol_command;

bool ol_command_is_one(const char *what);
bool ol_command_takes(const char *what, const char *key);
ol_seat_right ol_command_right(const char *what); /* what a seat needs for it */

/* `do` of the request is one. *ret is whole in any case; false: with `why`. */
bool ol_command_of(json_t *request, ol_command *ret);
void ol_command_drop(ol_command *c); /* its folder, with what is in it, too */

#endif
