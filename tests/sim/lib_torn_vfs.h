/* tests/sim/lib_torn_vfs.h — files in memory for SQLite, on disks that lose power.
 * What was written and not synced is lost, kept or torn when power fails: each write in pieces of a
 * sector, each piece there or not, whatever the order; what was synced is there. That is the
 * contract that WAL with synchronous FULL counts on (sqlite.org/atomiccommit.html, §2, with
 * powersafe overwrite: bytes beside those that were being written stay).
 * Files    by path; a disk is all files of one directory. The directory itself is made on the real
 *          file system (the store makes its file there, empty); nothing else is.
 * One thread; installed as the default VFS when the first disk is made. */
#ifndef OL_TESTS_SIM_LIB_TORN_VFS_H
#define OL_TESTS_SIM_LIB_TORN_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum { TORN_SECTOR = 512 };

typedef uint64_t torn_random(void *ctx, uint64_t below);
typedef struct torn_disk torn_disk;

torn_disk *torn_disk_new(void);
/* All files as a reader sees them now. */
torn_disk *torn_disk_copy(const torn_disk *from);
void torn_disk_free(torn_disk *d); /* takes NULL; its files are closed */
const char *torn_disk_home(const torn_disk *d);
/* Power fails at the nth write, truncation or sync from now, before it; 0: at none. */
void torn_disk_cut_in(torn_disk *d, uint64_t nth);
void torn_disk_full_in(torn_disk *d, uint64_t nth); /* the nth write finds it full; 0: none */
void torn_disk_stop(torn_disk *d);                  /* no power from now on */
bool torn_disk_is_dead(const torn_disk *d);
/* Power is back; its files are closed. has_lost false: only the process had ended. */
void torn_disk_power(torn_disk *d, bool has_lost, torn_random *draw, void *ctx);

#endif
