#include "http/background.h"

#include <stdio.h>

struct unit {
    const struct app *app;
    struct arena *arena;
    const struct actor *actor;
    enum result (*part)(struct work *work, void *argument);
    void *argument;
    struct refusal *refusal;
};

void server_name(int64_t server, char *ret_name)
{
    (void)snprintf(ret_name, SERVER_NAME_SIZE, "server/%lld", (long long)server);
}

const struct actor background_system = {.role = ROLE_SYSTEM};

static enum result run(struct store_tx *tx, void *argument)
{
    const struct unit *unit = argument;
    struct work work = {.tx = tx,
                        .arena = unit->arena,
                        .actor = unit->actor,
                        .clock = unit->app->clock,
                        .random = unit->app->random,
                        .calendar = unit->app->calendar,
                        .refusal = unit->refusal,
                        .entry = -1};
    return unit->part(&work, unit->argument);
}

enum result background_write(const struct app *app, struct arena *arena, const struct actor *actor,
                             enum result (*part)(struct work *work, void *argument), void *argument,
                             struct refusal *ret_refusal)
{
    struct unit unit = {app, arena, actor, part, argument, ret_refusal};
    return store_write(app->store, run, &unit);
}

enum result background_read(const struct app *app, struct arena *arena, const struct actor *actor,
                            enum result (*part)(struct work *work, void *argument), void *argument,
                            struct refusal *ret_refusal)
{
    struct unit unit = {app, arena, actor, part, argument, ret_refusal};
    return store_read(app->store, run, &unit);
}
