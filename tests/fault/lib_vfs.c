#include "fault/lib_vfs.h"

#include <string.h>

#include <sqlite3.h>

typedef struct {
    sqlite3_file base;
    bool is_meant;
    sqlite3_file *real; /* right behind this struct */
} file;

vfs_plan vfs_now;
const char *const vfs_kind_name[VFS_KINDS] = { "open", "read", "write",  "truncate", "sync",
                                               "size", "lock", "delete", "access" };
static sqlite3_vfs *real_vfs, own_vfs;

static sqlite3_file *real_of(sqlite3_file *f) {
    return ((file *)f)->real;
}

static bool is_meant(const char *name) {
    return vfs_now.where == NULL || (name != NULL && strstr(name, vfs_now.where) != NULL);
}

static bool fails(vfs_kind kind, bool is_meant_here) {
    if (!vfs_now.is_armed || !is_meant_here)
        return false;
    uint64_t n = vfs_now.calls[kind]++;
    return kind == vfs_now.kind && n >= vfs_now.from && n < vfs_now.to;
}

static bool file_fails(sqlite3_file *f, vfs_kind kind) {
    return fails(kind, ((file *)f)->is_meant);
}

static int x_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    if (!file_fails(f, VFS_READ))
        return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
    if (vfs_now.rc == SQLITE_IOERR_SHORT_READ)
        memset(p, 0, (size_t)n);
    return vfs_now.rc;
}

static int x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    if (!file_fails(f, VFS_WRITE))
        return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
    (void)real_of(f)->pMethods->xWrite(real_of(f), p, n / 2, at);
    return vfs_now.rc;
}

#define FAILS(name, kind, params, ...)                                                             \
    static int name params {                                                                       \
        return file_fails(f, kind) ? vfs_now.rc : real_of(f)->pMethods->__VA_ARGS__;               \
    }
FAILS(x_truncate, VFS_TRUNCATE, (sqlite3_file * f, sqlite3_int64 n), xTruncate(real_of(f), n))
FAILS(x_sync, VFS_SYNC, (sqlite3_file * f, int flags), xSync(real_of(f), flags))
FAILS(x_size, VFS_SIZE, (sqlite3_file * f, sqlite3_int64 *n), xFileSize(real_of(f), n))
FAILS(x_lock, VFS_LOCK, (sqlite3_file * f, int how), xLock(real_of(f), how))

#define PASS(name, params, ...)                                                                    \
    static int name params {                                                                       \
        return real_of(f)->pMethods->__VA_ARGS__;                                                  \
    }
PASS(x_close, (sqlite3_file * f), xClose(real_of(f)))
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
    file *own = (file *)f;
    (void)vfs;
    own->base.pMethods = NULL;
    own->is_meant = is_meant(name);
    own->real = (sqlite3_file *)(void *)(own + 1);
    if (fails(VFS_OPEN, own->is_meant))
        return vfs_now.rc;
    int rc = real_vfs->xOpen(real_vfs, name, own->real, flags, out);
    own->base.pMethods = own->real->pMethods == NULL ? NULL : &methods;
    return rc;
}

static int x_delete(sqlite3_vfs *vfs, const char *name, int sync) {
    (void)vfs;
    return fails(VFS_DELETE, is_meant(name)) ? vfs_now.rc : real_vfs->xDelete(real_vfs, name, sync);
}

static int x_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret) {
    (void)vfs;
    return fails(VFS_ACCESS, is_meant(name)) ? vfs_now.rc
                                             : real_vfs->xAccess(real_vfs, name, flags, ret);
}

void vfs_install(void) {
    real_vfs = sqlite3_vfs_find(NULL);
    own_vfs = *real_vfs;
    own_vfs.zName = "faults";
    own_vfs.szOsFile = (int)sizeof(file) + real_vfs->szOsFile;
    own_vfs.xOpen = x_open, own_vfs.xDelete = x_delete, own_vfs.xAccess = x_access;
    vfs_now = (vfs_plan){ .is_armed = false };
    sqlite3_vfs_register(&own_vfs, 1);
}

void vfs_remove(void) {
    sqlite3_vfs_unregister(&own_vfs);
    sqlite3_vfs_register(real_vfs, 1);
}
