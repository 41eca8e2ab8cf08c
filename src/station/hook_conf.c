#include "station/hook_conf.h"

#include <string.h>

#define OL_HOOK_WORD(name, word, rank) word,
static const char *const words[] = { OL_HOOK_EVENTS(OL_HOOK_WORD) "drill" };
#undef OL_HOOK_WORD
#define OL_HOOK_RANK(name, word, rank) rank,
static const uint8_t ranks[] = { OL_HOOK_EVENTS(OL_HOOK_RANK) };
#undef OL_HOOK_RANK
static const char *const keys[] = { OL_HOOK_KEYS };

static bool is(ol_str s, const char *word) {
    return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

const char *ol_hook_word(ol_hook_what what) {
    return words[what];
}

unsigned ol_hook_rank(ol_hook_what what) {
    return ranks[what];
}

int ol_hook_find(const char *word, size_t len) {
    for (size_t i = 0; i < OL_LEN(words); i++)
        if (is((ol_str){ word, len }, words[i]))
            return (int)i;
    return -1;
}

bool ol_hook_wants(const ol_hook_conf *h, ol_hook_what what, bool is_drill) {
    uint32_t events = h->on & ((1u << OL_HOOK_DRILL) - 1);
    bool has_word = (events >> what & 1) != 0;
    if (!is_drill)
        return has_word;
    return (h->on >> OL_HOOK_DRILL & 1) != 0 && (has_word || events == 0);
}

void ol_hook_conf_start(ol_hook_conf *h) {
    h->on = 0;
    h->limit_s = h->after_s = 30;
    h->words = 0;
    h->len = 0;
    h->argv[0] = '\0';
}

static ol_err take_on(ol_hook_conf *h, ol_str value, const char **why) {
    *why = "value is not a list of call, flash, unanswered, overdue, due, line-dead, check-missed, "
           "fork, copy, storage and drill, each once, with one space between";
    for (size_t at = 0; at <= value.len;) {
        size_t n = 0;
        while (at + n < value.len && value.p[at + n] != ' ')
            n++;
        int what = ol_hook_find(value.p + at, n);
        if (what < 0 || (h->on >> what & 1) != 0)
            return OL_EFORM;
        h->on |= 1u << what;
        at += n + 1;
    }
    return OL_OK;
}

/* Each { begins a {key} that there is. */
static bool has_keys(ol_str word) {
    for (size_t at = 0; at < word.len; at++) {
        if (word.p[at] == '}')
            return false;
        if (word.p[at] != '{')
            continue;
        const char *end = memchr(word.p + at, '}', word.len - at);
        size_t n = end == NULL ? 0 : (size_t)(end - word.p) - at - 1;
        bool is_known = false;
        for (size_t i = 0; i < OL_LEN(keys); i++)
            is_known = is_known || is((ol_str){ word.p + at + 1, n }, keys[i]);
        if (!is_known)
            return false;
        at += n + 1;
    }
    return true;
}

ol_err ol_hook_conf_add_word(ol_hook_conf *h, ol_str word, const char **why) {
    *why = "value is more than a hook may have: 16 words of 2048 bytes in all";
    if (h->words == OL_HOOK_WORDS_MAX || word.len >= (size_t)(OL_HOOK_ARGV_MAX - h->len))
        return OL_ELIMIT;
    *why = "value must be the path of a program that begins with /; nothing is looked for";
    if (h->words == 0 && (word.p[0] != '/' || memchr(word.p, '{', word.len) != NULL))
        return OL_EFORM;
    *why =
        "value has a { or } that is none of {event}, {hook}, {station}, {line}, {party}, {entry}, "
        "{status}, {precedence}, {rung}, {verdict} and {time}";
    if (!has_keys(word))
        return OL_EFORM;
    memcpy(h->argv + h->len, word.p, word.len);
    h->argv[h->len + word.len] = '\0';
    h->len = (uint16_t)(h->len + word.len + 1);
    h->words++;
    return OL_OK;
}

static ol_err take_arg(ol_hook_conf *h, ol_str number, ol_str value, const char **why) {
    uint64_t n = 0;
    *why = "a program's words stand in their order: run, arg.1, arg.2, …";
    if (h->words == 0 || ol_u64_get(number.p, number.len, 1, OL_HOOK_WORDS_MAX, &n) != OL_OK ||
        n != h->words)
        return OL_EFORM;
    return ol_hook_conf_add_word(h, value, why);
}

static ol_err take_seconds(ol_str value, uint64_t max, uint32_t *ret, const char **why) {
    uint64_t n = 0;
    *why = max == OL_HOOK_LIMIT_MAX ? "value must be seconds from 1 to 600"
                                    : "value must be seconds from 1 to 86400";
    if (ol_u64_get(value.p, value.len, 1, max, &n) != OL_OK)
        return OL_EFORM;
    *ret = (uint32_t)n;
    return OL_OK;
}

ol_err ol_hook_conf_take(ol_hook_conf *h, ol_str key, ol_str value, const char **why) {
    if (is(key, "on"))
        return take_on(h, value, why);
    if (is(key, "limit"))
        return take_seconds(value, OL_HOOK_LIMIT_MAX, &h->limit_s, why);
    if (is(key, "after"))
        return take_seconds(value, OL_HOOK_AFTER_MAX, &h->after_s, why);
    if (is(key, "run")) {
        *why = "a hook's run stands before its arguments";
        return h->words == 0 ? ol_hook_conf_add_word(h, value, why) : OL_EFORM;
    }
    if (key.len > 4 && memcmp(key.p, "arg.", 4) == 0)
        return take_arg(h, (ol_str){ key.p + 4, key.len - 4 }, value, why);
    *why = "unknown key: a hook has on, run, arg.1 to arg.15, limit and after";
    return OL_EFORM;
}

const char *ol_hook_conf_fault(const ol_hook_conf *h) {
    if (h->on == 0)
        return "no `on`; say what calls it, such as: on = call flash";
    if (h->words == 0)
        return "no `run`; say what it starts: run = /path/of/program";
    return NULL;
}

const char *ol_hook_conf_at(const ol_hook_conf *h, unsigned n) {
    const char *p = h->argv;
    for (; n > 0; n--)
        p += strlen(p) + 1;
    return p;
}

void ol_hook_expand(const char *word, const char *(*value)(void *ctx, const char *key, size_t len),
                    void *ctx, char to[OL_HOOK_EXPANDED_MAX]) {
    size_t len = 0;
    while (*word != '\0' && len + OL_HOOK_VALUE_MAX < OL_HOOK_EXPANDED_MAX) {
        if (*word != '{') {
            to[len++] = *word++;
            continue;
        }
        size_t n = strcspn(word, "}") - 1;
        const char *v = value(ctx, word + 1, n);
        size_t v_len = v == NULL ? 0 : strnlen(v, OL_HOOK_VALUE_MAX);
        if (v_len > 0)
            memcpy(to + len, v, v_len);
        len += v_len;
        word += n + 2;
    }
    to[len] = '\0';
}
