/* What the request parser accepts can be written out and read again as the same request; what it
 * refuses leaves the result alone and is told in a sentence with what to do. */
#include <string.h>

#include "control/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_request r, again, before;
    static char text[OL_CONTROL_LINE_MAX];
    ol_refusal why;
    size_t len = 0;
    memset(&r, 0xA5, sizeof r);
    memcpy(&before, &r, sizeof r);
    ol_err err = ol_request_parse(size == 0 ? "" : (const char *)data, size, &r, &why);
    if (err != OL_OK) {
        OL_ASSERT(why.err == err && why.what[0] != '\0' && why.todo[0] != '\0');
        OL_ASSERT(ol_utf8_is_valid((const uint8_t *)why.what, strlen(why.what)));
        OL_ASSERT(memcmp(&before, &r, sizeof r) == 0);
        return 0;
    }
    OL_ASSERT(why.err == OL_OK && why.has_id && why.id == r.id && r.what < OL_DO_N);
    OL_ASSERT(ol_request_put(&r, text, sizeof text, &len) == OL_OK);
    OL_ASSERT(text[len - 1] == '\n' && memchr(text, '\n', len) == text + len - 1);
    memset(&again, 0, sizeof again);
    OL_ASSERT(ol_request_parse(text, len, &again, &why) == OL_OK);
    OL_ASSERT(again.id == r.id && again.what == r.what && again.given == r.given);
    OL_ASSERT(strcmp(again.line, r.line) == 0 && again.body_len == r.body_len);
    OL_ASSERT(memcmp(again.body, r.body, r.body_len) == 0);
    OL_ASSERT(memcmp(again.item, r.item, sizeof r.item) == 0);
    OL_ASSERT(again.read == r.read && again.cursor == r.cursor && again.from == r.from);
    OL_ASSERT(again.limit == r.limit && again.last == r.last && again.lane == r.lane);
    OL_ASSERT(memcmp(again.incarnation, r.incarnation, sizeof r.incarnation) == 0);
    OL_ASSERT(again.pass_len == r.pass_len && memcmp(again.pass, r.pass, r.pass_len) == 0);
    return 0;
}
