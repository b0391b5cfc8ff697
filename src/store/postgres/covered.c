/* The record of what happens to rows of covered tables, and the walk over all of them.
 *
 * Each covered table has a trigger (shape.c) that raises a notice for every row changed, with the row before
 * and after in record_send()'s binary form. The notices come in the same answer as the statement's result,
 * so recording costs no way to the server and back. */
#include "base/limits.h"
#include "store/postgres/postgres.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_BEGIN "dukou:"

/* What a trigger's words mean: "dukou:note:id,title". Kept as long as the store, so that a table's name is
 * one pointer, whatever columns it has had meanwhile. */
struct told_table {
    struct told_table *next;
    const char *words;
    const char *name;
    size_t count;
    const char **columns;
};

struct pg_covered {
    pthread_mutex_t mutex;
    struct arena *arena;
    struct told_table *tables;
};

struct pg_covered *pg_covered_new(void)
{
    struct pg_covered *covered = calloc(1, sizeof *covered);
    if (covered == NULL)
        abort();
    (void)pthread_mutex_init(&covered->mutex, NULL);
    covered->arena = arena_new(0);
    return covered;
}

void pg_covered_free(struct pg_covered *covered)
{
    if (covered == NULL)
        return;
    (void)pthread_mutex_destroy(&covered->mutex);
    arena_free(covered->arena);
    free(covered);
}

static const char *same_name(const struct pg_covered *covered, const char *name)
{
    for (const struct told_table *table = covered->tables; table != NULL; table = table->next)
        if (strcmp(table->name, name) == 0)
            return table->name;
    return name;
}

static struct told_table *read_words(struct pg_covered *covered, const char *words)
{
    struct told_table *table = arena_new_array(covered->arena, struct told_table, 1);
    char *copy = arena_strdup(covered->arena, words + strlen(WORDS_BEGIN));
    char *colon = strchr(copy, ':');
    assert(colon != NULL);
    *colon = '\0';
    table->words = arena_strdup(covered->arena, words);
    table->name = same_name(covered, copy);
    size_t most = 1;
    for (const char *c = colon + 1; *c != '\0'; c++)
        most += *c == ',';
    table->columns = arena_new_array(covered->arena, const char *, most);
    for (char *rest = colon + 1; rest != NULL;)
        table->columns[table->count++] = strsep(&rest, ",");
    table->next = covered->tables;
    covered->tables = table;
    return table;
}

static const struct told_table *told(struct pg_covered *covered, const char *words)
{
    (void)pthread_mutex_lock(&covered->mutex);
    struct told_table *table = covered->tables;
    while (table != NULL && strcmp(table->words, words) != 0)
        table = table->next;
    if (table == NULL)
        table = read_words(covered, words);
    (void)pthread_mutex_unlock(&covered->mutex);
    return table;
}

/* ---- rows ---- */

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* Makes bytes of the digits, in place. */
static uint8_t *unhex(char *digits, size_t *ret_size)
{
    uint8_t *bytes = (uint8_t *)digits;
    size_t size = 0;
    for (; digits[0] != '\0'; digits += 2)
        bytes[size++] = (uint8_t)(hex_digit(digits[0]) << 4 | hex_digit(digits[1]));
    *ret_size = size;
    return bytes;
}

enum { COLUMNS_MOST = 256 };

/* record_send(): the number of columns, and of each its type, its length or -1, its bytes. */
static bool read_record(const uint8_t *bytes, size_t size, struct store_value *values, size_t count)
{
    const uint8_t *end = bytes + size;
    if (size < 4 || get_u32(bytes) != count)
        return false;
    bytes += 4;
    for (size_t i = 0; i < count; i++) {
        if (end - bytes < 8)
            return false;
        Oid type = get_u32(bytes);
        int32_t length = (int32_t)get_u32(bytes + 4);
        bytes += 8;
        values[i] = store_null();
        if (length < 0)
            continue;
        if (end - bytes < length || pg_value_get(type, (const char *)bytes, length, &values[i]) != RESULT_OK)
            return false;
        bytes += length;
    }
    return bytes == end;
}

static row_id id_of(const char *const *names, const struct store_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], "id") == 0)
            return values[i].integer;
    return 0;
}

/* The canonical bytes of a row, in the arena of the unit's changes. */
static const uint8_t *canonical(struct pg_tx *tx, const struct told_table *table, const char *field,
                                size_t *ret_size, row_id *ret_id)
{
    struct arena *arena = tx->changes->arena;
    struct store_value values[COLUMNS_MOST];
    char *digits = strdup(field);
    if (digits == NULL)
        abort();
    size_t size;
    uint8_t *record = unhex(digits, &size);
    if (table->count > COLUMNS_MOST || !read_record(record, size, values, table->count))
        store_stop("a change of table %s cannot be read", table->name);
    uint8_t *bytes = NULL;
    *ret_id = id_of(table->columns, values, table->count);
    *ret_size = canonical_size(table->columns, values, table->count);
    /* The other half serves the list and its merging. */
    tx->too_large = tx->too_large || *ret_size + LIMIT_ARENA_BYTES / 2 > arena_room(arena);
    if (!tx->too_large) {
        bytes = arena_alloc(arena, *ret_size);
        (void)canonical_write(bytes, table->columns, values, table->count);
    }
    free(digits);
    return bytes;
}

bool pg_covered_notice(struct pg_tx *tx, const PGresult *notice)
{
    const char *words = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
    if (words == NULL || strncmp(words, WORDS_BEGIN, strlen(WORDS_BEGIN)) != 0)
        return false;
    if (tx->too_large)
        return true;
    const struct told_table *table = told(tx->connection->store->covered, words);
    const char *before = PQresultErrorField(notice, PG_DIAG_MESSAGE_DETAIL);
    const char *after = PQresultErrorField(notice, PG_DIAG_MESSAGE_HINT);
    struct store_change old = {.table = table->name};
    struct store_change new = {.table = table->name};
    if (before != NULL)
        old.before = canonical(tx, table, before, &old.before_size, &old.id);
    if (after != NULL)
        new.after = canonical(tx, table, after, &new.after_size, &new.id);
    if (tx->too_large)
        return true;
    if (before != NULL && after != NULL && old.id == new.id) {
        old.after = new.after;
        old.after_size = new.after_size;
    }
    if (before != NULL)
        changes_add(tx->changes, &old);
    if (after != NULL && (before == NULL || old.id != new.id))
        changes_add(tx->changes, &new);
    return true;
}

const struct store_change *pg_take(struct store_tx *tx, size_t *ret_count)
{
    struct pg_tx *own = (struct pg_tx *)tx;
    *ret_count = 0;
    if (own->changes == NULL)
        return NULL;
    (void)pg_tx_settle(own); /* a failure shows at the next statement or at the end of the unit */
    return changes_take(own->changes, ret_count);
}

/* ---- walking ---- */

struct walk {
    const char *table;
    store_each_covered *each;
    void *argument;
    struct arena *arena;
};

static enum result walk_row(const struct walk *walk, const PGresult *rows, int at, const char *const *names)
{
    struct store_value values[COLUMNS_MOST] = {0};
    size_t count = (size_t)PQnfields(rows);
    for (size_t i = 0; i < count; i++)
        if (!PQgetisnull(rows, at, (int)i))
            TRY(pg_value_get(PQftype(rows, (int)i), PQgetvalue(rows, at, (int)i),
                             PQgetlength(rows, at, (int)i), &values[i]));
    size_t size = canonical_size(names, values, count);
    uint8_t *bytes = arena_alloc(walk->arena, size);
    (void)canonical_write(bytes, names, values, count);
    return walk->each(walk->table, id_of(names, values, count), bytes, size, walk->argument);
}

static enum result walk_rows(const PGresult *rows, void *argument)
{
    const struct walk *walk = argument;
    const char *names[COLUMNS_MOST];
    size_t count = (size_t)PQnfields(rows);
    if (count > COLUMNS_MOST)
        return RESULT_TOO_LARGE;
    for (size_t i = 0; i < count; i++)
        names[i] = PQfname(rows, (int)i);
    for (int at = 0; at < PQntuples(rows); at++) {
        arena_reset(walk->arena);
        TRY(walk_row(walk, rows, at, names));
    }
    return RESULT_OK;
}

enum result pg_walk(struct store_tx *tx, store_each_covered *each, void *argument)
{
    struct pg_tx *own = (struct pg_tx *)tx;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_ARENA struct arena *of_rows = arena_new(0);
    struct pg_table *tables;
    size_t count;
    TRY(pg_tx_tables(own, arena, &tables, &count));
    for (size_t i = 0; i < count; i++) {
        if (store_schema_uncovered(tx->schema, tables[i].name) != NULL)
            continue;
        struct walk walk = {tables[i].name, each, argument, of_rows};
        const char *text = arena_printf(arena, "SELECT * FROM \"%s\" ORDER BY id", tables[i].name);
        TRY(pg_tx_walk(own, text, NULL, NULL, 0, walk_rows, &walk));
    }
    return RESULT_OK;
}
