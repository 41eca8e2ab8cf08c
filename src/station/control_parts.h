/* station/control_parts.h — the inside of the control server, shared by station/control_*.c.
 * Rooms    control.c sockets, clients, what goes in and out · control_ask.c one request, one reply
 *          · control_follow.c subscriptions · control_status.c status ·
 *          control_calls.c calls · control_watch.c who has the watch · control_bundle.c bundles ·
 *          control_test.c bearers tried · desk.h what only reads.
 * Bounds   a client whose output is not taken (OL_OUT_HIGH bytes) is not read from, is sent no
 *          stored event (they wait in the store), and loses the passing ones, which it is told. */
#ifndef OL_STATION_CONTROL_PARTS_H
#define OL_STATION_CONTROL_PARTS_H

#include <jansson.h>
#include <uv.h>

#include "control/request.h"
#include "line/duty.h"
#include "station/control.h"
#include "station/desk.h"
#include "station/rules.h"

enum {
    OL_CLIENTS_MAX = 32,
    OL_ASKS_MAX = 1024, /* submits that wait for their commit, of all clients */
    OL_OUT_HIGH = 4 * OL_CONTROL_LINE_MAX,
    OL_OUT_LOW = OL_CONTROL_LINE_MAX,
    OL_WASTE_MAX = 1 << 20 /* read away after the last answer */
};

typedef struct ol_follow { /* a subscription of one client to one line */
    struct ol_follow *next;
    size_t line;
    uint64_t cursor;               /* seq of the last thing sent */
    bool is_live, has_lost, is_on; /* is_on: something new may be in the store */
} ol_follow;

typedef struct ol_client {
    uv_pipe_t pipe;
    ol_control *c;
    size_t place; /* in c->client */
    char *in;     /* what came and is not treated yet */
    size_t in_len, in_cap;
    ol_follow *follow;
    struct { /* control_bundle.c */
        uint8_t *in;
        size_t len;
        ol_bundle_plan *plan;
        size_t line;
        int party; /* of plan */
    } bundle;
    uv_shutdown_t end;
    size_t wasted;
    bool is_closing, is_last; /* is_last: the end has been said */
    bool is_paused;           /* whole lines wait until output is taken, or commits are done */
    bool is_stopped;          /* and there is no room to read more */
} ol_client;

typedef struct { /* a submit that waits, or a bundle */
    bool is_used;
    ol_client *client; /* NULL: gone */
    uint64_t id;
    size_t line;
} ol_asked;

typedef struct ol_words ol_words; /* control_word.c */

enum { OL_TESTS_MAX = 4, OL_TEST_PATHS_MAX = (OL_PARTIES_MAX - 1) * OL_PATHS_PER_PEER };
typedef struct { /* a bearer-test that waits; control_test.c */
    bool is_used;
    uint32_t token;
    size_t line, n;
    uint64_t from_ms, until_ms; /* of the loop */
    struct {
        uint8_t party, slot;
        bool is_answered;
        uint64_t from_ms, in_ms; /* from: of the engine */
    } path[OL_TEST_PATHS_MAX];
} ol_test;

struct ol_control {
    uv_loop_t *loop;
    uv_pipe_t listener;
    uv_idle_t idle;    /* runs once the turn's notes are in */
    uv_timer_t forget; /* the view of the last `log`, when nobody asks on */
    bool is_idle_on, is_stopping;
    ol_desk desk;
    ol_client *client[OL_CLIENTS_MAX + 1];
    ol_asked asked[OL_ASKS_MAX];
    size_t asks;
    ol_words *words[OL_LINES_MAX]; /* whose word counts, as far as it was asked; NULL: not yet */
    ol_rules *rules[OL_LINES_MAX]; /* as they are needed */
    ol_test test[OL_TESTS_MAX];
    uv_timer_t tests;                     /* runs while there are any */
    uint64_t test_again_ms[OL_LINES_MAX]; /* not before */
    json_t *watches[OL_LINES_MAX];        /* what control_watch.c has told last */
    char scratch[OL_CONTROL_LINE_MAX + 1];
};

/* control.c. Takes the reference; a client that is closing gets nothing. */
void ol_client_send(ol_client *cl, json_t *o);
bool ol_client_is_full(const ol_client *cl);
/* The idle handle runs before the loop waits again: ol_follow_all. */
void ol_control_wake(ol_control *c);
/* A client reads the record by pages, and asks again: the joint view waits a second for it. */
void ol_control_keep_view(ol_control *c);

/* control_ask.c: treats one line of a client. */
void ol_client_ask(ol_client *cl, const char *line, size_t len);
json_t *ol_error_json(const ol_refusal *why); /* {"id", "ok": false, "error": …} */

/* control_follow.c */
OL_MUST ol_err ol_follow_start(ol_client *cl, size_t line, uint64_t cursor);
OL_MUST ol_err ol_follow_stop(ol_client *cl, size_t line); /* OL_ENOENT */
void ol_follow_drop(ol_client *cl);                        /* all of the client's */
void ol_follow_pump(ol_client *cl);                        /* while it takes output */
void ol_follow_note(ol_control *c, size_t line, const ol_api_note *note);
void ol_follow_committed(ol_control *c);
/* Something that passes: who is behind does not get it. Takes the reference. */
void ol_follow_pass(ol_control *c, size_t line, json_t *o);
void ol_follow_storage(ol_control *c, ol_err err);

/* What waited for its answer is gone from the table; false: there is nobody to be told. */
bool ol_control_asked(ol_control *c, uint32_t token, ol_asked *ret);
ol_asked *ol_control_place(ol_control *c, uint32_t *ret_token);

/* control_bundle.c. later: the answer comes by ol_control_bundle. */
OL_MUST ol_err ol_control_make(ol_client *cl, const ol_request *r, json_t *reply, ol_refusal *why);
OL_MUST ol_err ol_control_take(ol_client *cl, const ol_request *r, bool *ret_is_later,
                               ol_refusal *why);
void ol_client_bundle_drop(ol_client *cl);

/* control_word.c: do the signs of an entry that is submitted verify? OL_EAUTH, and why. */
OL_MUST ol_err ol_control_word(ol_control *c, size_t line, const ol_request *r,
                               const ol_api_entry *e, ol_refusal *why);
void ol_control_words_free(ol_control *c);

/* control_calls.c */
OL_MUST ol_err ol_control_calls(ol_control *c, const ol_request *r, json_t *reply, ol_refusal *why);
/* May one more call of ours be placed? */
OL_MUST ol_err ol_control_may_call(ol_control *c, size_t line, const ol_request *r,
                                   ol_refusal *why);

/* control_watch.c: {party: who has its watch}, of those that have said so. A new reference. */
json_t *ol_control_watches(ol_control *c, size_t line, const ol_duty *duty);
void ol_control_watches_free(ol_control *c);

/* control_test.c: is each path answered now? The answer comes when all are, or time is over. */
OL_MUST ol_err ol_control_test(ol_client *cl, const ol_request *r, bool *ret_is_later,
                               ol_refusal *why);
void ol_control_test_note(ol_control *c, size_t line); /* a path of it has changed */
void ol_control_tests_init(ol_control *c);

/* control_status.c */
OL_MUST ol_err ol_control_status(ol_control *c, const ol_request *r, json_t *reply,
                                 ol_refusal *why);
json_t *ol_path_json(const ol_api_line *line, uint8_t party, unsigned slot, const ol_api_path *p);

#endif
