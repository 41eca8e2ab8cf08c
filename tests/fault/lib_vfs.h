/* tests/fault/lib_vfs.h — a SQLite VFS in front of the default one that fails chosen calls: those
 * of one kind whose number, counted from 0, is from `from` to below `to`. For one thread.
 * A write that fails has written half; a read that falls short has the rest zeroed, as SQLite asks.
 * Counted and failed only while it is armed, and for files whose name contains `where`. */
#ifndef OL_TESTS_FAULT_LIB_VFS_H
#define OL_TESTS_FAULT_LIB_VFS_H

#include <stdbool.h>
#include <stdint.h>

typedef enum {
    VFS_OPEN,
    VFS_READ,
    VFS_WRITE,
    VFS_TRUNCATE,
    VFS_SYNC,
    VFS_SIZE,
    VFS_LOCK,
    VFS_DELETE,
    VFS_ACCESS,
    VFS_KINDS
} vfs_kind;

typedef struct {
    bool is_armed;
    vfs_kind kind;
    int rc; /* SQLITE_… */
    uint64_t from, to, calls[VFS_KINDS];
    const char *where; /* NULL: every file */
} vfs_plan;

extern vfs_plan vfs_now;
extern const char *const vfs_kind_name[VFS_KINDS];
void vfs_install(void);
void vfs_remove(void);

#endif
