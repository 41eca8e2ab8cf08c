#include "record/party.h"

#include <string.h>

#include "base/titled.h"

bool ol_party_name_is_valid(const char *s, size_t len) {
    static const char *const taken[] = { "cards", "charter", "none", "others" };
    for (size_t i = 0; i < OL_LEN(taken); i++)
        if (strlen(taken[i]) == len && memcmp(s, taken[i], len) == 0)
            return false;
    return ol_name_is_valid(s, len);
}

bool ol_party_lang_is_valid(const char *s, size_t len) {
    size_t word = 0; /* length of the word so far */
    bool is_first = true;
    if (len > OL_LANG_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        bool is_letter = s[i] >= 'a' && s[i] <= 'z', is_digit = s[i] >= '0' && s[i] <= '9';
        if (s[i] == '-') {
            if (word < (is_first ? 2 : 1))
                return false;
            is_first = false, word = 0;
        } else if (!is_letter && (is_first || !is_digit)) {
            return false;
        } else if (++word > (is_first ? 3 : 8)) {
            return false;
        }
    }
    return word >= (is_first ? 2 : 1);
}

const char *ol_party_title(const ol_party *p, const char *lang) {
    for (size_t i = 0; i < p->titles; i++)
        if (strcmp(p->title[i].lang, lang) == 0)
            return p->title[i].text;
    return p->titles > 0 ? p->title[0].text : p->name;
}

ol_err ol_party_key_get(ol_str value, uint8_t ret[32], const char **why) {
    uint8_t key[32];
    size_t n = 0;
    if (ol_b64_get(value.p, value.len, key, sizeof key, &n) != OL_OK || n != sizeof key) {
        *why = "value is not a public key: 44 characters of base64 that hold 32 bytes";
        return OL_EFORM;
    }
    memcpy(ret, key, sizeof key);
    return OL_OK;
}

void ol_party_key_put(const char *key, const uint8_t pub[32], ol_wr *out) {
    char text[OL_B64_LEN(32) + 1];
    ol_b64_put(pub, 32, text);
    ol_titled_put(out, key, text);
}

static ol_err refuse(const char **why, ol_err err, const char *text) {
    *why = text;
    return err;
}

static ol_err set_languages(ol_party *p, ol_str value, const char **why) {
    ol_str word;
    uint8_t n = 0;
    for (; ol_titled_word(&value, &word); n++) {
        if (n == OL_LANGS_MAX)
            return refuse(why, OL_ELIMIT, "value names more than 8 languages");
        if (!ol_party_lang_is_valid(word.p, word.len))
            return refuse(why, OL_EFORM,
                          "value is not a list of languages like: en zh-hans (lower case, one "
                          "space between)");
        memcpy(p->lang[n], word.p, word.len);
        p->lang[n][word.len] = '\0';
        for (uint8_t i = 0; i < n; i++)
            if (strcmp(p->lang[i], p->lang[n]) == 0)
                return refuse(why, OL_EFORM, "value names a language twice");
    }
    p->langs = n;
    return OL_OK;
}

static ol_err add_title(ol_party *p, ol_str lang, ol_str value, const char **why) {
    if (!ol_party_lang_is_valid(lang.p, lang.len))
        return refuse(why, OL_EFORM, "after `name.` stands a language in lower case, like name.en");
    if (value.len > OL_TITLE_MAX)
        return refuse(why, OL_ELIMIT, "value is a name of more than 200 bytes");
    if (p->titles == OL_LANGS_MAX)
        return refuse(why, OL_ELIMIT, "a party has at most 8 names");
    ol_title *t = &p->title[p->titles++]; /* the reader has seen to it that no key stands twice */
    memcpy(t->lang, lang.p, lang.len);
    memcpy(t->text, value.p, value.len);
    t->lang[lang.len] = '\0';
    t->text[value.len] = '\0';
    return OL_OK;
}

static ol_err set_identity(ol_party *p, ol_str value, const char **why) {
    ol_err err = ol_party_key_get(value, p->identity, why);
    if (err == OL_OK && !ol_sign_pub_is_valid(p->identity))
        err = refuse(why, OL_EFORM, "value is no Ed25519 key that anybody should trust");
    p->has_identity = err == OL_OK;
    return err;
}

ol_err ol_party_set(ol_party *p, ol_str key, ol_str value, bool *ret_taken, const char **why) {
    *ret_taken = true;
    if (ol_titled_is(key, "languages"))
        return set_languages(p, value, why);
    if (ol_titled_is(key, "identity"))
        return set_identity(p, value, why);
    if (key.len > 5 && memcmp(key.p, "name.", 5) == 0)
        return add_title(p, (ol_str){ key.p + 5, key.len - 5 }, value, why);
    *ret_taken = false;
    return OL_OK;
}

const char *ol_party_missing(const ol_party *p) {
    if (p->langs == 0)
        return "missing key: languages";
    if (p->titles == 0)
        return "missing key: name.<language>, like name.en";
    return p->has_identity ? NULL : "missing key: identity";
}

void ol_party_put(const ol_party *p, ol_wr *out) {
    OL_ASSERT(p->langs <= OL_LANGS_MAX && p->titles <= OL_LANGS_MAX);
    char langs[OL_LANGS_MAX * (OL_LANG_MAX + 1) + 1] = "";
    size_t n = 0;
    for (size_t i = 0; i < p->langs; i++) {
        size_t len = strlen(p->lang[i]);
        if (i > 0)
            langs[n++] = ' ';
        memcpy(langs + n, p->lang[i], len + 1);
        n += len;
    }
    ol_titled_put(out, "languages", langs);
    for (size_t i = 0; i < p->titles; i++) {
        char key[5 + OL_LANG_MAX + 1] = "name.";
        memcpy(key + 5, p->title[i].lang, strlen(p->title[i].lang) + 1);
        ol_titled_put(out, key, p->title[i].text);
    }
}

void ol_party_put_identity(const ol_party *p, ol_wr *out) {
    ol_party_key_put("identity", p->identity, out);
}
