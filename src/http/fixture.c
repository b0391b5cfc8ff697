#include "http/fixture.h"

#include "http/rows.h"

#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- the store: the platform's own tables, and one for landings ---- */

enum landing_statement {
    LANDING_ADD = SQL_COUNT,
    LANDING_BY_ID,
    LANDING_BY_TITLE,
    LANDING_PAGE,
    LANDING_SET,
    LANDING_DELETE,
    LANDING_STATEMENTS
};
#define LANDING(name) ((enum sql)LANDING_##name)

#define COLUMNS "id, title, seats, price, opened, kind, party"

static const struct sql_statement own_statements[] = {
    {"landing_add", SQL_KIND_ONE,
     "INSERT INTO landing (title, seats, price, opened, kind, party)"
     " VALUES (:title, :seats, :price, :opened, :kind, :party) RETURNING " COLUMNS,
     "fixture.c"},
    {"landing_by_id", SQL_KIND_ONE, "SELECT " COLUMNS " FROM landing WHERE id = :id", "fixture.c"},
    {"landing_by_title", SQL_KIND_ONE, "SELECT " COLUMNS " FROM landing WHERE title = :title", "fixture.c"},
    {"landing_page", SQL_KIND_MANY,
     "SELECT " COLUMNS
     " FROM landing WHERE id > :after AND (:seats IS NULL OR seats >= :seats) ORDER BY id LIMIT :limit",
     "fixture.c"},
    {"landing_set", SQL_KIND_EXEC, "UPDATE landing SET seats = :seats WHERE id = :id", "fixture.c"},
    {"landing_delete", SQL_KIND_EXEC, "DELETE FROM landing WHERE id = :id", "fixture.c"},
};

static const char landing_table[] =
    "CREATE TABLE landing (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE, seats INTEGER NOT NULL,"
    " price INTEGER NOT NULL, opened INTEGER NOT NULL, kind TEXT NOT NULL, party INTEGER NOT NULL);";

/* The concepts' migrations begin at 10: what stands below is the platform's own. */
enum { FIRST_CONCEPT = 10 };

static struct sql_statement statements[LANDING_STATEMENTS + 1];
static struct sql_migration migrations[SQL_MIGRATION_COUNT + 2];
static struct store_schema schema;

static void make_schema(void)
{
    memcpy(statements, sql_statements, sizeof sql_statements[0] * SQL_COUNT);
    memcpy(statements + SQL_COUNT, own_statements, sizeof own_statements);
    size_t count = 0;
    for (size_t i = 0; i < SQL_MIGRATION_COUNT; i++)
        if (sql_migrations[i].number < FIRST_CONCEPT)
            migrations[count++] = sql_migrations[i];
    migrations[count++] = (struct sql_migration){9000, "landing", landing_table};
    schema = (struct store_schema){statements, LANDING_STATEMENTS, migrations, count, store_uncovered};
}

/* ---- schemas ---- */

static const char *const kinds[] = {"ferry", "cargo", NULL};

const struct schema landing_schema = {
    .name = "landing",
    .fields = (const struct field[]){
        {.name = "id", .type = FIELD_ID, .required = true},
        {.name = "title", .type = FIELD_TEXT, .required = true, .max = 20, .zh = "名称", .en = "Name"},
        {.name = "seats", .type = FIELD_INTEGER, .required = true, .low = 1, .high = 500},
        {.name = "price", .type = FIELD_MONEY, .required = true},
        {.name = "opened", .type = FIELD_DATE, .required = true},
        {.name = "kind", .type = FIELD_CHOICE, .required = true, .choices = kinds},
        {.name = "party", .type = FIELD_ID, .required = true},
        {.name = "entry", .type = FIELD_INTEGER},
        {0}}};

static const struct schema berth_schema = {
    .name = "berth",
    .fields = (const struct field[]){
        {.name = "name", .type = FIELD_TEXT, .required = true, .max = 5, .filled = true},
        {.name = "length", .type = FIELD_NUMBER, .nullable = true},
        {0}}};

const struct schema landing_body_schema = {
    .name = "landing_body",
    .fields = (const struct field[]){
        {.name = "title", .type = FIELD_TEXT, .required = true, .max = 20, .filled = true},
        {.name = "seats", .type = FIELD_INTEGER, .required = true, .low = 1, .high = 500},
        {.name = "price", .type = FIELD_MONEY, .required = true},
        {.name = "opened", .type = FIELD_DATE, .required = true},
        {.name = "kind", .type = FIELD_CHOICE, .required = true, .choices = kinds},
        {.name = "owner", .type = FIELD_CREDIT_CODE},
        {.name = "plan", .type = FIELD_DIGEST, .nullable = true},
        {.name = "surveyed", .type = FIELD_INSTANT},
        {.name = "covered", .type = FIELD_BOOLEAN},
        {.name = "depth", .type = FIELD_NUMBER},
        {.name = "berths", .type = FIELD_LIST, .of = &berth_schema, .max = 3},
        {.name = "lines", .type = FIELD_LIST, .item = FIELD_INTEGER, .low = 1, .high = 99},
        {.name = "anything", .type = FIELD_ANY},
        {0}}};

static const struct schema seats_schema = {
    .name = "seats",
    .fields = (const struct field[]){
        {.name = "seats", .type = FIELD_INTEGER, .required = true, .low = 1, .high = 500}, {0}}};

static const struct schema page_query = {
    .name = "landing_query",
    .fields = (const struct field[]){
        {.name = "seats", .type = FIELD_INTEGER, .low = 0, .high = 500},
        {.name = "title", .type = FIELD_TEXT, .max = 10},
        {.name = "covered", .type = FIELD_BOOLEAN},
        {.name = "line", .type = FIELD_LIST, .item = FIELD_INTEGER, .low = 1, .high = 9},
        {0}}};

static const struct schema survey_schema = {
    .name = "survey",
    .fields = (const struct field[]){{.name = "size", .type = FIELD_INTEGER, .required = true}, {0}}};

/* ---- handlers ---- */

static atomic_int runs;
static atomic_bool is_held;

int landing_runs(void)
{
    return runs;
}

void landing_hold(bool held)
{
    is_held = held;
}

static enum result landing_find(struct request *request, struct store_row *ret_row)
{
    runs++;
    return store_one(request->work.tx, request->work.arena, LANDING(BY_ID),
                     STORE_BINDS({"id", store_integer(request_id(request, "id"))}), ret_row);
}

static enum result landing_is_own(struct request *request)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, LANDING(BY_ID),
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &row));
    if (row_integer(&row, "party") == request->actor.party)
        return RESULT_OK;
    return REFUSE(&request->work, .result = RESULT_FORBIDDEN, .law = LAW(RESOURCE_CATALOGUE),
                  .zh = "不是您的码头。", .en = "This landing is not yours.");
}

static enum result landing_get(struct request *request)
{
    struct store_row row;
    TRY(landing_find(request, &row));
    return reply_row(request, &row);
}

static enum result landing_by_title(struct request *request)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, LANDING(BY_TITLE),
                  STORE_BINDS({"title", store_text(request_parameter(request, "title"))}), &row));
    return reply_row(request, &row);
}

static enum result landing_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, LANDING(PAGE),
                   STORE_BINDS({"seats", query_integer(request, "seats")}, PAGE_BINDS(request)), &rows));
    return reply_page(request, &rows);
}

static enum result landing_add(struct request *request)
{
    struct store_row row;
    runs++;
    TRY(store_one(
        request->work.tx, request->work.arena, LANDING(ADD),
        STORE_BINDS({"title", body_text(request, "title")}, {"seats", body_integer(request, "seats")},
                    {"price", body_integer(request, "price")}, {"opened", body_day(request, "opened")},
                    {"kind", body_text(request, "kind")}, {"party", store_integer(request->actor.party)}),
        &row));
    TRY(work_record(&request->work, "add", "landing", row_integer(&row, "id"), LAW(RESOURCE_CATALOGUE),
                    NULL));
    request->status = 201;
    return reply_row(request, &row);
}

static enum result set_seats(struct request *request, int64_t seats)
{
    row_id id = request_id(request, "id");
    TRY(store_exec(request->work.tx, LANDING(SET),
                   STORE_BINDS({"seats", store_integer(seats)}, {"id", store_integer(id)}), NULL));
    return work_record(&request->work, "set", "landing", id, LAW(RESOURCE_CATALOGUE), NULL);
}

static enum result landing_patch(struct request *request)
{
    TRY(set_seats(request, json_integer_or(request->body, "seats", 0)));
    return landing_get(request);
}

static enum result landing_delete(struct request *request)
{
    row_id id = request_id(request, "id");
    runs++;
    TRY(store_exec(request->work.tx, LANDING(DELETE), STORE_BINDS({"id", store_integer(id)}), NULL));
    return work_record(&request->work, "delete", "landing", id, LAW(RESOURCE_CATALOGUE), NULL);
}

/* Changes the row and then fails: nothing may remain. Its words must not reach the caller. */
static enum result landing_break(struct request *request)
{
    runs++;
    TRY(set_seats(request, 499));
    return REFUSE(&request->work, .result = RESULT_IO, .field = "/etc/secret", .zh = "秘密", .en = "secret");
}

static enum result survey_read(struct request *request, void *argument)
{
    struct store_row row;
    TRY(landing_find(request, &row));
    *(int64_t *)argument = row_integer(&row, "seats");
    return RESULT_OK;
}

static enum result survey_write(struct request *request, void *argument)
{
    return set_seats(request, *(const int64_t *)argument);
}

static enum result landing_survey(struct request *request)
{
    int64_t seats = 0;
    TRY(request_read(request, survey_read, &seats));
    if (++seats > 500)
        return RESULT_CONFLICT;
    TRY(request_write(request, survey_write, &seats));
    request->reply = json_pack("{s:I}", "size", (json_int_t)seats);
    return RESULT_OK;
}

/* Takes its time. */
static enum result landing_dredge(struct request *request)
{
    struct timespec time = {0, 300 * 1000000};
    runs++;
    do
        (void)nanosleep(&time, NULL);
    while (is_held);
    return landing_survey(request);
}

static enum result landing_chart_put(struct request *request)
{
    char first[4] = {0};
    runs++;
    if (pread(request->upload, first, 3, 0) < 0)
        return RESULT_IO;
    if (strcmp(first, "BAD") == 0)
        return REFUSE(&request->work, .result = RESULT_INVALID, .field = "byte 0", .zh = "海图无效。",
                      .en = "This is no chart.");
    request->reply = json_pack("{s:I}", "size", (json_int_t)request->upload_size);
    return RESULT_OK;
}

static enum result landing_chart_get(struct request *request)
{
    struct store_row row;
    TRY(landing_find(request, &row));
    request->bytes = row_text(&row, "title");
    request->bytes_size = strlen(request->bytes);
    request->content_type = "text/csv; charset=utf-8";
    request->file_name = "码头.csv";
    return RESULT_OK;
}

static enum result landing_watch(struct request *request)
{
    int64_t seats = 0;
    TRY(request_read(request, survey_read, &seats));
    for (int i = 0; i < 3; i++) {
        CLEANUP_JSON json_t *data = json_pack("{s:i}", "at", i);
        TRY(request_event(request, "ferry", data));
        TRY(request_wait(request, seats == 500 ? 600000 : 5));
    }
    return seats == 499 ? RESULT_TIMEOUT : RESULT_OK;
}

static enum result session_open(struct request *request)
{
    runs++;
    request_set_session(request, "test:1:7:3:1:0", 3600);
    return RESULT_OK;
}

static enum result session_close(struct request *request)
{
    request_set_session(request, NULL, 0);
    return RESULT_OK;
}

static enum result landing_wrong(struct request *request)
{
    request->reply = json_pack("{s:s}", "id", "seven");
    return RESULT_OK;
}

#define COMMON .law = LAW(RESOURCE_CATALOGUE), .summary = "A test", .summary_zh = "测试"

static const struct route routes[] = {
    {HTTP_GET, "/landings", .needs = PERMISSION_PUBLIC_READ, .query = &page_query, .reply = &landing_schema,
     .list = true, .run = landing_list, COMMON},
    {HTTP_POST, "/landings", .needs = PERMISSION_SESSION, .body = &landing_body_schema,
     .reply = &landing_schema, .run = landing_add, COMMON},
    {HTTP_GET, "/landings/{id}", .needs = PERMISSION_PUBLIC_READ, .reply = &landing_schema,
     .run = landing_get, COMMON},
    {HTTP_PATCH, "/landings/{id}", .needs = PERMISSION_SESSION, .owner = OWNER(landing_is_own),
     .body = &seats_schema, .reply = &landing_schema, .run = landing_patch, COMMON},
    {HTTP_DELETE, "/landings/{id}", .needs = PERMISSION_SESSION, .owner = OWNER(landing_is_own),
     .run = landing_delete, COMMON},
    {HTTP_POST, "/landings/{id}/break", .needs = PERMISSION_SESSION, .run = landing_break, COMMON},
    {HTTP_POST, "/landings/{id}/survey", .needs = PERMISSION_SESSION, .owner = OWNER(landing_is_own),
     .reply = &survey_schema, .style = ROUTE_LONG, .run = landing_survey, COMMON},
    {HTTP_POST, "/landings/{id}/dredge", .needs = PERMISSION_SESSION, .owner = OWNER(landing_is_own),
     .reply = &survey_schema, .style = ROUTE_LONG, .run = landing_dredge, COMMON},
    {HTTP_PUT, "/landings/{id}/chart", .needs = PERMISSION_SESSION, .upload = true, .upload_max = 1000000,
     .reply = &survey_schema, .style = ROUTE_LONG, .run = landing_chart_put, COMMON},
    {HTTP_GET, "/landings/{id}/chart", .needs = PERMISSION_PUBLIC_READ, .bytes = true,
     .run = landing_chart_get, COMMON},
    {HTTP_GET, "/landings/{id}/ferries", .needs = PERMISSION_PUBLIC_READ, .style = ROUTE_EVENTS,
     .run = landing_watch, COMMON},
    {HTTP_GET, "/landings/by-title/{title}", .needs = PERMISSION_PUBLIC_READ, .reply = &landing_schema,
     .run = landing_by_title, COMMON},
    {HTTP_POST, "/approvals", .needs = PERMISSION_DELEGATE, .run = session_close, COMMON},
    {HTTP_POST, "/session", .needs = PERMISSION_PUBLIC_READ, .run = session_open, COMMON},
    {HTTP_DELETE, "/session", .needs = PERMISSION_SESSION, .run = session_close, COMMON},
    {HTTP_GET, "/wrong", .needs = PERMISSION_PUBLIC_READ, .reply = &landing_schema, .run = landing_wrong,
     COMMON},
    {0}};

const struct route_table landing_tables[] = {{"landing", routes}, {0}};

struct city *landing_city(void)
{
    make_schema();
    runs = 0;
    return city_new_in(&schema, landing_tables, NULL);
}

const char *landing_clerk(struct city *city)
{
    return city_actor(city, ROLE_PROVIDER, 7, 3, DUTY_CLERK);
}

row_id landing_made(struct city *city)
{
    return json_integer_or(city_expect(city, 201, landing_clerk(city), "POST /landings", LANDING_BODY), "id",
                           0);
}

struct capture capture_begin(struct city *city)
{
    struct capture capture = {.file = fopen(city_format(city, "%s/stderr", city_app(city)->home), "w+e"),
                              .before = dup(STDERR_FILENO)};
    assert_non_null(capture.file);
    assert_true(dup2(fileno(capture.file), STDERR_FILENO) >= 0);
    return capture;
}

void capture_end(struct capture *capture, char *ret_text, size_t room)
{
    (void)dup2(capture->before, STDERR_FILENO);
    (void)close(capture->before);
    rewind(capture->file);
    ret_text[fread(ret_text, 1, room - 1, capture->file)] = '\0';
    (void)fclose(capture->file);
}
