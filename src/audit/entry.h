/* The bytes of one audit entry: canonical JSON, written and read strictly.
 *
 *   {"n":17,"at":"2026-11-23T08:00:00.000000Z","account":5,"party":2,"event":"approve","object":"product",
 *    "id":9,"law":"EGRESS_REVIEW","locator":"二(六)3","workflow":"product@1","rule":"admission@3",
 *    "to":"approved","evidence":"<64 hex>","continues":16,
 *    "changes":[["product",9,"<64 hex>","<64 hex>"],["workflow_event",30,null,"<64 hex>"]]}
 *
 * (without the line breaks). Keys stand in this order; law and locator are absent when no clause is
 * concerned, workflow, rule, to and evidence when there is none, continues unless the entry goes on with the
 * changes of an earlier one that would have passed LIMIT_ENTRY_BYTES. In strings only `"`, `\` and characters
 * below U+0020 are escaped, as \", \\ and \u00XX. There is one way to write an entry; the reader refuses any
 * other. */
#pragma once

#include "audit/audit.h"

#include <stdbool.h>

#define AUDIT_SALT_SIZE 16
#define AUDIT_NO_ENTRY ((int64_t)-1)

/* The most bytes that an entry without changes may take, and that one change may add to it. */
#define AUDIT_HEAD_BYTES 8192
#define AUDIT_CHANGE_BYTES 320

/* What stands for a row's bytes in the log: SHA-256(salt ‖ table ‖ 0 ‖ id, 8 bytes big-endian ‖ bytes). */
struct digest audit_row_digest(const uint8_t salt[AUDIT_SALT_SIZE], const char *table, size_t table_size,
                               row_id id, const void *bytes, size_t size);

/* ---- writing ---- */

/* Bytes that a buffer needs for the entry with `count` changes, or with as many of them as it can hold. */
size_t entry_bound(const struct audit_entry *entry, size_t count);

struct entry_writer {
    char *start;
    char *at;
    bool changes;
};

/* `continues`: AUDIT_NO_ENTRY, or the first part. */
void entry_begin(struct entry_writer *writer, char *buffer, const struct audit_entry *entry, int64_t number,
                 int64_t continues);
/* True when one more change may be added. */
bool entry_has_room(const struct entry_writer *writer);
void entry_add(struct entry_writer *writer, const struct store_change *change,
               const uint8_t salt[AUDIT_SALT_SIZE]);
/* Returns the size of the entry. */
size_t entry_end(struct entry_writer *writer);

/* ---- reading ---- */

/* A piece of the entry's own bytes; texts are as written, escapes included. */
struct piece {
    const char *at;
    size_t size;
};

struct entry_head {
    int64_t number;
    int64_t account;
    int64_t party;
    int64_t object_id;
    int64_t continues; /* AUDIT_NO_ENTRY unless it continues another */
    struct piece at;
    struct piece event;
    struct piece object;
    struct piece law; /* size 0: none; and so on */
    struct piece locator;
    struct piece workflow;
    struct piece rule;
    struct piece to;
    bool has_evidence;
    struct digest evidence;
};

struct entry_change {
    struct piece table;
    row_id id;
    bool before; /* the row existed before */
    bool after;  /* the row exists after */
    struct digest before_digest;
    struct digest after_digest;
};

struct entry_reader {
    const char *at;
    const char *end;
    bool first;
};

/* RESULT_MALFORMED when the bytes are not exactly what entry_begin() writes. */
enum result entry_read(struct entry_reader *reader, const void *bytes, size_t size,
                       struct entry_head *ret_head);
/* The next change; RESULT_NOT_FOUND after the last, when nothing follows it. */
enum result entry_next(struct entry_reader *reader, struct entry_change *ret_change);
