#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "station/courier_parts.h"
#include "station/file.h"

#define ENDS_IN ".olb"
#define TAKEN "taken"

static int open_dir(const char *path, ol_err *ret_err, ol_why *why) {
    int fd = (int)TEMP_FAILURE_RETRY(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0)
        *ret_err = ol_why_set(why, OL_EIO, "%s cannot be opened: %s", path, strerror(errno));
    return fd;
}

static void write_out(ol_courier_work *w) {
    w->out_err = OL_OK;
    int fd = w->out_len == 0 ? -1 : open_dir(w->url.out, &w->out_err, &w->out_why);
    if (fd < 0)
        return;
    w->out_err = ol_file_write(fd, w->out_name, OL_FILE_PUBLIC, w->out, w->out_len, &w->out_why);
    (void)close(fd);
}

static ol_courier_known *find(ol_courier_work *w, const char *name) {
    for (size_t i = 0; i < w->knowns; i++)
        if (strcmp(w->known[i].name, name) == 0)
            return &w->known[i];
    return NULL;
}

void ol_courier_remember(ol_courier_work *w, const ol_courier_known *k) {
    ol_courier_known *at = find(w, k->name);
    if (at == NULL && w->knowns < OL_COURIER_KNOWN)
        at = &w->known[w->knowns++];
    if (at == NULL)
        at = &w->known[w->oldest++ % OL_COURIER_KNOWN];
    *at = *k;
}

static bool is_due(ol_courier_work *w, const ol_courier_known *now) {
    const ol_courier_known *k = find(w, now->name);
    if (k == NULL || k->size != now->size || k->changed_ns != now->changed_ns)
        return true;
    return k->state == OL_FILE_WAITS && w->now_ms >= k->again_ms;
}

typedef struct {
    ol_courier_work *w;
    int dir;
} scan;

static ol_err on_name(void *ctx, const char *name) {
    scan *s = ctx;
    ol_courier_work *w = s->w;
    struct stat st;
    size_t len = strlen(name), end = sizeof ENDS_IN - 1;
    ol_why why = { "" };
    if (len <= end || len > OL_COURIER_NAME_MAX || strcmp(name + len - end, ENDS_IN) != 0 ||
        fstatat(s->dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
        return OL_OK;
    ol_courier_known now = { .size = st.st_size };
    now.changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    memcpy(now.name, name, len + 1);
    if (!is_due(w, &now))
        return OL_OK;
    if (w->files == OL_COURIER_FILES) {
        w->has_more = true;
        return OL_EEXIST; /* enough */
    }
    ol_courier_file *f = &w->file[w->files];
    f->k = now, f->is_moved = false, f->len = 0;
    ol_err err = ol_file_read(s->dir, name, OL_FILE_PUBLIC, f->p, OL_BUNDLE_MAX, &f->len, &why);
    if (err == OL_ELIMIT)
        f->len = 0; /* told as what it is: no bundle */
    if (err == OL_OK || err == OL_ELIMIT)
        w->files++; /* else it is tried again */
    return OL_OK;
}

static void read_in(ol_courier_work *w) {
    scan s = { .w = w };
    w->in_err = OL_OK, w->files = 0, w->has_more = false;
    s.dir = open_dir(w->url.in, &w->in_err, &w->in_why);
    if (s.dir < 0)
        return;
    ol_err err = ol_file_each(s.dir, ".", on_name, &s, &w->in_why);
    w->in_err = err == OL_EEXIST ? OL_OK : err;
    (void)close(s.dir);
}

void ol_courier_exchange(ol_courier_work *w) {
    write_out(w);
    read_in(w);
}

void ol_courier_move(ol_courier_work *w) {
    ol_err err;
    ol_why why = { "" };
    int dir = open_dir(w->url.in, &err, &why);
    for (size_t i = 0; i < w->files && dir >= 0; i++) {
        ol_courier_file *f = &w->file[i];
        char to[sizeof TAKEN + 1 + OL_COURIER_NAME_MAX];
        if (f->k.state != OL_FILE_DONE)
            continue;
        (void)mkdirat(dir, TAKEN, 0700);
        (void)snprintf(to, sizeof to, TAKEN "/%s", f->k.name);
        f->is_moved = renameat(dir, f->k.name, dir, to) == 0;
    }
    if (dir >= 0)
        (void)close(dir);
}
