/* What is wrong with a line of groups, in words. */
#include <stdio.h>

#include "paper/groups.h"

static void say_character(const ol_groups_wrong *w, char *to, size_t cap) {
    if (w->c == 0)
        (void)snprintf(to, cap, "character %u is not text", w->column);
    else if (w->c > ' ' && w->c < 0x7F)
        (void)snprintf(to, cap, "character %u is \"%c\", and only digits stand here%s", w->column,
                       (char)w->c,
                       w->c == 'O' || w->c == 'o'                  ? ": a zero?"
                       : w->c == 'l' || w->c == 'I' || w->c == 'i' ? ": a one?"
                                                                   : "");
    else
        (void)snprintf(to, cap, "character %u is no digit (U+%04X)", w->column, (unsigned)w->c);
}

static void say_check(const ol_groups_wrong *w, char *to, size_t cap) {
    if (w->belongs != 0)
        (void)snprintf(to, cap, "it is right as line %u, and not under the number %u", w->belongs,
                       w->number);
    else if (w->group != 0)
        (void)snprintf(to, cap, "the check group does not fit; the mistake is probably at group %u",
                       w->group);
    else
        (void)snprintf(to, cap, "the check group does not fit: hear the whole line again");
}

void ol_groups_say(const ol_groups_wrong *w, char to[OL_GROUPS_SAYS_MAX]) {
    const size_t cap = OL_GROUPS_SAYS_MAX;
    switch (w->fault) {
    case OL_GROUPS_RIGHT:
        (void)snprintf(to, cap, "nothing is wrong");
        break;
    case OL_GROUPS_CHARACTER:
        say_character(w, to, cap);
        break;
    case OL_GROUPS_NUMBER:
        (void)snprintf(to, cap, "it does not begin with the line's number, and then a space");
        break;
    case OL_GROUPS_DIGITS:
        if (w->group != 0)
            (void)snprintf(to, cap, "group %u has not five digits", w->group);
        else
            (void)snprintf(to, cap, "there is a digit too few or too many");
        break;
    case OL_GROUPS_COUNT:
        (void)snprintf(to, cap, "it has %u groups and must have %u, the check group among them",
                       w->got, w->want);
        break;
    case OL_GROUPS_RANGE:
        (void)snprintf(to, cap, "group %u is %05u, and must be from %s to %05u", w->group, w->got,
                       w->got == 0 ? "00001" : "00000", w->want);
        break;
    case OL_GROUPS_CHECK:
        say_check(w, to, cap);
        break;
    case OL_GROUPS_OTHER:
        (void)snprintf(to, cap, "it is right, and so was another line of this number before it");
        break;
    case OL_GROUPS_BEYOND:
        (void)snprintf(to, cap, "by line 1 there are only %u lines", w->want);
        break;
    }
}
