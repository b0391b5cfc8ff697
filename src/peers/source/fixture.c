#include "peers/source/fixture.h"

#include "peers/source/file.h"
#include "vault/delivery.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the engine ---- */

static const char *cell(struct arena *arena, const struct engine_column *column, size_t row)
{
    char text[DAY_TEXT_SIZE];
    if (column->nulls[row] != 0)
        return "-";
    if (column->type == ENGINE_TEXT || column->type == ENGINE_DECIMAL)
        return column->texts[row].bytes;
    if (column->type == ENGINE_DOUBLE)
        return arena_printf(arena, "%g", column->doubles[row]);
    if (column->type == ENGINE_BOOLEAN)
        return column->integers[row] != 0 ? "true" : "false";
    if (column->type != ENGINE_DATE)
        return arena_printf(arena, "%lld", (long long)column->integers[row]);
    day_print((day)column->integers[row], text);
    return arena_strdup(arena, text);
}

const char *fixture_rows(struct arena *arena, int fd)
{
    const struct engine_table table = {.name = "t", .fd = fd};
    const struct engine_query query = {
        .sql = "SELECT * FROM t ORDER BY 1", .tables = &table, .table_count = 1};
    struct engine_answer answer;
    struct refusal refusal = {0};
    enum result result = engine_run(fixture_engine(), NULL, arena, &query, &answer, &refusal);
    if (result != RESULT_OK)
        fail_msg("%s", refusal.en);
    const char *text = "";
    for (size_t i = 0; i < answer.column_count; i++)
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? "|" : "", answer.columns[i].name);
    for (size_t row = 0; row < answer.rows; row++)
        for (size_t i = 0; i < answer.column_count; i++)
            text =
                arena_printf(arena, "%s%s%s", text, i > 0 ? "|" : "\n", cell(arena, &answer.columns[i], row));
    return text;
}

/* ---- a platform ---- */

struct incoming {
    char *bytes;
    size_t size;
};

static char *orders_json(const struct platform *platform)
{
    json_t *items = json_array();
    for (size_t i = 0; i < platform->order_count; i++)
        if (platform->orders[i].open)
            (void)json_array_append_new(
                items, json_pack("{s:I, s:s, s:s}", "id", (json_int_t)platform->orders[i].id, "order",
                                 platform->orders[i].text, "signature", platform->orders[i].signature));
    json_t *page = json_pack("{s:o, s:n}", "items", items, "next");
    char *text = json_dumps(page, JSON_COMPACT);
    json_decref(page);
    return text;
}

static void take_post(struct platform *platform, const char *method, const char *path,
                      const struct incoming *in)
{
    char *more = NULL;
    if (asprintf(&more, "%s%s %s %.*s\n", platform->posts, method, path, (int)in->size,
                 in->bytes != NULL ? in->bytes : "") < 0)
        abort();
    free(platform->posts);
    platform->posts = more;
}

static enum MHD_Result reply(struct MHD_Connection *connection, int status, const char *text)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    (void)MHD_add_response_header(response, "Content-Type",
                                  status >= 400 ? "application/problem+json" : "application/json");
    enum MHD_Result queued = MHD_queue_response(connection, (unsigned)status, response);
    MHD_destroy_response(response);
    return queued;
}

/* Takes an order off the list of open ones: it is refused or delivered. */
static void settle(struct platform *platform, const char *path)
{
    static const char prefix[] = "/api/source/orders/";
    if (strncmp(path, prefix, sizeof prefix - 1) != 0)
        return;
    long long id = strtoll(path + sizeof prefix - 1, NULL, 10);
    for (size_t i = 0; i < platform->order_count; i++)
        if (platform->orders[i].id == id)
            platform->orders[i].open = false;
}

static enum MHD_Result take_slice(struct platform *platform, struct MHD_Connection *connection,
                                  const char *path, struct incoming *in)
{
    free(platform->slice);
    platform->slice = in->bytes;
    platform->slice_size = in->size;
    in->bytes = NULL;
    platform->slices++;
    if (platform->slice_status != 204)
        return reply(connection, platform->slice_status,
                     "{\"zh\":{\"reason\":\"不收\"},\"en\":{\"reason\":\"no\"}}");
    settle(platform, path);
    return reply(connection, 204, "");
}

static enum MHD_Result answer_whole(struct platform *platform, struct MHD_Connection *connection,
                                    const char *method, const char *path, struct incoming *in)
{
    const char *bearer = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Authorization");
    if (bearer == NULL || strcmp(bearer, "Bearer " FIXTURE_TOKEN) != 0) {
        platform->unauthorised = true;
        return reply(connection, 401, "{}");
    }
    if (strcmp(method, "GET") == 0 && strcmp(path, "/api/source/orders") == 0) {
        char *text = orders_json(platform);
        enum MHD_Result queued = reply(connection, 200, text);
        free(text);
        return queued;
    }
    if (strcmp(method, "PUT") == 0)
        return take_slice(platform, connection, path, in);
    take_post(platform, method, path, in);
    if (strstr(path, "/refuse") != NULL)
        settle(platform, path);
    return reply(connection, 200, "{}");
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *bytes, size_t *size,
                              void **state)
{
    (void)version;
    struct platform *platform = context;
    struct incoming *in = *state;
    if (platform->down)
        return MHD_NO;
    if (in == NULL) {
        *state = calloc(1, sizeof *in);
        return *state != NULL ? MHD_YES : MHD_NO;
    }
    if (*size > 0) {
        in->bytes = realloc(in->bytes, in->size + *size);
        if (in->bytes == NULL)
            abort();
        memcpy(in->bytes + in->size, bytes, *size);
        in->size += *size;
        *size = 0;
        return MHD_YES;
    }
    (void)pthread_mutex_lock(&platform->lock);
    enum MHD_Result result = answer_whole(platform, connection, method, path, in);
    (void)pthread_mutex_unlock(&platform->lock);
    return result;
}

static void forget(void *context, struct MHD_Connection *connection, void **state,
                   enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    struct incoming *in = *state;
    if (in != NULL)
        free(in->bytes);
    free(in);
}

struct platform *platform_start(void)
{
    struct platform *platform = calloc(1, sizeof *platform);
    assert_non_null(platform);
    (void)pthread_mutex_init(&platform->lock, NULL);
    platform->posts = strdup("");
    platform->slice_status = 204;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    platform->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, answer, platform,
                                        MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_NOTIFY_COMPLETED, forget,
                                        NULL, MHD_OPTION_END);
    assert_non_null(platform->daemon);
    platform->port = MHD_get_daemon_info(platform->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return platform;
}

void platform_stop(struct platform *platform)
{
    MHD_stop_daemon(platform->daemon);
    for (size_t i = 0; i < platform->order_count; i++) {
        free(platform->orders[i].text);
        free(platform->orders[i].signature);
    }
    free(platform->posts);
    free(platform->slice);
    (void)pthread_mutex_destroy(&platform->lock);
    free(platform);
}

void platform_order(struct platform *platform, int64_t id, const char *text, const char *signature)
{
    assert_true(platform->order_count < 32);
    (void)pthread_mutex_lock(&platform->lock);
    size_t at = platform->order_count++;
    platform->orders[at].id = id;
    platform->orders[at].text = strdup(text);
    platform->orders[at].signature = strdup(signature);
    platform->orders[at].open = true;
    (void)pthread_mutex_unlock(&platform->lock);
}

/* ---- an agent ---- */

static char *told;

static void remember(const char *line)
{
    char *more = NULL;
    if (asprintf(&more, "%s%s\n", told != NULL ? told : "", line) < 0)
        abort();
    free(told);
    told = more;
}

static void start_agent(struct world *world)
{
    struct refusal refusal = {0};
    if (journal_open(world->arena, world->config.state, &world->agent.journal, &refusal) != RESULT_OK)
        fail_msg("%s", refusal.en);
    const struct client_options options = {world->config.platform, world->config.token, NULL};
    assert_ok(client_open(world->arena, &options, &world->agent.client, &refusal));
}

static void stop_agent(struct world *world)
{
    client_close(world->agent.client);
    journal_close(world->agent.journal);
}

struct world *world_open(const char *resources, const char *more)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    (void)snprintf(world->folder, sizeof world->folder, "%s", test_folder());
    world->arena = arena_new(0);
    world->platform = platform_start();
    fixture_write(fixture_path(world->folder, "token"), FIXTURE_TOKEN "\n");
    fixture_write(
        fixture_path(world->folder, "source.json"),
        arena_printf(world->arena,
                     "{\"platform\":\"http://127.0.0.1:%d\",\"token_file\":\"token\",\"order_key\":\"%s\","
                     "\"state\":\"state\",\"resources\":%s%s}",
                     world->platform->port, fixture_order_key(), resources, more));
    struct refusal refusal = {0};
    if (source_config_open(world->arena, fixture_path(world->folder, "source.json"), &world->config,
                           &refusal) != RESULT_OK)
        fail_msg("%s", refusal.en);
    world->agent = (struct agent){.config = &world->config,
                                  .engine = fixture_engine(),
                                  .clock = clock_manual(FIXTURE_NOW),
                                  .tell = remember};
    free(told);
    told = NULL;
    start_agent(world);
    return world;
}

void world_close(struct world *world)
{
    stop_agent(world);
    clock_free(world->agent.clock);
    platform_stop(world->platform);
    arena_free(world->arena);
    free(world);
    free(told);
    told = NULL;
}

void world_restart(struct world *world)
{
    stop_agent(world);
    start_agent(world);
}

void world_round(struct world *world)
{
    struct refusal refusal = {0};
    if (agent_round(&world->agent, &world->tally, &refusal, world->arena) != RESULT_OK)
        fail_msg("%s", refusal.en);
}

char *world_outputs(struct world *world)
{
    size_t size;
    char *journal = fixture_read(fixture_path(world->config.state, "journal.jsonl"), &size);
    char *all = NULL;
    if (asprintf(&all, "%s%s%s", journal, told != NULL ? told : "", world->platform->posts) < 0)
        abort();
    free(journal);
    return all;
}

const char *world_slice(struct world *world, const char *order)
{
    CLEANUP_FILE int sealed = -1;
    CLEANUP_FILE int plain = -1;
    struct refusal refusal;
    assert_ok(source_file_memory(&sealed, &refusal));
    assert_ok(source_file_memory(&plain, &refusal));
    assert_int_equal(write(sealed, world->platform->slice, world->platform->slice_size),
                     (ssize_t)world->platform->slice_size);
    struct digest digest = digest_sha256(order, strlen(order));
    size_t size;
    assert_ok(delivery_open(sealed, fixture_grant_secret(), &digest, plain, &size, world->arena,
                            &world->statement));
    return fixture_rows(world->arena, plain);
}
