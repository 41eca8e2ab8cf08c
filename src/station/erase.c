/* Files with secrets: what they held before is overwritten. A file system that writes elsewhere
 * than it read, and a disk that does, keep it all the same: nothing here can help that. */
#include "station/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int open_old(int dir, const char *name) {
    return openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

/* Not where another name still leads to it: that is somebody's copy. */
static bool overwrite(int fd, nlink_t names) {
    static const uint8_t zero[4096];
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != names)
        return false;
    for (off_t at = 0; at < st.st_size;) {
        off_t left = st.st_size - at;
        ssize_t n = pwrite(fd, zero, left < (off_t)sizeof zero ? (size_t)left : sizeof zero, at);
        if (n <= 0)
            return false;
        at += n;
    }
    return fsync(fd) == 0;
}

ol_err ol_file_replace_secret(int dir, const char *name, const void *p, size_t len, ol_why *why) {
    int old = open_old(dir, name);
    ol_err err = ol_file_write(dir, name, OL_FILE_SECRET, p, len, why);
    if (old >= 0 && err == OL_OK)
        (void)overwrite(old, 0);
    if (old >= 0)
        (void)close(old);
    return err;
}

static int is_left_over(const struct dirent *e) {
    return strncmp(e->d_name, OL_FILE_NEW, sizeof OL_FILE_NEW - 1) == 0;
}

void ol_file_sweep(int dir, const char *name) {
    int at = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *d = at < 0 ? NULL : fdopendir(at);
    if (d == NULL) {
        if (at >= 0)
            (void)close(at);
        return;
    }
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        int fd = is_left_over(e) ? open_old(at, e->d_name) : -1;
        if (fd < 0)
            continue;
        (void)overwrite(fd, 1);
        (void)close(fd);
        (void)unlinkat(at, e->d_name, 0);
    }
    (void)fsync(at);
    (void)closedir(d);
}
