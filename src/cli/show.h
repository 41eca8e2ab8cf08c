/* cli/show.h — entries and events of the control protocol, for people and with their text.
 * Text     is taken out of the body here, by message/body.h: a body that cannot be read makes the
 *          entry unreadable, with the reason.
 * Source   docs/CONTROL.md */
#ifndef OL_CLI_SHOW_H
#define OL_CLI_SHOW_H

#include "cli/cli.h"

/* Adds "text" (or "unreadable") to an entry that is a message. */
void ol_show_text(json_t *entry);
/* An entry or another event, as people read it. */
void ol_show_entry(const json_t *entry);
void ol_show_event(const json_t *event);

/* show_said.c: an act or order, false where it is none; states, words of others, crossed messages;
 * a message in the frame that operators know. */
bool ol_show_act(const json_t *entry);
/* show_call.c: a call, ring, reply or close; false where it is none. */
bool ol_show_call(const json_t *entry);
void ol_show_became(const json_t *entry);
void ol_show_frame(const json_t *entry, const char *line);
/* show_words.c: whose word it is; entries of the roster and of the watch. */
enum { OL_SHOW_WHO_LEN = 512 };
const char *ol_show_who(const json_t *sign, char to[OL_SHOW_WHO_LEN]);
void ol_show_signed(const json_t *entry);
void ol_show_officer(const json_t *entry, const json_t *officer);
void ol_show_watch(const json_t *entry, const json_t *watch);

#endif
