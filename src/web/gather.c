#include "web/gather.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/text.h"

static const char *const roots[] = { "/dev/shm/openline-web.", "/tmp/openline-web." };

bool ol_gather_make(char path[OL_GATHER_PATH], bool is_there) {
    for (size_t i = 0; i < OL_LEN(roots); i++) {
        (void)snprintf(path, OL_GATHER_PATH, "%s%ld.XXXXXX", roots[i], (long)getpid());
        if (mkdtemp(path) == NULL)
            continue;
        (void)snprintf(path + strlen(path), OL_GATHER_PATH - strlen(path), "/out");
        return !is_there || mkdir(path, 0700) == 0;
    }
    path[0] = '\0';
    return false;
}

bool ol_gather_put(const char *path, const char *name, const uint8_t *p, size_t len) {
    int dir = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int fd = dir < 0
                 ? -1
                 : openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    size_t at = 0;
    for (ssize_t n = 1; fd >= 0 && n > 0 && at<len; at += n> 0 ? (size_t)n : 0)
        n = write(fd, p + at, len - at);
    if (dir >= 0)
        (void)close(dir);
    return fd >= 0 && close(fd) == 0 && at == len;
}

typedef struct {
    json_t *files;
    size_t n, bytes;
} found;

static bool take_file(found *k, int dir, const char *name, const char *as) {
    static uint8_t bytes[OL_GATHER_BYTES]; /* one loop, one thread */
    static char b64[OL_B64_LEN(OL_GATHER_BYTES) + 1];
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    size_t len = 0, room = OL_GATHER_BYTES - k->bytes;
    ssize_t n = fd < 0 ? -1 : 1;
    while (n > 0 && len < room) {
        n = read(fd, bytes + len, room - len);
        len += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0)
        (void)close(fd);
    if (n != 0 || ++k->n > OL_GATHER_FILES)
        return false;
    k->bytes += len;
    ol_b64_put(bytes, len, b64);
    int not_set = json_object_set_new(k->files, as, json_string(b64));
    sodium_memzero(bytes, len); /* a share may be among them */
    sodium_memzero(b64, strlen(b64));
    return not_set == 0;
}

/* fd is closed here. */
static bool take_folder(found *k, int fd, const char *as, unsigned depth) {
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    bool is_ok = dir != NULL;
    if (dir == NULL && fd >= 0)
        (void)close(fd);
    for (const struct dirent *e; is_ok && (e = readdir(dir)) != NULL;) {
        char name[512];
        struct stat st;
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        int len = snprintf(name, sizeof name, "%s%s%s", as, as[0] == '\0' ? "" : "/", e->d_name);
        is_ok = len > 0 && (size_t)len < sizeof name &&
                fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0;
        if (is_ok && S_ISDIR(st.st_mode))
            is_ok = depth < OL_GATHER_DEPTH &&
                    take_folder(k,
                                openat(dirfd(dir), e->d_name,
                                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                                name, depth + 1);
        else if (is_ok)
            is_ok = S_ISREG(st.st_mode) && take_file(k, dirfd(dir), e->d_name, name);
    }
    if (dir != NULL)
        (void)closedir(dir);
    return is_ok;
}

json_t *ol_gather_read(const char *path) {
    found k = { .files = json_object() };
    if (k.files != NULL && take_folder(&k, open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", 0))
        return k.files;
    json_decref(k.files);
    return NULL;
}

/* It may hold a secret: zeros go over it before its name goes. */
static void overwrite(const char *path, off_t size) {
    static const uint8_t zero[4096];
    int fd = open(path, O_WRONLY | O_NOFOLLOW | O_CLOEXEC);
    for (ssize_t n = 1; fd >= 0 && n > 0 && size > 0; size -= n)
        n = write(fd, zero, size > (off_t)sizeof zero ? sizeof zero : (size_t)size);
    if (fd >= 0)
        (void)close(fd);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at) {
    (void)at;
    if (flag == FTW_F && S_ISREG(st->st_mode))
        overwrite(path, st->st_size);
    return remove(path);
}

void ol_gather_remove(const char *path) {
    char parent[OL_GATHER_PATH];
    (void)snprintf(parent, sizeof parent, "%s", path);
    char *slash = strrchr(parent, '/');
    bool is_ours = false;
    for (size_t i = 0; i < OL_LEN(roots); i++)
        is_ours |= strncmp(parent, roots[i], strlen(roots[i])) == 0;
    if (slash == NULL || !is_ours)
        return;
    *slash = '\0';
    (void)nftw(parent, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
