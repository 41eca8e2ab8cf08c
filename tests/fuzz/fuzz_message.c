/* Bodies of messages. What is readable obeys the limits and the rules for text, is not readable any
 * more when cut anywhere, and can be written again and read back as the same. */
#include <string.h>

#include "message/body.h"
#include "wire/cbor.h"

static bool is_same(ol_str a, ol_str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static void again(const ol_message *m) {
    static uint8_t body[OL_BODY_MAX], room[OL_TEXT_MAX];
    size_t n;
    ol_body_why why;
    const char *because;
    ol_message back;
    if (ol_body_put(m, body, &n, &why) != OL_OK) { /* for what binds the author alone */
        OL_ASSERT(strlen(why.text) > 10);
        return;
    }
    OL_ASSERT(ol_cbor_check(body, n) == OL_OK);
    OL_ASSERT(ol_body_get(body, n, room, &back, &because) == OL_OK);
    OL_ASSERT(back.precedence == m->precedence && back.status == m->status && back.to == m->to);
    OL_ASSERT(is_same(back.text, m->text) && is_same(back.subject, m->subject));
    OL_ASSERT(is_same(back.lang, m->lang) && back.has_ref == m->has_ref);
    OL_ASSERT(back.ref.index == m->ref.index && back.part == m->part && back.parts == m->parts);
    OL_ASSERT(back.sort == m->sort && back.asks == m->asks && back.grade == m->grade);
    OL_ASSERT(back.action == m->action && back.info == m->info);
    OL_ASSERT(m->info == 0 || back.info_precedence == m->info_precedence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t room[OL_TEXT_MAX], other[OL_TEXT_MAX];
    ol_message m, cut;
    const char *why = NULL;
    ol_err err = ol_body_get(data, size, room, &m, &why);
    OL_ASSERT((err == OL_OK) == (why == NULL));
    if (err != OL_OK)
        return 0;
    OL_ASSERT(m.text.len >= 1 && m.text.len <= (size < OL_TEXT_MAX ? OL_TEXT_MAX : size));
    OL_ASSERT(!m.is_compressed && m.subject.len <= OL_SUBJECT_MAX && m.part <= m.parts);
    OL_ASSERT(ol_text_check((const uint8_t *)m.text.p, m.text.len, OL_TEXT_BODY, NULL) == OL_OK);
    OL_ASSERT(m.sort < OL_SORTS && m.grade < OL_GRADES && (m.action & m.info) == 0);
    OL_ASSERT(m.has_ref || m.sort < OL_SORT_CORRECTION);
    for (size_t n = 0; n < size && n < 64; n++)
        OL_ASSERT(ol_body_get(data, n, other, &cut, &why) != OL_OK);
    if (size < 400) /* compressing anew is slow */
        again(&m);
    return 0;
}
