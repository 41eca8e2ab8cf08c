/* A contribution is taken only once, only from a party of the charter; a refusal says where, in a
 * sentence, and leaves what was brought together so far alone. */
#include <string.h>

#include "lib/parties.h"
#include "record/contribution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static char text[OL_CHARTER_MAX];
    static ol_charter c;
    const char *in = size == 0 ? "" : (const char *)data;
    uint32_t missing;
    ol_ini_at at = { 0, 0, NULL };
    if (c.parties == 0) {
        size_t n = test_charter(3, 0, text, sizeof text);
        OL_ASSERT(ol_charter_read(text, n, &c, &missing, &at) == OL_OK);
        at.why = NULL;
    }
    ol_courier courier = { .taken = 2, .part = { [1] = { 9 } } }, before = courier;
    if (ol_contribution_take(&courier, &c, in, size, &at) != OL_OK) {
        OL_ASSERT(at.why != NULL && at.why[0] != '\0' && (at.line == 0 || at.column > 0));
        OL_ASSERT(memcmp(&courier, &before, sizeof courier) == 0);
        return 0;
    }
    OL_ASSERT(courier.taken == 3 || courier.taken == 6);
    OL_ASSERT(ol_contribution_take(&courier, &c, in, size, &at) == OL_EEXIST);
    return 0;
}
