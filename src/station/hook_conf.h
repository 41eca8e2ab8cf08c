/* station/hook_conf.h — a hook as the configuration has it: what calls it, and the words that start
 * its program. Pure.
 * Shape    [hook siren]
 *          on = call flash        events, by the words of OL_HOOK_EVENTS; and drill
 *          run = /usr/local/bin/siren
 *          arg.1 = {line}         then arg.2, …; {…} one of the keys of OL_HOOK_KEYS, any number
 *          limit = 30             seconds until its process group is ended; absent: 30
 *          after = 30             seconds that a line must have been dead; absent: 30
 * Drill    an event that is an exercise or a test calls a hook only if that has `drill`, and the
 *          event's word or no other word at all. Other events never call by `drill`.
 * No shell a word of the program's is one word of its argument list, whatever it holds.
 * Errors   OL_EFORM, OL_ELIMIT, as a static sentence in *why.
 * Source   docs/CONTROL.md, section "Hooks" */
#ifndef OL_STATION_HOOK_CONF_H
#define OL_STATION_HOOK_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/text.h"

enum {
    OL_HOOKS_MAX = 16,
    OL_HOOK_WORDS_MAX = 16,
    OL_HOOK_ARGV_MAX = 2048,  /* bytes of all words with their NULs, as configured */
    OL_HOOK_VALUE_MAX = 96,   /* bytes of what one {key} becomes */
    OL_HOOK_LIMIT_MAX = 600,  /* seconds */
    OL_HOOK_AFTER_MAX = 86400 /* seconds */
};

/* name, its word, how urgent: when too many wait, the less urgent is dropped */
#define OL_HOOK_EVENTS(X)                                                                          \
    X(CALL, "call", 4)                                                                             \
    X(FLASH, "flash", 3)                                                                           \
    X(UNANSWERED, "unanswered", 2)                                                                 \
    X(OVERDUE, "overdue", 2)                                                                       \
    X(DUE, "due", 2)                                                                               \
    X(LINE_DEAD, "line-dead", 1)                                                                   \
    X(CHECK_MISSED, "check-missed", 1)                                                             \
    X(FORK, "fork", 1)                                                                             \
    X(COPY, "copy", 1)                                                                             \
    X(STORAGE, "storage", 1)

#define OL_HOOK_ENUM(name, word, rank) OL_HOOK_##name,
typedef enum { OL_HOOK_EVENTS(OL_HOOK_ENUM) OL_HOOK_EVENTS_N } ol_hook_what;
#undef OL_HOOK_ENUM
enum { OL_HOOK_DRILL = OL_HOOK_EVENTS_N }; /* its bit stands above those of the events */

/* What a program can be told in its words: keys of the event's JSON that hold plain words. */
#define OL_HOOK_KEYS                                                                               \
    "event", "hook", "station", "line", "party", "entry", "status", "precedence", "rung",          \
        "verdict", "time"

typedef struct {
    char name[OL_NAME_MAX + 1];
    uint32_t on; /* 1 << ol_hook_what …, 1 << OL_HOOK_DRILL */
    uint32_t limit_s, after_s;
    uint8_t words; /* the program's path and its arguments */
    uint16_t len;
    char argv[OL_HOOK_ARGV_MAX]; /* words, each with its NUL */
} ol_hook_conf;

const char *ol_hook_word(ol_hook_what what);
unsigned ol_hook_rank(ol_hook_what what);
/* OL_HOOK_EVENTS_N is drill; -1: no such word. */
int ol_hook_find(const char *word, size_t len);
bool ol_hook_wants(const ol_hook_conf *h, ol_hook_what what, bool is_drill);

void ol_hook_conf_start(ol_hook_conf *h); /* the defaults; name is the caller's */
/* A key of the section, in the order of the file. */
OL_MUST ol_err ol_hook_conf_take(ol_hook_conf *h, ol_str key, ol_str value, const char **why);
/* NULL, or what the section lacks. */
const char *ol_hook_conf_fault(const ol_hook_conf *h);
/* Adds the program's path, then its arguments. */
OL_MUST ol_err ol_hook_conf_add_word(ol_hook_conf *h, ol_str word, const char **why);
/* The nth word; n < words. */
const char *ol_hook_conf_at(const ol_hook_conf *h, unsigned n);

/* A word with its {keys} replaced; value(ctx, key, len) is what one becomes, or NULL: nothing.
 * NUL-terminated; what a value has beyond OL_HOOK_VALUE_MAX is cut off. */
enum { OL_HOOK_EXPANDED_MAX = 4096 };
void ol_hook_expand(const char *word, const char *(*value)(void *ctx, const char *key, size_t len),
                    void *ctx, char to[OL_HOOK_EXPANDED_MAX]);

#endif
