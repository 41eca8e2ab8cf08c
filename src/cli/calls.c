/* openline calls — the calls of a line with their verdicts, each with what proves it. From the
 * record, which is verified on the way: what a station only says is not shown. */
#include <string.h>

#include "cli/record.h"
#include "cli/verdicts.h"
#include "record/verify.h"

enum { MEM_MAX = 1 << 30 };

typedef struct {
    ol_files_of files; /* first: ol_cli_record_read */
    ol_mem mem;
    json_t *calls;
} asking;

static ol_cli_record record;
static asking s_asking;

static void take_view(void *ctx, const ol_view *view, const char *const *party) {
    ((asking *)ctx)->calls = ol_cli_verdicts_json(view, party);
}

static int read_calls(ol_cli *c, asking *k, const char *of) {
    ol_verify_result result = { .is_proof = false };
    int code = ol_cli_record_files(c, of, &record, &k->files);
    if (code >= 0)
        return code;
    ol_mem_heap(&k->mem, MEM_MAX);
    ol_verify_opts opts = { .mem = &k->mem,
                            .file = k->files.file,
                            .files = k->files.n,
                            .read = ol_cli_record_read,
                            .view = take_view,
                            .ctx = k };
    if (ol_verify(&opts, &result) != OL_OK)
        return ol_cli_fail(c, OL_ENOMEM, "do it on a machine with more memory",
                           "there is no memory to read so large a record");
    if (result.is_proof)
        return ol_cli_fail(c, OL_ENOENT, "give the directory of a full export",
                           "a proof of one entry has no verdicts");
    if (result.broken > 0)
        return ol_cli_fail(c, OL_ECONFLICT, "see what openline verify says of it",
                           "the record does not hold: no verdicts are taken from it");
    return -1;
}

static int print_calls(ol_cli *c, const asking *k) {
    size_t i, n = json_array_size(k->calls), from = 0;
    uint64_t last = 0;
    json_t *call;
    int code = ol_cli_u64(c, "last", 1, UINT32_MAX, 0, &last);
    if (code >= 0)
        return code;
    if (last > 0 && last < n)
        from = n - (size_t)last;
    if (c->is_json) {
        json_t *o = ol_cli_ok(), *list = json_array();
        json_array_foreach(k->calls, i, call) {
            if (i >= from)
                (void)json_array_append(list, call);
        }
        (void)json_object_set_new(o, "calls", list);
        ol_cli_json(o);
        return ol_cli_end(c);
    }
    json_array_foreach(k->calls, i, call) {
        if (i >= from)
            ol_cli_verdicts_print(call);
    }
    if (n == 0)
        ol_cli_print("no calls are on record\n");
    return ol_cli_end(c);
}

static bool is_same(const json_t *call, const json_t *placed) {
    return json_equal(json_object_get(call, "log"), json_object_get(placed, "log")) &&
           json_equal(json_object_get(call, "index"), json_object_get(placed, "index"));
}

int ol_cli_calls_find(ol_cli *c, const char *line, const json_t *placed, json_t **ret) {
    asking *k = &s_asking;
    size_t i;
    json_t *call;
    *k = (asking){ .files = { .dir = -1 } };
    int code = read_calls(c, k, line);
    json_array_foreach(k->calls, i, call) {
        if (code < 0 && is_same(call, placed))
            *ret = json_incref(call);
    }
    if (code < 0 && *ret == NULL)
        code = ol_cli_fail(c, OL_EAGAIN, "openline calls shows it when it is there",
                           "the call %s is not in the record yet",
                           json_string_value(json_object_get(placed, "entry")));
    json_decref(k->calls);
    ol_files_of_free(&k->files);
    return code;
}

static int calls_run(ol_cli *c) {
    asking *k = &s_asking;
    *k = (asking){ .files = { .dir = -1 } };
    int code = read_calls(c, k, c->arg[0]);
    if (code < 0)
        code = print_calls(c, k);
    json_decref(k->calls);
    ol_files_of_free(&k->files);
    return code;
}

static const ol_cli_opt options[] = {
    { "last", "N", "only the last N calls", false },
    { NULL, NULL, NULL, false },
};

const ol_cli_command ol_cli_calls = {
    .name = "calls",
    .args = "<line or directory>",
    .summary = "Lists the calls of a line with their verdicts and what proves them",
    .help = "The same on both sides, and from an export: unreached (nothing shows that their "
            "station had it), unanswered\n(their station had it in time, nobody came; or it is not "
            "on record that it rang), declined, "
            "deferred, answered; open while it goes on.\n",
    .opt = options,
    .args_min = 1,
    .args_max = 1,
    .run = calls_run,
};
