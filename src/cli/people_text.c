/* The text that a command takes as its second word, or from standard input. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/people.h"
#include "message/body.h"

int ol_people_text(ol_cli *c, char **room, ol_str *ret) {
    const char *arg = c->arg[1];
    if (strcmp(arg, "-") != 0) {
        *ret = (ol_str){ arg, strlen(arg) };
        return -1;
    }
    if (isatty(STDIN_FILENO))
        ol_cli_hint(c, "Write the message; end it with Ctrl-D on a line of its own.");
    size_t len = 0;
    char *text = *room = malloc(OL_LONG_TEXT_MAX + 2);
    if (text == NULL)
        return ol_cli_fail(c, OL_ENOMEM, "try again", "there is no memory for the text");
    for (;;) {
        ssize_t n = read(STDIN_FILENO, text + len, OL_LONG_TEXT_MAX + 2 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ol_cli_fail(c, OL_EIO, "give it again", "standard input: %s", strerror(errno));
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > OL_LONG_TEXT_MAX + 1)
            return ol_cli_fail(c, OL_ELIMIT, "send it in several messages",
                               "the text is longer than %d bytes", OL_LONG_TEXT_MAX);
    }
    if (len > 0 && text[len - 1] == '\n')
        len--; /* the newline that ends a file is no part of the text */
    *ret = (ol_str){ text, len };
    return -1;
}
