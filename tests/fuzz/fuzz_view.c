/* The joint view over any entries whatever. Input: u8 log, u16 length, that many bytes of an entry,
 * and again. All entries come out once, each log's in its own order; crossing is mutual; whatever
 * is told can be said in words; and the order in which logs were added changes nothing. */
#include <string.h>

#include "record/view.h"

enum { LOGS = 5, PARTIES = 3 };

static const char *const NAMES[PARTIES] = { "usa", "prc", "rok" };

static ol_log_key key_of(size_t log) {
    return (ol_log_key){ (uint8_t)(log % PARTIES), (uint8_t)(log / PARTIES), { 0, (uint8_t)log } };
}

static void on_issue(void *ctx, const ol_view_issue *issue) {
    char sentence[OL_VIEW_SENTENCE_MAX];
    ol_view_sentence(issue, NAMES, sentence);
    OL_ASSERT(strlen(sentence) > 10);
    ++*(size_t *)ctx;
}

/* Logs are added from `first` on; their entries come in the order of the input. */
static ol_view *view_of(ol_mem *mem, const uint8_t *data, size_t size, size_t first,
                        size_t *ret_issues) {
    ol_view_opts opts = { .mem = mem, .parties = PARTIES, .rungs = 2, .issue = on_issue };
    ol_view *v = NULL;
    size_t log[LOGS];
    static const uint8_t line_id[OL_LINE_ID_LEN], identity[32];
    opts.ctx = ret_issues, opts.line_id = line_id, opts.identity[0] = identity;
    OL_ASSERT(ol_view_new(&opts, &v) == OL_OK);
    for (size_t i = 0; i < LOGS; i++) {
        ol_log_key key = key_of((first + i) % LOGS);
        OL_ASSERT(ol_view_add_log(v, &key, &log[(first + i) % LOGS]) == OL_OK);
    }
    ol_rd r = ol_rd_of(data, size);
    while (r.left > 3) {
        size_t which = (size_t)ol_rd_be(&r, 1) % LOGS, len = (size_t)ol_rd_be(&r, 2);
        len = len < r.left ? len : r.left;
        const uint8_t *entry = ol_rd_take(&r, len);
        OL_ASSERT(ol_view_add_entry(v, log[which], entry, len) == OL_OK);
    }
    OL_ASSERT(ol_view_finish(v) == OL_OK);
    return v;
}

static void check(const ol_view *v) {
    uint64_t next[LOGS] = { 0 };
    for (size_t at = 0; at < ol_view_len(v); at++) {
        ol_view_item x = ol_view_at(v, at);
        OL_ASSERT(x.index == next[x.log]++ && ol_view_find(v, x.log, x.index) == at);
        OL_ASSERT(!x.is_message || x.unreadable == NULL);
        for (unsigned i = 0; i < x.crossings; i++) {
            size_t other = ol_view_crossing(v, at, i);
            ol_view_item y = ol_view_at(v, other);
            OL_ASSERT(y.is_message && ol_view_read(v, x.log, x.index, y.log) <= y.index);
            OL_ASSERT(ol_view_read(v, y.log, y.index, x.log) <= x.index);
            OL_ASSERT(ol_view_log_key(v, x.log)->party != ol_view_log_key(v, y.log)->party);
        }
    }
    for (size_t log = 0; log < LOGS; log++)
        OL_ASSERT(next[log] == ol_view_log_size(v, log));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    ol_mem mem;
    size_t issues[2] = { 0, 0 };
    ol_mem_heap(&mem, 64 << 20);
    ol_view *a = view_of(&mem, data, size, 0, &issues[0]);
    ol_view *b = view_of(&mem, data, size, 3, &issues[1]);
    check(a), check(b);
    OL_ASSERT(issues[0] == issues[1] && ol_view_len(a) == ol_view_len(b));
    for (size_t at = 0; at < ol_view_len(a); at++) {
        ol_view_item x = ol_view_at(a, at), y = ol_view_at(b, at);
        OL_ASSERT(ol_log_key_eq(ol_view_log_key(a, x.log), ol_view_log_key(b, y.log)));
        OL_ASSERT(x.index == y.index && x.crossings == y.crossings);
    }
    ol_view_free(a), ol_view_free(b);
    OL_ASSERT(mem.used == 0);
    return 0;
}
