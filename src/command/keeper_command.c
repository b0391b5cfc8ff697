/* `dukou keeper`: the keeper as a process of its own, for any number of serving processes, under its own user
 * if the city likes. */
#include "command/city.h"
#include "command/command.h"

#include <stdio.h>

static void say_ready(const char *path)
{
    (void)printf("数据保管进程 keeper\n  socket %s\n", path);
    (void)fflush(stdout);
}

int command_keeper(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct settings settings;
    struct refusal refusal = {0};
    (void)argv;
    if (argc != 1) {
        (void)fputs("dukou keeper    (DUKOU_KEEPER names its socket)\n", stderr);
        return 2;
    }
    enum result result = settings_read(arena, &settings, &refusal);
    if (result != RESULT_OK)
        return command_refused("keeper", result, &refusal);
    if (settings.keeper == NULL)
        return command_refused(
            "keeper", RESULT_INVALID,
            &(struct refusal){.field = "DUKOU_KEEPER",
                              .zh = "未指明套接字路径",
                              .en = "there is no path for the socket",
                              .remedy_zh = "将 DUKOU_KEEPER 设为一个路径，并在 dukou serve 处使用同一路径",
                              .remedy_en = "set DUKOU_KEEPER to a path, the same for `dukou serve`"});
    const struct keeper_options options = city_keeper_options(&settings);
    const struct keeper_door door = {
        .path = settings.keeper, .user = settings.keeper_user, .group = settings.keeper_group};
    result = keeper_listen(&options, &door, say_ready, &refusal);
    return result == RESULT_OK ? 0 : command_refused("keeper", result, &refusal);
}
