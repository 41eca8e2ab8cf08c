#include "web/text.h"

#include <string.h>

#include "control/request.h"
#include "message/body.h"

static void add_to(json_t *entry) {
    static uint8_t room[OL_TEXT_MAX]; /* one loop, one thread */
    uint8_t body[OL_CONTROL_BODY_MAX];
    json_t *message = json_object_get(entry, "message");
    const char *b64 = json_string_value(json_object_get(message, "body"));
    const char *why = "its body cannot be read";
    size_t len = 0;
    ol_message m;
    if (b64 == NULL)
        return;
    if (ol_b64_get(b64, strlen(b64), body, sizeof body, &len) == OL_OK &&
        ol_body_get(body, len, room, &m, &why) == OL_OK)
        (void)json_object_set_new(message, "text", json_stringn(m.text.p, m.text.len));
    else
        (void)json_object_set_new(message, "unreadable", json_string(why));
    (void)json_object_del(message, "body");
}

json_t *ol_text_add(json_t *o) {
    json_t *entries = json_object_get(o, "entries");
    for (size_t i = 0; i < json_array_size(entries); i++)
        add_to(json_array_get(entries, i));
    add_to(o);
    return o;
}
