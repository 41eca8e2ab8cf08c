/* store/mem_parts.h — what store/mem.c and store/mem_put.c share, and nobody else: the structures
 * of the store in memory, its arrays, and its lines and logs. */
#ifndef OL_STORE_MEM_PARTS_H
#define OL_STORE_MEM_PARTS_H

#include <string.h>

#include "store/mem.h"

typedef struct { /* a growable array */
    uint8_t *v;
    size_t n, cap, size;
} vec;

typedef struct {
    uint8_t *p;
    size_t len;
} blob; /* p NULL: none */

typedef struct {
    uint64_t seq;
    blob body;
} mem_entry;

typedef struct {
    uint64_t size;
    uint8_t root[32];
    bool is_signed;
    uint8_t sig[OL_SIG_LEN];
} mem_head;

typedef struct {
    uint8_t party, way;
    bool is_signed;
    uint64_t size, time, seq;
    uint8_t sig[OL_SIG_LEN];
} mem_receipt;

typedef struct {
    ol_log_key key;
    bool is_closed;
    uint64_t size;
    blob frontier;
    vec entries, heads, receipts; /* by index; by size; by party, then size */
} mem_log;

typedef struct {
    uint8_t item[OL_ITEM_LEN];
    size_t log;
    uint64_t index;
} mem_item;

typedef struct {
    char *key;
    blob value; /* none: deleted */
} mem_state;

typedef struct {
    size_t log;
    uint8_t party, root[32], sig[OL_SIG_LEN];
    uint64_t size, time;
} mem_evidence;

typedef struct { /* what `since` walks: an entry, or a receipt by party and size */
    uint64_t seq, at;
    size_t log;
    uint8_t party;
    bool is_receipt;
} mem_feed;

typedef struct {
    uint8_t id[OL_LINE_ID_LEN];
    vec logs, items, states, evidence, feed;
} mem_line;

typedef struct {
    ol_store base;
    ol_mem *mem;
    uint64_t seq, fail_in;
    ol_err fail_err;
    vec lines;
} mem_store;

void *ol_vec_at(const vec *a, size_t i);
/* The new element's place, or NULL. */
void *ol_vec_insert(ol_mem *mem, vec *a, size_t at, const void *element);
void *ol_vec_push(ol_mem *mem, vec *a, const void *element);
void ol_vec_remove(vec *a, size_t at);
void ol_vec_free(ol_mem *mem, vec *a);

OL_MUST ol_err ol_blob_of(ol_mem *mem, const void *p, size_t len, blob *ret);
void ol_blob_free(ol_mem *mem, blob *b);

mem_line ol_mem_line_of(const uint8_t *id);
mem_log ol_mem_log_of(const ol_log_key *key);
void ol_mem_line_free(ol_mem *mem, mem_line *line);
void ol_mem_log_free(ol_mem *mem, mem_log *log);
/* NULL: not there; line may be NULL. */
mem_line *ol_mem_line_find(const mem_store *m, const uint8_t *id);
mem_log *ol_mem_log_find(const mem_line *line, const ol_log_key *key);

ol_err ol_store_mem_commit(ol_store *s, const ol_batch *list, size_t n);

#endif
