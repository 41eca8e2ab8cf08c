/* tests/sim/lib_disk.h — what a station's store lies on: memory that commits whole or not at all,
 * or files in memory under SQLite which lose power in the middle of a write (lib_torn_vfs.h).
 * A disk is always open: when power is back the store is opened again and recovers. */
#ifndef OL_TESTS_SIM_LIB_DISK_H
#define OL_TESTS_SIM_LIB_DISK_H

#include "base/mem.h"
#include "store/store.h"

typedef uint64_t sim_disk_random(void *ctx, uint64_t below);

typedef struct sim_disk sim_disk;

sim_disk *sim_disk_new(bool is_sqlite, sim_disk_random *draw, void *ctx);
sim_disk *sim_disk_copy(const sim_disk *from);
void sim_disk_free(sim_disk *d); /* takes NULL */
ol_store *sim_disk_store(sim_disk *d);
size_t sim_disk_used(const sim_disk *d); /* bytes of a disk in memory */
/* Power fails at the nth write or sync from now; 0: it does not. A disk in memory has no such
 * points. */
void sim_disk_cut_in(sim_disk *d, uint64_t nth);
bool sim_disk_is_dead(const sim_disk *d); /* it did */
/* The store is opened anew, after a kill (all written is there) or a power failure (what was not
 * synced is there, or not, or in part). NULL, or why it cannot be read. */
const char *sim_disk_again(sim_disk *d, bool has_lost_power);
/* The nth commit (in memory) or write (SQLite) from now finds the disk full; 0: none does. */
void sim_disk_full_in(sim_disk *d, uint64_t nth);

#endif
