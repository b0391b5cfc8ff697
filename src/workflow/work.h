/* One unit of work: what a rule, a handler or a guard of the plan may use while a transaction runs. */
#pragma once

#include "base/arena.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/refusal.h"
#include "base/role.h"
#include "store/store.h"

/* Who acts, for which party. The public: account 0, party 0, ROLE_PUBLIC. */
struct actor {
    row_id account;
    row_id party;
    enum role role;
    unsigned duties;     /* enum duty bits, those delegated to it now included */
    bool hand_over_only; /* of an operator whose agreement has ended */
};

struct work {
    struct store_tx *tx;
    struct arena *arena;
    const struct actor *actor;
    const struct clock *clock;
    struct random *random;
    const struct calendar *calendar;
    struct refusal *refusal;
    row_id entry; /* the last audit entry this unit wrote, −1 when none yet */
};

/* Fills work->refusal and returns its result. */
#define REFUSE(work, ...) refuse((work)->refusal, (struct refusal){__VA_ARGS__})

instant work_now(const struct work *work);
day work_today(const struct work *work);

/* Writes the audit entry of a change that is not a workflow step. */
enum result work_record(struct work *work, const char *event, const char *object, row_id object_id,
                        enum law law, const char *rule);
