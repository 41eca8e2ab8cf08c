/* web/talk.h — a console's talk with the station: a WebSocket on one side, the control socket on
 * the other.
 * In       one JSON object a message. `do` of a request that only reads goes to the station as it
 *          is, with its `id`; what command.h has runs an openline command, for who may.
 *          The rest is refused in a reply.
 * Out      what the station says, a message a line; texts of messages are taken out of their bodies
 *          and stand beside them as `text`. {"event": "station", "up": …} when the station comes
 *          or goes: it is tried again every second.
 * Bounds   messages of OL_TALK_IN bytes. While OL_CONN_HIGH bytes wait that the browser does not
 *          take, the station's words wait with the station; more than OL_CONN_OUT end the talk.
 * Source   RFC 6455; docs/CONTROL.md, docs/CONSOLE.md */
#ifndef OL_WEB_TALK_H
#define OL_WEB_TALK_H

#include <jansson.h>

#include "web/web.h"

enum { OL_TALK_IN = 65536, OL_TALK_FROM = 48 };

/* right NONE: a stranger's, who may log in, nothing else. */
void ol_talk_begin(ol_guest *g, ol_str ws_key, ol_seat_right right);
void ol_talk_came(ol_talk *t);    /* there is more in the connection's `in` */
void ol_talk_drained(ol_talk *t); /* the connection was full, and is not */
void ol_talk_end(ol_talk *t);     /* the connection is gone */

/* For act.c: one object to the browser; takes the reference. */
void ol_talk_say(ol_talk *t, json_t *o);
void ol_talk_tell(ol_talk *t, json_t *o); /* the same, where its seat acts */
/* For login.c: the seat; NULL: a stranger's, or it has ended. Where it comes from: an address, of
 * IPv6 the network of 64 bits. */
ol_seat *ol_talk_seat(const ol_talk *t);
void ol_talk_from(const ol_talk *t, char ret[OL_TALK_FROM]);

#endif
