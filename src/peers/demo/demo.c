#include "peers/demo/demo.h"

#include "peers/demo/cast.h"
#include "peers/demo/steps.h"
#include "peers/demo/supply.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEFAULT_ROWS = 20000 };

/* ---- the story ---- */

static void play_synthetic(struct demo *demo, int64_t room, const int64_t *entries)
{
    call_in(demo, room, entries[0], "hrss", "insurance",
            "[\"insurance\",\"months_paid\",\"base_yuan\",\"status\"]", "参保稳定性研究");
    call_in(demo, room, entries[1], "police", "people", "[\"district\",\"sex\",\"education\"]",
            "参保稳定性研究");
    (void)say(demo, player_by_login(demo, "developer-clerk"), "POST",
              path_of(demo, "/rooms/%lld/joins", (long long)room),
              "{\"left_table\":\"insurance\",\"left_column\":\"citizen_number\",\"right_table\":\"people\","
              "\"right_column\":\"citizen_number\"}");
    bring_own_data(demo, room);
    int64_t query = run_query(
        demo, room,
        "SELECT own.zone, insurance.insurance, COUNT(*) AS persons, AVG(insurance.base_yuan) AS base "
        "FROM insurance JOIN people ON insurance.citizen_number = people.citizen_number "
        "JOIN own ON people.district = own.district GROUP BY own.zone, insurance.insurance");
    int64_t table = make_product(demo, room, "table", "分区域参保与缴费基数统计",
                                 path_of(demo, "\"query_id\":%lld", (long long)query));
    int64_t check = make_product(demo, room, "verification", "连续参保核验",
                                 "\"spec\":{\"table\":\"insurance\",\"predicate\":\"months_paid >= 12\"}");
    sell_table(demo, table);
    sell_verification(demo, check, first_citizen(demo));
}

static void play_homes(struct demo *demo, int64_t room, int64_t entry)
{
    call_in(demo, room, entry, "land", "homes", "[\"group\",\"Price\",\"d.SubwayStation\"]",
            "编制分档次、分距离的住房价格指数");
    bring_own_data(demo, room);
    /* The distance is a logarithm; its quartiles are the bands. */
    static const char band[] = "CASE WHEN homes.\"d.SubwayStation\" < -4.9 THEN '近' WHEN "
                               "homes.\"d.SubwayStation\" < -3.5 THEN '中' ELSE '远' END";
    int64_t query = run_query(
        demo, room,
        arena_printf(demo->arena,
                     "SELECT own.class, %s AS metro, COUNT(*) AS sales, EXP(AVG(homes.\"Price\")) AS price "
                     "FROM homes JOIN own ON homes.\"group\" = own.hood GROUP BY own.class, %s",
                     band, band));
    int64_t table = make_product(demo, room, "table", "分档次、分地铁距离的住房价格指数",
                                 path_of(demo, "\"query_id\":%lld", (long long)query));
    sell_table(demo, table);
}

/* Of a folder without the home sales: a table over the first file, by its first dimension and measure. */
static void play_any(struct demo *demo, int64_t room, const int64_t *entries)
{
    const json_t *entry =
        say(demo, NULL, "GET", path_of(demo, "/catalogue/%lld", (long long)entries[0]), NULL);
    const char *dimension = NULL, *measure = NULL;
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get(entry, "items"), i, item) {
        if (dimension == NULL && strcmp(json_text(item, "use"), "dimension") == 0)
            dimension = json_text(item, "name");
        if (measure == NULL && strcmp(json_text(item, "use"), "measure") == 0)
            measure = json_text(item, "name");
    }
    json_t *columns = json_keep(demo->arena, json_array());
    json_array_append_new(columns, json_string(demo->supplies[0].subject));
    if (dimension != NULL)
        json_array_append_new(columns, json_string(dimension));
    if (measure != NULL)
        json_array_append_new(columns, json_string(measure));
    call_in(demo, room, entries[0], demo->supplies[0].provider, "data", json_print(demo->arena, columns),
            "统计分析");
    const char *mean = measure != NULL ? path_of(demo, ", AVG(\"%s\") AS mean", measure) : "";
    const char *sql = dimension == NULL
                          ? path_of(demo, "SELECT COUNT(*) AS n%s FROM data", mean)
                          : path_of(demo, "SELECT \"%s\", COUNT(*) AS n%s FROM data GROUP BY \"%s\"",
                                    dimension, mean, dimension);
    int64_t query = run_query(demo, room, sql);
    sell_table(demo, make_product(demo, room, "table", "汇总统计表",
                                  path_of(demo, "\"query_id\":%lld", (long long)query)));
}

static int64_t entry_of_file(const struct demo *demo, const int64_t *entries, const char *file)
{
    return entries[supply_of_file(demo, file) - demo->supplies];
}

static void play(struct demo *demo)
{
    int64_t entries[SOURCES_MAX] = {0};
    gather_supplies(demo);
    found_city(demo);
    bring_everybody(demo);
    prepare_sources(demo);
    if (demo->stages)
        leave_stages(demo);
    size_t count = 0;
    for (const struct supply *supply = demo->supplies; supply->code != NULL; supply++)
        entries[count++] = supply_resource(demo, supply, true);
    int64_t agreement = choose_operator(demo);
    int64_t room = open_room(demo, admit_developer(demo, agreement));
    if (demo->data == NULL)
        play_synthetic(demo, room, entries);
    else if (supply_of_file(demo, "house_prices.csv") != NULL)
        play_homes(demo, room, entry_of_file(demo, entries, "house_prices.csv"));
    else
        play_any(demo, room, entries);
}

/* ---- 9 ---- */

static bool verify(struct demo *demo)
{
    int code;
    const char *output;
    const char *const arguments[] = {"audit", "verify", NULL};
    const char *const variables[] = {arena_printf(demo->arena, "DUKOU_HOME=%s", demo->home), NULL};
    process_stop(&demo->serve);
    process_stop(&demo->exchange);
    enum result result = process_run(demo->arena, arguments, variables, &code, &output);
    bool verified = result == RESULT_OK && code == 0;
    (void)printf("9  离线验证日志：%s  the log verified offline  二(四)2\n", verified ? "通过" : "不通过");
    if (!verified)
        (void)fputs(output, stderr);
    const char *entries = verified ? strstr(output, "entries\t") : NULL;
    if (entries != NULL)
        (void)printf("   %lld entries\n", strtoll(entries + strlen("entries\t"), NULL, 10));
    return verified;
}

/* ---- the command ---- */

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static int usage(void)
{
    (void)fputs("dukou demo [--seed N] [--rows N] [--data DIR] [--keep HOME]\n", stderr);
    return 2;
}

static bool read_number(const char *text, int64_t *ret_number)
{
    char *end;
    errno = 0;
    *ret_number = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && *ret_number > 0;
}

static bool read_options(struct demo *demo, int argc, char **argv)
{
    for (int i = 1; i < argc; i += 2) {
        int64_t number = 0;
        if (i + 1 >= argc)
            return false;
        if (strcmp(argv[i], "--seed") == 0 && read_number(argv[i + 1], &number))
            demo->seed = (uint64_t)number;
        else if (strcmp(argv[i], "--rows") == 0 && read_number(argv[i + 1], &number))
            demo->rows = number;
        else if (strcmp(argv[i], "--data") == 0)
            demo->data = argv[i + 1];
        else if (strcmp(argv[i], "--keep") == 0)
            demo->home = argv[i + 1];
        else
            return false;
    }
    return true;
}

int demo_main(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static struct demo demo; /* large, and one a process */
    demo = (struct demo){
        .arena = arena, .seed = 1, .rows = DEFAULT_ROWS, .serve.output = -1, .exchange.output = -1};
    if (!read_options(&demo, argc, argv))
        return usage();
    char root[] = "/tmp/dukou-demo-XXXXXX";
    if (demo.home == NULL) {
        if (mkdtemp(root) == NULL)
            return usage();
        demo.home = arena_printf(arena, "%s/city", root);
    }
    if (mkdir(demo.home, 0700) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "dukou demo: %s: %s\n", demo.home, strerror(errno));
        return 1;
    }
    play(&demo);
    bool verified = verify(&demo);
    (void)nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return verified ? 0 : 1;
}

static void write_accounts(const struct demo *demo)
{
    const char *path = arena_printf(demo->arena, "%s/accounts.tsv", demo->home);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        return;
    for (size_t i = 0; i < demo->player_count; i++)
        (void)fprintf(file, "%s\t%s\t%s\n", demo->players[i].login, demo->players[i].password,
                      demo->players[i].party_name);
    (void)fclose(file);
    (void)printf("登录名与口令 log-ins and passwords: %s\n", path);
}

int demo_city_main(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    static struct demo demo;
    (void)argv;
    const char *home = getenv("DUKOU_HOME");
    if (home == NULL)
        home = "./var";
    demo = (struct demo){.arena = arena,
                         .home = home,
                         .seed = 1,
                         .rows = DEFAULT_ROWS,
                         .stages = true,
                         .serve.output = -1,
                         .exchange.output = -1};
    if (argc != 1)
        return usage();
    if (access(arena_printf(arena, "%s/dukou.db", home), F_OK) == 0)
        return 0;
    if (mkdir(home, 0700) != 0 && errno != EEXIST) {
        (void)fprintf(stderr, "dukou city: %s: %s\n", home, strerror(errno));
        return 1;
    }
    play(&demo);
    write_accounts(&demo);
    return verify(&demo) ? 0 : 1;
}
