/* Writing: units of several threads in one durable commit.
 *
 * A back-end has one write connection, and whoever holds the lead uses it. A caller that finds nobody leading
 * leads at once, so a lone client never waits for another thread. Others queue up and sleep. The leader runs
 * what is queued, each unit in a savepoint, commits once with fsync, hands the lead to the first that came
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
#include "store/group.h"

#include "base/clock.h"
#include "base/limits.h"
#include "store/backend.h"

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

struct group {
    const struct group_verbs *verbs;
    void *state;
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

struct group *group_new(const struct group_verbs *verbs, void *state)
{
    struct group *group = calloc(1, sizeof *group);
    if (group == NULL)
        abort();
    group->verbs = verbs;
    group->state = state;
    (void)pthread_mutex_init(&group->mutex, NULL);
    return group;
}

void group_free(struct group *group)
{
    if (group == NULL)
        return;
    assert(group->head == NULL && !group->led); /* nobody writes any more */
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

static enum joined join(struct group *group, struct unit *unit)
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
static bool fill(struct group *group, struct batch *batch)
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

static void hand_over(struct group *group)
{
    (void)pthread_mutex_lock(&group->mutex);
    struct unit *next = group->head;
    group->led = next != NULL;
    (void)pthread_mutex_unlock(&group->mutex);
    if (next != NULL)
        unit_wake(next, UNIT_LEADS);
}

/* ---- running ---- */

/* False when the transaction was lost with it. */
static bool run_unit(struct group *group, struct unit *unit)
{
    if (unit->settled)
        return true;
    atomic_store_explicit(&group->runner, pthread_self(), memory_order_relaxed);
    unit->result = group->verbs->run(group->state, unit->work, unit->argument, &unit->settled);
    atomic_store_explicit(&group->runner, 0, memory_order_relaxed);
    return !unit->settled;
}

static void fail_all(struct batch *batch, enum result result)
{
    for (size_t i = 0; i < batch->count; i++)
        if (!batch->units[i]->settled)
            batch->units[i]->result = result;
}

/* Whether more units came, now or in the time it is worth to wait for them. */
static bool more(struct group *group, struct batch *batch)
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
static enum result run_all(struct group *group, struct batch *batch)
{
    for (;;) {
        bool lost = false;
        TRY(group->verbs->begin(group->state));
        for (size_t i = 0; !lost && (i < batch->count || more(group, batch)); i++)
            lost = !run_unit(group, batch->units[i]);
        if (!lost)
            return RESULT_OK;
    }
}

static void lead(struct group *group, struct unit *own)
{
    struct batch batch = {.count = 0};
    (void)fill(group, &batch);
    assert(batch.count > 0 && batch.units[0] == own);
    enum result result = run_all(group, &batch);
    instant begun = clock_monotonic();
    if (result == RESULT_OK)
        result = group->verbs->commit(group->state);
    group->last_commit = clock_monotonic() - begun;
    group->last_count = batch.count;
    if (result == RESULT_OK)
        spread_add(&group->batches, &store_batch_bounds, (int64_t)batch.count);
    else
        fail_all(&batch, result);
    if (group->verbs->rest != NULL)
        group->verbs->rest(group->state);
    hand_over(group);
    for (size_t i = 1; i < batch.count; i++)
        unit_wake(batch.units[i], UNIT_SERVED);
}

enum result group_write(struct group *group, store_work *work, void *argument)
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

void group_figures(struct group *group, struct store_figures *figures)
{
    figures->has_batches = true;
    spread_read(&group->batches, &store_batch_bounds, &figures->batches);
}
