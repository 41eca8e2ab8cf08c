/* A plain key file that is accepted is written and read again as the same keys; a sealed one asks
 * for its passphrase before it costs anything; a refusal says where and leaves the result alone. */
#include <string.h>

#include "crypto/keyfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static ol_keyfile key, before, again;
    uint8_t text[OL_KEYFILE_MAX];
    ol_ini_at at = { 0, 0, NULL };
    memset(&before, 0xA5, sizeof before), key = before;
    ol_err err = ol_keyfile_get(size == 0 ? "" : (const char *)data, size, NULL, 0, &key, &at);
    if (err != OL_OK) {
        OL_ASSERT(at.why != NULL && at.why[0] != '\0' && (at.line == 0 || at.column > 0));
        OL_ASSERT(memcmp(&key, &before, sizeof key) == 0);
        return 0;
    }
    ol_wr w = ol_wr_of(text, sizeof text);
    OL_ASSERT(ol_keyfile_put(&key, NULL, &w) == OL_OK);
    OL_ASSERT(ol_keyfile_get((const char *)text, w.len, NULL, 0, &again, &at) == OL_OK);
    OL_ASSERT(memcmp(&key, &again, sizeof key) == 0);
    return 0;
}
