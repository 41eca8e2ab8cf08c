/* web/login.h — an officer without a seat shows that a key is his: line, number and passphrase, and
 * where the home does not know the key its file. openline officer check decides.
 * Order    one check at a time for all, the next one no sooner than OL_LOGIN_MS after the one
 *          before, and none at an officer within the wait after failures (backoff.h). Tries wait
 *          for their turn: one of each address, OL_LOGINS in all. Of those whose turn it is, who
 *          did not fail at this officer last comes first, then who came first.
 * Answers  of a failure none before OL_LOGIN_MS are over, and the same one whatever was wrong;
 *          failures are told on stderr as refusals are, who logs in each time. Of a success a key
 *          that gives a seat (seat.h), or where the talk has a seat of a login that seat's officer.
 * Source   docs/CONSOLE.md 7 */
#ifndef OL_WEB_LOGIN_H
#define OL_WEB_LOGIN_H

#include <jansson.h>

#include "web/web.h"

enum { OL_LOGINS = 8, OL_LOGIN_MS = 2000 };

ol_logins *ol_logins_new(ol_web *w); /* NULL: no memory */
void ol_login_ask(ol_web *w, ol_talk *t, json_t *request);
void ol_login_forget(ol_web *w, ol_talk *t); /* that talk is over */

#endif
