#include "unit/lib_fault_vfs.h"

#include <string.h>

#include <sqlite3.h>

typedef struct {
    sqlite3_file base;
    sqlite3_file *real; /* right behind this struct */
} file;

fault_vfs fault_vfs_now;
static sqlite3_vfs *real_vfs, own_vfs;

static sqlite3_file *real_of(sqlite3_file *f) {
    return ((file *)f)->real;
}

static int x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    fault_vfs_now.writes++;
    if (fault_vfs_now.fail_write_at > 0 && fault_vfs_now.writes >= fault_vfs_now.fail_write_at)
        return SQLITE_FULL;
    return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}
static int x_sync(sqlite3_file *f, int flags) {
    fault_vfs_now.syncs++;
    if (fault_vfs_now.fail_sync_at > 0 && fault_vfs_now.syncs >= fault_vfs_now.fail_sync_at)
        return SQLITE_IOERR_FSYNC;
    return real_of(f)->pMethods->xSync(real_of(f), flags);
}

#define PASS(name, params, ...)                                                                    \
    static int name params {                                                                       \
        return real_of(f)->pMethods->__VA_ARGS__;                                                  \
    }
PASS(x_close, (sqlite3_file * f), xClose(real_of(f)))
PASS(x_read, (sqlite3_file * f, void *p, int n, sqlite3_int64 at), xRead(real_of(f), p, n, at))
PASS(x_truncate, (sqlite3_file * f, sqlite3_int64 n), xTruncate(real_of(f), n))
PASS(x_size, (sqlite3_file * f, sqlite3_int64 *n), xFileSize(real_of(f), n))
PASS(x_lock, (sqlite3_file * f, int how), xLock(real_of(f), how))
PASS(x_unlock, (sqlite3_file * f, int how), xUnlock(real_of(f), how))
PASS(x_reserved, (sqlite3_file * f, int *is), xCheckReservedLock(real_of(f), is))
PASS(x_control, (sqlite3_file * f, int op, void *arg), xFileControl(real_of(f), op, arg))
PASS(x_sector, (sqlite3_file * f), xSectorSize(real_of(f)))
PASS(x_traits, (sqlite3_file * f), xDeviceCharacteristics(real_of(f)))
PASS(x_shm_map, (sqlite3_file * f, int page, int size, int grow, void volatile **p),
     xShmMap(real_of(f), page, size, grow, p))
PASS(x_shm_lock, (sqlite3_file * f, int at, int n, int flags), xShmLock(real_of(f), at, n, flags))
PASS(x_shm_unmap, (sqlite3_file * f, int drop), xShmUnmap(real_of(f), drop))
static void x_shm_barrier(sqlite3_file *f) {
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_size,
    .xLock = x_lock,
    .xUnlock = x_unlock,
    .xCheckReservedLock = x_reserved,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_traits,
    .xShmMap = x_shm_map,
    .xShmLock = x_shm_lock,
    .xShmBarrier = x_shm_barrier,
    .xShmUnmap = x_shm_unmap,
};

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
    (void)vfs;
    file *own = (file *)f;
    own->real = (sqlite3_file *)(void *)(own + 1);
    int rc = real_vfs->xOpen(real_vfs, name, own->real, flags, out);
    own->base.pMethods = own->real->pMethods == NULL ? NULL : &methods;
    return rc;
}

void fault_vfs_install(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    own_vfs = *real_vfs;
    own_vfs.zName = "fault";
    own_vfs.szOsFile = (int)sizeof(file) + real_vfs->szOsFile;
    own_vfs.xOpen = x_open;
    fault_vfs_now = (fault_vfs){ .writes = 0 };
    sqlite3_vfs_register(&own_vfs, 1);
}

void fault_vfs_remove(void) {
    sqlite3_vfs_unregister(&own_vfs);
    sqlite3_vfs_register(real_vfs, 1);
}
