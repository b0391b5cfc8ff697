/* The agent's own durable memory of orders, which the provider can read: a text file of one JSON object a
 * line, only ever added to, in the state folder.
 *
 * Each line: {"at": RFC 3339, "event", "order": number, …, "previous": SHA-256 of the line before (64 zeros
 * for the first)}, so that a changed or missing line shows. Events: "delayed"    told the platform to wait:
 * "digest" of the order's text, "until", "reason" "approved"   a person at the provider's side let it through
 *   "stopped"    a person refused it: "reason"; still to be told
 *   "sending"    about to be sent: "digest" of the order's text, "resource"
 *   "delivered"  the platform has it: "digest", "resource", "rows", "bytes", "slice" (SHA-256 of the Parquet)
 *   "rejected"   the platform would not take it: "reason"; waits for a person
 *   "refused"    told the platform no: "digest", "reason"
 * No value of a row is ever written.
 *
 * A line counts only when it has been made durable (fdatasync) before the function returns. A torn last line,
 * left by a crash, is cut off. Several processes (the agent, `dukou source approve`) may have it open: a lock
 * keeps their lines whole. One journal is used by one thread at a time. */
#pragma once

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"

#include <stdbool.h>

enum journal_state {
    JOURNAL_NEW,
    JOURNAL_DELAYED,
    JOURNAL_APPROVED,
    JOURNAL_STOPPED,
    JOURNAL_SENDING,
    JOURNAL_REJECTED,
    JOURNAL_DELIVERED,
    JOURNAL_REFUSED,
};

/* What is known of one order: the last event wins, but delivered and refused are for good. */
struct journal_order {
    int64_t order;
    enum journal_state state;
    bool approved;         /* at any time */
    bool refused_again;    /* it came again after it was delivered, and the platform was told no */
    instant delayed_until; /* 0: never */
    bool known; /* the digest is set: the order's text was seen, and may not change under its number */
    struct digest digest;
    const char *reason; /* "" where there is none; valid until the next call */
};

struct journal;

/* Makes the folder (0700) when it is absent. RESULT_CORRUPT names the line that does not read or does not
 * follow the one before. */
enum result journal_open(struct arena *arena, const char *folder, struct journal **ret_journal,
                         struct refusal *ret_refusal);
void journal_close(struct journal *journal);

/* Reads what other processes have added since. */
enum result journal_refresh(struct journal *journal, struct arena *arena, struct refusal *ret_refusal);

/* {.state = JOURNAL_NEW} for one that was never seen. */
struct journal_order journal_of(const struct journal *journal, int64_t order);

/* Adds a line. Takes the reference to `more`, the members beside at, event, order and previous; NULL: none.
 */
enum result journal_add(struct journal *journal, struct arena *arena, instant at, const char *event,
                        int64_t order, json_t *more, struct refusal *ret_refusal);

static inline void journal_cleanup(struct journal **journal)
{
    journal_close(*journal);
}
#define CLEANUP_JOURNAL __attribute__((cleanup(journal_cleanup)))
