/* An officer's sign on what is submitted: what it covers is put together here, from what the
 * station says of the record, and signed in this process (docs/PROTOCOL.md §4.8). */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/people.h"
#include "crypto/word.h"
#include "wire/kind.h"

/* One request about the line, its reply in *ret. */
static int ask(ol_people *p, ol_request *r, json_t **ret) {
    return ol_talk_ask(p->c, p->talk, r, ret);
}

/* "usa/urgent/0123456789abcdef" */
static bool parse_log(const ol_people *p, const char *name, ol_log_key *ret) {
    size_t party = strcspn(name, "/");
    int number = ol_charter_party(&p->charter, name, party);
    const char *lane = name + party;
    *ret = (ol_log_key){ .party = (uint8_t)number };
    ret->lane = strncmp(lane, "/urgent/", 8) == 0 ? OL_LANE_URGENT : OL_LANE_ROUTINE;
    const char *inc = strrchr(name, '/');
    return number >= 0 && inc != NULL && strlen(inc + 1) == (size_t)2 * OL_INC_LEN &&
           ol_hex_get(inc + 1, (size_t)2 * OL_INC_LEN, ret->incarnation, OL_INC_LEN) == OL_OK;
}

/* ── read ── */

static int take_rows(ol_people *p, const json_t *reply, ol_lane lane, ol_word *w) {
    static uint8_t rows[OL_DESK_READ_ROWS * OL_DESK_READ_ROW];
    static ol_known read[OL_DESK_READ_ROWS];
    const char *text = json_string_value(json_object_get(reply, "logs"));
    const char *own =
        json_string_value(json_object_get(json_object_get(reply, "current"), ol_lane_name(lane)));
    size_t len = 0, n = 0;
    ol_log_key itself = { 0 };
    if (text == NULL || ol_b64_get(text, strlen(text), rows, sizeof rows, &len) != OL_OK)
        return ol_cli_fail(p->c, OL_ELIMIT, "send it without --as: the station's word",
                           "the record has too many logs for a sign");
    if (own != NULL && !parse_log(p, own, &itself))
        own = NULL;
    for (ol_rd r = ol_rd_of(rows, len); r.left > 0; n++) {
        read[n].log.party = (uint8_t)ol_rd_be(&r, 1);
        read[n].log.lane = (uint8_t)ol_rd_be(&r, 1);
        ol_rd_copy(&r, read[n].log.incarnation, OL_INC_LEN);
        read[n].size = ol_rd_be(&r, 8);
        if (own != NULL && ol_log_key_eq(&read[n].log, &itself))
            read[n].size = 0; /* the log itself is no log that it mentions */
    }
    ol_word_read_hash(read, ol_word_sort(read, n), w->read);
    w->generation = (uint32_t)json_integer_value(json_object_get(reply, "generation"));
    return -1;
}

static int take_read(ol_people *p, ol_lane lane, ol_word *w) {
    static ol_request r;
    json_t *reply = NULL;
    int code = ol_talk_request(p->c, OL_DO_POSITION, p->line, &r);
    if (code >= 0)
        return code;
    r.given |= OL_GIVEN_READ;
    r.read = p->position;
    code = ask(p, &r, &reply);
    if (code < 0)
        code = take_rows(p, reply, lane, w);
    json_decref(reply);
    return code;
}

/* ── what it refers to ── */

/* The one log of the record that the reference fits; *ret_fits how many do. */
static int find_log(ol_people *p, const ol_ref *ref, ol_log_key *ret, unsigned *ret_fits) {
    uint64_t next = 0;
    int code = -1;
    *ret_fits = 0;
    for (bool has_more = true; code < 0 && has_more;) {
        static ol_request r;
        json_t *reply = NULL, *log;
        size_t i;
        code = ol_talk_request(p->c, OL_DO_RECORD, p->line, &r);
        r.given |= OL_GIVEN_FROM;
        r.from = next;
        if (code < 0)
            code = ask(p, &r, &reply);
        json_array_foreach(json_object_get(reply, "logs"), i, log) {
            ol_log_key key;
            const char *name = json_string_value(json_object_get(log, "log"));
            uint64_t size = (uint64_t)json_integer_value(json_object_get(log, "size"));
            if (name != NULL && parse_log(p, name, &key) && size > ref->index &&
                ol_ref_fits(ref, &key, ref->index))
                *ret = key, ++*ret_fits;
        }
        has_more = json_is_integer(json_object_get(reply, "next"));
        next = (uint64_t)json_integer_value(json_object_get(reply, "next"));
        json_decref(reply);
    }
    return code;
}

static int take_ref(ol_people *p, const ol_ref *ref, ol_word *w) {
    static ol_request r;
    static uint8_t entry[OL_ENTRY_MAX];
    json_t *reply = NULL;
    ol_log_key log;
    unsigned fits = 0;
    size_t len = 0;
    int code = find_log(p, ref, &log, &fits);
    if (code >= 0 || fits != 1)
        return code;
    code = ol_talk_request(p->c, OL_DO_ENTRIES, p->line, &r);
    if (code >= 0)
        return code;
    r.given |= OL_GIVEN_LOG | OL_GIVEN_FROM;
    memcpy(r.party, p->charter.party[log.party].name, sizeof r.party);
    r.lane = log.lane;
    memcpy(r.incarnation, log.incarnation, sizeof r.incarnation);
    r.from = ref->index;
    code = ask(p, &r, &reply);
    const char *text = json_string_value(json_array_get(json_object_get(reply, "entries"), 0));
    if (code < 0 && text != NULL &&
        ol_b64_get(text, strlen(text), entry, sizeof entry, &len) == OL_OK)
        ol_hash_sha256(entry, len, w->ref);
    json_decref(reply);
    return code;
}

/* ── the sign ── */

int ol_people_sign(ol_people *p, uint64_t number, ol_request *r) {
    const ol_kind *kind = ol_kind_of(number);
    ol_kind_at at = { .author = (uint8_t)p->self, .parties = p->charter.parties };
    ol_lane lane = OL_LANE_URGENT;
    ol_ref ref;
    at.rungs = p->charter.rungs;
    const char *fault = ol_kind_submit(kind, r->body, r->body_len, &at, &lane);
    if (fault != NULL)
        return ol_cli_fail(p->c, OL_EFORM, "say it otherwise", "the %s does not fit the line: %s",
                           kind->name, fault);
    ol_word w = { .party = (uint8_t)p->self, .kind = (uint8_t)number };
    memcpy(w.line_id, p->charter.id, sizeof w.line_id);
    memcpy(w.item, r->item, sizeof w.item);
    ol_hash_sha256(r->body, r->body_len, w.body);
    ol_hash_sha256("", 0, w.ref);
    int code = take_read(p, lane, &w);
    if (code < 0 && kind->ref != NULL && kind->ref(r->body, r->body_len, &ref))
        code = take_ref(p, &ref, &w);
    if (code >= 0)
        return code;
    uint8_t bytes[OL_WORD_LEN], sig[OL_SIG_LEN];
    uint64_t written = (uint64_t)time(NULL);
    ol_word_bytes(&w, p->signer.officer, written, bytes);
    code = ol_signer_sign(p->c, &p->signer, bytes, sizeof bytes, sig);
    if (code >= 0)
        return code;
    ol_wr out = ol_wr_of(r->signs, sizeof r->signs);
    ol_wr_be(&out, p->signer.officer, 2);
    ol_wr_be(&out, written, 8);
    ol_wr_put(&out, sig, sizeof sig);
    r->signs_len = out.len;
    r->given |= OL_GIVEN_SIGNS;
    return -1;
}
