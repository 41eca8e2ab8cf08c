/* cli/talk.h — a conversation with the station by its control socket; where none runs, requests
 * that only read are answered from the home's store, in the same words (station/desk.h).
 * Replies  ask sends a request and returns the reply to it; what else comes meanwhile is kept and
 *          handed out by next, in order.
 * Errors   functions return -1, or an exit code after they told the operator; an error reply of
 *          the station is told like one of our own.
 * Memory   replies and events are new references. */
#ifndef OL_CLI_TALK_H
#define OL_CLI_TALK_H

#include "cli/cli.h"
#include "control/request.h"
#include "station/desk.h"

typedef struct {
    ol_home home;
    int fd; /* -1: no station runs, the desk answers */
    uint64_t next_id;
    ol_desk desk;
    json_t *events; /* an array: what came while a reply was awaited */
    size_t in_len;
    char in[OL_CONTROL_LINE_MAX];
} ol_talk;

/* may_read: without a station, the store is read. *ret is large and the caller's: static. */
int ol_talk_open(ol_cli *c, bool may_read, ol_talk *ret);
void ol_talk_close(ol_talk *t);
bool ol_talk_is_live(const ol_talk *t);

/* r->id is set here. */
int ol_talk_ask(ol_cli *c, ol_talk *t, ol_request *r, json_t **ret);
/* Sends only; the reply comes by ol_talk_next. *ret_id: of the request. */
int ol_talk_send(ol_cli *c, ol_talk *t, ol_request *r, uint64_t *ret_id);
/* The next reply or event. timeout_ms OL_NEVER: however long it takes; *ret NULL: the time is
 * over. */
int ol_talk_next(ol_cli *c, ol_talk *t, uint64_t timeout_ms, json_t **ret);

uint64_t ol_talk_now_ms(void); /* a monotonic clock */
/* The control socket of a home; -1: no station takes it. Nobody is told. */
int ol_talk_connect(const ol_home *h);
/* A request about a line; refuses what is no name. */
int ol_talk_request(ol_cli *c, ol_do what, const char *line, ol_request *ret);

#endif
