/* Writing: units of several threads in one durable commit.
 *
 * There is one write connection, and whoever holds the lead uses it. A caller that finds nobody leading leads
 * at once, so a lone client never waits for another thread. Others queue up and sleep. The leader runs what
 * is queued, each unit in a savepoint, commits once with fsync, hands the lead to the first that came
 * meanwhile, and only then wakes those it served.
 *
 * Left alone, that falls into a bad rhythm: of 64 clients that were served together, the first to come back
 * leads a batch of one, and the other 63 wait for its fsync. So a leader whose batch is less than half of the
 * last one lingers, for at most half the time that the last commit took (30 % more units per second). The
 * batches of a lone client are of one, and it never lingers.
 *
 *              nobody leads                    commit done
 *   (caller) ──────────────▶ LEADS ──────────────────────────▶ returns
 *      │ another leads          ▲ handed the lead
 *      └──────────▶ WAITS ──────┴── served ──────────────────▶ returns
 *
 * Invariants
 *   - at most one thread leads; group->led says so, guarded by the mutex
 *   - the leader's own unit stands first in the queue when it begins
 *   - a unit is SERVED only after the commit that holds it, or after its trace is rolled back
 *   - work functions run on the leader's thread */
#include "base/clock.h"
#include "base/limits.h"
#include "store/sqlite/sqlite.h"

#include <assert.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum unit_state { UNIT_WAITS, UNIT_LEADS, UNIT_SERVED };

struct unit {
    struct unit *next;
    store_work *work;
    void *argument;
    enum result result;
    bool settled; /* failed by itself: not run again */
    _Atomic int state;
};

struct sqlite_group {
    struct sqlite_connection *connection;
    struct sqlite_tx tx;
    struct changes changes;
    struct arena *arena;
    pthread_mutex_t mutex; /* guards the next four */
    struct unit *head;
    struct unit *tail;
    size_t waiting;
    bool led;
    /* The leader's: */
    size_t last_count;     /* units in the last batch; 0 once lingering was in vain */
    instant last_commit;   /* how long it took */
    struct spread batches; /* units in each durable commit */
    /* The thread on which a unit's work runs; 0, which no thread is, when none does. */
    _Atomic pthread_t runner;
};

struct batch {
    struct unit *units[LIMIT_GROUP_COMMIT];
    size_t count;
};

struct sqlite_group *sqlite_group_new(struct sqlite_connection *connection,
                                      const struct sqlite_covered *covered)
{
    struct sqlite_group *group = calloc(1, sizeof *group);
    if (group == NULL)
        abort();
    group->connection = connection;
    group->arena = arena_new(0);
    group->tx = (struct sqlite_tx){.tx = {.backend = &store_sqlite, .schema = connection->schema},
                                   .connection = connection,
                                   .covered = covered,
                                   .changes = &group->changes};
    (void)pthread_mutex_init(&group->mutex, NULL);
    changes_begin(&group->changes, group->arena);
    sqlite_covered_watch(&group->tx);
    return group;
}

void sqlite_group_free(struct sqlite_group *group)
{
    if (group == NULL)
        return;
    assert(group->head == NULL && !group->led); /* nobody writes any more */
    (void)sqlite_settle_log(group->connection);
    sqlite_disconnect(group->connection);
    arena_free(group->arena);
    (void)pthread_mutex_destroy(&group->mutex);
    free(group);
}

/* ---- waiting and waking ---- */

static int unit_wait(struct unit *unit)
{
    int state;
    while ((state = atomic_load_explicit(&unit->state, memory_order_acquire)) == UNIT_WAITS)
        (void)syscall(SYS_futex, &unit->state, FUTEX_WAIT_PRIVATE, UNIT_WAITS, NULL, NULL, 0);
    return state;
}

/* The unit lies on its caller's stack: after the store it may be gone, and only its address is used, which
 * the kernel takes for a spurious wake at worst. */
static void unit_wake(struct unit *unit, enum unit_state state)
{
    _Atomic int *at = &unit->state;
    atomic_store_explicit(at, state, memory_order_release);
    (void)syscall(SYS_futex, at, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

/* ---- the queue ---- */

enum joined { JOINED_LEADS, JOINED_WAITS, JOINED_FULL };

static enum joined join(struct sqlite_group *group, struct unit *unit)
{
    (void)pthread_mutex_lock(&group->mutex);
    enum joined joined = group->led ? JOINED_WAITS : JOINED_LEADS;
    if (group->waiting == LIMIT_WRITE_QUEUE)
        joined = JOINED_FULL;
    if (joined != JOINED_FULL) {
        if (group->head == NULL)
            group->head = unit;
        else
            group->tail->next = unit;
        group->tail = unit;
        group->waiting++;
        group->led = true;
    }
    (void)pthread_mutex_unlock(&group->mutex);
    return joined;
}

/* Moves what waits into the batch, as far as there is room; false when nothing was. */
static bool fill(struct sqlite_group *group, struct batch *batch)
{
    size_t before = batch->count;
    (void)pthread_mutex_lock(&group->mutex);
    while (group->head != NULL && batch->count < LIMIT_GROUP_COMMIT) {
        batch->units[batch->count++] = group->head;
        group->head = group->head->next;
        group->waiting--;
    }
    (void)pthread_mutex_unlock(&group->mutex);
    return batch->count > before;
}

static void hand_over(struct sqlite_group *group)
{
    (void)pthread_mutex_lock(&group->mutex);
    struct unit *next = group->head;
    group->led = next != NULL;
    (void)pthread_mutex_unlock(&group->mutex);
    if (next != NULL)
        unit_wake(next, UNIT_LEADS);
}

/* ---- running ---- */

static bool transaction_lost(const struct sqlite_group *group)
{
    return sqlite3_get_autocommit(group->connection->db) != 0;
}

/* A key that waits for the end of the transaction would fail the commit of all. */
static bool owes_foreign_key(sqlite3 *db)
{
    int owed = 0;
    int peak = 0;
    (void)sqlite3_db_status(db, SQLITE_DBSTATUS_DEFERRED_FKS, &owed, &peak, 0);
    return owed != 0;
}

static enum result work_and_check(struct sqlite_group *group, struct unit *unit)
{
    group->tx.too_large = false;
    arena_reset(group->arena);
    changes_begin(&group->changes, group->arena);
    atomic_store_explicit(&group->runner, pthread_self(), memory_order_relaxed);
    enum result result = unit->work(&group->tx.tx, unit->argument);
    atomic_store_explicit(&group->runner, 0, memory_order_relaxed);
    if (result != RESULT_OK)
        return result;
    if (group->tx.too_large)
        return RESULT_TOO_LARGE;
    if (transaction_lost(group))
        return RESULT_IO;
    if (owes_foreign_key(group->connection->db))
        return RESULT_CONFLICT;
    return changes_left(&group->changes) ? RESULT_CORRUPT : RESULT_OK;
}

/* False when the transaction was lost with it. */
static bool run_unit(struct sqlite_group *group, struct unit *unit)
{
    if (unit->settled)
        return true;
    unit->result = sqlite_result(sqlite_do(group->connection, VERB_SAVE));
    if (unit->result == RESULT_OK)
        unit->result = work_and_check(group, unit);
    if (transaction_lost(group)) {
        unit->settled = true;
        return false;
    }
    if (unit->result != RESULT_OK && sqlite_do(group->connection, VERB_UNDO) != SQLITE_OK)
        store_stop("a unit cannot be rolled back: %s", sqlite3_errmsg(group->connection->db));
    if (sqlite_do(group->connection, VERB_KEEP) != SQLITE_OK)
        store_stop("a savepoint cannot be released: %s", sqlite3_errmsg(group->connection->db));
    return true;
}

static void fail_all(struct batch *batch, enum result result)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->units[i]->settled)
            batch->units[i]->result = result;
}

/* Whether more units came, now or in the time it is worth to wait for them. */
static bool more(struct sqlite_group *group, struct batch *batch)
{
    if (fill(group, batch))
        return true;
    if (batch->count * 2 > group->last_count)
        return false;
    instant until = clock_monotonic() + group->last_commit / 2;
    do {
        (void)sched_yield();
        if (fill(group, batch))
            return true;
    } while (clock_monotonic() < until);
    group->last_count = 0;
    return false;
}

/* Runs all units of the batch and those that come meanwhile, until the queue is empty or the batch is full. A
 * unit that loses the transaction (disk full, out of memory) is settled, and the others run again. */
static enum result run_all(struct sqlite_group *group, struct batch *batch)
{
    for (;;) {
        bool lost = false;
        TRY(sqlite_result(sqlite_do(group->connection, VERB_BEGIN_WRITE)));
        for (size_t i = 0; !lost && (i < batch->count || more(group, batch)); i++)
            lost = !run_unit(group, batch->units[i]);
        if (!lost)
            return RESULT_OK;
    }
}

static enum result commit(struct sqlite_group *group)
{
    int code = sqlite_do(group->connection, VERB_COMMIT);
    if (code == SQLITE_OK)
        return RESULT_OK;
    enum result result = sqlite_result(code);
    /* A full disk is found before anything is acknowledged, and rolling back is safe. Of any other failure
     * nobody can say what reached the disk. */
    if ((code & 0xff) != SQLITE_FULL)
        store_stop("a commit failed: %s", sqlite3_errstr(code));
    if (!transaction_lost(group))
        (void)sqlite_do(group->connection, VERB_ROLLBACK);
    return result;
}

/* Moves the write-ahead log into the file when it has grown. Readers are not disturbed. */
static void checkpoint(struct sqlite_group *group)
{
    if (group->connection->wal_pages < LIMIT_STORE_WAL_PAGES)
        return;
    int code =
        sqlite3_wal_checkpoint_v2(group->connection->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    (void)sqlite_result(code); /* stops the process when an fsync failed; anything else is tried again */
}

static void lead(struct sqlite_group *group, struct unit *own)
{
    struct batch batch = {.count = 0};
    (void)fill(group, &batch);
    assert(batch.count > 0 && batch.units[0] == own);
    enum result result = run_all(group, &batch);
    instant begun = clock_monotonic();
    if (result == RESULT_OK)
        result = commit(group);
    group->last_commit = clock_monotonic() - begun;
    group->last_count = batch.count;
    if (result == RESULT_OK)
        spread_add(&group->batches, &store_batch_bounds, (int64_t)batch.count);
    else
        fail_all(&batch, result);
    checkpoint(group);
    hand_over(group);
    for (size_t i = 1; i < batch.count; i++)
        unit_wake(batch.units[i], UNIT_SERVED);
}

enum result sqlite_group_write(struct sqlite_group *group, store_work *work, void *argument)
{
    if (pthread_equal(atomic_load_explicit(&group->runner, memory_order_relaxed), pthread_self()))
        store_stop("store_write is called inside a unit of work");
    struct unit unit = {.work = work, .argument = argument};
    enum joined joined = join(group, &unit);
    if (joined == JOINED_FULL)
        return RESULT_BUSY;
    if (joined == JOINED_LEADS || unit_wait(&unit) == UNIT_LEADS)
        lead(group, &unit);
    return unit.result;
}

void sqlite_group_figures(struct sqlite_group *group, struct store_figures *figures)
{
    figures->has_batches = true;
    spread_read(&group->batches, &store_batch_bounds, &figures->batches);
}
