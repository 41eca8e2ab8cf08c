/* station/home.h — the directory that is a party's station: where everything lies.
 *   card                           the party's card, a signed note
 *   identity.key, station.key      secret keys (crypto/keyfile.h), 0600; apart: the identity
 *                                  key belongs offline: the station runs without identity.key
 *   lines/<line>/charter           the fully signed charter; charter.<g> its amendments
 *   lines/<line>/cards/<party>.<serial>    the other parties' cards and our own
 *   lines/<line>/secret            line secret and pair keys (station/secret.h), 0600, of the last
 *                                  generation; secret.<g> the line secrets of those before
 *   lines/<line>/officer           who signs here if a command does not say (cli/signer.h)
 *   contributions/                 of lines that are being founded (cli/files.h); secrets 0600 each
 *   config                         ports and bearers (station/config.h)
 *   store.db                       the record (store/sqlite.h)
 *   control.sock                   the station's control socket while it runs, 0600
 *   lock                           held by the running station; its contents are that station's pid
 * Rules    the directory is 0700 and ours. A line is joined when its charter and its secret are
 *          there. Everything is written as station/file.h says.
 * Which    the path given, else $OPENLINE_HOME, else $HOME/.openline.
 * Errors   as in station/file.h; OL_EAUTH the home lets others in or is another user's; OL_ESTATE a
 *          station holds the lock. why has a sentence that says what to do.
 * Memory   an ol_home is the caller's; it holds a descriptor until ol_home_close. */
#ifndef OL_STATION_HOME_H
#define OL_STATION_HOME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "station/file.h"

#define OL_HOME_CARD "card"
#define OL_HOME_IDENTITY "identity.key"
#define OL_HOME_STATION "station.key"
#define OL_HOME_LINES "lines"
#define OL_HOME_CONTRIBUTIONS "contributions"
#define OL_HOME_CONFIG "config"
#define OL_HOME_STORE "store.db"
#define OL_HOME_SOCKET "control.sock"
#define OL_HOME_LOCK "lock"

enum {
    OL_HOME_PATH_MAX = 3072, /* of the home itself */
    OL_HOME_NAME_MAX = 256,  /* of a name inside it, and its NUL */
    OL_HOME_SOCKET_MAX = 107 /* what fits sun_path, without its NUL */
};

typedef struct {
    int dir;                         /* -1: not open */
    char path[OL_HOME_PATH_MAX + 1]; /* absolute, for messages and for programs that want a path */
    uint64_t dev, inode;
} ol_home;

/* path NULL: from the environment. create: made when it is not there (0700), as by `init`; without
 * create a missing home is OL_ENOENT with the sentence that says `openline init`. */
OL_MUST ol_err ol_home_open(const char *path, bool create, ol_home *ret, ol_why *why);
void ol_home_close(ol_home *h); /* a closed one is allowed */

/* Names inside the home, for ol_file_* with h->dir. line and party are valid names (asserted);
 * leaf: "charter", "secret", "cards", or NULL for the line's directory. They return to. */
char *ol_home_line_name(const char *line, const char *leaf, char to[OL_HOME_NAME_MAX]);
/* leaf "charter" or "secret" of a generation: lines/<line>/<leaf>.<generation>; 0 has no number in
 * the name of its charter. */
char *ol_home_generation_name(const char *line, const char *leaf, uint32_t generation,
                              char to[OL_HOME_NAME_MAX]);
char *ol_home_card_name(const char *line, const char *party, uint32_t serial,
                        char to[OL_HOME_NAME_MAX]);
/* h->path ‖ '/' ‖ name; OL_ELIMIT when it does not fit. */
OL_MUST ol_err ol_home_full(const ol_home *h, const char *name, char *to, size_t cap);
/* An address for connect and bind that fits sun_path, however long the home's path is: the path
 * itself, else /proc/self/fd/<h->dir>/control.sock: of use while h is open, in this process. */
void ol_home_socket(const ol_home *h, char to[OL_HOME_SOCKET_MAX + 1]);

/* Each joined line, in byte order of names. is_ready: its secret is there too. */
typedef ol_err ol_home_line_fn(void *ctx, const char *line, bool is_ready);
OL_MUST ol_err ol_home_lines(const ol_home *h, ol_home_line_fn *fn, void *ctx, ol_why *why);

/* The lock that makes a station the only one on its home; released by ol_home_unlock or when the
 * process ends. OL_ESTATE: another has it; its pid stands in the sentence. */
OL_MUST ol_err ol_home_lock(const ol_home *h, int *ret_fd, ol_why *why);
void ol_home_unlock(int fd); /* -1 is allowed */
/* The pid of the station that runs on this home; 0: none runs; -1: one runs, which is not known. */
long ol_home_pid(const ol_home *h);

#endif
