/* line/times.h — the times and sizes by which the engine decides; those of the protocol are named
 * with their section of docs/PROTOCOL.md, the others are ours to choose. Milliseconds and bytes. */
#ifndef OL_LINE_TIMES_H
#define OL_LINE_TIMES_H

enum {
    OL_HEAD_EVERY = 16,    /* entries: a head at each multiple (§3.2) */
    OL_HOLD_BYTES = 65536, /* provisional, per source (§3.5) */
    OL_HOLD_MS = 30000,    /* then they make room for others */
    OL_HOLD_HEADS = 32,    /* heads waiting for entries, per source */
    OL_RECENT_HEADS = 32,  /* roots kept so that a late receipt can be checked */
    OL_LOGS_MAX = 4096,    /* per line (§8) */
    OL_SUBMITS_MAX = 4096, /* waiting for the commit that is out */
    OL_WINDOW_MAX = 49152, /* unacknowledged bytes per member (§5.3) */
    OL_WINDOW_MIN = 2400,
    OL_WINDOW_START = 16384,
    OL_BATCH_ENTRIES = 1024, /* own entries of one commit */
    OL_BATCH_BYTES = 1 << 20,
    OL_COUNTER_LEAP = 1 << 24, /* a member may say that our counter was so much further */
    OL_LOGS_OWN = 256,         /* of them: kept for our own; the others share the rest */
    OL_ANEW_DAY = 8,           /* logs opened to be handed receipts back, likewise */
    OL_HANDBACKS_DAY = 64,     /* for one member, in 24 hours of running time */
    OL_COUNTERS = 1024,        /* first-message counters reserved at a time (§5.1) */
    OL_HOLDERS = 8,            /* sessions of a path: opening, stand-by, live, old */
    OL_KEPT_MS = 64000,        /* an opening stays so long: two of 30 s one way, and some */
    OL_OPENINGS = 3,        /* at once: an answer may take longer than the time to the next try */
    OL_REPEATS_FAST = 8,    /* then the repeat time doubles (§5.3) */
    OL_REPEATS_SUSPECT = 5, /* then first messages are tried beside the session */
    OL_RTT_START_MS = 200,
    OL_REPEAT_MAX_MS = 500,
    OL_OPEN_FIRST_MS = 50,     /* a path that comes up waits so long for what it may carry */
    OL_OPEN_MAX_MS = 2000,     /* between tries while the round trip is not known */
    OL_STREAM_HOLD_MS = 30000, /* on a stream nothing is repeated sooner: it is on its way (§5.3) */
    OL_REPEAT_HELD_MS = 5000,  /* the peer holds all, only its receipt is missing */
    OL_PING_MS = 20000,
    OL_SEGMENT_MS = 10000,   /* a frame holds a path of a configured rate no longer (§5.3) */
    OL_PACKET_MS = 64000,    /* nor a packet where segments go, which what is urgent overtakes, */
    OL_PACKET_MIN = 400,     /* but it has so many bytes */
    OL_KEEP_SHARE = 96000,   /* bits of a PING and its PONG, times 100: one per cent of the rate */
    OL_MISSED_MAX_MS = 5000, /* between tries of a path that did not answer */
    OL_COPIES = 4,           /* urgent payloads that wait for one path */
    OL_COPY_MS = 5000,       /* then they are late: what they carry is repeated anyhow */
    OL_REKEY_MS = 120000,
    OL_REKEY_SHARE = 2000000, /* bits of a handshake, times 1,000: a thousandth of the rate */
    OL_REKEY_TURNS = 60,      /* or so many times what an answer waits for its turn */
    OL_REKEY_MAX_MS = 43200000,
    OL_REPLY_HOLD_MS = 30,     /* message 2 waits this long for the receipt it can carry */
    OL_REPLY_SHARE = 100,      /* bits: or as long as these take, a frame of its own costs more */
    OL_ANSWER_AGAIN_MS = 1000, /* to a repeated first message (§5.1) */
    OL_SAVE_MS = 50,           /* signatures are stored with the next commit, or after this */
    OL_RETRY_MS = 1000,        /* a commit or fetch that failed is tried again */
    OL_RAN_SAVE_MS = 600000,   /* running time is stored at least so often */
    OL_HINT_AGAIN_MS = 60000,  /* a hint whose place in the switch was taken is tried again */
    OL_CHUNK_MS = 100,         /* what was fetched for one member stays so long for it */
    OL_HAND_MS = 200,          /* and three repeats: then a member's log is handed on (§5.3) */
    OL_HAND_RANKS = 4,         /* members wait their turn to hand on */
    OL_WANT_MAX_MS = 60000,    /* between requests for a receipt that its signer cannot bring */
    OL_CUT_MS = 600000,        /* so long a member's word holds that it cannot reach another */
    OL_ALONE_MS = 5000,        /* then a member counts as out of reach for a handback (§6.4) */
    OL_OPEN_IDLE_MS = 15000,   /* at most, between tries with nothing to say */
    OL_OPENINGS_DAY = 256,     /* new logs a party and lane in 24 hours of running time (§8) */
    OL_SPAN_MAX = 4096,        /* entries held beyond a log's end */
    OL_DAY_MS = 86400000,
    OL_CLOCK_JUMP_S = 86400 /* §3.3 */
};

enum { /* why storage does not take anything (STOPPED, §5.2) */
       OL_STORAGE_FULL = 1,
       OL_STORAGE_FAILS = 2,
       OL_STORAGE_NO_MEMORY = 3
};

#endif
