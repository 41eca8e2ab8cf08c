/* tests/lib/record.h — a record in memory, made by the rules of tests/vectors/make_export.py, and a
 * reader over it. What it hands out can be spoilt, to see it refused. */
#ifndef OL_TESTS_LIB_RECORD_H
#define OL_TESTS_LIB_RECORD_H

#include "record/reader.h"

enum { RECORD_LOGS = 6, RECORD_START = 1700000000 };

typedef enum {
    SPOIL_NOTHING,
    SPOIL_HEAD,          /* one bit of the author's last signature */
    SPOIL_RECEIPT,       /* one bit of each receipt */
    SPOIL_RECEIPT_HEAD,  /* one bit of the author's signature under it */
    SPOIL_RECEIPT_SIZE,  /* a receipt over more than there is */
    SPOIL_RECEIPT_KEY,   /* another key than the one that signed */
    SPOIL_RECEIPT_TIME,  /* a second later than it says */
    SPOIL_AGREED,        /* a size that not all have receipted */
    SPOIL_AGREED_BEYOND, /* a size that is not there */
    SPOIL_LEAF,          /* one bit of one leaf */
    SPOIL_LEAF_LONG,     /* 2,065 bytes */
    SPOIL_LEAF_MISSING,  /* the walk ends one early */
    SPOIL_LEAF_TWICE,    /* one leaf comes a second time */
    SPOIL_LOG_KEY,       /* another key than the one that signed */
    SPOIL_PARTY,         /* a log of a party that there is not */
    SPOIL_LANE,          /* a lane that there is not */
    SPOIL_MEMBERS,       /* members that there are not */
    SPOIL_CARD,          /* a card of a party that there is not */
    SPOIL_CHARTER,       /* no charter at all */
    SPOIL_EVIDENCE,      /* one bit of each piece's signature */
    SPOIL_EVIDENCE_NONE, /* it says what the leaves say */
    SPOIL_EVIDENCE_SIZE, /* more than what it is held against */
    SPOILS
} record_spoil;

typedef struct {
    ol_reader reader;
    record_spoil spoil;
    size_t generations; /* charters; 1 unless changed */
    size_t evidence;    /* pieces against the second log: a head over 256, prc's receipt over 600 */
    size_t leaves_asked;
    uint64_t grown; /* if not 0, the size of the second log, which nobody has receipted then */
} test_record;

void record_make(test_record *r);
ol_log_key record_key(size_t log);
const uint8_t *record_secret(void); /* of 32 bytes, once it was made */

#endif
