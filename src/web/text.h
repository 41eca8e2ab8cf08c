/* web/text.h — what people wrote, taken out of the bodies that a station hands on as they were
 * signed (docs/CONTROL.md 2): a `message` with a `body` gets its `text` beside it, or `unreadable`
 * with the reason. Takes and returns the reference. */
#ifndef OL_WEB_TEXT_H
#define OL_WEB_TEXT_H

#include <jansson.h>

json_t *ol_text_add(json_t *o);

#endif
