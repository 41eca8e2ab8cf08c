/* base/err.h — the one closed list of errors, and the assertion for our own state.
 * Codes are seen in logs and in the control API: append, never renumber.
 * Rule     a function that can fail returns ol_err and is OL_MUST; out-parameters come last, named
 *          ret_… and are untouched on failure. Peer, disk, file and operator input is rejected with
 *          an error; OL_ASSERT judges only our own state and stays on in release builds. */
#ifndef OL_BASE_ERR_H
#define OL_BASE_ERR_H

#define OL_ERRS(X)                                                                                 \
    X(OL_OK, 0, "done")                                                                            \
    X(OL_ESHORT, -1, "input ends too early")                                                       \
    X(OL_EFORM, -2, "input is not of the form required")                                           \
    X(OL_ELIMIT, -3, "a limit would be exceeded")                                                  \
    X(OL_EAUTH, -4, "a signature, tag or code does not verify")                                    \
    X(OL_ENOMEM, -5, "out of memory")                                                              \
    X(OL_EIO, -6, "reading or writing failed")                                                     \
    X(OL_EFULL, -7, "the disk is full")                                                            \
    X(OL_ENOENT, -8, "not found")                                                                  \
    X(OL_EEXIST, -9, "exists already")                                                             \
    X(OL_EVERSION, -10, "written by a newer version")                                              \
    X(OL_ESTATE, -11, "not possible in the present state")                                         \
    X(OL_ECONFLICT, -12, "contradicts what is on record")                                          \
    X(OL_EAGAIN, -13, "not now, try again")

#define OL_ERR_ENUM(name, code, text) name = code,
typedef enum { OL_ERRS(OL_ERR_ENUM) } ol_err;
#undef OL_ERR_ENUM

#define OL_MUST __attribute__((warn_unused_result))
#define OL_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define OL_ASSERT(x) ((x) ? (void)0 : __builtin_trap())

/* The code's name ("OL_EFORM") and its sentence; "OL_E?" for a number that is no code. */
const char *ol_err_name(ol_err err);
const char *ol_err_text(ol_err err);

#endif
