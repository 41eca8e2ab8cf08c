/* What entries of the other kinds say, as JSON: a row a kind. Their bodies were judged before. */
#include "station/desk.h"
#include "wire/handback.h"
#include "wire/kind.h"

typedef void kind_fn(const ol_api_line *line, const ol_entry *e, json_t *o);

static void handback(const ol_api_line *line, const ol_entry *e, json_t *o) {
    ol_handback h;
    if (ol_handback_decode(e->body, e->body_len, &h) == OL_OK)
        (void)json_object_set_new(o, "handback",
                                  json_pack("{s:s, s:I}", "party",
                                            line->charter->party[h.party].name, "receipts",
                                            (json_int_t)h.n));
}

static const struct {
    uint64_t kind;
    kind_fn *fn;
} kinds[] = {
    { OL_KIND_HANDBACK, handback },
};

void ol_desk_kind_json(const ol_api_line *line, const ol_entry *e, json_t *o) {
    for (size_t i = 0; i < OL_LEN(kinds); i++)
        if (kinds[i].kind == e->kind)
            kinds[i].fn(line, e, o);
}
