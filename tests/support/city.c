#include "support/city.h"

#include "http/router.h"
#include "support/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

struct city {
    struct app app;
    struct clock *clock;
    struct arena *arena;
    const char *store_url;
    json_t *kept; /* replies, freed with the city */
};

static const struct route_table no_tables[] = {{0}};
static const struct workflow *const no_workflows[] = {NULL};

/* ---- who calls ---- */

/* The concept's own identity, for tokens that are not ours. The one mutable thing here: an identity has no
 * state. */
static const struct identity *own_identity;

/* The next number of "test:1:2:3"; −1 when there is none. */
static int64_t next_number(const char **at)
{
    char *end;
    if (**at != ':')
        return -1;
    int64_t number = strtoll(*at + 1, &end, 10);
    bool moved = end > *at + 1;
    *at = end;
    return moved ? number : -1;
}

static enum result by_bearer(struct work *work, const char *token, struct actor *ret_actor)
{
    if (strncmp(token, "test:", 5) != 0)
        return own_identity != NULL ? own_identity->by_bearer(work, token, ret_actor)
                                    : RESULT_UNAUTHENTICATED;
    const char *at = token + 4;
    ret_actor->role = (enum role)next_number(&at);
    ret_actor->account = next_number(&at);
    ret_actor->party = next_number(&at);
    ret_actor->duties = (unsigned)next_number(&at);
    ret_actor->hand_over_only = next_number(&at) == 1;
    return *at == '\0' && (unsigned)ret_actor->role < ROLE_COUNT ? RESULT_OK : RESULT_UNAUTHENTICATED;
}

/* Without a concept's own identity, a session token is an actor's token as well, and its csrf value is
 * "csrf-of-test". */
static enum result by_session(struct work *work, const char *token, struct actor *ret_actor,
                              struct session_known *ret_session)
{
    if (own_identity != NULL)
        return own_identity->by_session(work, token, ret_actor, ret_session);
    (void)snprintf(ret_session->csrf, sizeof ret_session->csrf, "csrf-of-test");
    return by_bearer(work, token, ret_actor);
}

static enum result session_used(struct work *work, const char *token, instant at)
{
    return own_identity != NULL ? own_identity->session_used(work, token, at) : RESULT_OK;
}

static const struct identity test_identity = {by_session, by_bearer, session_used};

void city_use_identity(struct city *city, const struct identity *identity)
{
    own_identity = identity;
    city->app.identity = &test_identity;
}

const char *city_actor(struct city *city, enum role role, row_id account, row_id party, unsigned duties)
{
    return city_format(city, "test:%u:%lld:%lld:%u:0", (unsigned)role, (long long)account, (long long)party,
                       duties);
}

const char *city_hand_over_actor(struct city *city, row_id account, row_id party, unsigned duties)
{
    return city_format(city, "test:%u:%lld:%lld:%u:1", (unsigned)ROLE_OPERATOR, (long long)account,
                       (long long)party, duties);
}

/* ---- the city ---- */

struct city *city_new(const struct route_table *tables, workflow_list workflows)
{
    return city_new_in(&store_schema_built, tables, workflows);
}

struct city *city_new_in(const struct store_schema *schema, const struct route_table *tables,
                         workflow_list workflows)
{
    struct refusal refusal = {0};
    struct city *city = calloc(1, sizeof *city);
    assert_non_null(city);
    city->arena = arena_new((size_t)1024 * 1024 * 1024);
    city->kept = json_array();
    city->clock = clock_manual(CITY_START);
    const char *folder = arena_strdup(city->arena, test_folder());
    own_identity = NULL;
    city->app = (struct app){.clock = city->clock,
                             .random = random_seeded(20260302),
                             .calendar = calendar_plain(),
                             .tables = tables != NULL ? tables : no_tables,
                             .workflows = workflows != NULL ? workflows : no_workflows,
                             .identity = &test_identity,
                             .home = folder,
                             .public_per_minute = -1,
                             .account_per_minute = -1,
                             .check_replies = true};
    city->store_url = arena_strdup(city->arena, test_store_url(schema));
    if (store_open_schema(city->store_url, schema, city->arena, &refusal, &city->app.store) != RESULT_OK)
        fail_msg("the store does not open: %s", refusal.en);
    dispatch_open(&city->app);
    return city;
}

void city_free(struct city *city)
{
    dispatch_close(&city->app);
    store_close(city->app.store);
    random_free(city->app.random);
    calendar_free((struct calendar *)(uintptr_t)city->app.calendar);
    clock_free(city->clock);
    json_decref(city->kept);
    arena_free(city->arena);
    free(city);
}

struct app *city_app(struct city *city)
{
    return &city->app;
}

struct arena *city_arena(struct city *city)
{
    return city->arena;
}

const char *city_store_url(struct city *city)
{
    return city->store_url;
}

void city_advance(struct city *city, instant by)
{
    clock_advance(city->clock, by);
}

char *city_format(struct city *city, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vprintf(city->arena, format, args);
    va_end(args);
    return text;
}

/* ---- calls ---- */

enum { MOST_HEADERS = 16 };

static size_t add_credentials(struct city *city, const char *who, struct http_header *headers)
{
    if (who == NULL)
        return 0;
    if (strncmp(who, "session=", 8) != 0) {
        headers[0] = (struct http_header){"Authorization", city_format(city, "Bearer %s", who)};
        return 1;
    }
    const char *csrf = strstr(who, ";csrf=");
    size_t length = csrf != NULL ? (size_t)(csrf - who) : strlen(who);
    headers[0] = (struct http_header){"Cookie", city_format(city, "dukou_%.*s", (int)length, who)};
    if (csrf == NULL)
        return 1;
    headers[1] = (struct http_header){"X-CSRF-Token", csrf + 6};
    return 2;
}

static struct city_reply send_message(struct city *city, const struct http_message *message)
{
    struct http_reply *reply = arena_alloc(city->arena, sizeof *reply);
    dispatch(&city->app, city->arena, message, reply);
    char *text = arena_alloc(city->arena, reply->body_size + 1);
    if (reply->body_size > 0)
        memcpy(text, reply->body, reply->body_size);
    json_t *json = json_loadb(text, reply->body_size, JSON_DECODE_ANY, NULL);
    if (json != NULL)
        json_array_append_new(city->kept, json);
    return (struct city_reply){reply->status, json, text, reply->body_size, reply->headers};
}

static struct city_reply call_message(struct city *city, const char *who, const char *call,
                                      const struct http_header *more, const void *body, size_t size,
                                      int upload)
{
    struct http_header headers[MOST_HEADERS] = {0};
    size_t count = add_credentials(city, who, headers);
    for (; more != NULL && more->name != NULL; more++) {
        assert_true(count + 1 < MOST_HEADERS);
        headers[count++] = *more;
    }
    const char *space = strchr(call, ' ');
    assert_non_null(space);
    const char *path = city_format(city, "/api%s", space + 1);
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    const char *method = city_format(city, "%.*s", (int)(space - call), call);
    struct http_message message = {.method = http_method_by_name(method),
                                   .path = path,
                                   .query = query,
                                   .headers = headers,
                                   .body = body,
                                   .body_size = size,
                                   .upload = upload,
                                   .address = "192.0.2.7"};
    return send_message(city, &message);
}

struct city_reply city_call_with(struct city *city, const char *who, const char *call,
                                 const struct http_header *headers, const void *body, size_t size)
{
    return call_message(city, who, call, headers, body, size, -1);
}

struct city_reply city_call(struct city *city, const char *who, const char *call, const char *body)
{
    static const struct http_header json[] = {{"Content-Type", "application/json"}, {0}};
    return call_message(city, who, call, body != NULL ? json : NULL, body, body != NULL ? strlen(body) : 0,
                        -1);
}

struct city_reply city_upload(struct city *city, const char *who, const char *call, const void *bytes,
                              size_t size)
{
    int file = memfd_create("upload", MFD_CLOEXEC);
    assert_true(file >= 0);
    assert_int_equal(write(file, bytes, size), (ssize_t)size);
    assert_int_equal(lseek(file, 0, SEEK_SET), 0);
    struct city_reply reply = call_message(city, who, call, NULL, NULL, size, file);
    (void)close(file);
    return reply;
}

const char *city_header(const struct city_reply *reply, const char *name)
{
    for (const struct http_header *header = reply->headers; header->name != NULL; header++)
        if (strcasecmp(header->name, name) == 0)
            return header->value;
    return NULL;
}

const json_t *city_expect_at(struct city *city, int status, const char *who, const char *call,
                             const char *body, const char *file, int line)
{
    struct city_reply reply = city_call(city, who, call, body);
    if (reply.status != status) {
        print_error("%s\n  as %s, expected %d but was answered %d:\n  %s\n", call,
                    who != NULL ? who : "the public", status, reply.status, reply.text);
        _fail(file, line);
    }
    return reply.json;
}

/* ---- functions of concepts ---- */

struct unit {
    struct city *city;
    const char *who;
    enum result (*part)(struct work *work, void *argument);
    void *argument;
    struct refusal *refusal;
};

static enum result run_unit(struct store_tx *tx, void *argument)
{
    const struct unit *unit = argument;
    const struct app *app = &unit->city->app;
    struct actor actor = {.role = ROLE_PUBLIC};
    struct work work = {.tx = tx,
                        .arena = unit->city->arena,
                        .actor = &actor,
                        .clock = app->clock,
                        .random = app->random,
                        .calendar = app->calendar,
                        .refusal = unit->refusal,
                        .entry = -1};
    if (unit->who != NULL)
        TRY(app->identity->by_bearer(&work, unit->who, &actor));
    return unit->part(&work, unit->argument);
}

enum result city_write(struct city *city, const char *who,
                       enum result (*part)(struct work *work, void *argument), void *argument,
                       struct refusal *ret_refusal)
{
    return store_write(city->app.store, run_unit, &(struct unit){city, who, part, argument, ret_refusal});
}

enum result city_read(struct city *city, const char *who,
                      enum result (*part)(struct work *work, void *argument), void *argument,
                      struct refusal *ret_refusal)
{
    return store_read(city->app.store, run_unit, &(struct unit){city, who, part, argument, ret_refusal});
}
