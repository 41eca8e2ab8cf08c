/* A SQLite VFS that counts what is written and synced, and fails on demand; in front of the default
 * one while it is installed. For one thread. */
#ifndef OL_TESTS_UNIT_LIB_FAULT_VFS_H
#define OL_TESTS_UNIT_LIB_FAULT_VFS_H

typedef struct {
    unsigned writes, syncs; /* so far */
    unsigned fail_write_at; /* this write and those after it find the disk full; 0: none */
    unsigned fail_sync_at;  /* this sync and those after it fail; 0: none */
} fault_vfs;

extern fault_vfs fault_vfs_now;
void fault_vfs_install(void);
void fault_vfs_remove(void);

#endif
