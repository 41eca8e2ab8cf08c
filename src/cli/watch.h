/* cli/watch.h — openline watch: what its files share. A screen that a duty officer leaves open
 * all night: plain ANSI, no library.
 * Rooms    watch.c the loop and the terminal · watch_link.c the conversation with the station: it
 *          never blocks and begins anew when the station does · watch_model.c what is known ·
 *          watch_screen.c how it looks · watch_keys.c what keys do.
 * Bounds   the model keeps the last OL_WATCH_ENTRIES entries of a line, OL_WATCH_CALLS calls and
 *          OL_WATCH_ALARMS alarms; the screen is one buffer. A night adds nothing to them.
 * Peers    every text of others passes ol_screen_put, which lets no control character through
 *          and cuts by the columns that characters take.
 * Words    nothing is told by colour or blinking alone; an exercise stands in words and reverse.
 * Source   docs/CONTROL.md */
#ifndef OL_CLI_WATCH_H
#define OL_CLI_WATCH_H

#include <jansson.h>

#include "cli/cli.h"
#include "control/request.h"

enum {
    OL_WATCH_LINES = 16,
    OL_WATCH_ENTRIES = 50,
    OL_WATCH_CALLS = 16,
    OL_WATCH_ALARMS = 8,
    OL_WATCH_TEXT_MAX = 2048, /* of a reply that is typed */
    OL_WATCH_ID_MAX = 80
};

/* ── watch_link.c ─────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    ol_home home;
    int fd; /* -1: no station */
    uint64_t next_id, retry_ms;
    char *in, *out; /* OL_CONTROL_LINE_MAX; out grows with what is not taken yet, bounded */
    size_t in_len, out_len;
} ol_link;

int ol_link_open(ol_cli *c, ol_link *ret); /* -1, or an exit code that was told */
void ol_link_close(ol_link *l);
/* Tries to connect if it is time; true: just connected. */
bool ol_link_connect(ol_link *l, uint64_t now_ms);
/* Its id; 0: it could not be sent, and the link is down. */
uint64_t ol_link_send(ol_link *l, ol_request *r);
void ol_link_flush(ol_link *l);
/* Reads what is there; each reply or event goes to fn, borrowed. It may be down then. */
void ol_link_read(ol_link *l, void (*fn)(void *ctx, const json_t *o), void *ctx);

/* ── watch_model.c ─────────────────────────────────────────────────────────────────────────────*/

typedef enum { OL_CALL_RINGS, OL_CALL_SILENT, OL_CALL_REPLIED, OL_CALL_CLOSED } ol_watch_call_state;

typedef struct {
    char id[OL_WATCH_ID_MAX];
    size_t line;
    ol_watch_call_state state;
    bool is_ours;                            /* we placed it */
    bool is_drill;                           /* exercise or test */
    uint64_t since;                          /* wall, as the caller says */
    json_t *call;                            /* what it says */
    char author[OL_NAME_MAX + 1], word[120]; /* what became of it */
} ol_watch_call;

typedef struct {
    char name[OL_NAME_MAX + 1];
    json_t *status;   /* of the line; NULL: not known yet */
    json_t *entries;  /* messages: the last, oldest first */
    json_t *checks;   /* by party: its last check, with the wall */
    json_t *watch;    /* by party: its last watch entry */
    json_t *answered; /* of these messages: by id, what we said last */
    uint64_t log_id, status_id, cursor;
    bool is_loaded, has_cursor;
} ol_watch_line;

typedef struct {
    ol_cli *c;
    ol_link link;
    bool is_connected;
    json_t *station; /* the reply to status */
    uint64_t hello_id, status_id, asked_ms;
    bool is_stale; /* ask for status when it may be */
    size_t lines;
    ol_watch_line line[OL_WATCH_LINES];
    char self[OL_NAME_MAX + 1];
    size_t calls;
    ol_watch_call call[OL_WATCH_CALLS];
    size_t alarms;
    struct {
        char text[200];
        bool is_drill; /* its status stands before it */
    } alarm[OL_WATCH_ALARMS];
    bool wants_bell; /* something new that is urgent */
    /* keys */
    char chosen[OL_WATCH_ID_MAX]; /* a call's or message's id */
    bool has_help;
    int prompt; /* 0 none, else the key that asked */
    char text[OL_WATCH_TEXT_MAX];
    size_t len;
    char says[200]; /* the last line */
    bool is_done;
} ol_watching;

void ol_watch_begin(ol_watching *w); /* after a connection: everything is asked for anew */
void ol_watch_take(void *w, const json_t *o);
void ol_watch_ask(ol_watching *w, uint64_t now_ms); /* status, when it is time */
void ol_watch_lost(ol_watching *w);
void ol_watch_free(ol_watching *w);
bool ol_watch_is_ringing(const ol_watching *w); /* a call to us that nobody has replied to */
/* What may be chosen: calls to us that are open, then messages of others, newest first; NULL: no
 * more. *ret_line: whose. */
const char *ol_watch_choice(const ol_watching *w, size_t n, size_t *ret_line);
const json_t *ol_watch_message(const ol_watching *w, const char *id);
const ol_watch_call *ol_watch_call_of(const ol_watching *w, const char *id);

/* ── watch_screen.c ────────────────────────────────────────────────────────────────────────────*/

typedef struct {
    char *p;                 /* what goes to the terminal */
    size_t len, cap, row_at; /* row_at: where the row under way begins */
    unsigned rows, columns, row, column;
} ol_screen;

/* The screen as it is at this moment. is_lit: the half second in which what rings is reversed. */
void ol_screen_draw(ol_screen *s, const ol_watching *w, uint64_t wall, bool is_lit);
void ol_screen_put(ol_screen *s, const char *text); /* cut at the last column */

/* ── watch_keys.c ──────────────────────────────────────────────────────────────────────────────*/

/* The bytes that a key sent. A command to be run is left in argv, NULL-terminated, and is then the
 * caller's to run; true: there is one. */
enum { OL_WATCH_ARGS = 16 };
bool ol_watch_key(ol_watching *w, const char *p, size_t len, const char *argv[OL_WATCH_ARGS]);

#endif
