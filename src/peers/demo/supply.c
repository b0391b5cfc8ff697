#include "peers/demo/supply.h"

#include "peers/demo/cast.h"
#include "peers/generate/divisions.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what there is ---- */

static const struct supply_item insurance_items[] = {
    {"citizen_number", "公民身份号码", "key", false},
    {"insurance", "险种", "dimension", false},
    {"months_paid", "累计缴费月数", "measure", true},
    {"base_yuan", "缴费基数（元）", "measure", true},
    {"status", "参保状态", "dimension", false},
    {"synthetic", "合成数据标记", "dimension", false},
    {0},
};

static const struct supply_item resident_items[] = {
    {"citizen_number", "公民身份号码", "key", false},
    {"sex", "性别", "dimension", false},
    {"district", "区", "key_dimension", false},
    {"street", "街道", "dimension", false},
    {"education", "学历", "dimension", false},
    {"synthetic", "合成数据标记", "dimension", false},
    {0},
};

static const struct supply synthetic[] = {
    {"SYN-SI-2025", "社会保险参保信息（合成）", "参保险种、缴费月数与缴费基数；合成数据，不对应任何真实个人",
     "社会保障/社会保险/参保", "社会保障", "hrss", "social_insurance_synthetic.csv", "citizen_number",
     "resident", insurance_items, true},
    {"SYN-RP-2025", "常住人口基础信息（合成）", "性别、所在区与街道、学历；合成数据，不对应任何真实个人",
     "公共安全/人口/基础信息", "公共安全", "police", "residents_synthetic.csv", "citizen_number", "resident",
     resident_items, true},
    {0},
};

static const struct supply_item home_items[] = {
    {"group", "小区编号", "key", false},
    {"Price", "每平方米成交价（对数）", "measure", true},
    {"BuildingArea", "建筑面积（对数）", "measure", true},
    {"d.SubwayStation", "到地铁站的距离（对数）", "measure", true},
    {"d.PrimarySchool", "到小学的距离（对数）", "measure", true},
    {0},
};

static const struct supply_item station_items[] = {
    {"station_id", "车站编号", "key", false},
    {"line", "线路", "dimension", false},
    {"line_order", "站序", "measure", true},
    {"name", "站名", "dimension", false},
    {0},
};

static const struct supply_item epidemic_items[] = {
    {"city", "市", "key_dimension", false},     {"date", "日期", "dimension", false},
    {"confirmed", "累计确诊", "measure", true}, {"cured", "累计治愈", "measure", true},
    {"dead", "累计死亡", "measure", true},      {0},
};

static const struct supply real[] = {
    {"WH-HOME-SALES", "武汉市住房成交特征数据", "住房成交价格与房屋、小区特征，以小区为主体",
     "城乡建设/住房/成交", "住房", "land", "house_prices.csv", "group", "place", home_items, false},
    {"WH-METRO", "武汉市地铁车站", "线路、站序、站名", "交通运输/轨道交通/车站", "交通", "transport",
     "metro_stations.csv", "station_id", "place", station_items, false},
    {"HB-EPIDEMIC", "湖北省疫情逐日统计", "各市逐日确诊、治愈、死亡", "卫生健康/疾病防控/统计", "卫生",
     "health", "covid_hubei_daily.csv", "city", "place", epidemic_items, false},
    {0},
};

static const struct supply *known_file(const char *file)
{
    for (const struct supply *supply = real; supply->code != NULL; supply++)
        if (strcmp(supply->file, file) == 0)
            return supply;
    return NULL;
}

/* The first name of the header line; "" when there is none that can be quoted simply. */
static const char *first_column(struct demo *demo, const char *path)
{
    char line[4096] = "";
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return "";
    bool read = fgets(line, sizeof line, file) != NULL;
    (void)fclose(file);
    const char *name = arena_strndup(demo->arena, line, strcspn(line, ",\r\n"));
    return read && strpbrk(name, "\"\\%") == NULL ? name : "";
}

static struct supply unknown_file(struct demo *demo, const char *file, int number)
{
    const char *path = arena_printf(demo->arena, "%s/%s", demo->data, file);
    return (struct supply){.code = arena_printf(demo->arena, "CSV-%d", number),
                           .title = arena_strndup(demo->arena, file, strlen(file) - strlen(".csv")),
                           .abstract = "提供单位文件夹中的 CSV 文件",
                           .category = "其他/其他/其他",
                           .industry = "其他",
                           .provider = "land",
                           .file = arena_strdup(demo->arena, file),
                           .subject = first_column(demo, path),
                           .subject_kind = "other"};
}

static int is_csv(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && strcmp(entry->d_name + length - 4, ".csv") == 0 &&
           strpbrk(entry->d_name, "\"\\%") == NULL;
}

void gather_supplies(struct demo *demo)
{
    struct dirent **found;
    demo->supplies = synthetic;
    if (demo->data == NULL)
        return;
    int count = scandir(demo->data, &found, is_csv, alphasort);
    if (count <= 0)
        demo_fail(demo, arena_printf(demo->arena, "%s: *.csv", demo->data), RESULT_NOT_FOUND, NULL);
    struct supply *all = arena_new_array(demo->arena, struct supply, (size_t)count + 1);
    int kept = 0;
    for (int i = 0; i < count; i++) {
        const struct supply *known = known_file(found[i]->d_name);
        if (kept < SOURCES_MAX)
            all[kept] = known != NULL ? *known : unknown_file(demo, found[i]->d_name, i + 1);
        if (kept < SOURCES_MAX && all[kept].subject[0] != '\0')
            kept++;
        free(found[i]);
    }
    free(found);
    all[kept] = (struct supply){0};
    demo->supplies = all;
}

const struct supply *supply_of_file(const struct demo *demo, const char *file)
{
    for (const struct supply *supply = demo->supplies; supply->code != NULL; supply++)
        if (strcmp(supply->file, file) == 0)
            return supply;
    return NULL;
}

/* ---- where it lives ---- */

/* Beside the platform's home, never in it: rows stay with their provider. */
static const char *folder_of(struct demo *demo, const char *provider)
{
    const char *all = arena_printf(demo->arena, "%s-sources", demo->home);
    const char *one = arena_printf(demo->arena, "%s/%s", all, provider);
    if ((mkdir(all, 0700) != 0 && errno != EEXIST) || (mkdir(one, 0700) != 0 && errno != EEXIST))
        demo_fail(demo, one, RESULT_IO, NULL);
    return one;
}

static void generate(struct demo *demo, const char *kind, const char *path)
{
    int code;
    const char *output;
    const char *rows = arena_printf(demo->arena, "%lld", (long long)demo->rows);
    const char *seed = arena_printf(demo->arena, "%llu", (unsigned long long)demo->seed);
    const char *const arguments[] = {"generate", "--kind", kind,    "--rows", rows,
                                     "--seed",   seed,     "--out", path,     NULL};
    enum result result = process_run(demo->arena, arguments, NULL, &code, &output);
    if (result != RESULT_OK || code != 0)
        demo_fail(demo, "generate", result != RESULT_OK ? result : RESULT_IO, NULL);
}

static void bring_rows(struct demo *demo, const struct supply *supply)
{
    const char *path = arena_printf(demo->arena, "%s/%s", folder_of(demo, supply->provider), supply->file);
    if (demo->data == NULL) {
        generate(demo, strncmp(supply->file, "residents", 9) == 0 ? "residents" : "social_insurance", path);
        return;
    }
    const char *from = arena_printf(demo->arena, "%s/%s", demo->data, supply->file);
    char absolute[PATH_MAX];
    if (realpath(from, absolute) == NULL)
        demo_fail(demo, from, RESULT_NOT_FOUND, NULL);
    if (symlink(absolute, path) != 0 && errno != EEXIST)
        demo_fail(demo, path, RESULT_IO, NULL);
}

static void write_text(struct demo *demo, const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    size_t size = strlen(text);
    if (fd < 0 || write(fd, text, size) != (ssize_t)size)
        demo_fail(demo, path, RESULT_IO, NULL);
    (void)close(fd);
}

/* With what the provider states of the rows in every delivery. */
static const char *resource_config(struct demo *demo, const struct supply *supply)
{
    json_t *columns = json_object();
    json_t *config = json_pack("{s:s, s:s, s:s, s:s, s:o}", "code", supply->code, "kind", "csv", "path",
                               supply->file, "subject", supply->subject, "columns", columns);
    json_keep(demo->arena, config);
    for (const struct supply_item *item = supply->items; item != NULL && item->name != NULL; item++)
        json_object_set_new(columns, item->name,
                            json_pack("{s:s, s:b}", "use", item->use, "filterable", item->filterable));
    return json_print(demo->arena, config);
}

/* The agent's manual is peers/source/README.md. */
static const char *agent_config(struct demo *demo, const char *provider)
{
    const char *folder = folder_of(demo, provider);
    const char *path = arena_printf(demo->arena, "%s/source.json", folder);
    struct player *agent = player_by_login(demo, arena_printf(demo->arena, "%s-source", provider));
    const char *resources = "";
    for (const struct supply *supply = demo->supplies; supply->code != NULL; supply++)
        if (strcmp(supply->provider, provider) == 0)
            resources = arena_printf(demo->arena, "%s%s%s", resources, resources[0] != '\0' ? "," : "",
                                     resource_config(demo, supply));
    (void)say(demo, agent, "GET", "/session", NULL);
    write_text(demo, arena_printf(demo->arena, "%s/token", folder), agent->token);
    write_text(demo, path,
               arena_printf(demo->arena,
                            "{\"platform\":\"%s\",\"token_file\":\"token\",\"state\":\"state\",\"order_key\":"
                            "\"%s\",\"clock\":\"%s/clock\",\"resources\":[%s]}\n",
                            demo->url, demo->order_key, demo->home, resources));
    return path;
}

void prepare_sources(struct demo *demo)
{
    for (const struct supply *supply = demo->supplies; supply->code != NULL; supply++) {
        bring_rows(demo, supply);
        /* each of these two has one file at most */
        if (strcmp(supply->provider, "transport") == 0 || strcmp(supply->provider, "health") == 0) {
            struct player *clerk =
                player_by_login(demo, arena_printf(demo->arena, "%s-clerk", supply->provider));
            (void)hire(demo, clerk, arena_printf(demo->arena, "%s-approver", supply->provider),
                       "\"approver\"", false);
            (void)hire(demo, clerk, arena_printf(demo->arena, "%s-source", supply->provider), "", true);
        }
    }
}

static const char *run_agent(struct demo *demo, const char *config, const char *verb, const char *resource,
                             const char *option)
{
    int code;
    const char *output;
    const char *const arguments[] = {"source", "--config", config, verb, resource, option, NULL};
    enum result result = process_run(demo->arena, arguments, NULL, &code, &output);
    if (result != RESULT_OK || code != 0)
        demo_fail(demo, arena_printf(demo->arena, "source %s: %s", verb, output),
                  result != RESULT_OK ? result : RESULT_IO, NULL);
    return output;
}

void deliver(struct demo *demo, const char *provider)
{
    (void)run_agent(demo, arena_printf(demo->arena, "%s/source.json", folder_of(demo, provider)), "once",
                    NULL, NULL);
}

const char *first_citizen(struct demo *demo)
{
    char line[512] = "";
    FILE *file = fopen(arena_printf(demo->arena, "%s/%s", folder_of(demo, "hrss"), synthetic[0].file), "re");
    bool read = false;
    for (int i = 0; file != NULL && i < 2; i++) /* the header, then the row */
        read = fgets(line, sizeof line, file) != NULL;
    if (file != NULL)
        (void)fclose(file);
    if (!read)
        demo_fail(demo, synthetic[0].file, RESULT_IO, NULL);
    return arena_strndup(demo->arena, line, strcspn(line, ","));
}

/* ---- the resource ---- */

static const json_t *find_named(const json_t *list, const char *member, const char *name)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item)
        if (json_text(item, member) != NULL && strcmp(json_text(item, member), name) == 0)
            return item;
    return NULL;
}

/* The item as the source measured it, with the provider's words and use; what it proposes as sensitive is
 * taken over. */
static json_t *item_of(struct demo *demo, const struct supply_item *item, const json_t *description)
{
    const json_t *found = find_named(json_object_get(description, "items"), "name", item->name);
    if (found == NULL)
        demo_fail(demo, item->name, RESULT_NOT_FOUND, NULL);
    const json_t *sensitive = find_named(json_object_get(description, "sensitive"), "column", item->name);
    json_t *json = json_pack("{s:s, s:s, s:s, s:b, s:s, s:b, s:I}", "name", item->name, "title", item->title,
                             "type", json_text(found, "type"), "nullable",
                             json_boolean_or(found, "nullable", true), "use", item->use, "filterable",
                             item->filterable, "level", (json_int_t)json_integer_or(sensitive, "level", 1));
    if (sensitive != NULL)
        json_object_set_new(
            json, "sensitive",
            json_string(json_text(sensitive, "kind") != NULL ? json_text(sensitive, "kind") : "sensitive"));
    return json;
}

/* Of a file that the demo does not know: numbers are measures, the rest dimensions, what looks sensitive is
 * not offered. */
static struct supply_item item_by_type(const struct supply *supply, const json_t *found,
                                       const json_t *sensitive)
{
    const char *name = json_text(found, "name"), *type = json_text(found, "type");
    bool number = strcmp(type, "integer") == 0 || strcmp(type, "double") == 0;
    if (strcmp(name, supply->subject) == 0)
        return (struct supply_item){name, name, "key", false};
    if (sensitive != NULL)
        return (struct supply_item){name, name, "forbidden", false};
    return (struct supply_item){name, name, number ? "measure" : "dimension", number};
}

static const char *items_of(struct demo *demo, const struct supply *supply, const json_t *description)
{
    json_t *list = json_keep(demo->arena, json_array());
    for (const struct supply_item *item = supply->items; item != NULL && item->name != NULL; item++)
        json_array_append_new(list, item_of(demo, item, description));
    size_t i;
    json_t *found;
    const json_t *measured = supply->items == NULL ? json_object_get(description, "items") : NULL;
    json_array_foreach (measured, i, found) {
        const json_t *sensitive =
            find_named(json_object_get(description, "sensitive"), "column", json_text(found, "name"));
        const struct supply_item item = item_by_type(supply, found, sensitive);
        json_array_append_new(list, item_of(demo, &item, description));
    }
    return json_print(demo->arena, list);
}

static const json_t *describe(struct demo *demo, const struct supply *supply)
{
    const char *config = agent_config(demo, supply->provider);
    (void)run_agent(demo, config, "describe", supply->code, NULL);
    const char *output = strchr(run_agent(demo, config, "describe", supply->code, "--dry-run"), '{');
    json_t *description = NULL;
    struct refusal refusal = {0};
    enum result result = output != NULL
                             ? json_read(demo->arena, output, strlen(output), &description, &refusal)
                             : RESULT_MALFORMED;
    if (result != RESULT_OK)
        demo_fail(demo, "source describe", result, &refusal);
    json_keep(demo->arena, description);
    const json_t *inner = json_object_get(description, "description");
    return inner != NULL ? inner : description;
}

static int64_t register_resource(struct demo *demo, const struct supply *supply, bool tells)
{
    struct player *clerk = player_by_login(demo, arena_printf(demo->arena, "%s-clerk", supply->provider));
    struct player *approver =
        player_by_login(demo, arena_printf(demo->arena, "%s-approver", supply->provider));
    const json_t *description = describe(demo, supply);
    const json_t *reply =
        say(demo, clerk, "POST", "/resources",
            "{\"code\":\"%s\",\"title\":\"%s\",\"abstract\":\"%s\",\"category\":\"%s\",\"industry\":\"%s\","
            "\"region\":\"全市\",\"format\":\"CSV\","
            "\"share_type\":\"conditional\",\"openness\":\"有条件开放\",\"share_mode\":\"调用\",\"update_"
            "cycle_days\":365,\"personal\":%s,"
            "\"origin\":\"original\",\"subject_item\":\"%s\",\"subject_kind\":\"%s\",\"updated_day\":\"%s\","
            "\"items\":%s}",
            supply->code, supply->title, supply->abstract, supply->category, supply->industry,
            supply->personal ? "true" : "false", supply->subject, supply->subject_kind,
            day_from_now(demo, -1), items_of(demo, supply, description));
    int64_t id = number_of(demo, reply, "id");
    reply = say(demo, clerk, "POST", path_of(demo, "/resources/%lld/register", (long long)id), "{}");
    if (tells)
        tell(1, arena_printf(demo->arena, "登记资源 %s", supply->title),
             "resource registered; no row has moved", "二(一)", reply);
    reply = say(demo, approver, "POST", path_of(demo, "/resources/%lld/grade", (long long)id),
                "{\"grade\":\"general\",\"level\":%d}", supply->personal ? 3 : 1);
    if (tells)
        tell(1, "确认敏感项并分级", "sensitive items confirmed, graded", "三", reply);
    return id;
}

int64_t supply_resource(struct demo *demo, const struct supply *supply, bool tells)
{
    struct player *clerk = player_by_login(demo, arena_printf(demo->arena, "%s-clerk", supply->provider));
    struct player *approver =
        player_by_login(demo, arena_printf(demo->arena, "%s-approver", supply->provider));
    int64_t resource = register_resource(demo, supply, tells);
    const json_t *reply = say(demo, player_by_login(demo, "bureau-clerk"), "POST", "/entries",
                              "{\"resource_id\":%lld}", (long long)resource);
    int64_t entry = number_of(demo, reply, "id");
    (void)say(demo, clerk, "POST", path_of(demo, "/entries/%lld/concur", (long long)entry), "{}");
    reply = say(demo, player_by_login(demo, "bureau-approver"), "POST",
                path_of(demo, "/entries/%lld/list", (long long)entry), "{}");
    if (tells)
        tell(2, "列入授权目录", "listed, the provider concurring", "二(五)1", reply);
    reply = say(demo, clerk, "POST", "/authorisations", "{\"entry_id\":%lld,\"from_day\":\"%s\"}",
                (long long)entry, day_from_now(demo, 0));
    reply = say(demo, approver, "POST",
                path_of(demo, "/authorisations/%lld/approve", (long long)number_of(demo, reply, "id")), "{}");
    if (tells)
        tell(2, "提供单位授权", "authorised, the provider's own act", "二(二)", reply);
    return entry;
}

/* ---- districts ---- */

static const char *streets_of(struct demo *demo, int district)
{
    const char *names = "";
    int count = 0;
    for (int i = 0; i < division_street_count; i++)
        if (division_streets[i].district == district && count++ < 40)
            names =
                arena_printf(demo->arena, "%s%s%s", names, count > 1 ? "、" : "", division_streets[i].name);
    return names;
}

static void district_resource(struct demo *demo, int district)
{
    const struct division *division = &division_districts[district];
    struct player *clerk = player_by_login(demo, arena_printf(demo->arena, "district-%d", division->code));
    const json_t *reply = say(
        demo, clerk, "POST", "/resources",
        "{\"code\":\"QX-%d-BJ\",\"title\":\"%s政务服务办件信息\",\"abstract\":\"覆盖街道：%s\",\"category\":"
        "\"政务服务/办件/汇总\",\"industry\":\"政务服务\","
        "\"region\":\"%s\",\"format\":\"CSV\",\"share_type\":\"conditional\",\"openness\":\"有条件开放\","
        "\"share_mode\":\"调用\",\"update_cycle_days\":30,"
        "\"personal\":false,\"origin\":\"original\",\"subject_item\":\"case_no\",\"subject_kind\":\"other\","
        "\"updated_day\":\"%s\",\"items\":["
        "{\"name\":\"case_no\",\"title\":\"办件编号\",\"type\":\"text\",\"use\":\"key\",\"level\":1},"
        "{\"name\":\"street\",\"title\":\"街道\",\"type\":\"text\",\"use\":\"dimension\",\"level\":1},"
        "{\"name\":\"days\",\"title\":\"办理时长（天）\",\"type\":\"integer\",\"use\":\"measure\",\"level\":"
        "1}]}",
        division->code, division->name, streets_of(demo, district), division->name, day_from_now(demo, -1));
    if (district % 3 != 0)
        (void)say(demo, clerk, "POST",
                  path_of(demo, "/resources/%lld/register", (long long)number_of(demo, reply, "id")), "{}");
}

void leave_stages(struct demo *demo)
{
    for (int i = 0; i < division_district_count; i++)
        district_resource(demo, i);
}
