/* Issues in words. */
#include "record/view.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ROW(name, is_broken, word) [OL_VIEW_##name] = { is_broken, word },
static const struct {
    bool is_broken;
    const char *word;
} rules[] = { OL_VIEW_RULES(ROW) };
#undef ROW

const char *ol_view_rule_word(ol_view_rule rule) {
    OL_ASSERT((unsigned)rule < OL_LEN(rules));
    return rules[rule].word;
}

bool ol_view_rule_is_broken(ol_view_rule rule) {
    OL_ASSERT((unsigned)rule < OL_LEN(rules));
    return rules[rule].is_broken;
}

void ol_view_log_name(const ol_log_key *log, unsigned digits, const char *const *party,
                      char ret[OL_VIEW_ID_MAX + 1]) {
    char hex[2 * OL_INC_LEN + 1];
    ol_hex_put(log->incarnation, OL_INC_LEN, hex);
    snprintf(ret, OL_VIEW_ID_MAX + 1, "%s/%s/%.*s", party[log->party], ol_lane_name(log->lane),
             (int)digits, hex);
}

unsigned ol_view_log_digits(const ol_view *v, size_t log) {
    const ol_log_key *key = ol_view_log_key(v, log);
    unsigned bytes = 2;
    for (size_t i = 0; i < ol_view_logs(v); i++) {
        const ol_log_key *other = ol_view_log_key(v, i);
        if (i == log || other->party != key->party || other->lane != key->lane)
            continue;
        while (bytes < OL_INC_LEN && memcmp(other->incarnation, key->incarnation, bytes) == 0)
            bytes++;
    }
    return 2 * bytes;
}

#define N PRIu64

/* What stands in the log itself. */
static void say_own(const ol_view_issue *i, const char *other, char *to, size_t cap) {
    switch (i->rule) {
    case OL_VIEW_OPENING_FIRST:
        snprintf(to, cap, "entry 0 is not an opening: %s", i->why);
        return;
    case OL_VIEW_OPENING_LATER:
        snprintf(to, cap, "entry %" N " is an opening; only entry 0 may be one", i->index);
        return;
    case OL_VIEW_SEEN_NUMBER:
        if (i->held == 0)
            snprintf(to, cap, "entry %" N ": seen names log %" N ", which it never introduced",
                     i->index, i->number);
        else
            snprintf(to, cap, "entry %" N ": seen names log %" N ", the next free number is %" N,
                     i->index, i->number, i->held);
        return;
    case OL_VIEW_SEEN_SELF:
        snprintf(to, cap, "entry %" N ": seen names the log itself", i->index);
        return;
    case OL_VIEW_SEEN_TWICE:
        snprintf(to, cap, "entry %" N ": seen gives %s a second number", i->index, other);
        return;
    case OL_VIEW_SEEN_PARTY:
        snprintf(to, cap, "entry %" N ": seen names party %" N ", the charter has %" N, i->index,
                 i->number, i->held);
        return;
    case OL_VIEW_READ_NUMBER:
        snprintf(to, cap, "entry %" N ": read names log %" N ", which seen never named", i->index,
                 i->number);
        return;
    case OL_VIEW_READ_BEYOND:
        snprintf(to, cap, "entry %" N ": read says %" N " of %s, seen %" N ": it must be less",
                 i->index, i->size, other, i->held);
        return;
    default:
        to[0] = 0;
    }
}

/* Why a log was opened, and that another was for the same. */
static void say_opened(const ol_view_issue *i, const char *other, char *to, size_t cap) {
    static const char *const reasons[] = { "first", "started without a run marker",
                                           "the store is behind the run marker",
                                           "a member holds more of this log", "fork evidence" };
    const char *before = strrchr(other, '/') == NULL ? other : strrchr(other, '/') + 1;
    char why[64];
    snprintf(why, sizeof why, "reason %" N, i->number);
    if (i->number < OL_LEN(reasons))
        snprintf(why, sizeof why, "%s", reasons[i->number]);
    if (i->rule == OL_VIEW_OPENING_AGAIN && other[0] == 0)
        snprintf(to, cap, "is a new log, of which its station knew no earlier one: %s", why);
    else if (i->rule == OL_VIEW_OPENING_AGAIN)
        snprintf(to, cap, "is a new log after %" N " entries of %s: %s", i->size, before, why);
    else if (i->rule == OL_VIEW_OPENING_TWIN)
        snprintf(to, cap, "%s %s does: two stations of one party, or one that was set back",
                 i->held == 1 ? "continues the same log as" : "begins anew as", before);
}

/* What it says about the other history of one. */
static void say_other(const ol_view_issue *i, const char *other, char *to, size_t cap) {
    const char *before = strrchr(other, '/') == NULL ? other : strrchr(other, '/') + 1;
    switch (i->rule) {
    case OL_VIEW_OPENING_OTHER:
        snprintf(to, cap,
                 "continues another history of its predecessor %s than the one in the export, "
                 "after %" N " entries",
                 before, i->size);
        return;
    case OL_VIEW_SEEN_OTHER:
        snprintf(to, cap,
                 "entry %" N " has seen %" N " entries of %s, the export holds %" N
                 " of another history",
                 i->index, i->size, other, i->held);
        return;
    default:
        return;
    }
}

/* What its author's times contradict. */
static void say_times(const ol_view_issue *i, const char *author, const char *other, char *to,
                      size_t cap) {
    if (i->rule == OL_VIEW_SEEN_BELOW)
        snprintf(to, cap,
                 "entry %" N " has seen %" N " entries of %s, of which %s had receipted %" N
                 " before",
                 i->index, i->size, other, author, i->held);
    else if (i->rule == OL_VIEW_WALL_FALLS && other[0] == 0)
        snprintf(to, cap, "entry %" N " is dated before entry %" N, i->index, i->number);
    else if (i->rule == OL_VIEW_WALL_FALLS)
        snprintf(to, cap, "entry %" N " is dated before entry %" N " of %s, which its author held",
                 i->index, i->number, other);
}

/* What is amiss with what people say. */
static void say_words(const ol_view_issue *i, const char *author, char *to, size_t cap) {
    switch (i->rule) {
    case OL_VIEW_SIGN_FALSE:
        snprintf(to, cap, "entry %" N " is signed as officer %" N " of %s, %s", i->index, i->number,
                 author, i->why);
        return;
    case OL_VIEW_RELEASE_FEW:
        snprintf(to, cap,
                 "entry %" N " was to be released by two officers of %s who may, and was by %" N,
                 i->index, author, i->number);
        return;
    case OL_VIEW_VOUCHER_FALSE:
        snprintf(to, cap, "entry %" N ": the voucher for officer %" N " of %s does not verify",
                 i->index, i->number, author);
        return;
    case OL_VIEW_ROSTER_BARRED:
        snprintf(to, cap,
                 "entry %" N " says of officer %" N " of %s, who is vouched for, what nobody "
                 "vouches for: it has no effect",
                 i->index, i->number, author);
        return;
    case OL_VIEW_ROSTER_OUTDATED:
        snprintf(to, cap,
                 "entry %" N " about officer %" N " of %s has no higher serial than one before: "
                 "it has no effect",
                 i->index, i->number, author);
        return;
    default:
        return;
    }
}

/* What one log says about another. */
static void say_between(const ol_view_issue *i, const char *author, const char *other, char *to,
                        size_t cap) {
    const char *before = strrchr(other, '/') == NULL ? other : strrchr(other, '/') + 1;
    switch (i->rule) {
    case OL_VIEW_OPENING_BEFORE:
        snprintf(to, cap, "names its predecessor %s, which the export does not hold", before);
        return;
    case OL_VIEW_OPENING_SELF:
        snprintf(to, cap, "names itself as its predecessor");
        return;
    case OL_VIEW_OPENING_SIZE:
        snprintf(to, cap, "names size %" N " of its predecessor %s, the export holds %" N, i->size,
                 before, i->held);
        return;
    case OL_VIEW_OPENING_RECOVERED:
        snprintf(to, cap,
                 "was opened when %s knew %" N " entries of %s; of the %" N
                 " in the export the others were recovered later",
                 author, i->size, other, i->held);
        return;
    case OL_VIEW_SEEN_FALLS:
        snprintf(to, cap, "entry %" N ": the size seen of %s goes from %" N " to %" N, i->index,
                 other, i->held, i->size);
        return;
    case OL_VIEW_SEEN_MISSING:
        snprintf(to, cap, "entry %" N " has seen %s, which the export does not hold", i->index,
                 other);
        return;
    case OL_VIEW_SEEN_BEYOND:
        snprintf(to, cap, "entry %" N " has seen %" N " entries of %s, the export holds %" N,
                 i->index, i->size, other, i->held);
        return;
    case OL_VIEW_ITEM_TWICE:
        snprintf(to, cap,
                 "entry %" N " repeats the item of %s, entry %" N ", which its author held",
                 i->index, other, i->number);
        return;
    case OL_VIEW_ITEM_AGAIN:
        snprintf(to, cap, "entry %" N " has the item id of %s, entry %" N ", %s", i->index, other,
                 i->number,
                 i->log.party == i->other.party ? "which its author did not hold"
                                                : "another party's");
        return;
    case OL_VIEW_ORDER_FORCED:
        snprintf(to, cap,
                 "entry %" N " has seen what had itself seen this entry; the joint order "
                 "goes on with it all the same",
                 i->index);
        return;
    default:
        return;
    }
}

/* What it refers to, and what it says of a call. */
static void say_reference(const ol_view_issue *i, const char *const *party, const char *other,
                          char *to, size_t cap) {
    switch (i->rule) {
    case OL_VIEW_REF_MISSING:
        snprintf(to, cap, "entry %" N " refers to %s, entry %" N ", which its author had not seen",
                 i->index, other, i->number);
        return;
    case OL_VIEW_REF_AMBIGUOUS:
        snprintf(to, cap,
                 "entry %" N " refers to entry %" N " of one of %" N
                 " logs, and does not say which",
                 i->index, i->number, i->held);
        return;
    case OL_VIEW_REF_STATUS:
        snprintf(to, cap,
                 "entry %" N " is %s and refers to %s, entry %" N ", which is %s: it has no effect",
                 i->index, ol_status_name((unsigned)i->size), other, i->number,
                 ol_status_name((unsigned)i->held));
        return;
    case OL_VIEW_CALL_NONE:
        snprintf(to, cap, "entry %" N " speaks of %s, entry %" N ", which is no call", i->index,
                 other, i->number);
        return;
    case OL_VIEW_CALL_STRANGER:
        snprintf(to, cap,
                 "entry %" N " speaks of the call %s, entry %" N ", which does not call %s",
                 i->index, other, i->number, party[i->log.party]);
        return;
    case OL_VIEW_CLOSE_AGAIN:
        snprintf(to, cap, "entry %" N " closes a call that %s, entry %" N ", closes", i->index,
                 other, i->number);
        return;
    case OL_VIEW_CLOSE_RECEIPT:
        snprintf(to, cap,
                 "entry %" N " carries a receipt of %s over %" N
                 " entries of %s that does not verify",
                 i->index, party[i->number], i->size, other);
        return;
    default:
        return;
    }
}

void ol_view_sentence(const ol_view_issue *issue, const char *const *party,
                      char ret[OL_VIEW_SENTENCE_MAX]) {
    char other[OL_VIEW_ID_MAX + 1] = "";
    if (issue->other_inc_len > 0)
        ol_view_log_name(&issue->other, 2u * issue->other_inc_len, party, other);
    say_own(issue, other, ret, OL_VIEW_SENTENCE_MAX);
    if (ret[0] == 0)
        say_opened(issue, other, ret, OL_VIEW_SENTENCE_MAX);
    if (ret[0] == 0)
        say_other(issue, other, ret, OL_VIEW_SENTENCE_MAX);
    if (ret[0] == 0)
        say_times(issue, party[issue->log.party], other, ret, OL_VIEW_SENTENCE_MAX);
    if (ret[0] == 0)
        say_words(issue, party[issue->log.party], ret, OL_VIEW_SENTENCE_MAX);
    if (ret[0] == 0)
        say_between(issue, party[issue->log.party], other, ret, OL_VIEW_SENTENCE_MAX);
    if (ret[0] == 0)
        say_reference(issue, party, other, ret, OL_VIEW_SENTENCE_MAX);
}
