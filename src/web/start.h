/* web/start.h — the station of this home, started where none answers: a process and session of its
 * own, which goes on when this server ends. What it logs is added to HOME/station.log.
 * Shape    {"id", "do": "start", "passphrase"?}; the answer comes when the station answers at its
 *          control socket, with its `pid`, or when it has ended, with its own `error`.
 * Bounds   one at a time; after OL_START_S seconds without either it is said, and nothing ended.
 * Source   docs/CONSOLE.md 3 */
#ifndef OL_WEB_START_H
#define OL_WEB_START_H

#include <jansson.h>

#include "web/web.h"

enum { OL_START_S = 60 };

void ol_start_begin(ol_web *w, ol_talk *t, json_t *request);
void ol_start_forget(ol_web *w, const ol_talk *t); /* it ends: what was begun goes on, unheard */

#endif
