/* wire/message, wire/act, wire/order: the known answers of tests/vectors/message.txt, every prefix,
 * round trips, and who may say what of whom. */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/known.h"
#include "wire/act.h"
#include "wire/order.h"

enum { ROOM = 1024 };

typedef union {
    ol_message message;
    ol_act act;
    ol_order order;
} any;

typedef struct {
    char text[ROOM];
    size_t len;
} words;

__attribute__((format(printf, 2, 3))) static void say(words *w, const char *format, ...) {
    va_list va;
    va_start(va, format);
    w->len += (size_t)vsnprintf(w->text + w->len, sizeof w->text - w->len, format, va);
    va_end(va);
}

static void say_str(words *w, ol_str s) {
    if (s.len == 0)
        say(w, " -");
    else
        say(w, " %.*s", (int)s.len, s.p);
}

static void say_ref(words *w, bool has, const ol_ref *ref) {
    char hex[2 * OL_INC_LEN + 1];
    if (!has) {
        say(w, " -");
        return;
    }
    ol_hex_put(ref->incarnation, ref->incarnation_len, hex);
    say(w, " %u/%u/%s.%llu", ref->party, ref->lane, hex, (unsigned long long)ref->index);
}

static void say_parties(words *w, unsigned parties) {
    const char *before = " ";
    if (parties == 0)
        say(w, " -");
    for (unsigned p = 0; p < OL_PARTIES_MAX; p++) {
        if ((parties >> p & 1) == 0)
            continue;
        say(w, "%s%u", before, p);
        before = ",";
    }
}

static void say_message(words *w, const any *a) {
    const ol_message *m = &a->message;
    say(w, "%u %u %llu", m->precedence, m->status, (unsigned long long)m->to);
    say_str(w, m->text);
    say_str(w, m->lang);
    say_str(w, m->subject);
    say_ref(w, m->has_ref, &m->ref);
    if (m->parts > 0)
        say(w, " %u,%u", m->part, m->parts);
    else
        say(w, " -");
    say(w, " %s %llu", ol_sort_name(m->sort), (unsigned long long)m->asks);
    say_parties(w, m->action);
    say_parties(w, m->info);
    if (m->info != 0)
        say(w, ":%u", m->info_precedence);
    say(w, " %s", ol_grade_name(m->grade));
}

static void say_act(words *w, const any *a) {
    say(w, "%s %u", ol_act_verb_name(a->act.verb), a->act.status);
    say_ref(w, a->act.has_ref, &a->act.ref);
    say(w, " %u", a->act.seconds);
    say_str(w, a->act.text);
}

static void say_order(words *w, const any *a) {
    say(w, "%s %u %llu", ol_order_verb_name(a->order.verb), a->order.status,
        (unsigned long long)a->order.seconds);
    say_str(w, a->order.text);
}

static ol_err get_message(const uint8_t *p, size_t n, any *ret, const char **why) {
    return ol_message_decode(p, n, &ret->message, why);
}

static ol_err get_act(const uint8_t *p, size_t n, any *ret, const char **why) {
    return ol_act_decode(p, n, &ret->act, why);
}

static ol_err get_order(const uint8_t *p, size_t n, any *ret, const char **why) {
    return ol_order_decode(p, n, &ret->order, why);
}

static void put_message(const any *a, ol_wr *w) {
    ol_message_encode(&a->message, w);
}

static void put_act(const any *a, ol_wr *w) {
    ol_act_encode(&a->act, w);
}

static void put_order(const any *a, ol_wr *w) {
    ol_order_encode(&a->order, w);
}

static const struct {
    const char *name;
    ol_err (*get)(const uint8_t *p, size_t n, any *ret, const char **why);
    void (*put)(const any *a, ol_wr *w);
    void (*say)(words *w, const any *a);
} forms[] = {
    { "message", get_message, put_message, say_message },
    { "act", get_act, put_act, say_act },
    { "order", get_order, put_order, say_order },
};

static const char *value_of(const known *k, const char *key) {
    for (size_t i = 0; i < k->keys; i++)
        if (strcmp(k->key[i], key) == 0)
            return k->value[i];
    return NULL;
}

static void right(const known *k, size_t form, const uint8_t *in, size_t len) {
    any a = { 0 }, cut;
    const char *why = NULL;
    words w = { .len = 0 };
    uint8_t room[ROOM];
    assert_int_equal(forms[form].get(in, len, &a, &why), OL_OK);
    assert_null(why);
    forms[form].say(&w, &a);
    assert_string_equal(w.text, known_text(k, "as"));
    ol_wr out = ol_wr_of(room, len);
    forms[form].put(&a, &out);
    assert_int_equal(out.err, OL_OK);
    if (known_number(k, "plain") == 1) {
        assert_int_equal(out.len, len);
        assert_memory_equal(room, in, len);
        out = ol_wr_of(room, len - 1);
        forms[form].put(&a, &out);
        assert_int_equal(out.err, OL_ELIMIT);
    } else {
        assert_true(out.len < len);
    }
    for (size_t n = 0; n < len; n++)
        assert_int_not_equal(forms[form].get(in, n, &cut, &why), OL_OK);
}

static void wrong(const known *k, size_t form, const uint8_t *in, size_t len) {
    any a, before;
    const char *why = NULL;
    memset(&a, 0xa5, sizeof a), memset(&before, 0xa5, sizeof before);
    assert_int_not_equal(forms[form].get(in, len, &a, &why), OL_OK);
    assert_memory_equal(&a, &before, sizeof a);
    assert_non_null(why);
    if (strstr(why, value_of(k, "why")) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", why, value_of(k, "why"));
}

static void known_answers(void **state) {
    (void)state;
    unsigned found[OL_LEN(forms)] = { 0 };
    uint8_t in[ROOM];
    known k;
    known_open(&k, "message.txt");
    while (known_next(&k)) {
        size_t form = 0;
        while (value_of(&k, forms[form].name) == NULL)
            form++;
        print_message("%s: %s\n", forms[form].name, known_text(&k, "name"));
        size_t len = known_hex(&k, forms[form].name, in, sizeof in);
        found[form]++;
        if (value_of(&k, "why") == NULL)
            right(&k, form, in, len);
        else
            wrong(&k, form, in, len);
    }
    known_close(&k);
    assert_int_equal(found[0], 44);
    assert_int_equal(found[1], 37);
    assert_int_equal(found[2], 16);
}

/* ── who may say it ────────────────────────────────────────────────────────────────────────────*/

static void misfits_of(const ol_message *m, unsigned author, const char *word) {
    const char *why = ol_message_misfit(m, author, ol_message_lane(m), 3, 2);
    if (word == NULL)
        assert_null(why);
    else
        assert_non_null(strstr(why, word));
}

static void messages_fit(void **state) {
    (void)state;
    ol_message m = { .precedence = OL_FLASH, .action = 1 << 2, .info = 1 << 1 };
    misfits_of(&m, 0, NULL);
    misfits_of(&m, 1, "its own author");
    misfits_of(&m, 2, "its own author");
    m.action = 1 << 3;
    misfits_of(&m, 0, "a party that the charter does not have");
    m.action = 0, m.info = 1 << 15;
    misfits_of(&m, 0, "a party that the charter does not have");
    m = (ol_message){ .sort = OL_SORT_CORRECTION, .has_ref = true, .ref = { .party = 1 } };
    misfits_of(&m, 1, NULL);
    misfits_of(&m, 0, "corrects what another");
    m.sort = OL_SORT_READBACK;
    misfits_of(&m, 0, NULL);
    misfits_of(&m, 1, "reads back what its author");
    m.sort = OL_SORT_TRANSLATION;
    misfits_of(&m, 0, NULL);
    misfits_of(&m, 1, NULL);
    m = (ol_message){ .precedence = OL_IMMEDIATE, .info_precedence = OL_ROUTINE };
    assert_true(ol_message_is_to_act(&m, 0, 1) && ol_message_is_to_act(&m, 0, 2));
    assert_false(ol_message_is_to_act(&m, 0, 0));
    m.info = 1 << 2;
    assert_true(ol_message_is_to_act(&m, 0, 1) && !ol_message_is_to_act(&m, 0, 2));
    m.info = 0, m.action = 1 << 2;
    assert_true(!ol_message_is_to_act(&m, 0, 1) && ol_message_is_to_act(&m, 0, 2));
    m.info = 1 << 1;
    assert_int_equal(ol_message_precedence_for(&m, 1), OL_ROUTINE);
    assert_int_equal(ol_message_precedence_for(&m, 2), OL_IMMEDIATE);
    assert_null(ol_sort_name(OL_SORTS));
    assert_null(ol_grade_name(OL_GRADES));
}

static void acts_fit(void **state) {
    (void)state;
    for (uint8_t verb = 0; verb < OL_ACT_VERBS; verb++) {
        ol_act a = { .verb = verb, .has_ref = verb != OL_ACT_PRESENT, .ref = { .party = 1 } };
        const char *own = ol_act_misfit(&a, 1, 2), *other = ol_act_misfit(&a, 0, 2);
        bool is_own = verb == OL_ACT_CANCEL || verb == OL_ACT_PRESENT;
        bool is_other = verb != OL_ACT_CANCEL;
        assert_true((own == NULL) == is_own && (other == NULL) == is_other);
        a.ref.lane = OL_LANE_ROUTINE;
        assert_int_equal(ol_act_lane(&a), a.has_ref ? OL_LANE_ROUTINE : OL_LANE_URGENT);
        assert_true(ol_act_misfit(&a, 0, 1) != NULL || !a.has_ref);
    }
    assert_null(ol_act_verb_name(OL_ACT_VERBS));
    assert_null(ol_order_verb_name(OL_ORDER_VERBS));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(messages_fit),
        cmocka_unit_test(acts_fit),
    };
    return cmocka_run_group_tests_name("act", tests, NULL, NULL);
}
