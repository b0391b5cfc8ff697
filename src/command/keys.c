/* `dukou keys rotate`: a new master key wraps all keys; the old one is destroyed. */
#include "command/city.h"
#include "command/command.h"
#include "http/background.h"

#include <stdio.h>
#include <string.h>

static enum result record_rotation(struct work *work, void *argument)
{
    return work_record(work, "rotate_master_key", "master_key", *(const row_id *)argument, LAW_NONE, NULL);
}

/* The new key is in force once this is asked: an entry that cannot be written is told, and changes nothing of
 * that. */
static enum result rotate(struct arena *arena, struct city *city, struct refusal *refusal)
{
    CLEANUP_JSON json_t *status = NULL;
    TRY(keeper_master_rotate(city->keeper));
    enum result result = keeper_status(city->keeper, &status);
    row_id version = json_integer_or(status, "master_version", 0);
    if (result == RESULT_OK)
        result = background_write(&city->app, arena, &background_system, record_rotation, &version, refusal);
    if (result != RESULT_OK && refusal->zh == NULL)
        *refusal =
            (struct refusal){.result = result,
                             .zh = "主密钥已更换，但未能记入审计日志",
                             .en = "the master key is a new one, but this could not be written into the log",
                             .remedy_zh = "请记下时间并排除存储故障；如需日志中有此记录，可再轮换一次",
                             .remedy_en = "note the time and mend the store; rotate once more to have it "
                                          "in the log"};
    return result;
}

int command_keys(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct city city;
    struct refusal refusal = {0};
    bool rotates = argc == 2 && strcmp(argv[1], "rotate") == 0;
    if (!rotates && !(argc == 2 && strcmp(argv[1], "show") == 0)) {
        (void)fputs("dukou keys show      public keys and the jail's layers\ndukou keys rotate    (while "
                    "nothing serves)\n",
                    stderr);
        return 2;
    }
    enum result result = city_open(arena, &city, &refusal);
    if (result != RESULT_OK)
        return command_refused("keys", result, &refusal);
    if (rotates)
        result = rotate(arena, &city, &refusal);
    CLEANUP_JSON json_t *status = NULL;
    if (result == RESULT_OK)
        result = keeper_status(city.keeper, &status);
    city_close(&city);
    if (result != RESULT_OK)
        return command_refused("keys", result, &refusal);
    (void)json_dumpf(status, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    return 0;
}
