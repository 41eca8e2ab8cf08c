/* line/fork.h — two histories of one log, inside the engine: notes that contradict our copy.
 * Source   docs/PROTOCOL.md §5.3, §6.5 */
#ifndef OL_LINE_FORK_H
#define OL_LINE_FORK_H

#include "line/state.h"

/* A head or receipt with its root: over another root than ours it proves two histories (§5.3). */
void ol_fork_note(ol_line *l, uint8_t source, ol_log *log, const ol_item *it);
/* Our head of this size goes to this party as a NOTE, if there is one. */
void ol_fork_show(ol_line *l, ol_log *log, uint8_t party, uint64_t size);
bool ol_fork_note_of(const ol_line *l, const ol_log *log, uint8_t party, ol_item *ret);
bool ol_fork_fetch(ol_line *l, ol_effect *fx);        /* false: nothing is wanted now */
bool ol_fork_fetched(ol_line *l, const ol_event *ev); /* false: it was not for this */
uint64_t ol_fork_next_ms(const ol_line *l);
OL_MUST ol_err ol_fork_put(ol_line *l); /* into the batch */
void ol_fork_answered(ol_line *l, bool is_done);
void ol_fork_load_alarm(ol_line *l, const char *name, const uint8_t *value); /* 16 bytes */
void ol_fork_acknowledge(ol_line *l, const ol_log_key *key);

#endif
