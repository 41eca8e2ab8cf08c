/* cli/files_of.h — the files of an export, on disk or in memory, for record/verify.h.
 * Disk     nothing but plain files is read and no link is followed; what is neither a plain file
 *          nor a directory is listed as such.
 * Memory   an export made into it is kept whole: a line is verified as a stranger would get it.
 * Errors   OL_ENOMEM, OL_ELIMIT too many files or levels, OL_ENOENT, OL_EIO; why has the
 *          sentence. */
#ifndef OL_CLI_FILES_OF_H
#define OL_CLI_FILES_OF_H

#include "record/verify.h"
#include "station/why.h"

enum { OL_FILES_MAX = 1 << 20, OL_FILES_DEPTH_MAX = 8 };

typedef struct {
    int dir; /* -1: in memory */
    ol_verify_file *file;
    struct ol_file_bytes {
        uint8_t *p;
        size_t len;
    } * bytes; /* by place in file */
    size_t n, cap;
} ol_files_of;

/* Sorted already. */
OL_MUST ol_err ol_files_of_dir(const char *path, ol_files_of *ret, ol_why *why);
void ol_files_of_memory(ol_files_of *ret);
/* For ol_export_to.file; ctx is the ol_files_of. */
ol_err ol_files_of_add(void *ctx, const char *path, const uint8_t *p, size_t n);
OL_MUST ol_err ol_files_of_sort(ol_files_of *f); /* in memory: before read */
/* For ol_verify_opts.read; ctx is the ol_files_of. */
ol_err ol_files_of_read(const ol_files_of *f, const char *path, uint8_t *to, size_t cap,
                        size_t *ret_len, const char **ret_why);
void ol_files_of_free(ol_files_of *f);

#endif
