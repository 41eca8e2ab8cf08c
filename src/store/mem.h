/* store/mem.h — a store in memory, for tests and the simulator.
 * Durable  as far as a simulated crash goes: what commit returned OL_OK for stays.
 * Memory   all of it from the ol_mem handed in, which outlives the store; OL_ENOMEM at its ceiling.
 * Errors   as store/store.h; commit fails on demand (ol_store_mem_fail). */
#ifndef OL_STORE_MEM_H
#define OL_STORE_MEM_H

#include "base/mem.h"
#include "store/store.h"

OL_MUST ol_err ol_store_mem_new(ol_mem *mem, ol_store **ret); /* released by its close */

/* The whole store once more: a backup, a copied home. The copy goes its own way. */
OL_MUST ol_err ol_store_mem_copy(const ol_store *s, ol_mem *mem, ol_store **ret);

/* Power is lost and comes back: whatever was committed is there, a failure that was planned is
 * forgotten. */
void ol_store_mem_crash(ol_store *s);

/* The nth commit from now (1: the next; 0: none) fails with err after doing all of its work, and
 * leaves nothing of it. Replaces what was planned before. */
void ol_store_mem_fail(ol_store *s, uint64_t nth, ol_err err);

#endif
