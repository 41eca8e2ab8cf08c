#include "wire/ref.h"

static const char form[] = "the reference has another form";

bool ol_ref_get(ol_fields *f, size_t inc_min, ol_ref *ret) {
    size_t len = 0;
    uint64_t n = ol_cbor_get_array(&f->r);
    if (!ol_fields_demand(f, n == 0 || n == 4, OL_EFORM, form) || n == 0)
        return false;
    ol_ref ref = { .index = 0 };
    ref.party = (uint8_t)ol_fields_uint(f, OL_PARTIES_MAX - 1,
                                        "the reference names no party of the charter");
    ref.lane = (uint8_t)ol_fields_uint(f, OL_LANES - 1, form);
    const uint8_t *p = ol_cbor_get_bytes(&f->r, &len);
    ref.index = ol_fields_uint(f, OL_SIZE_MAX, form);
    if (!ol_fields_demand(f, len >= inc_min && len <= OL_INC_LEN, OL_EFORM, form))
        return false;
    ref.incarnation_len = (uint8_t)len;
    memcpy(ref.incarnation, p, len);
    *ret = ref;
    return true;
}

bool ol_ref_get_full(ol_fields *f, ol_ref *ret) {
    bool has = ol_ref_get(f, OL_INC_LEN, ret);
    return ol_fields_demand(f, has, OL_EFORM, "it refers to nothing");
}

void ol_ref_put(ol_wr *w, const ol_ref *ref) {
    ol_cbor_put_array(w, ref != NULL ? 4 : 0);
    if (ref == NULL)
        return;
    ol_cbor_put_uint(w, ref->party);
    ol_cbor_put_uint(w, ref->lane);
    ol_cbor_put_bytes(w, ref->incarnation, ref->incarnation_len);
    ol_cbor_put_uint(w, ref->index);
}

ol_ref ol_ref_to(const ol_log_key *log, uint64_t index) {
    ol_ref ref = { .party = log->party, .lane = log->lane, .index = index };
    ref.incarnation_len = OL_INC_LEN;
    memcpy(ref.incarnation, log->incarnation, OL_INC_LEN);
    return ref;
}
