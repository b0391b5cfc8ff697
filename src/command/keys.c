/* `dukou keys rotate`: a new master key wraps all keys; the old one is destroyed. */
#include "command/city.h"
#include "command/command.h"

#include <stdio.h>
#include <string.h>

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
        result = keeper_master_rotate(city.keeper);
    CLEANUP_JSON json_t *status = NULL;
    if (result == RESULT_OK)
        result = keeper_status(city.keeper, &status);
    city_close(&city);
    if (result != RESULT_OK)
        return command_refused("keys", result, NULL);
    (void)json_dumpf(status, stdout, JSON_INDENT(2));
    (void)putchar('\n');
    return 0;
}
