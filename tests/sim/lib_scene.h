/* tests/sim/lib_scene.h — two honest stations and a third member that lies to them.
 * A scene begins with parties 0 and 1 up and talking, and party 2 without an engine but with a
 * session to each. It ends with what must hold whatever was said: the memory of the honest is
 * within the bound, no log of theirs was closed or called forked, and what they say to each other
 * from now on arrives and is receipted. Expectations that fail are printed and counted. */
#ifndef OL_TESTS_SIM_LIB_SCENE_H
#define OL_TESTS_SIM_LIB_SCENE_H

#include "lib_inner.h"
#include "lib_liar.h"

typedef struct {
    const char *name;
    sim_world *w;
    sim_liar to[2];
    unsigned failed;
    uint64_t opened[2];
    bool has_fork; /* a log of the liar's: they may know it */
} sim_scene;

enum { SIM_HEAP_MAX = 4 << 20 }; /* bytes of an honest engine, at every moment */

#define EXPECT(s, x, ...)                                                                          \
    do {                                                                                           \
        if (!(x))                                                                                  \
            printf("%s: expected %s: ", (s)->name, #x), printf(__VA_ARGS__), putchar('\n'),        \
                (s)->failed++;                                                                     \
    } while (0)

/* All scenes, or the one of this number: [--scene N], from 1. Prints the sum; the exit status. */
int sim_scenes(unsigned (*const *scenes)(void), size_t n, int argc, char **argv);
void sim_scene_begin(sim_scene *s, const char *name);
unsigned sim_scene_end(sim_scene *s); /* prints a line; how many expectations failed */

/* What party p has: entries of a log in its store; the largest size of which it holds this
 * party's signed receipt, whose time and signature go to ret (NULL: not wanted). */
uint64_t sim_stored(const sim_scene *s, unsigned p, const ol_log_key *log);
uint64_t sim_receipt(const sim_scene *s, unsigned p, const ol_log_key *log, unsigned by,
                     ol_item *ret, uint8_t ret_sig[OL_SIG_LEN]);
/* The nth log of this author and lane in p's store, oldest first; false: there is none. */
bool sim_log_of(const sim_scene *s, unsigned p, unsigned author, uint8_t lane, size_t nth,
                ol_log_key *ret);
size_t sim_evidence(const sim_scene *s, unsigned p);
uint64_t sim_count(const sim_scene *s, unsigned p, ol_count which);

/* One entry of the liar's log to engine i, whole or in pieces; its head, too. */
void sim_give(sim_scene *s, unsigned i, sim_liar_log *g, const uint8_t *p, size_t len,
              bool has_head);
void sim_pass(sim_scene *s, uint64_t ms); /* time, in which all honest things happen */

#endif
