/* The words of a command line by a descriptor: what stands on a real one everybody on the machine
 * reads in /proc, and there are texts among them that are nobody else's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/cli.h"

enum { WORDS_MAX = 128, BYTES_MAX = 256 << 10 };

/* All that comes, to its end; SIZE_MAX: more than fits, or it cannot be read. */
static size_t read_all(int fd, char *to, size_t cap) {
    size_t len = 0;
    ssize_t n = 1;
    while (n != 0 && len < cap) {
        n = read(fd, to + len, cap - len);
        if (n < 0 && errno != EINTR)
            return SIZE_MAX;
        len += n > 0 ? (size_t)n : 0;
    }
    return len == cap ? SIZE_MAX : len;
}

bool ol_cli_words(const char *number, int *ret_argc, char ***ret_argv) {
    static char bytes[BYTES_MAX], *word[WORDS_MAX + 2]; /* as long as the program runs */
    uint64_t fd = 0;
    int n = 1;
    if (ol_u64_get(number, strlen(number), 3, 1023, &fd) != OL_OK)
        return false;
    size_t len = read_all((int)fd, bytes, sizeof bytes);
    if (len == SIZE_MAX || len == 0 || bytes[len - 1] != '\0' || close((int)fd) != 0)
        return false;
    word[0] = (*ret_argv)[0];
    for (size_t at = 0; at < len; at += strlen(bytes + at) + 1) {
        if (n > WORDS_MAX)
            return false;
        word[n++] = bytes + at;
    }
    *ret_argc = n, *ret_argv = word;
    return true;
}
