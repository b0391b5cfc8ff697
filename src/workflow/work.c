#include "workflow/work.h"

#include "audit/audit.h"

instant work_now(const struct work *work)
{
    return clock_now(work->clock);
}

day work_today(const struct work *work)
{
    return day_of_instant(work_now(work));
}

enum result work_record(struct work *work, const char *event, const char *object, row_id object_id,
                        enum law law, const char *rule)
{
    const struct audit_entry entry = {.at = work_now(work),
                                      .account = work->actor->account,
                                      .party = work->actor->party,
                                      .event = event,
                                      .object = object,
                                      .object_id = object_id,
                                      .law = law,
                                      .rule = rule};
    return audit_append(work->tx, work->arena, work->random, &entry, &work->entry);
}
