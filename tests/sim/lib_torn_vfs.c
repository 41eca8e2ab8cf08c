#include "lib_torn_vfs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/err.h"

enum { FILES = 4, NAME_MAX_LEN = 160, WRITES_KEPT = 1 << 16 };

typedef struct {
    bool is_size; /* a truncation, to `at` */
    uint64_t at;
    size_t len;
    uint8_t *p;
} change;

typedef struct {
    uint8_t *p;
    size_t len, cap;
} bytes;

typedef struct {
    char name[NAME_MAX_LEN];
    bool is_there, is_durable; /* durable: its name is on the disk */
    bytes live, disk;          /* what readers see; what was synced */
    change *change;            /* from one to the other */
    size_t n, cap;
} file;

struct torn_disk {
    char home[64];
    file file[FILES];
    uint64_t cut_in, full_in;
    bool is_dead;
    torn_disk *next;
};

typedef struct {
    sqlite3_file base;
    torn_disk *disk;
    file *file;
} handle;

static torn_disk *disks;
static sqlite3_vfs own_vfs;

/* ---- bytes ---- */

static void resize(bytes *b, size_t len) {
    if (len > b->cap) {
        size_t cap = b->cap == 0 ? 4096 : b->cap;
        while (cap < len)
            cap *= 2;
        b->p = realloc(b->p, cap);
        OL_ASSERT(b->p != NULL);
        b->cap = cap;
    }
    if (len > b->len)
        memset(b->p + b->len, 0, len - b->len);
    b->len = len;
}

static void overwrite(bytes *b, uint64_t at, const uint8_t *p, size_t len) {
    if (at + len > b->len)
        resize(b, (size_t)at + len);
    if (len > 0)
        memcpy(b->p + at, p, len);
}

static void copy_bytes(bytes *to, const bytes *from) {
    resize(to, from->len);
    if (from->len > 0)
        memcpy(to->p, from->p, from->len);
}

static void note(file *f, bool is_size, uint64_t at, const uint8_t *p, size_t len) {
    if (f->n == f->cap) {
        f->cap = f->cap == 0 ? 64 : 2 * f->cap;
        f->change = realloc(f->change, f->cap * sizeof *f->change);
        OL_ASSERT(f->change != NULL && f->n < WRITES_KEPT);
    }
    change *c = &f->change[f->n++];
    *c = (change){ .is_size = is_size, .at = at, .len = len };
    if (len > 0) {
        c->p = malloc(len);
        OL_ASSERT(c->p != NULL);
        memcpy(c->p, p, len);
    }
}

static void forget(file *f) {
    for (size_t i = 0; i < f->n; i++)
        free(f->change[i].p);
    f->n = 0;
}

/* ---- what power leaves ---- */

typedef enum { KEEP_ALL, KEEP_NONE, KEEP_FIRST, KEEP_SOME, MODES } mode;

/* What was deleted and comes back does so whole. */
static void put_back(file *f, mode how, torn_random *draw, void *ctx) {
    uint64_t first = draw(ctx, f->n + 1), keep = 1 + draw(ctx, 9);
    for (size_t i = 0; i < f->n; i++) {
        const change *c = &f->change[i];
        if (how == KEEP_NONE || (how == KEEP_FIRST && i > first))
            continue;
        bool is_torn = how == KEEP_SOME || (how == KEEP_FIRST && i == first);
        if (c->is_size && (!is_torn || draw(ctx, 10) < keep))
            resize(&f->disk, (size_t)c->at);
        for (size_t at = 0; at < c->len;) { /* sector by sector of the file */
            size_t n = TORN_SECTOR - (size_t)((c->at + at) % TORN_SECTOR);
            n = n < c->len - at ? n : c->len - at;
            if (!is_torn || draw(ctx, 10) < keep)
                overwrite(&f->disk, c->at + at, c->p + at, n);
            at += n;
        }
    }
}

void torn_disk_power(torn_disk *d, bool has_lost, torn_random *draw, void *ctx) {
    for (size_t i = 0; i < FILES; i++) {
        file *f = &d->file[i];
        if (f->name[0] == '\0')
            continue;
        if (has_lost) {
            mode how = (mode)draw(ctx, MODES);
            if (f->is_there)
                put_back(f, how, draw, ctx);
            if (f->is_there != f->is_durable)
                f->is_there = draw(ctx, 2) == 0;
            if (!f->is_there)
                resize(&f->disk, 0);
            copy_bytes(&f->live, &f->disk);
        } else {
            copy_bytes(&f->disk, &f->live);
        }
        forget(f);
        f->is_durable = f->is_there;
    }
    d->is_dead = false;
    d->cut_in = d->full_in = 0;
}

/* ---- files ---- */

static bool is_of(const torn_disk *d, const char *path) {
    size_t n = strlen(d->home);
    return strncmp(d->home, path, n) == 0 && path[n] == '/';
}

static torn_disk *disk_of(const char *path) {
    for (torn_disk *d = disks; d != NULL; d = d->next)
        if (is_of(d, path))
            return d;
    return NULL;
}

static file *file_of(torn_disk *d, const char *path, bool makes) {
    for (size_t i = 0; i < FILES; i++)
        if (strcmp(d->file[i].name, path) == 0)
            return &d->file[i];
    for (size_t i = 0; makes && i < FILES; i++)
        if (d->file[i].name[0] == '\0') {
            snprintf(d->file[i].name, sizeof d->file[i].name, "%s", path);
            return &d->file[i];
        }
    return NULL;
}

/* true: there is power for this change. */
static bool has_power(torn_disk *d) {
    if (!d->is_dead && d->cut_in > 0 && --d->cut_in == 0)
        d->is_dead = true;
    return !d->is_dead;
}

static int x_close(sqlite3_file *f) {
    (void)f;
    return SQLITE_OK;
}

static int x_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) {
    const handle *h = (handle *)(void *)f;
    const bytes *b = &h->file->live;
    size_t has = (size_t)at < b->len ? b->len - (size_t)at : 0;
    if (h->disk->is_dead)
        return SQLITE_IOERR_READ;
    size_t got = has < (size_t)n ? has : (size_t)n;
    if (got > 0)
        memcpy(p, b->p + at, got);
    if (got == (size_t)n)
        return SQLITE_OK;
    memset((uint8_t *)p + got, 0, (size_t)n - got);
    return SQLITE_IOERR_SHORT_READ;
}

static int x_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
    const handle *h = (handle *)(void *)f;
    if (!has_power(h->disk))
        return SQLITE_IOERR_WRITE;
    if (h->disk->full_in > 0 && --h->disk->full_in == 0)
        return SQLITE_FULL;
    overwrite(&h->file->live, (uint64_t)at, p, (size_t)n);
    note(h->file, false, (uint64_t)at, p, (size_t)n);
    return SQLITE_OK;
}

static int x_truncate(sqlite3_file *f, sqlite3_int64 n) {
    const handle *h = (handle *)(void *)f;
    if (!has_power(h->disk))
        return SQLITE_IOERR_TRUNCATE;
    resize(&h->file->live, (size_t)n);
    note(h->file, true, (uint64_t)n, NULL, 0);
    return SQLITE_OK;
}

static void sync_names(torn_disk *d) {
    for (size_t i = 0; i < FILES; i++) {
        file *f = &d->file[i];
        f->is_durable = f->is_there;
        if (!f->is_there)
            forget(f), resize(&f->disk, 0);
    }
}

static int x_sync(sqlite3_file *f, int flags) {
    const handle *h = (handle *)(void *)f;
    (void)flags;
    if (!has_power(h->disk))
        return SQLITE_IOERR_FSYNC;
    for (size_t i = 0; i < h->file->n; i++) {
        const change *c = &h->file->change[i];
        if (c->is_size)
            resize(&h->file->disk, (size_t)c->at);
        else
            overwrite(&h->file->disk, c->at, c->p, c->len);
    }
    forget(h->file);
    if (!h->file->is_durable) /* a file's first sync is one of its directory, too */
        sync_names(h->disk);
    return SQLITE_OK;
}

static int x_size(sqlite3_file *f, sqlite3_int64 *ret) {
    *ret = (sqlite3_int64)((handle *)(void *)f)->file->live.len;
    return SQLITE_OK;
}

static int x_lock(sqlite3_file *f, int how) { /* one process, one connection a file */
    (void)f, (void)how;
    return SQLITE_OK;
}

static int x_reserved(sqlite3_file *f, int *ret) {
    (void)f;
    *ret = 0;
    return SQLITE_OK;
}

static int x_control(sqlite3_file *f, int op, void *arg) {
    (void)f;
    if (op != SQLITE_FCNTL_PERSIST_WAL)
        return SQLITE_NOTFOUND;
    if (*(int *)arg < 0)
        *(int *)arg = 1;
    return SQLITE_OK;
}

static int x_sector(sqlite3_file *f) {
    (void)f;
    return TORN_SECTOR;
}

static int x_traits(sqlite3_file *f) {
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static const sqlite3_io_methods methods = {
    .iVersion = 1, /* no shared memory: WAL under the exclusive lock */
    .xClose = x_close,
    .xRead = x_read,
    .xWrite = x_write,
    .xTruncate = x_truncate,
    .xSync = x_sync,
    .xFileSize = x_size,
    .xLock = x_lock,
    .xUnlock = x_lock,
    .xCheckReservedLock = x_reserved,
    .xFileControl = x_control,
    .xSectorSize = x_sector,
    .xDeviceCharacteristics = x_traits,
};

/* ---- the file system ---- */

static int x_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out) {
    (void)vfs;
    handle *h = (handle *)(void *)f;
    h->base.pMethods = NULL;
    h->disk = name == NULL ? NULL : disk_of(name);
    h->file = h->disk == NULL || h->disk->is_dead ? NULL : file_of(h->disk, name, true);
    if (h->file == NULL)
        return SQLITE_CANTOPEN;
    if (!h->file->is_there) {
        h->file->is_there = true;
        resize(&h->file->live, 0);
        resize(&h->file->disk, 0); /* another file than the one that bore its name */
    }
    if (out != NULL)
        *out = flags;
    h->base.pMethods = &methods;
    return SQLITE_OK;
}

static int x_delete(sqlite3_vfs *vfs, const char *name, int is_synced) {
    (void)vfs;
    torn_disk *d = disk_of(name);
    file *f = d == NULL ? NULL : file_of(d, name, false);
    if (f == NULL || !f->is_there)
        return SQLITE_IOERR_DELETE_NOENT;
    if (!has_power(d))
        return SQLITE_IOERR_DELETE;
    f->is_there = false;
    resize(&f->live, 0);
    forget(f);
    if (is_synced)
        sync_names(d);
    return SQLITE_OK;
}

static int x_access(sqlite3_vfs *vfs, const char *name, int flags, int *ret) {
    (void)vfs, (void)flags;
    torn_disk *d = disk_of(name);
    const file *f = d == NULL ? NULL : file_of(d, name, false);
    *ret = f != NULL && f->is_there && (flags != SQLITE_ACCESS_EXISTS || f->live.len > 0);
    return SQLITE_OK;
}

static int x_full(sqlite3_vfs *vfs, const char *name, int n, char *to) {
    (void)vfs;
    snprintf(to, (size_t)n, "%s", name);
    return SQLITE_OK;
}

static int x_random(sqlite3_vfs *vfs, int n, char *to) {
    (void)vfs;
    memset(to, 7, (size_t)n);
    return n;
}

static int x_sleep(sqlite3_vfs *vfs, int us) {
    (void)vfs;
    return us;
}

static int x_time(sqlite3_vfs *vfs, double *ret) {
    (void)vfs;
    *ret = 2460000.5;
    return SQLITE_OK;
}

static int x_error(sqlite3_vfs *vfs, int n, char *to) {
    (void)vfs, (void)n, (void)to;
    return 0;
}

static void install(void) {
    own_vfs = (sqlite3_vfs){ .iVersion = 1,
                             .szOsFile = (int)sizeof(handle),
                             .mxPathname = NAME_MAX_LEN - 16,
                             .zName = "torn",
                             .xOpen = x_open,
                             .xDelete = x_delete,
                             .xAccess = x_access,
                             .xFullPathname = x_full,
                             .xRandomness = x_random,
                             .xSleep = x_sleep,
                             .xCurrentTime = x_time,
                             .xGetLastError = x_error };
    OL_ASSERT(sqlite3_initialize() == SQLITE_OK);
    OL_ASSERT(sqlite3_vfs_register(&own_vfs, 1) == SQLITE_OK);
}

/* ---- disks ---- */

torn_disk *torn_disk_new(void) {
    const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    torn_disk *d = calloc(1, sizeof *d);
    OL_ASSERT(d != NULL);
    if (own_vfs.zName == NULL)
        install();
    if (disks == NULL)
        sqlite3_randomness(0, NULL); /* each world's salts are the same */
    snprintf(d->home, sizeof d->home, "%s/sim.XXXXXX", dir);
    OL_ASSERT(mkdtemp(d->home) != NULL);
    d->next = disks;
    disks = d;
    return d;
}

torn_disk *torn_disk_copy(const torn_disk *from) {
    torn_disk *d = torn_disk_new();
    size_t n = strlen(from->home);
    for (size_t i = 0; i < FILES; i++) {
        const file *f = &from->file[i];
        if (f->name[0] == '\0' || !f->is_there)
            continue;
        char name[NAME_MAX_LEN];
        snprintf(name, sizeof name, "%s%s", d->home, f->name + n);
        file *to = file_of(d, name, true);
        to->is_there = to->is_durable = true;
        copy_bytes(&to->live, &f->live);
        copy_bytes(&to->disk, &f->live);
    }
    return d;
}

void torn_disk_free(torn_disk *d) {
    if (d == NULL)
        return;
    char path[NAME_MAX_LEN];
    snprintf(path, sizeof path, "%s/store.db", d->home);
    (void)unlink(path);
    (void)rmdir(d->home);
    for (size_t i = 0; i < FILES; i++) {
        forget(&d->file[i]);
        free(d->file[i].change);
        free(d->file[i].live.p);
        free(d->file[i].disk.p);
    }
    torn_disk **at = &disks;
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    free(d);
}

const char *torn_disk_home(const torn_disk *d) {
    return d->home;
}

void torn_disk_cut_in(torn_disk *d, uint64_t nth) {
    d->cut_in = nth;
}

void torn_disk_full_in(torn_disk *d, uint64_t nth) {
    d->full_in = nth;
}

void torn_disk_stop(torn_disk *d) {
    d->is_dead = true;
}

bool torn_disk_is_dead(const torn_disk *d) {
    return d->is_dead;
}
