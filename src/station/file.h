/* station/file.h — files read and written with care: the home's, and those an operator names.
 * Names    relative to an open directory, or AT_FDCWD. The last component is never followed when it
 *          is a symbolic link, except by ol_file_read.
 * Writing  a new file beside the old one, fsync, rename, fsync of the directory: after a power cut
 *          the old or the new contents are there, whole. Modes are 0600, 0644 and 0700, whatever
 *          the umask. A left-over of a killed writer begins with ".new-" and means nothing.
 * Secrets  read and written with plain system calls from and to the caller's (locked) memory; no
 *          buffer of ours or of stdio sees them. A secret that others can read is refused.
 * Errors   OL_ENOENT; OL_EEXIST; OL_ELIMIT larger than cap; OL_EFORM not a regular file; OL_EAUTH
 *          owner or mode let others in; OL_EFULL; OL_EIO. why has the sentence. On failure the
 *          target is as it was or, where only the last fsync failed, new; and whole. The caller's
 *          buffer is undefined. No error is a signal that interrupted: the call is made again. */
#ifndef OL_STATION_FILE_H
#define OL_STATION_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "station/why.h"

#define OL_FILE_NEW ".new-"

typedef enum {
    OL_FILE_PUBLIC, /* 0644 */
    OL_FILE_SECRET  /* 0600 */
} ol_file_kind;

/* The whole file into to[cap]. A secret must be a regular file of ours without a bit for group and
 * others; a public one may be anything that can be read to its end (a pipe, "/dev/stdin"). */
OL_MUST ol_err ol_file_read(int dir, const char *name, ol_file_kind kind, void *to, size_t cap,
                            size_t *ret_len, ol_why *why);
/* Replaces what was there. */
OL_MUST ol_err ol_file_write(int dir, const char *name, ol_file_kind kind, const void *p,
                             size_t len, ol_why *why);
/* OL_EEXIST when there is anything of that name. */
OL_MUST ol_err ol_file_create(int dir, const char *name, ol_file_kind kind, const void *p,
                              size_t len, ol_why *why);
/* Replaces a file with secrets; what it held is overwritten, as far as the disk lets us. */
OL_MUST ol_err ol_file_replace_secret(int dir, const char *name, const void *p, size_t len,
                                      ol_why *why);
/* Overwrites and removes what killed writers left in this directory: it may hold old secrets. */
void ol_file_sweep(int dir, const char *name);
/* Removes it and makes that durable; OL_ENOENT. */
OL_MUST ol_err ol_file_remove(int dir, const char *name, ol_why *why);
/* The directory and those above it, 0700 each, durable; those there are left as they are. */
OL_MUST ol_err ol_file_mkdir(int dir, const char *name, ol_why *why);
bool ol_file_exists(int dir, const char *name);

/* Names in a directory, without those that begin with a dot, in byte order; a missing directory is
 * empty. fn returning other than OL_OK stops the walk, which returns that error. */
typedef ol_err ol_file_fn(void *ctx, const char *name);
OL_MUST ol_err ol_file_each(int dir, const char *name, ol_file_fn *fn, void *ctx, ol_why *why);

/* A passphrase or the like from a descriptor that the caller was handed: up to its end or the first
 * newline, which is not part of it. OL_ELIMIT longer than cap, OL_EFORM empty. */
OL_MUST ol_err ol_file_read_fd(int fd, void *to, size_t cap, size_t *ret_len, ol_why *why);

#endif
