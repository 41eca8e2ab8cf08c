/* tests/lib/duty.h — a duty machine and what a station would do around it: entries of three parties
 * as they come into the store, turns, what it asks for and tells. We are party US; four rungs;
 * a FLASH has 40 s. Failures end the test. */
#ifndef OL_TESTS_LIB_DUTY_H
#define OL_TESTS_LIB_DUTY_H

#include "line/call.h"

enum { US = 1, THEM = 0, THIRD = 2, S = 1000, START_MS = 500 * S, WALL = 1795305030 };

typedef struct {
    ol_mem mem;
    ol_duty *d;
    uint64_t ms;
    uint8_t incarnation[OL_INC_LEN]; /* our log's */
    bool is_started, is_history;
    uint64_t size[3]; /* of each party's urgent log */
    uint8_t another;  /* not 0: others write into such a log of theirs */
    ol_duty_effects fx;
    size_t notes, appends;
    ol_duty_note note[256];
    ol_duty_effect append[64];
} duty_world;

extern const ol_duty_opts duty_opts; /* but its memory */
void duty_set_up(duty_world *w);     /* without line checks */
void duty_set_up_with(duty_world *w, uint32_t check_s);
void duty_tear_down(duty_world *w);
ol_log_key duty_log_of(const duty_world *w, uint8_t party);
ol_ref duty_put(duty_world *w, uint8_t party, uint64_t kind, const uint8_t *body, size_t len);
ol_ref duty_call(duty_world *w, uint8_t party, const ol_call *c);
void duty_ring(duty_world *w, uint8_t party, ol_ref to, unsigned state, unsigned rung,
               uint64_t after);
void duty_reply(duty_world *w, uint8_t party, ol_ref to, unsigned verb, unsigned status);
void duty_close(duty_world *w, uint8_t party, ol_ref to, unsigned why);
void duty_receipt(duty_world *w, uint8_t party, uint64_t size);
void duty_turn(duty_world *w);
void duty_answer(duty_world *w, uint32_t token, ol_err err);
void duty_appended(duty_world *w);
ol_ring duty_asked_ring(const duty_world *w, size_t i);
ol_close duty_asked_close(const duty_world *w, size_t i);
bool duty_is_told(const duty_world *w, ol_duty_what what, uint8_t party, uint64_t rung);
ol_call_state duty_state_of(const duty_world *w, size_t n);

#endif
