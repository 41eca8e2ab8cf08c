#include "station/config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ini.h"
#include "bearer/bearer.h"
#include "line/line.h"
#include "station/courier.h"

typedef struct {
    ol_config *c;
    char port[OL_BEARERS_MAX][OL_NAME_MAX + 1]; /* as stated; ports may stand below; "" none */
} reader;

static bool is(ol_str s, const char *word) {
    return s.len == strlen(word) && memcmp(s.p, word, s.len) == 0;
}

static void copy(ol_str s, char *to) {
    memcpy(to, s.p, s.len);
    to[s.len] = '\0';
}

/* Takes the next word off a section's name. */
static ol_str word(ol_str *rest) {
    const char *space = memchr(rest->p, ' ', rest->len);
    size_t n = space == NULL ? rest->len : (size_t)(space - rest->p);
    ol_str w = { rest->p, n };
    *rest = (ol_str){ rest->p + n + (space != NULL), rest->len - n - (space != NULL) };
    return w;
}

static ol_err name_of(ol_str s, char to[OL_NAME_MAX + 1]) {
    if (!ol_name_is_valid(s.p, s.len))
        return OL_EFORM;
    copy(s, to);
    return OL_OK;
}

static ol_err new_port(reader *r, ol_str rest, const char **why) {
    ol_config *c = r->c;
    *why = "too many ports: there may be 8";
    if (c->ports == OL_PORTS_MAX)
        return OL_ELIMIT;
    *why = "a port's section is [port <name>], the name of a-z 0-9 -";
    ol_err err = name_of(rest, c->port[c->ports].name);
    if (err == OL_OK)
        c->ports++;
    return err;
}

static ol_err new_bearer(reader *r, ol_str rest, const char **why) {
    ol_config *c = r->c;
    *why = "too many bearers: there may be 250";
    if (c->bearers == OL_BEARERS_MAX)
        return OL_ELIMIT;
    ol_config_bearer *b = &c->bearer[c->bearers];
    ol_str line = word(&rest), party = word(&rest);
    uint64_t number = 1;
    *why =
        "a bearer's section is [bearer <line> <party>], a further one's [bearer <line> <party> 2] "
        "up to 4";
    if (name_of(line, b->line) != OL_OK || name_of(party, b->party) != OL_OK ||
        (rest.len > 0 && ol_u64_get(rest.p, rest.len, 2, OL_PATHS_PER_PEER, &number) != OL_OK))
        return OL_EFORM;
    b->slot = (uint8_t)(number - 1);
    c->bearers++;
    return OL_OK;
}

static ol_err new_hook(reader *r, ol_str rest, const char **why) {
    ol_config *c = r->c;
    *why = "too many hooks: there may be 16";
    if (c->hooks == OL_HOOKS_MAX)
        return OL_ELIMIT;
    *why = "a hook's section is [hook <name>], the name of a-z 0-9 -";
    ol_hook_conf_start(&c->hook[c->hooks]);
    ol_err err = name_of(rest, c->hook[c->hooks].name);
    if (err == OL_OK)
        c->hooks++;
    return err;
}

static ol_err take_url(ol_str value, bool is_local, char *to, const char **why) {
    *why = "value is longer than the 300 bytes that a url may have";
    if (value.len > OL_URL_MAX)
        return OL_ELIMIT;
    copy(value, to);
    const ol_bearer *bearer = ol_bearer_find(to);
    const char *fault = "value is no url of this version, which has udp://<host>:<port>, "
                        "tcp://<host>:<port>, serial:<device>, exec:<program> and, for "
                        "a bearer, dir:<directory>";
    if (bearer != NULL)
        fault = bearer->check(to, is_local);
    else if (!is_local && ol_courier_is(to))
        fault = ol_courier_check(to);
    *why = fault;
    return fault == NULL ? OL_OK : OL_EFORM;
}

static ol_err take(void *ctx, ol_str section, ol_str key, ol_str value, const char **why) {
    reader *r = ctx;
    ol_config *c = r->c;
    ol_str rest = section, kind = word(&rest);
    bool is_port = is(kind, "port"), is_bearer = is(kind, "bearer");
    if (is(kind, "hook"))
        return key.len == 0 ? new_hook(r, rest, why)
                            : ol_hook_conf_take(&c->hook[c->hooks - 1], key, value, why);
    *why = "unknown section: there are [port <name>], [bearer <line> <party>] and [hook <name>]";
    if (!is_port && !is_bearer)
        return OL_EFORM;
    if (key.len == 0)
        return is_port ? new_port(r, rest, why) : new_bearer(r, rest, why);
    if (is(key, "url"))
        return take_url(value, is_port,
                        is_port ? c->port[c->ports - 1].url : c->bearer[c->bearers - 1].url, why);
    *why = is_port ? "unknown key: a port has url" : "unknown key: a bearer has url and port";
    if (!is_bearer || !is(key, "port"))
        return OL_EFORM;
    *why = "value must be a port's name";
    return name_of(value, r->port[c->bearers - 1]);
}

/* One url twice, or one device in two forms; a program may well run twice. */
static bool is_same_end(const char *a, const char *b) {
    size_t n = strcspn(a, "?");
    if (ol_bearer_find(a) == &ol_bearer_serial)
        return n == strcspn(b, "?") && memcmp(a, b, n) == 0;
    return strcmp(a, b) == 0;
}

static ol_err check_ports(const ol_config *c, ol_why *why) {
    for (size_t i = 0; i < c->ports; i++) {
        if (c->port[i].url[0] == '\0')
            return ol_why_set(why, OL_EFORM, "[port %s] has no url; add a line `url = %s`",
                              c->port[i].name, OL_CONFIG_PORT_DEFAULT);
        for (size_t j = 0; j < i; j++)
            if (is_same_end(c->port[i].url, c->port[j].url))
                return ol_why_set(why, OL_EEXIST,
                                  "[port %s] and [port %s] have the same url or device, %s; one of "
                                  "them is enough",
                                  c->port[j].name, c->port[i].name, c->port[i].url);
    }
    return OL_OK;
}

static ol_err find_port(const ol_config *c, const ol_config_bearer *b, const char *name,
                        uint8_t *ret, ol_why *why) {
    const ol_bearer *bearer = ol_bearer_find(b->url);
    size_t found = 0;
    if (ol_courier_is(b->url))
        return name[0] == '\0' ? OL_OK
                               : ol_why_set(why, OL_EFORM,
                                            "[bearer %s %s]: a directory needs no port; take the "
                                            "key port out",
                                            b->line, b->party);
    for (uint8_t i = 0; i < c->ports; i++) {
        bool is_fit = ol_bearer_find(c->port[i].url) == bearer;
        if (name[0] != '\0' && strcmp(name, c->port[i].name) == 0 && !is_fit)
            return ol_why_set(why, OL_EFORM,
                              "[bearer %s %s]: port %s does not speak %s; name one that does",
                              b->line, b->party, name, bearer->scheme);
        if (is_fit && (name[0] == '\0' || strcmp(name, c->port[i].name) == 0))
            *ret = i, found++;
    }
    if (found == 1)
        return OL_OK;
    if (name[0] != '\0')
        return ol_why_set(
            why, OL_ENOENT,
            "[bearer %s %s]: there is no port %s; add it with openline port add --name", b->line,
            b->party, name);
    if (found == 0)
        return ol_why_set(why, OL_EFORM,
                          "[bearer %s %s]: no port speaks %s; add one: openline port add %s",
                          b->line, b->party, bearer->scheme, bearer->example);
    return ol_why_set(why, OL_EFORM,
                      "[bearer %s %s]: more than one port speaks %s; say which: port = <name>",
                      b->line, b->party, bearer->scheme);
}

static ol_err check_bearers(reader *r, ol_why *why) {
    ol_config *c = r->c;
    for (size_t i = 0; i < c->bearers; i++) {
        ol_config_bearer *b = &c->bearer[i];
        if (b->url[0] == '\0')
            return ol_why_set(
                why, OL_EFORM,
                "[bearer %s %s] has no url; say where its peer is: url = udp://<host>:<port>",
                b->line, b->party);
        ol_err err = find_port(c, b, r->port[i], &b->port, why);
        if (err != OL_OK)
            return err;
        for (size_t j = 0; j < i; j++) {
            const ol_config_bearer *o = &c->bearer[j];
            if (strcmp(o->line, b->line) == 0 && strcmp(o->party, b->party) == 0 &&
                o->port == b->port && strcmp(o->url, b->url) == 0)
                return ol_why_set(why, OL_EEXIST,
                                  "line %s has the bearer %s to %s already; nothing is to be done",
                                  b->line, b->url, b->party);
        }
    }
    return OL_OK;
}

static ol_err check_hooks(const ol_config *c, ol_why *why) {
    for (size_t i = 0; i < c->hooks; i++) {
        const char *fault = ol_hook_conf_fault(&c->hook[i]);
        if (fault != NULL)
            return ol_why_set(why, OL_EFORM, "[hook %s] has %s", c->hook[i].name, fault);
    }
    return OL_OK;
}

static ol_err parse(const char *text, size_t len, reader *r, ol_why *why) {
    ol_ini_at at = { 0 };
    ol_err err = ol_ini_read(text, len, take, r, &at);
    if (err != OL_OK)
        return ol_why_set(why, err, "config, line %u, column %u: %s; correct that line", at.line,
                          at.column, at.why);
    if (r->c->ports == 0) {
        ol_config_port *p = &r->c->port[r->c->ports++];
        r->c->is_default_port = true;
        (void)snprintf(p->name, sizeof p->name, "main");
        (void)snprintf(p->url, sizeof p->url, "%s", OL_CONFIG_PORT_DEFAULT);
    }
    err = check_ports(r->c, why);
    if (err == OL_OK)
        err = check_bearers(r, why);
    return err == OL_OK ? check_hooks(r->c, why) : err;
}

ol_err ol_config_parse(const char *text, size_t len, ol_config *ret, ol_why *why) {
    ol_config *c = calloc(1, sizeof *c);
    reader *r = calloc(1, sizeof *r);
    ol_err err = ol_why_set(why, OL_ENOMEM, "out of memory");
    if (c != NULL && r != NULL) {
        r->c = c;
        err = parse(text, len, r, why);
    }
    if (err == OL_OK)
        *ret = *c;
    free(r);
    free(c);
    return err;
}

/* The file's text, to be freed; a missing file is empty. room: for what the caller adds. */
static ol_err read_text(const ol_home *h, size_t room, char **ret, size_t *ret_len, ol_why *why) {
    size_t len = 0;
    char *text = calloc(1, OL_INI_TEXT_MAX + room);
    if (text == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err =
        ol_file_read(h->dir, OL_HOME_CONFIG, OL_FILE_PUBLIC, text, OL_INI_TEXT_MAX, &len, why);
    if (err != OL_OK && err != OL_ENOENT) {
        free(text);
        return err;
    }
    *ret = text;
    *ret_len = err == OL_OK ? len : 0;
    return OL_OK;
}

ol_err ol_config_load(const ol_home *h, ol_config *ret, ol_why *why) {
    char *text = NULL;
    size_t len = 0;
    ol_err err = read_text(h, 0, &text, &len, why);
    if (err == OL_OK)
        err = ol_config_parse(text, len, ret, why);
    free(text);
    return err;
}

enum { SECTION_MAX = 1024 + OL_HOOK_ARGV_MAX, LINK_MAX = 64 + 3 * OL_NAME_MAX + OL_URL_MAX };

static ol_err append(const ol_home *h, const char *section, ol_why *why) {
    char *text = NULL;
    size_t len = 0, n = strlen(section);
    ol_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = read_text(h, SECTION_MAX, &text, &len, why);
    if (err == OL_OK) {
        memcpy(text + len, section, n);
        err = ol_config_parse(text, len + n, c, why);
    }
    if (err == OL_OK)
        err = ol_file_write(h->dir, OL_HOME_CONFIG, OL_FILE_PUBLIC, text, len + n, why);
    free(text);
    free(c);
    return err;
}

static ol_err check_name(const char *what, const char *name, ol_why *why) {
    if (ol_name_is_valid(name, strlen(name)))
        return OL_OK;
    return ol_why_set(why, OL_EFORM,
                      "%s is not a name for a %s; a name is 1 to 32 of a-z 0-9 -, a letter first",
                      name, what);
}

/* What the parser would say too, but without a line of the file, which is not there yet. */
static ol_err check_url(const char *url, bool is_local, ol_why *why) {
    const ol_bearer *bearer = ol_bearer_find(url), *row;
    char forms[400] = "";
    for (size_t i = 0; (row = ol_bearer_at(i)) != NULL; i++)
        (void)snprintf(forms + strlen(forms), sizeof forms - strlen(forms), "%s%s",
                       i > 0 ? ", " : "", row->form);
    bool is_dir = !is_local && ol_courier_is(url);
    if (bearer == NULL && !is_dir)
        return ol_why_set(why, OL_EFORM, "%.64s is no url of this version; give %s%s", url, forms,
                          is_local ? "" : ", " OL_COURIER_FORM);
    const char *fault = strlen(url) > OL_URL_MAX ? "it is too long"
                        : is_dir                 ? ol_courier_check(url)
                                                 : bearer->check(url, is_local);
    return fault == NULL ? OL_OK
                         : ol_why_set(why, OL_EFORM, "%.300s: %s; give %s", url, fault,
                                      is_dir ? OL_COURIER_FORM : bearer->form);
}

static bool has_port(const ol_config *c, const char *name) {
    for (size_t i = 0; i < c->ports; i++)
        if (strcmp(c->port[i].name, name) == 0)
            return true;
    return false;
}

ol_err ol_config_add_port(const ol_home *h, const char *name, const char *url, ol_why *why) {
    char section[LINK_MAX], free_name[OL_NAME_MAX + 1] = "main";
    ol_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = check_url(url, true, why);
    if (err == OL_OK && name != NULL)
        err = check_name("port", name, why);
    if (err == OL_OK)
        err = ol_config_load(h, c, why);
    for (unsigned i = 2; name == NULL && !c->is_default_port && has_port(c, free_name); i++)
        (void)snprintf(free_name, sizeof free_name, "port%u", i);
    (void)snprintf(section, sizeof section, "[port %s]\nurl = %s\n",
                   name != NULL ? name : free_name, url);
    if (err == OL_OK)
        err = append(h, section, why);
    free(c);
    return err;
}

static uint8_t next_slot(const ol_config *c, const char *line, const char *party) {
    unsigned used = 0, slot = 0;
    for (size_t i = 0; i < c->bearers; i++)
        if (strcmp(c->bearer[i].line, line) == 0 && strcmp(c->bearer[i].party, party) == 0)
            used |= 1u << c->bearer[i].slot;
    while ((used >> slot & 1) != 0)
        slot++;
    return (uint8_t)slot;
}

ol_err ol_config_add_bearer(const ol_home *h, const char *line, const char *party, const char *url,
                            const char *port, uint8_t *ret_slot, ol_why *why) {
    char section[LINK_MAX], number[8] = "";
    ol_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = check_name("line", line, why);
    if (err == OL_OK)
        err = check_name("party", party, why);
    if (err == OL_OK && port != NULL)
        err = check_name("port", port, why);
    if (err == OL_OK)
        err = check_url(url, false, why);
    if (err == OL_OK)
        err = ol_config_load(h, c, why);
    uint8_t slot = err == OL_OK ? next_slot(c, line, party) : 0;
    if (err == OL_OK && slot >= OL_PATHS_PER_PEER)
        err = ol_why_set(why, OL_ELIMIT,
                         "line %s has %d bearers to %s already; there may be no more: take one out "
                         "of the config",
                         line, OL_PATHS_PER_PEER, party);
    if (slot > 0)
        (void)snprintf(number, sizeof number, " %u", slot + 1u);
    if (err == OL_OK) {
        (void)snprintf(section, sizeof section, "[bearer %s %s%s]\nurl = %s\n%s%s%s", line, party,
                       number, url, port != NULL ? "port = " : "", port != NULL ? port : "",
                       port != NULL ? "\n" : "");
        err = append(h, section, why);
    }
    if (err == OL_OK)
        *ret_slot = slot;
    free(c);
    return err;
}

/* Adds to section[*len]; what is too long for it was refused when the words were taken. */
static void add(char section[SECTION_MAX], size_t *len, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void add(char section[SECTION_MAX], size_t *len, const char *format, ...) {
    va_list args;
    va_start(args, format);
    int n = vsnprintf(section + *len, SECTION_MAX - *len, format, args);
    va_end(args);
    *len += n > 0 && (size_t)n < SECTION_MAX - *len ? (size_t)n : 0;
}

ol_err ol_config_add_hook(const ol_home *h, const ol_hook_conf *hook, ol_why *why) {
    char section[SECTION_MAX];
    size_t len = 0;
    ol_hook_conf dflt;
    ol_hook_conf_start(&dflt);
    add(section, &len, "[hook %s]\non =", hook->name);
    for (int i = 0; i <= OL_HOOK_DRILL; i++)
        if ((hook->on >> i & 1) != 0)
            add(section, &len, " %s", ol_hook_word((ol_hook_what)i));
    for (unsigned i = 0; i < hook->words; i++) {
        if (i > 0)
            add(section, &len, "\narg.%u", i);
        add(section, &len, i > 0 ? " = %s" : "\nrun = %s", ol_hook_conf_at(hook, i));
    }
    if (hook->limit_s != dflt.limit_s)
        add(section, &len, "\nlimit = %u", (unsigned)hook->limit_s);
    if (hook->after_s != dflt.after_s)
        add(section, &len, "\nafter = %u", (unsigned)hook->after_s);
    add(section, &len, "\n");
    ol_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = check_name("hook", hook->name, why);
    if (err == OL_OK)
        err = ol_config_load(h, c, why);
    for (size_t i = 0; err == OL_OK && i < c->hooks; i++)
        if (strcmp(c->hook[i].name, hook->name) == 0)
            err = ol_why_set(why, OL_EEXIST,
                             "there is a hook %s already; remove it first, or choose another name",
                             hook->name);
    free(c);
    return err == OL_OK ? append(h, section, why) : err;
}

/* Where the line of a section's name begins, and where the next section does. */
static bool find_section(const char *text, size_t len, const char *head, size_t *ret_from,
                         size_t *ret_to) {
    size_t head_len = strlen(head);
    bool is_found = false;
    *ret_to = len;
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end == NULL ? len - at : (size_t)(end - text) - at;
        if (is_found && text[at] == '[') {
            *ret_to = at;
            return true;
        }
        if (n == head_len && memcmp(text + at, head, n) == 0)
            *ret_from = at, is_found = true;
        at += n + 1;
    }
    return is_found;
}

/* The text without that section, and what it says then. OL_ENOENT: there is no such line. */
static ol_err without(const ol_home *h, const char *head, char **ret, size_t *ret_len,
                      ol_config *next, ol_why *why) {
    size_t from = 0, to = 0;
    ol_err err = read_text(h, 0, ret, ret_len, why);
    if (err != OL_OK)
        return err;
    if (!find_section(*ret, *ret_len, head, &from, &to))
        return OL_ENOENT;
    memmove(*ret + from, *ret + to, *ret_len - to);
    *ret_len -= to - from;
    err = ol_config_parse(*ret, *ret_len, next, why);
    return err == OL_ENOENT ? OL_EFORM : err; /* of a port that a bearer names */
}

static ol_err write_text(const ol_home *h, char *text, size_t len, ol_err err, ol_why *why) {
    if (err == OL_OK)
        err = ol_file_write(h->dir, OL_HOME_CONFIG, OL_FILE_PUBLIC, text, len, why);
    free(text);
    return err;
}

ol_err ol_config_remove_hook(const ol_home *h, const char *name, ol_why *why) {
    char *text = NULL, head[OL_NAME_MAX + 16];
    size_t len = 0;
    ol_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = check_name("hook", name, why);
    if (err == OL_OK) {
        (void)snprintf(head, sizeof head, "[hook %s]", name);
        err = without(h, head, &text, &len, c, why);
        if (err == OL_ENOENT)
            err = ol_why_set(why, err, "there is no hook %s; openline hook list names them", name);
    }
    free(c);
    return write_text(h, text, len, err, why);
}

/* A bearer that goes by it, while it is needed for that. */
static const ol_config_bearer *user_of(const ol_config *c, const char *port) {
    for (size_t i = 0; i < c->bearers; i++)
        if (!ol_courier_is(c->bearer[i].url) && strcmp(c->port[c->bearer[i].port].name, port) == 0)
            return &c->bearer[i];
    return NULL;
}

ol_err ol_config_remove_port(const ol_home *h, const char *name, ol_why *why) {
    char *text = NULL, head[OL_NAME_MAX + 16];
    size_t len = 0;
    ol_config *both = calloc(2, sizeof *both); /* as it is, and without */
    if (both == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = check_name("port", name, why);
    if (err == OL_OK)
        err = ol_config_load(h, &both[0], why);
    if (err == OL_OK && (both[0].is_default_port || !has_port(&both[0], name)))
        err = ol_why_set(why, OL_ENOENT, "there is no port %s; openline home names them", name);
    (void)snprintf(head, sizeof head, "[port %s]", name);
    if (err == OL_OK) {
        const ol_config_bearer *user = user_of(&both[0], name);
        err = without(h, head, &text, &len, &both[1], why);
        if (err == OL_ENOENT)
            err = ol_why_set(why, err, "the config has no line %s; take it out by hand", head);
        else if (err != OL_OK && user != NULL)
            err = ol_why_set(why, OL_ESTATE,
                             "port %s is used by the bearer %s of line %s to %s; take that one out "
                             "first: openline bearer remove",
                             name, user->url, user->line, user->party);
    }
    free(both);
    return write_text(h, text, len, err, why);
}

static ol_err find_bearer(const ol_config *c, const ol_config_bearer *like, const char *port,
                          uint8_t *ret, ol_why *why) {
    size_t found = 0;
    for (size_t i = 0; i < c->bearers; i++) {
        const ol_config_bearer *b = &c->bearer[i];
        bool is_by = port == NULL || strcmp(c->port[b->port].name, port) == 0;
        if (is_by && strcmp(b->line, like->line) == 0 && strcmp(b->party, like->party) == 0 &&
            strcmp(b->url, like->url) == 0)
            *ret = b->slot, found++;
    }
    if (found == 0)
        return ol_why_set(why, OL_ENOENT,
                          "line %s has no bearer %s to %s; openline home names them", like->line,
                          like->url, like->party);
    return found == 1 ? OL_OK
                      : ol_why_set(why, OL_EFORM,
                                   "line %s has the bearer %s to %s by several ports; say which: "
                                   "--port",
                                   like->line, like->url, like->party);
}

ol_err ol_config_remove_bearer(const ol_home *h, const char *line, const char *party,
                               const char *url, const char *port, uint8_t *ret_slot, ol_why *why) {
    char *text = NULL, head[2 * OL_NAME_MAX + 24], number[8] = "";
    size_t len = 0;
    uint8_t slot = 0;
    ol_config_bearer like = { .slot = 0 };
    ol_config *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ol_why_set(why, OL_ENOMEM, "out of memory");
    ol_err err = check_name("line", line, why);
    if (err == OL_OK)
        err = check_name("party", party, why);
    if (err == OL_OK)
        err = ol_config_load(h, c, why);
    if (err == OL_OK) {
        (void)snprintf(like.line, sizeof like.line, "%s", line);
        (void)snprintf(like.party, sizeof like.party, "%s", party);
        (void)snprintf(like.url, sizeof like.url, "%s", url);
        err = find_bearer(c, &like, port, &slot, why);
    }
    if (slot > 0)
        (void)snprintf(number, sizeof number, " %u", slot + 1u);
    (void)snprintf(head, sizeof head, "[bearer %s %s%s]", like.line, like.party, number);
    if (err == OL_OK) {
        err = without(h, head, &text, &len, c, why);
        if (err == OL_ENOENT)
            err = ol_why_set(why, err, "the config has no line %s; take it out by hand", head);
    }
    free(c);
    if (err == OL_OK)
        *ret_slot = slot;
    return write_text(h, text, len, err, why);
}
