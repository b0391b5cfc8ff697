/* Every limit of Dukou, in one place. Units are in the names. docs/limits.md is printed from this file. */
#pragma once

#include <stddef.h>

/* clang-format off */

/* Memory of one request */
#define LIMIT_ARENA_BYTES ((size_t)256 * 1024 * 1024)

/* JSON bodies */
#define LIMIT_BODY_BYTES ((size_t)1024 * 1024)
#define LIMIT_JSON_DEPTH 32
#define LIMIT_JSON_BYTES ((size_t)64 * 1024 * 1024) /* of any JSON; a body has its own, smaller one */
#define LIMIT_TEXT_CHARACTERS 10000     /* a field that states no limit of its own */
#define LIMIT_LIST_ITEMS 1000

/* Uploads: documents and imports, in bytes */
#define LIMIT_DOCUMENT_BYTES ((size_t)32 * 1024 * 1024)
#define LIMIT_IMPORT_BYTES ((size_t)256 * 1024 * 1024)
#define LIMIT_SLICE_BYTES ((size_t)4 * 1024 * 1024 * 1024)

/* HTTP */
#define LIMIT_CONNECTIONS 1024
#define LIMIT_CONNECTIONS_LEAST 16      /* however few descriptors the process may have */
#define LIMIT_DESCRIPTORS_KEPT 160      /* of the process, for store, log, keeper and uploads: connections are as many as are left */
#define LIMIT_CONNECTIONS_PER_ADDRESS 256
#define LIMIT_IDLE_SECONDS 30
#define LIMIT_HEADER_BYTES (32 * 1024)
#define LIMIT_HEAD_SECONDS 30           /* from the connection, or the reply before, to the end of a head */
#define LIMIT_REPLY_SECONDS 30          /* a client may read a reply so long, and longer at LIMIT_BODY_BYTES_PER_SECOND or more */
#define LIMIT_WORKERS 64                /* threads that run state-changing and slow handlers */
#define LIMIT_WORK_QUEUE 512            /* requests that wait for such a thread */
#define LIMIT_REQUESTS_PER_MINUTE 600   /* of one anonymous address; accounts have their own */
#define LIMIT_ACCOUNT_REQUESTS_PER_MINUTE 60000
#define LIMIT_REPLY_LARGE_BYTES ((size_t)1024 * 1024)
#define LIMIT_REPLIES_BYTES ((size_t)256 * 1024 * 1024) /* of replies over LIMIT_REPLY_LARGE_BYTES that are being read */
#define LIMIT_UPLOADS_AT_ONCE 16        /* raw bodies held in memory files */
#define LIMIT_BODY_SECONDS 30           /* a body may take so long, and longer at LIMIT_BODY_BYTES_PER_SECOND or more */
#define LIMIT_BODY_BYTES_PER_SECOND 4096
#define LIMIT_EVENT_SECONDS 10          /* between signs of life on a quiet stream of events */
#define LIMIT_EVENT_BUFFER_BYTES ((size_t)64 * 1024)
#define LIMIT_EVENT_STREAMS 64          /* server-sent event replies at once; a thread each */
#define LIMIT_IDEMPOTENCY_HOURS 24      /* a reply is kept for a request sent again with the same Idempotency-Key */
#define LIMIT_PAGE_ITEMS 100
#define LIMIT_PAGE_ITEMS_DEFAULT 20
#define LIMIT_KEPT_BYTES ((size_t)16 * 1024) /* path and text of a public reply that is kept until the next change */
#define LIMIT_SEARCH_COUNT 200          /* a search counts hits up to here and then says "more" */

/* Health: how old the last good answer of a part may be */
#define LIMIT_HEALTH_SECONDS 10         /* of store and keeper, which are asked every second */
#define LIMIT_SEAL_LAG_SECONDS 60       /* of the log behind the store */

/* Log-in */
#define LIMIT_LOGIN_FAILURES 5          /* in a row, then the account is locked */
#define LIMIT_LOGIN_LOCK_MINUTES 15
#define LIMIT_LOGIN_AT_ONCE 2           /* Argon2id takes 64 MiB each */
#define LIMIT_LOGIN_WAITING 40          /* for their turn; the threads left over serve everybody else */
#define LIMIT_BROWSER_DAYS 180          /* since the last log-in from a browser: its failures are counted apart */
#define LIMIT_SESSION_HOURS 12
#define LIMIT_SESSION_IDLE_MINUTES 60
#define LIMIT_SESSION_NOTE_MINUTES 5    /* the use of a session is noted at most as often as this */

/* Store */
#define LIMIT_GROUP_COMMIT 256          /* units of work in one durable commit */
#define LIMIT_WRITE_QUEUE 1024          /* units that wait for the writer */
#define LIMIT_READERS 16                /* connections that read at once */
#define LIMIT_STORE_WAIT_SECONDS 10     /* for another process's lock, or for a reader */
#define LIMIT_STORE_FIND_OUT_SECONDS 60 /* for PostgreSQL to say what became of a commit it did not answer */
#define LIMIT_STORE_VALUE_BYTES (64 * 1024 * 1024)
#define LIMIT_STORE_WRITER_CACHE_KIB 8192
#define LIMIT_STORE_READER_CACHE_KIB 1024
#define LIMIT_STORE_WAL_PAGES 4000      /* of 4 KiB; then the log is moved into the file */
#define LIMIT_STORE_WAL_BYTES (64 * 1024 * 1024) /* kept on disk after a burst */

/* The working-day calendar's file */
#define LIMIT_CALENDAR_BYTES ((size_t)1024 * 1024)

/* Audit */
#define LIMIT_ENTRY_BYTES 65535         /* C2SP tlog-tiles */

#define LIMIT_LOG_BACK_SECONDS (24 * 3600) /* that an entry may be dated before the newest one in front of it */
#define LIMIT_LOG_SHOW_BYTES ((size_t)8 * 1024 * 1024) /* of entries that the keeper is shown in one call */

/* Rooms, workers, queries */
#define LIMIT_SQL_BYTES ((size_t)64 * 1024)
#define LIMIT_QUERY_DEPTH 64            /* nesting of the parser's tree that the guard reads */
#define LIMIT_QUERY_SECONDS 120
#define LIMIT_WORKER_MEMORY_BYTES ((size_t)512 * 1024 * 1024)
#define LIMIT_WORKER_CPU_SECONDS 300
#define LIMIT_WORKERS_AT_ONCE 4
#define LIMIT_PARSERS_AT_ONCE 2         /* beside them, for SQL text only */
#define LIMIT_PARSER_MEMORY_BYTES ((size_t)256 * 1024 * 1024)
#define LIMIT_PARSER_SECONDS 5
#define LIMIT_WORKERS_IDLE 2            /* jailed and waiting, so that a job starts at once */
#define LIMIT_WORKER_STACK_BYTES ((size_t)2 * 1024 * 1024) /* of each thread */
#define LIMIT_WORKER_THREADS 64
#define LIMIT_WORKER_GRACE_SECONDS 1    /* from the deadline to SIGKILL */
#define LIMIT_QUERY_TABLES 32
#define LIMIT_PRINTED_SQL_BYTES ((size_t)1024 * 1024) /* as the guard prints it */
#define LIMIT_QUERY_NODES 20000         /* expressions in one query, as printed */
#define LIMIT_QUERY_OUTPUTS 100         /* columns in one result */
#define LIMIT_QUERY_AGGREGATES 32       /* different ones in one query */
#define LIMIT_POLICY_TABLES 64          /* in one room */
#define LIMIT_REPORT_ROWS 1000          /* rows that a release report lists one by one; all are counted */
#define LIMIT_JOB_BYTES ((size_t)4 * 1024 * 1024)     /* of the message that gives a worker its job */
#define LIMIT_TREE_BYTES ((size_t)32 * 1024 * 1024)   /* of parsed SQL */
#define LIMIT_VIOLATIONS 1000           /* listed; all are counted */
#define LIMIT_CSV_RECORD_BYTES ((size_t)1024 * 1024)
#define LIMIT_COLUMN_NAME_BYTES 128
#define LIMIT_ANSWER_BYTES ((size_t)16 * 1024 * 1024)
#define LIMIT_ANSWER_ROWS 100000
#define LIMIT_TABLE_COLUMNS 1000
#define LIMIT_INDEX_SUBJECTS 20000000   /* subjects in one verification or score index */
#define LIMIT_INDEX_MEMORY_BYTES ((size_t)512 * 1024 * 1024) /* of all indexes that the keeper holds ready */

#define LIMIT_PRODUCT_TABLE_BYTES ((size_t)64 * 1024 * 1024) /* of a reviewed table */
#define LIMIT_SHEET_BYTES ((size_t)1024 * 1024)  /* of a table's text in the review sheet */
#define LIMIT_METER_CALLS 256           /* calls in one metering batch */
#define LIMIT_ORDER_NAME_CHARACTERS 200     /* of a customer's name, as the exchange gives it */
#define LIMIT_ORDER_PURPOSE_CHARACTERS 2000
#define LIMIT_EXCHANGE_PAGES 16         /* of orders, taken from the exchange in one turn of the timer */
#define LIMIT_ORDER_MONTHS 12           /* that a granted order lasts, within the agreement */

#define LIMIT_INGEST_SECONDS 600        /* to check and re-encode one table */
#define LIMIT_INGEST_MEMORY_BYTES ((size_t)1024 * 1024 * 1024)

/* Floors of releasing: no rule of the bureau and no policy goes below */
#define LIMIT_RELEASE_THRESHOLD_LEAST 3 /* subjects per cell */
#define LIMIT_RELEASE_P_LEAST 5         /* of the p % rule */
#define LIMIT_RELEASE_K_MOST 95         /* of the (2,k) rule */

/* Keeper */
#define LIMIT_KEEPER_QUICK 4            /* threads for calls that wait for nobody */
#define LIMIT_KEEPER_SLOW 16            /* for those that wait for a worker */
#define LIMIT_KEEPER_UNACCOUNTED 256    /* results opened and orders signed that the log has not accounted for */
#define LIMIT_KEEPER_QUEUE 256          /* calls of either kind that wait for a thread */
#define LIMIT_KEEPER_CONNECTIONS 16     /* serving processes and commands on one keeper */
#define LIMIT_KEEPER_CONNECT_SECONDS 10 /* that a start waits for a keeper that does not answer yet */
#define LIMIT_KEEPER_REPLY_SECONDS 5    /* that the keeper waits for a serving process to take a reply */

/* Peers: calls to and from other systems */
#define LIMIT_PEER_CONNECT_SECONDS 10
#define LIMIT_PEER_SECONDS 60
#define LIMIT_PEER_STALL_SECONDS 600    /* a raw upload may move less than 1 kB/s for as long as this */
#define LIMIT_PEER_REPLY_BYTES ((size_t)16 * 1024 * 1024)

/* Synthetic tables */
#define LIMIT_GENERATE_ROWS 20000000

/* The source agent reads whole resources, at the provider's own machine */
#define LIMIT_SOURCE_MEMORY_BYTES ((size_t)2 * 1024 * 1024 * 1024)
#define LIMIT_SOURCE_SECONDS 1800
