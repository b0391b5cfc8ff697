#include "command/city.h"

#include "audit/note.h"
#include "command/command.h"
#include "command/lead.h"
#include "command/restore.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct keeper_options city_keeper_options(const struct settings *settings)
{
    return (struct keeper_options){.home = settings->home,
                                   .master_key = settings->master_key,
                                   .origin = settings->origin,
                                   .clock = settings->clock,
                                   .start_engine = command_start_engine,
                                   .engine_library = settings->duckdb};
}

static enum result open_keeper(struct city *city, struct refusal *ret_refusal)
{
    if (city->settings.keeper != NULL)
        return keeper_connect(city->settings.keeper, &city->keeper, ret_refusal);
    const struct keeper_options options = city_keeper_options(&city->settings);
    return keeper_start(&options, &city->keeper, ret_refusal);
}

/* The public halves of the keys that sign the log stand beside it, for those who verify it. Written once: the
 * keeper's status waits for a first worker, which a start need not. */
static enum result publish_log_keys(struct arena *arena, struct city *city)
{
    if (access(arena_printf(arena, "%s/keys", city->settings.log), R_OK) == 0)
        return RESULT_OK;
    CLEANUP_JSON json_t *status = NULL;
    static const char *const members[] = {"log_ed25519", "log_sm2"};
    struct note_key keys[2];
    TRY(keeper_status(city->keeper, &status));
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_text(status, members[i]);
        TRY(note_key_parse(text, strlen(text), &keys[i]));
    }
    return note_keys_write(city->settings.log, keys, 2);
}

static void make_app(struct city *city)
{
    city->app = (struct app){.store = city->store,
                             .clock = city->clock,
                             .random = city->random,
                             .calendar = city->calendar,
                             .keeper = city->keeper,
                             .tables = command_tables,
                             .workflows = command_workflows,
                             .timers = command_timers,
                             .agreement_exits = command_exits,
                             .home = city->settings.home,
                             .log_level = city->settings.log_level};
}

static enum result open_parts(struct arena *arena, struct city *city, struct refusal *ret_refusal)
{
    bool restored;
    TRY(restore_allows_start(&city->settings, arena, &restored, ret_refusal));
    TRY(open_keeper(city, ret_refusal));
    TRY(settings_clock(&city->settings, &city->clock));
    TRY(settings_calendar(&city->settings, &city->calendar));
    city->random = random_system();
    TRY(publish_log_keys(arena, city));
    if (restored)
        TRY(restore_reserve(city, arena, ret_refusal));
    TRY(store_open_explained(city->settings.store, arena, ret_refusal, &city->store));
    make_app(city);
    return restored ? restore_finish(city, arena, ret_refusal) : RESULT_OK;
}

enum result city_open(struct arena *arena, struct city *ret_city, struct refusal *ret_refusal)
{
    memset(ret_city, 0, sizeof *ret_city);
    TRY(settings_read(arena, &ret_city->settings, ret_refusal));
    enum result result = open_parts(arena, ret_city, ret_refusal);
    if (result != RESULT_OK) {
        city_close(ret_city);
        return result;
    }
    return RESULT_OK;
}

void city_close(struct city *city)
{
    city_follow(city);
    store_lead_end(city->alive);
    if (city->store != NULL)
        store_close(city->store);
    keeper_stop(city->keeper);
    if (city->calendar != NULL)
        calendar_free(city->calendar);
    if (city->random != NULL)
        random_free(city->random);
    if (city->clock != NULL)
        clock_free(city->clock);
    memset(city, 0, sizeof *city);
}
