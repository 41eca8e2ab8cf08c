/* openline officer add, list, remove; openline handover — the roster and the watch. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cli/people.h"
#include "cli/roster.h"
#include "cli/show.h"
#include "crypto/word.h"
#include "station/file.h"
#include "wire/entry.h"
#include "wire/officer.h"

static ol_people s_people;
static ol_talk s_talk;

typedef struct {
    ol_cli *c;
    ol_people *p;
    ol_officer o;
    json_t *roster; /* strings of o may be borrowed from it */
} enrolling;

static const char *own_name(const ol_people *p) {
    return p->charter.party[p->self].name;
}

static int number_of(ol_cli *c, const char *text, uint16_t *ret) {
    uint64_t n = 0;
    if (ol_u64_get(text, strlen(text), 1, OL_OFFICER_NUMBER_MAX, &n) != OL_OK)
        return ol_cli_usage(c, "\"%s\" is no number of an officer: 1 to 65535", text);
    return *ret = (uint16_t)n, -1;
}

/* ── what is said about the officer ── */

/* "en=Ann Smith" */
static int take_said(ol_cli *c, const char *option, const char *text, ol_said *said, uint8_t *n) {
    size_t at = strcspn(text, "=");
    ol_str lang = { text, at };
    if (text[at] == '\0' || at == 0 || !ol_message_lang_is_valid(lang) || text[at + 1] == '\0')
        return ol_cli_usage(c, "--%s is a language and a text, such as en=\"Ann Smith\"", option);
    if (*n == OL_OFFICER_NAMES_MAX)
        return ol_cli_usage(c, "--%s stands more than %d times", option, OL_OFFICER_NAMES_MAX);
    said[(*n)++] = (ol_said){ lang, { text + at + 1, strlen(text + at + 1) } };
    return -1;
}

static int take_languages(ol_cli *c, ol_officer *o) {
    const char *list = ol_cli_value(c, "lang");
    while (list != NULL && *list != '\0') {
        size_t len = strcspn(list, " ,");
        if (o->languages == OL_OFFICER_NAMES_MAX)
            return ol_cli_usage(c, "--lang names more than %d", OL_OFFICER_NAMES_MAX);
        o->language[o->languages++] = (ol_str){ list, len };
        list += len + strspn(list + len, " ,");
    }
    return -1;
}

static int take_public(ol_cli *c, ol_officer *o) {
    const char *pub = ol_cli_value(c, "public");
    size_t len = 0;
    if (pub == NULL)
        return -1;
    if (ol_b64_get(pub, strlen(pub), o->key, sizeof o->key, &len) != OL_OK ||
        len != sizeof o->key || !ol_sign_pub_is_valid(o->key))
        return ol_cli_usage(c, "--public is not a key as openline officer key prints it");
    o->has_key = true;
    return -1;
}

static int take_options(enrolling *e) {
    ol_cli *c = e->c;
    ol_officer *o = &e->o;
    int code = -1;
    for (size_t i = 0; i < c->lists && code < 0; i++)
        code = strcmp(c->list_of[i], "name") == 0
                   ? take_said(c, "name", c->list[i], o->name, &o->names)
                   : take_said(c, "title", c->list[i], o->title, &o->titles);
    if (code < 0 && o->names == 0)
        code = ol_cli_usage(c, "--name is missing, such as --name en=\"Ann Smith\"");
    if (code < 0)
        code = take_languages(c, o);
    if (code < 0)
        code = take_public(c, o);
    const char *hours = ol_cli_value(c, "hours");
    if (hours != NULL)
        o->hours = (ol_str){ hours, strlen(hours) };
    if (ol_cli_has(c, "may-vouch"))
        o->powers |= OL_OFFICER_MAY_VOUCH;
    if (ol_cli_has(c, "may-release"))
        o->powers |= OL_OFFICER_MAY_RELEASE;
    return code;
}

/* ── the voucher ── */

static int voucher_key(enrolling *e, ol_sign_key **ret) {
    ol_cli *c = e->c;
    const ol_home *h = &e->p->talk->home;
    const char *by = ol_cli_value(c, "vouched-by"), *file = ol_cli_value(c, "key-of");
    if ((by == NULL) != (file == NULL))
        return ol_cli_usage(c, "--vouched-by and --key-of go together: who vouches, and the key");
    if (by != NULL) {
        int code = number_of(c, by, &e->o.by);
        return code < 0 ? ol_signer_key(c, file, own_name(e->p), ret, NULL) : code;
    }
    e->o.by = 0;
    return ol_file_exists(h->dir, OL_HOME_IDENTITY) ? ol_cli_identity(c, h, ret) : -1;
}

static int vouch(enrolling *e) {
    uint8_t fields[OL_ENTRY_MAX], hash[OL_HASH_LEN], bytes[OL_VOUCHER_LEN];
    ol_sign_key *key = NULL;
    ol_wr w = ol_wr_of(fields, sizeof fields);
    int code = voucher_key(e, &key);
    if (code >= 0 || key == NULL)
        return code;
    ol_officer_encode_fields(&e->o, &w);
    if (w.err == OL_OK) {
        ol_word_fields_hash(fields, w.len, hash);
        ol_word_voucher_bytes(e->p->charter.id, (uint8_t)e->p->self, hash, bytes);
        ol_sign_make(key, bytes, sizeof bytes, e->o.sig);
        e->o.has_voucher = true;
    }
    sodium_free(key);
    return -1;
}

static int enrol(enrolling *e, const char *what) {
    uint8_t body[OL_ENTRY_MAX];
    json_t *reply = NULL;
    int code = vouch(e);
    if (code >= 0)
        return code;
    ol_wr w = ol_wr_of(body, sizeof body);
    ol_officer_encode(&e->o, &w);
    if (w.err != OL_OK)
        return ol_cli_fail(e->c, OL_ELIMIT, "say less in names and titles",
                           "the entry would be longer than one can be");
    code = ol_people_submit(e->p, OL_KIND_OFFICER, body, w.len, NULL, &reply);
    if (code >= 0)
        return code;
    if (e->c->is_json) {
        json_t *o = ol_cli_ok();
        (void)json_object_set_new(o, "line", json_string(e->p->line));
        (void)json_object_set_new(o, "number", json_integer(e->o.number));
        (void)json_object_set_new(o, "serial", json_integer((json_int_t)e->o.serial));
        (void)json_object_set_new(o, "vouched", json_boolean(e->o.has_voucher));
        (void)json_object_update(o, reply);
        ol_cli_json(o);
    } else {
        ol_cli_print("%s officer %u %s, %s\n", json_string_value(json_object_get(reply, "entry")),
                     e->o.number, what,
                     e->o.has_voucher ? "vouched for" : "by the station's claim");
    }
    json_decref(reply);
    if (!e->o.has_voucher)
        ol_cli_hint(e->c,
                    "Nobody vouches for this entry: the others see it as the station's claim. "
                    "identity.key in the home, or --vouched-by N --key-of FILE, would.");
    return ol_cli_end(e->c);
}

static int opened(ol_cli *c, enrolling *e) {
    *e = (enrolling){ .c = c, .p = &s_people };
    int code = number_of(c, c->arg[1], &e->o.number);
    s_people = (ol_people){ .talk = NULL };
    if (code < 0)
        code = ol_people_open(c, c->arg[0], &s_people);
    if (code < 0)
        code = ol_roster_of_line(c, s_people.talk, c->arg[0], &e->roster);
    if (code >= 0)
        return code;
    const json_t *before = ol_roster_officer(e->roster, own_name(e->p), e->o.number);
    e->o.serial = (uint64_t)json_integer_value(json_object_get(before, "serial")) + 1;
    return -1;
}

static void closed(enrolling *e) {
    json_decref(e->roster);
    if (e->p != NULL && e->p->talk != NULL)
        ol_people_close(e->p);
}

static int add_run(ol_cli *c) {
    static enrolling e;
    const char *rung = ol_cli_value(c, "rung");
    int code = opened(c, &e);
    if (code < 0)
        code = take_options(&e);
    int n = code < 0 && rung != NULL ? ol_charter_rung(&e.p->charter, rung, strlen(rung)) : -1;
    if (n >= 0)
        e.o.rung = (uint64_t)n + 1;
    else if (code < 0 && rung != NULL) /* tells which there are */
        code = strcmp(rung, "watch") == 0 ? -1 : ol_people_rung(e.p, rung, &e.o.rung);
    if (code < 0)
        code = enrol(&e, "serves");
    closed(&e);
    return code;
}

static void said_again(const json_t *pairs, ol_said *said, uint8_t *n) {
    size_t i;
    json_t *pair;
    json_array_foreach(pairs, i, pair) {
        if (*n == OL_OFFICER_NAMES_MAX)
            return;
        const char *lang = json_string_value(json_array_get(pair, 0));
        const char *text = json_string_value(json_array_get(pair, 1));
        said[(*n)++] = (ol_said){ { lang, strlen(lang) }, { text, strlen(text) } };
    }
}

static int remove_run(ol_cli *c) {
    static enrolling e;
    int code = opened(c, &e);
    const json_t *before = code < 0 ? ol_roster_officer(e.roster, own_name(e.p), e.o.number) : NULL;
    if (code < 0 && before == NULL)
        code = ol_cli_fail(c, OL_ENOENT, "openline officer list shows the roster",
                           "there is no officer %u", e.o.number);
    if (code < 0) {
        said_again(json_object_get(before, "names"), e.o.name, &e.o.names);
        said_again(json_object_get(before, "titles"), e.o.title, &e.o.titles);
        e.o.has_left = true;
        code = enrol(&e, "has left");
    }
    closed(&e);
    return code;
}

/* ── the list ── */

static void print_officer(const char *party, const json_t *o) {
    char who[OL_SHOW_WHO_LEN];
    json_t *as = json_object();
    const json_t *name = json_array_get(json_array_get(json_object_get(o, "names"), 0), 1);
    const json_t *title = json_array_get(json_array_get(json_object_get(o, "titles"), 0), 1);
    const char *rung = json_string_value(json_object_get(o, "rung"));
    const char *hours = json_string_value(json_object_get(o, "hours"));
    (void)json_object_set(as, "officer", json_object_get(o, "number"));
    (void)json_object_set(as, "name", (json_t *)(uintptr_t)name);
    if (title != NULL)
        (void)json_object_set(as, "title", (json_t *)(uintptr_t)title);
    (void)json_object_set(as, "vouched", json_object_get(o, "vouched"));
    ol_cli_print("  %-8s %s%s%s%s%s%s%s%s%s\n", party, ol_show_who(as, who),
                 rung != NULL ? ", " : "", rung != NULL ? rung : "",
                 hours != NULL && hours[0] != '\0' ? ", " : "", hours != NULL ? hours : "",
                 json_is_true(json_object_get(o, "may_vouch")) ? ", may vouch" : "",
                 json_is_true(json_object_get(o, "may_release")) ? ", may release" : "",
                 json_is_null(json_object_get(o, "key")) ? ", no key" : "",
                 json_is_true(json_object_get(o, "left")) ? ", HAS LEFT" : "");
    json_decref(as);
}

static void print_watch(const char *party, const json_t *w) {
    char dtg[OL_CLI_DTG_LEN + 1];
    json_int_t officer = json_integer_value(json_object_get(w, "officer"));
    ol_cli_dtg((uint64_t)json_integer_value(json_object_get(w, "since")), dtg);
    if (officer == 0)
        ol_cli_print("  %-8s nobody has the watch since %s\n", party, dtg);
    else
        ol_cli_print("  %-8s officer %lld has the watch since %s%s\n", party, (long long)officer,
                     dtg,
                     json_is_true(json_object_get(w, "taken")) ? "" : ", by the station's claim");
}

static int list_run(ol_cli *c) {
    json_t *roster = NULL, *all, *o;
    const char *party, *number;
    s_talk.fd = -1;
    int code = ol_talk_open(c, true, &s_talk);
    if (code < 0)
        code = ol_roster_of_line(c, &s_talk, c->arg[0], &roster);
    if (code < 0 && c->is_json) {
        json_t *ok = ol_cli_ok();
        (void)json_object_set_new(ok, "line", json_string(c->arg[0]));
        (void)json_object_update(ok, roster);
        ol_cli_json(ok);
    } else if (code < 0) {
        json_object_foreach(json_object_get(roster, "officers"), party, all) {
            json_object_foreach(all, number, o) {
                print_officer(party, o);
            }
        }
        json_object_foreach(json_object_get(roster, "watch"), party, o) {
            print_watch(party, o);
        }
    }
    json_decref(roster);
    ol_talk_close(&s_talk);
    return code < 0 ? ol_cli_end(c) : code;
}

/* ── the watch ── */

static int hand_over(ol_cli *c, ol_people *p, const ol_watch *w) {
    uint8_t body[OL_OFFICER_TEXT_MAX + 64];
    json_t *reply = NULL;
    ol_wr out = ol_wr_of(body, sizeof body);
    ol_watch_encode(w, &out);
    if (out.err != OL_OK)
        return ol_cli_fail(c, OL_ELIMIT, "say less", "the remark has more than 200 bytes");
    int code = ol_people_submit(p, OL_KIND_WATCH, body, out.len, NULL, &reply);
    if (code >= 0)
        return code;
    bool is_taken = w->officer != 0 && p->signer.officer == w->officer;
    if (c->is_json) {
        json_t *o = json_pack("{s:b, s:s, s:i, s:i, s:b}", "ok", 1, "line", p->line, "to",
                              (int)w->officer, "from", (int)w->from, "taken", is_taken);
        (void)json_object_update(o, reply);
        ol_cli_json(o);
    } else {
        ol_cli_print("%s ", json_string_value(json_object_get(reply, "entry")));
        if (w->officer == 0)
            ol_cli_print("nobody has the watch\n");
        else
            ol_cli_print("officer %u has the watch%s\n", w->officer,
                         is_taken ? "" : ", by the station's claim");
    }
    json_decref(reply);
    return ol_cli_end(c);
}

static int handover_run(ol_cli *c) {
    ol_watch w = { 0 };
    json_t *roster = NULL;
    uint64_t to = 0, from = 0;
    const char *text = ol_cli_value(c, "text");
    s_people = (ol_people){ .talk = NULL };
    int code = ol_cli_has(c, "to") == ol_cli_has(c, "nobody")
                   ? ol_cli_usage(c, "--to N names who takes the watch, or --nobody")
                   : ol_cli_u64(c, "to", 1, OL_OFFICER_NUMBER_MAX, 0, &to);
    if (code < 0)
        code = ol_cli_u64(c, "from", 1, OL_OFFICER_NUMBER_MAX, 0, &from);
    if (code < 0)
        code = ol_people_open(c, c->arg[0], &s_people);
    if (code < 0)
        code = ol_roster_of_line(c, s_people.talk, c->arg[0], &roster);
    if (code < 0 && to > 0) {
        const json_t *o = ol_roster_officer(roster, own_name(&s_people), to);
        if (o == NULL || json_is_true(json_object_get(o, "left")))
            code = ol_cli_fail(c, OL_ENOENT, "openline officer list shows the roster",
                               "there is no officer %u who serves", (unsigned)to);
    }
    if (code < 0) {
        const json_t *held = json_object_get(json_object_get(roster, "watch"), own_name(&s_people));
        w.officer = (uint16_t)to;
        w.from = from > 0 ? (uint16_t)from
                          : (uint16_t)json_integer_value(json_object_get(held, "officer"));
        if (text != NULL)
            w.text = (ol_str){ text, strlen(text) };
        code = hand_over(c, &s_people, &w);
    }
    json_decref(roster);
    if (s_people.talk != NULL)
        ol_people_close(&s_people);
    return code;
}

#define VOUCHER_OPTIONS                                                                            \
    { "vouched-by", "N", "the officer who vouches, if it is not identity.key", false },            \
        { "key-of", "FILE", "that officer's key", false }, {                                       \
        "passphrase-fd", "N", "read the voucher's passphrase from descriptor N", false             \
    }

static const ol_cli_opt add_options[] = {
    { "name", "LANG=TEXT", "the officer's name in a language, the own one first", true },
    { "title", "LANG=TEXT", "title or form of address", true },
    { "lang", "\"LANG …\"", "languages the officer works in", false },
    { "rung", "RUNG", "where the officer stands", false },
    { "hours", "TEXT", "when, at most 100 bytes", false },
    { "public", "KEY", "what openline officer key printed", false },
    { "may-vouch", NULL, "for other officers", false },
    { "may-release", NULL, "what two must release", false },
    VOUCHER_OPTIONS,
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_officer_add = {
    .name = "officer add",
    .args = "<line> <number>",
    .summary = "Puts an officer of this party on the line's roster, or says it anew",
    .help =
        "It is vouched for by identity.key, if that is in the home, or by --vouched-by; else the "
        "others see\nit as the station's claim.\n",
    .opt = add_options,
    .args_min = 2,
    .args_max = 2,
    .run = add_run,
};

static const ol_cli_opt remove_options[] = { VOUCHER_OPTIONS, { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_officer_remove = {
    .name = "officer remove",
    .args = "<line> <number>",
    .summary = "Says that an officer has left",
    .help = "It counts whether or not somebody vouches for it; signs after it do not verify.\n",
    .opt = remove_options,
    .args_min = 2,
    .args_max = 2,
    .run = remove_run,
};

static const ol_cli_opt list_options[] = { { NULL, NULL, NULL, false } };

const ol_cli_command ol_cli_officer_list = {
    .name = "officer list",
    .args = "<line>",
    .summary = "Shows the officers of all parties, and who has the watch",
    .help = "",
    .opt = list_options,
    .args_min = 1,
    .args_max = 1,
    .run = list_run,
};

static const ol_cli_opt handover_options[] = {
    { "to", "N", "the officer who takes the watch", false },
    { "nobody", NULL, "nobody has it from now on", false },
    { "from", "N", "who hands it over (who has it now)", false },
    { "text", "TEXT", "a remark, at most 200 bytes", false },
    OL_SIGNER_OPTIONS,
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_handover = {
    .name = "handover",
    .args = "<line>",
    .summary = "Hands over the watch of this party",
    .help =
        "Whoever takes it signs: --to 3 --as 3 --key FILE. Without that sign it is the station's "
        "claim.\n",
    .opt = handover_options,
    .args_min = 1,
    .args_max = 1,
    .run = handover_run,
};
