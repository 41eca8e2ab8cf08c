#include "wire/item.h"

static uint64_t get_size(ol_rd *r) {
    uint64_t v = ol_rd_varint(r);
    if (r->err == OL_OK && v > OL_SIZE_MAX)
        r->err = OL_ELIMIT;
    return r->err == OL_OK ? v : 0;
}

static void get_piece(ol_rd *r, ol_item *it) {
    uint64_t n = ol_rd_varint(r);
    if (r->err == OL_OK && (n == 0 || n > OL_ENTRY_MAX))
        r->err = OL_ELIMIT;
    it->len = r->err == OL_OK ? (size_t)n : 0;
    it->p = ol_rd_take(r, it->len);
}

static void get_part(ol_rd *r, ol_item *it) {
    it->index = get_size(r);
    it->total = ol_rd_varint(r);
    it->offset = ol_rd_varint(r);
    get_piece(r, it);
    if (r->err == OL_OK &&
        (it->total > OL_ENTRY_MAX || it->offset >= it->total || it->len > it->total - it->offset))
        r->err = OL_ELIMIT;
}

static void get_later(ol_rd *r) {
    uint64_t n = ol_rd_varint(r);
    if (r->err == OL_OK && n > r->left)
        r->err = OL_ESHORT;
    (void)ol_rd_take(r, r->err == OL_OK ? (size_t)n : 0);
}

static void get_log(ol_rd *r, uint8_t type, ol_item *it) {
    it->log.lane = type >> 4 & 1;
    it->log.party = type & 15;
    memset(it->log.incarnation, 0, OL_INC_LEN);
    ol_rd_copy(r, it->log.incarnation, type < OL_ITEM_LOG_FULL ? 2 : OL_INC_LEN);
}

static void get_fixed(ol_rd *r, ol_item *it) {
    bool is_receipt = it->type == OL_ITEM_RECEIPT || it->type == OL_ITEM_NOTE_R;
    bool has_root = it->type == OL_ITEM_NOTE || it->type == OL_ITEM_NOTE_R;
    it->party = is_receipt ? (uint8_t)ol_rd_be(r, 1) : 0;
    if (it->party >= OL_PARTIES_MAX)
        r->err = OL_EFORM;
    it->size = get_size(r);
    it->time = is_receipt ? ol_rd_be(r, 5) : 0;
    it->root = has_root ? ol_rd_take(r, 32) : NULL;
    it->p = ol_rd_take(r, OL_SIG_LEN);
    it->len = OL_SIG_LEN;
}

static void get_body(ol_rd *r, ol_item *it, ol_item_type before) {
    switch (it->type) {
    case OL_ITEM_ENTRY:
        it->index = get_size(r);
        get_piece(r, it);
        break;
    case OL_ITEM_NEXT:
        if (before != OL_ITEM_ENTRY && before != OL_ITEM_NEXT)
            r->err = OL_EFORM;
        else if (it->index == OL_SIZE_MAX)
            r->err = OL_ELIMIT;
        it->index++;
        get_piece(r, it);
        break;
    case OL_ITEM_PART:
        get_part(r, it);
        break;
    case OL_ITEM_HEAD:
    case OL_ITEM_RECEIPT:
    case OL_ITEM_NOTE:
    case OL_ITEM_NOTE_R:
        get_fixed(r, it);
        break;
    case OL_ITEM_HAVE:
        it->size = get_size(r);
        it->receipt = get_size(r);
        break;
    case OL_ITEM_ASK:
        it->size = get_size(r);
        break;
    case OL_ITEM_WANT:
        it->party = (uint8_t)ol_rd_be(r, 1);
        if (it->party >= OL_PARTIES_MAX)
            r->err = OL_EFORM;
        it->size = get_size(r);
        break;
    case OL_ITEM_FORGOT:
    case OL_ITEM_TOLD:
        it->run = (uint32_t)ol_rd_be(r, 4);
        break;
    case OL_ITEM_PROVE:
        break;
    case OL_ITEM_STOPPED:
    case OL_ITEM_ALL:
    case OL_ITEM_BUSY:
        it->why = (uint8_t)ol_rd_be(r, 1);
        break;
    case OL_ITEM_DELAYED:
        it->seconds = (uint32_t)ol_rd_be(r, 4);
        break;
    case OL_ITEM_PING:
    case OL_ITEM_PONG:
        it->token = (uint16_t)ol_rd_be(r, 2);
        break;
    default:
        r->err = OL_EFORM;
    }
}

ol_err ol_item_get(ol_rd *r, ol_item *it) {
    ol_item_type before = it->type;
    uint8_t type = (uint8_t)ol_rd_be(r, 1);
    if (r->err != OL_OK)
        return r->err;
    if (type < OL_ITEM_ENTRY) {
        it->type = type < OL_ITEM_LOG_FULL ? OL_ITEM_LOG_SHORT : OL_ITEM_LOG_FULL;
        get_log(r, type, it);
    } else if (type >= OL_ITEM_LATER) {
        it->type = OL_ITEM_LATER;
        get_later(r);
    } else {
        it->type = (ol_item_type)type;
        get_body(r, it, before);
    }
    return r->err;
}

ol_err ol_item_check(const uint8_t *p, size_t len) {
    ol_rd r = ol_rd_of(p, len);
    ol_item it = { 0 };
    ol_err err = OL_OK;
    while (err == OL_OK && r.left > 0)
        err = ol_item_get(&r, &it);
    return err;
}

static void put_fixed(ol_wr *w, const ol_item *it) {
    bool is_receipt = it->type == OL_ITEM_RECEIPT || it->type == OL_ITEM_NOTE_R;
    if (is_receipt)
        ol_wr_be(w, it->party, 1);
    ol_wr_varint(w, it->size);
    if (is_receipt)
        ol_wr_be(w, it->time, 5);
    if (it->type == OL_ITEM_NOTE || it->type == OL_ITEM_NOTE_R)
        ol_wr_put(w, it->root, 32);
    ol_wr_put(w, it->p, OL_SIG_LEN);
}

static void put_piece(ol_wr *w, const ol_item *it) {
    ol_wr_varint(w, it->len);
    ol_wr_put(w, it->p, it->len);
}

static void put_body(ol_wr *w, const ol_item *it) {
    switch (it->type) {
    case OL_ITEM_ENTRY:
        ol_wr_varint(w, it->index);
        put_piece(w, it);
        break;
    case OL_ITEM_NEXT:
        put_piece(w, it);
        break;
    case OL_ITEM_PART:
        ol_wr_varint(w, it->index);
        ol_wr_varint(w, it->total);
        ol_wr_varint(w, it->offset);
        put_piece(w, it);
        break;
    case OL_ITEM_HEAD:
    case OL_ITEM_RECEIPT:
    case OL_ITEM_NOTE:
    case OL_ITEM_NOTE_R:
        put_fixed(w, it);
        break;
    case OL_ITEM_HAVE:
        ol_wr_varint(w, it->size);
        ol_wr_varint(w, it->receipt);
        break;
    case OL_ITEM_ASK:
        ol_wr_varint(w, it->size);
        break;
    case OL_ITEM_WANT:
        ol_wr_be(w, it->party, 1);
        ol_wr_varint(w, it->size);
        break;
    case OL_ITEM_FORGOT:
    case OL_ITEM_TOLD:
        ol_wr_be(w, it->run, 4);
        break;
    case OL_ITEM_STOPPED:
    case OL_ITEM_ALL:
    case OL_ITEM_BUSY:
        ol_wr_be(w, it->why, 1);
        break;
    case OL_ITEM_DELAYED:
        ol_wr_be(w, it->seconds, 4);
        break;
    case OL_ITEM_PING:
    case OL_ITEM_PONG:
        ol_wr_be(w, it->token, 2);
        break;
    default:
        OL_ASSERT(it->type == OL_ITEM_PROVE);
    }
}

void ol_item_put(ol_wr *w, const ol_item *it) {
    if (it->type == OL_ITEM_LOG_SHORT || it->type == OL_ITEM_LOG_FULL) {
        ol_wr_be(w, (uint64_t)it->type + (it->log.lane ? 16 : 0) + it->log.party, 1);
        ol_wr_put(w, it->log.incarnation, it->type == OL_ITEM_LOG_SHORT ? 2 : OL_INC_LEN);
        return;
    }
    ol_wr_be(w, (uint64_t)it->type, 1);
    put_body(w, it);
}

size_t ol_item_len(const ol_item *it) {
    uint8_t room[OL_ENTRY_MAX + 128];
    ol_wr w = ol_wr_of(room, sizeof room);
    ol_item_put(&w, it);
    return w.len;
}
