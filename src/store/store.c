#include "base/digest.h"
#include "store/backend.h"
#include "store/copy.h"
#include "store/transfer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store {
    const struct store_backend *backend;
    const struct store_schema *schema;
    void *state;
    atomic_uint_fast64_t reads;
    atomic_uint_fast64_t writes;
    atomic_uint_fast64_t failed[4];
};

const enum result store_failures[4] = {RESULT_IO, RESULT_CORRUPT, RESULT_BUSY, RESULT_UNAVAILABLE};
const struct spread_bounds store_batch_bounds = {9, {1, 2, 4, 8, 16, 32, 64, 128, 256}};

/* Asked in this order. */
static const struct store_backend *const backends[] = {&store_postgres, &store_sqlite};

const struct store_schema store_schema_built = {
    .statements = sql_statements,
    .statement_count = SQL_COUNT,
    .migrations = sql_migrations,
    .migration_count = SQL_MIGRATION_COUNT,
    .uncovered = store_uncovered,
};

void store_stop(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("store: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    abort();
}

const char *store_schema_uncovered(const struct store_schema *schema, const char *table)
{
    for (const struct store_uncovered *u = schema->uncovered; u->table != NULL; u++)
        if (strcmp(u->table, table) == 0)
            return u->reason;
    return NULL;
}

static void assert_complete(const struct store_backend *backend)
{
    assert(backend->name && backend->takes && backend->there && backend->open && backend->close);
    assert((backend->backup == NULL) == (backend->restore == NULL) && backend->dump && backend->fill);
    assert(backend->write && backend->read && backend->take && backend->walk);
    assert(backend->exec && backend->one && backend->many && backend->each);
    assert(backend->version && backend->lead && backend->leads && backend->lead_end);
}

static const struct store_backend *pick(const char *url)
{
    for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
        assert_complete(backends[i]);
        if (backends[i]->takes(url))
            return backends[i];
    }
    return NULL;
}

static enum result refuse_url(struct refusal *ret_refusal)
{
    return refuse(ret_refusal, (struct refusal){
                                   .result = RESULT_INVALID,
                                   .field = "url",
                                   .zh = "没有能打开这个地址的存储后端",
                                   .en = "no store back-end opens this address",
                                   .remedy_zh = "请给出 SQLite 文件的路径，或 postgresql:// 地址",
                                   .remedy_en = "Give the path of a SQLite file, or a postgresql:// address.",
                               });
}

enum result store_open_schema(const char *url, const struct store_schema *schema, struct arena *arena,
                              struct refusal *ret_refusal, struct store **ret_store)
{
    assert(url != NULL && schema != NULL && ret_store != NULL);
    const struct store_backend *backend = pick(url);
    if (backend == NULL)
        return refuse_url(ret_refusal);
    void *state;
    struct store_opening opening = {.url = url, .schema = schema, .arena = arena, .refusal = ret_refusal};
    TRY(backend->open(&opening, &state));
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        abort();
    *store = (struct store){.backend = backend, .schema = schema, .state = state};
    *ret_store = store;
    return RESULT_OK;
}

enum result store_open_explained(const char *url, struct arena *arena, struct refusal *ret_refusal,
                                 struct store **ret_store)
{
    return store_open_schema(url, &store_schema_built, arena, ret_refusal, ret_store);
}

enum result store_open(const char *url, struct store **ret_store)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    return store_open_explained(url, arena, NULL, ret_store);
}

char *store_shown(struct arena *arena, const char *url)
{
    char *shown = arena_strdup(arena, url);
    char *name = strstr(shown, "://");
    char *host = name != NULL ? strpbrk(name + 3, "@/?") : NULL;
    char *password = name != NULL ? strchr(name + 3, ':') : NULL;
    if (host != NULL && *host == '@' && password != NULL && password < host)
        memmove(password, host, strlen(host) + 1);
    char *parameters = strchr(shown, '?');
    if (parameters != NULL && strstr(parameters, "password") != NULL)
        *parameters = '\0';
    return shown;
}

enum result store_there(const char *url)
{
    const struct store_backend *backend = pick(url);
    return backend != NULL ? backend->there(url) : RESULT_INVALID;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    store->backend->close(store->state);
    free(store);
}

enum result store_copy(struct store *from, struct store *to, struct arena *arena, struct refusal *ret_refusal,
                       struct store_copied *ret_copied)
{
    const struct copy copy = {from->backend, from->state, to->backend, to->state, arena, ret_refusal};
    return copy_store(&copy, ret_copied);
}

enum result store_is_copy(struct store *of, struct store *copy, struct arena *arena,
                          struct refusal *ret_refusal)
{
    const struct copy both = {of->backend, of->state, copy->backend, copy->state, arena, ret_refusal};
    return copy_holds(&both);
}

enum result store_backup(struct store *store, const char *path)
{
    if (store->backend->backup != NULL)
        return store->backend->backup(store->state, path);
    return transfer_backup(store, store->schema, path);
}

enum result store_restore(const char *from, const char *to, bool overwrite, struct arena *arena,
                          struct refusal *ret_refusal)
{
    const struct store_backend *backend = pick(to);
    if (backend == NULL)
        return refuse_url(ret_refusal);
    struct store_restoring restoring = {from, to, overwrite, arena, ret_refusal};
    return backend->restore != NULL ? backend->restore(&restoring) : transfer_restore(&restoring);
}

enum result store_reserve(const char *url, const struct store_reserved *reserved, size_t count)
{
    const struct store_backend *backend = pick(url);
    if (backend == NULL)
        return RESULT_INVALID;
    return backend->reserve(url, reserved, count);
}

static void count_end(struct store *store, atomic_uint_fast64_t *calls, enum result result)
{
    (void)atomic_fetch_add_explicit(calls, 1, memory_order_relaxed);
    for (size_t i = 0; result != RESULT_OK && i < sizeof store_failures / sizeof store_failures[0]; i++)
        if (result == store_failures[i])
            (void)atomic_fetch_add_explicit(&store->failed[i], 1, memory_order_relaxed);
}

enum result store_write(struct store *store, store_work *work, void *argument)
{
    enum result result = store->backend->write(store->state, work, argument);
    count_end(store, &store->writes, result);
    return result;
}

uint64_t store_generation(struct store *store)
{
    return store->backend->version(store->state);
}

enum result store_read(struct store *store, store_work *work, void *argument)
{
    enum result result = store->backend->read(store->state, work, argument);
    count_end(store, &store->reads, result);
    return result;
}

void store_figures(struct store *store, struct store_figures *ret_figures)
{
    struct store_figures figures = {.log_bytes = -1};
    figures.reads = atomic_load(&store->reads);
    figures.writes = atomic_load(&store->writes);
    for (size_t i = 0; i < sizeof store_failures / sizeof store_failures[0]; i++)
        figures.failed[i] = atomic_load(&store->failed[i]);
    if (store->backend->figures != NULL)
        store->backend->figures(store->state, &figures);
    *ret_figures = figures;
}

struct store_lead {
    const struct store_backend *backend;
    void *state;
};

/* Names become numbers, which locks of files and of databases are known by; 62 bits do not meet by chance. */
static int64_t number_of(const char *name)
{
    static const char label[] = "dukou lead";
    struct digest_stream stream;
    digest_begin(&stream);
    digest_add(&stream, label, sizeof label);
    digest_add(&stream, name, strlen(name));
    const struct digest digest = digest_end(&stream);
    int64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = (int64_t)((uint64_t)number << 8 | digest.bytes[i]);
    return number & INT64_C(0x3fffffffffffffff);
}

enum result store_lead(struct store *store, const char *name, struct store_lead **ret_lead)
{
    void *state;
    TRY(store->backend->lead(store->state, number_of(name), &state));
    struct store_lead *lead = calloc(1, sizeof *lead);
    if (lead == NULL)
        abort();
    *lead = (struct store_lead){store->backend, state};
    *ret_lead = lead;
    return RESULT_OK;
}

bool store_leads(struct store_lead *lead)
{
    return lead->backend->leads(lead->state);
}

void store_lead_end(struct store_lead *lead)
{
    if (lead == NULL)
        return;
    lead->backend->lead_end(lead->state);
    free(lead);
}

static void check_kind(const struct store_tx *tx, enum sql statement, enum sql_kind kind)
{
    if ((size_t)statement >= tx->schema->statement_count)
        store_stop("there is no statement %d", (int)statement);
    if (tx->schema->statements[statement].kind != kind)
        store_stop("statement %s is called as another kind than its :one, :many or :exec says",
                   tx->schema->statements[statement].name);
}

enum result store_exec(struct store_tx *tx, enum sql statement, const struct store_bind *binds,
                       int64_t *ret_changed)
{
    check_kind(tx, statement, SQL_KIND_EXEC);
    return tx->backend->exec(tx, statement, binds, ret_changed);
}

enum result store_one(struct store_tx *tx, struct arena *arena, enum sql statement,
                      const struct store_bind *binds, struct store_row *ret_row)
{
    check_kind(tx, statement, SQL_KIND_ONE);
    return tx->backend->one(tx, arena, statement, binds, ret_row);
}

enum result store_many(struct store_tx *tx, struct arena *arena, enum sql statement,
                       const struct store_bind *binds, struct store_rows *ret_rows)
{
    check_kind(tx, statement, SQL_KIND_MANY);
    return tx->backend->many(tx, arena, statement, binds, ret_rows);
}

enum result store_each(struct store_tx *tx, enum sql statement, const struct store_bind *binds,
                       store_each_row *each, void *argument)
{
    check_kind(tx, statement, SQL_KIND_MANY);
    return tx->backend->each(tx, statement, binds, each, argument);
}

const struct store_change *store_changes_take(struct store_tx *tx, size_t *ret_count)
{
    return tx->backend->take(tx, ret_count);
}

enum result store_walk_covered(struct store_tx *tx, store_each_covered *each, void *argument)
{
    return tx->backend->walk(tx, each, argument);
}
