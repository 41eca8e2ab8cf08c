#include <stdio.h>
#include <string.h>

#include "base/titled.h"
#include "cli/signer.h"
#include "station/file.h"

static const char title[] = "openline officer";
enum { TEXT_MAX = (OL_SIGNER_FILE_MAX + 64) * OL_SIGNER_OFFICERS };
_Static_assert((int)TEXT_MAX <= (int)OL_INI_TEXT_MAX, "it can be read again");
_Static_assert(2 * (int)OL_SIGNER_OFFICERS + 2 <= (int)OL_INI_KEYS_MAX, "all its keys too");

const ol_signer_officer *ol_signer_known_find(const ol_signer_known *k, uint64_t number) {
    for (size_t i = 0; i < k->officers; i++)
        if (k->officer[i].number == number)
            return &k->officer[i];
    return NULL;
}

const ol_signer_officer *ol_signer_known_default(const ol_signer_known *k) {
    return k->has_default ? &k->officer[k->officers - 1] : NULL;
}

bool ol_signer_known_forget(ol_signer_known *k, uint64_t number) {
    const ol_signer_officer *o = ol_signer_known_find(k, number);
    if (o == NULL)
        return false;
    size_t at = (size_t)(o - k->officer);
    memmove(&k->officer[at], &k->officer[at + 1], (k->officers - at - 1) * sizeof *k->officer);
    k->officers--;
    k->has_default = k->has_default && k->officers > 0;
    return true;
}

bool ol_signer_known_add(ol_signer_known *k, const ol_signer_officer *o) {
    ol_signer_officer copy = *o; /* it may be one of them */
    (void)ol_signer_known_forget(k, copy.number);
    if (k->officers == OL_SIGNER_OFFICERS)
        return false;
    k->officer[k->officers++] = copy;
    k->has_default = true;
    return true;
}

/* ── the file ── */

typedef struct {
    ol_signer_known *known;
    ol_signer_officer first;       /* the default, which stands first */
    bool has_as, has_key, is_open; /* is_open: the last one's key is awaited */
} reading;

static ol_err take_file(ol_signer_officer *o, ol_str value, const char **why) {
    *why = "value is longer than the name of a file can be";
    if (value.len >= sizeof o->file)
        return OL_ELIMIT;
    memcpy(o->file, value.p, value.len);
    o->file[value.len] = '\0';
    return OL_OK;
}

static ol_err begin_officer(reading *r, ol_str section, const char **why) {
    ol_signer_known *k = r->known;
    *why = r->is_open ? "the section before has no `key`" : "there are more officers than 32";
    if (r->is_open || k->officers == OL_SIGNER_OFFICERS)
        return OL_EFORM;
    *why = "a section is named by the number of an officer";
    k->officer[k->officers] = (ol_signer_officer){ 0 };
    r->is_open = true;
    return ol_u64_get(section.p, section.len, 1, OL_SIGNER_NUMBER_MAX,
                      &k->officer[k->officers++].number);
}

static ol_err on_key(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    reading *r = ctx;
    if (key.len == 0)
        return begin_officer(r, section, why);
    if (section.len == 0 && ol_titled_is(key, "as")) {
        *why = "value is not the number of an officer";
        r->has_as = true;
        return ol_u64_get(value.p, value.len, 1, OL_SIGNER_NUMBER_MAX, &r->first.number);
    }
    if (section.len == 0 && ol_titled_is(key, "key")) {
        r->has_key = true;
        return take_file(&r->first, value, why);
    }
    if (section.len > 0 && ol_titled_is(key, "key")) {
        r->is_open = false;
        return take_file(&r->known->officer[r->known->officers - 1], value, why);
    }
    *why = "unknown key: there are `as` and `key`, and in sections `key`";
    return OL_EFORM;
}

int ol_signer_known_get(ol_cli *c, const ol_home *h, const char *line, ol_signer_known *ret) {
    static char text[TEXT_MAX];
    char name[OL_HOME_NAME_MAX];
    size_t len = 0;
    ol_why why = { "" };
    ol_ini_at at = { 0 };
    reading r = { .known = ret };
    *ret = (ol_signer_known){ 0 };
    ol_err err = ol_file_read(h->dir, ol_home_line_name(line, "officer", name), OL_FILE_PUBLIC,
                              text, sizeof text, &len, &why);
    if (err == OL_ENOENT)
        return -1;
    if (err != OL_OK)
        return ol_cli_fail_why(c, err, &why);
    err = ol_titled_read(title, "the first line is not `openline officer v1`",
                         (ol_str){ text, len }, on_key, &r, &at);
    if (err == OL_OK && (r.has_as != r.has_key || r.is_open))
        at.why = "`as` or `key` is missing", err = OL_EFORM;
    if (err != OL_OK)
        return ol_cli_fail_at(c, err, name, &at);
    if (r.has_as && !ol_signer_known_add(ret, &r.first))
        return ol_cli_fail(c, OL_ELIMIT, "take those out who do not sign here",
                           "%s: there are more officers than %d", name, OL_SIGNER_OFFICERS);
    return -1;
}

int ol_signer_known_put(ol_cli *c, const ol_home *h, const char *line, const ol_signer_known *k) {
    static uint8_t text[TEXT_MAX];
    char name[OL_HOME_NAME_MAX], section[24];
    ol_why why = { "" };
    const ol_signer_officer *dflt = ol_signer_known_default(k);
    ol_home_line_name(line, "officer", name);
    if (k->officers == 0) {
        ol_err err = ol_file_remove(h->dir, name, &why);
        return err == OL_OK || err == OL_ENOENT ? -1 : ol_cli_fail_why(c, err, &why);
    }
    ol_wr w = ol_wr_of(text, sizeof text);
    ol_titled_put_line(&w, "openline officer v1");
    if (dflt != NULL) {
        ol_titled_put_number(&w, "as", dflt->number);
        ol_titled_put(&w, "key", dflt->file);
    }
    for (size_t i = 0; i < k->officers - (dflt != NULL); i++) {
        (void)snprintf(section, sizeof section, "[%u]", (unsigned)k->officer[i].number);
        ol_titled_put_line(&w, section);
        ol_titled_put(&w, "key", k->officer[i].file);
    }
    OL_ASSERT(w.err == OL_OK);
    ol_err err = ol_file_write(h->dir, name, OL_FILE_PUBLIC, text, w.len, &why);
    return err == OL_OK ? -1 : ol_cli_fail_why(c, err, &why);
}
