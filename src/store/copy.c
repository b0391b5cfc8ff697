/* A whole store into another, whatever the two are kept in, and the proof that both hold the same. */
#include "store/copy.h"

#include "base/digest.h"
#include "store/changes.h"

#include <stdlib.h>
#include <string.h>

/* What a table held: how many rows, and the digest of their canonical bytes in the order of their keys. */
struct table_sum {
    const char *name;
    int64_t rows;
    struct digest_stream stream;
    struct digest digest;
};

enum { TABLES_MOST = 256 };

struct sums {
    struct arena *arena;   /* of names */
    struct arena *of_rows; /* reset for each */
    struct table_sum tables[TABLES_MOST];
    size_t count;
    struct store_reserved reserved[TABLES_MOST];
    size_t reserved_count;
};

static struct sums *sums_new(struct arena *arena)
{
    struct sums *sums = arena_new_array(arena, struct sums, 1);
    sums->arena = arena;
    sums->of_rows = arena_new(0);
    return sums;
}

static void end_table(struct sums *sums)
{
    if (sums->count > 0)
        sums->tables[sums->count - 1].digest = digest_end(&sums->tables[sums->count - 1].stream);
}

static void sums_end(struct sums *sums)
{
    end_table(sums);
    arena_free(sums->of_rows);
}

static void begin_table(struct sums *sums, const char *name)
{
    end_table(sums);
    if (sums->count == TABLES_MOST)
        store_stop("more than %d tables", TABLES_MOST);
    struct table_sum *table = &sums->tables[sums->count++];
    table->name = arena_strdup(sums->arena, name);
    digest_begin(&table->stream);
}

static enum result add_row(const char *name, const struct store_row *row, void *argument)
{
    struct sums *sums = argument;
    if (sums->count == 0 || strcmp(sums->tables[sums->count - 1].name, name) != 0)
        begin_table(sums, name);
    struct table_sum *table = &sums->tables[sums->count - 1];
    arena_reset(sums->of_rows);
    size_t size = canonical_size(row->names, row->values, row->count);
    uint8_t *bytes = arena_alloc(sums->of_rows, size + 8);
    for (size_t i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(size >> (56 - 8 * i));
    (void)canonical_write(bytes + 8, row->names, row->values, row->count);
    digest_add(&table->stream, bytes, size + 8);
    table->rows++;
    return RESULT_OK;
}

static enum result add_reserved(const struct store_reserved *reserved, void *argument)
{
    struct sums *sums = argument;
    if (sums->reserved_count == TABLES_MOST)
        store_stop("more than %d tables", TABLES_MOST);
    sums->reserved[sums->reserved_count++] =
        (struct store_reserved){arena_strdup(sums->arena, reserved->table), reserved->last};
    return RESULT_OK;
}

/* ---- the copy ---- */

struct copying {
    const struct copy *copy;
    struct store_tx *from;
    struct sums *sums;
    struct store_filler *filler;
};

static enum result refuse_row(const struct copy *copy, enum result result, const char *table,
                              const struct store_row *row)
{
    const char *key = row->count > 0 && row->values[0].type == STORE_INTEGER
                          ? arena_printf(copy->arena, " %lld", (long long)row->values[0].integer)
                          : "";
    return refuse(copy->refusal,
                  (struct refusal){
                      .result = result,
                      .field = arena_strdup(copy->arena, table),
                      .zh = arena_printf(copy->arena, "表 %s 的行%s 无法写入目标存储", table, key),
                      .en = arena_printf(copy->arena, "the row%s of table %s cannot be put into the target",
                                         key, table),
                      .remedy_zh = "请核对该行各列的类型，以及目标存储是否可用",
                      .remedy_en = "Check the types in its columns, and that the target can be written.",
                  });
}

static enum result copy_row(const char *table, const struct store_row *row, void *argument)
{
    struct copying *copying = argument;
    enum result result = copying->filler->put(copying->filler, table, row);
    if (result != RESULT_OK)
        return refuse_row(copying->copy, result, table, row);
    return add_row(table, row, copying->sums);
}

static enum result fill(struct store_filler *filler, void *argument)
{
    struct copying *copying = argument;
    copying->filler = filler;
    TRY(copying->copy->from->dump(copying->from, copy_row, copying));
    TRY(copying->copy->from->each_reserved(copying->from, add_reserved, copying->sums));
    for (size_t i = 0; i < copying->sums->reserved_count; i++)
        TRY(filler->reserve(filler, &copying->sums->reserved[i]));
    return RESULT_OK;
}

static enum result copy_all(struct store_tx *tx, void *argument)
{
    struct copying *copying = argument;
    copying->from = tx;
    return copying->copy->to->fill(copying->copy->to_state, fill, copying);
}

/* ---- before and after ---- */

static enum result stop_at_row(const char *table, const struct store_row *row, void *argument)
{
    (void)row;
    *(const char **)argument = table;
    return RESULT_CONFLICT;
}

struct looking {
    const struct store_backend *backend;
    store_dump_row *each;
    store_each_reserved *each_reserved; /* or NULL */
    void *argument;
};

static enum result look(struct store_tx *tx, void *argument)
{
    const struct looking *looking = argument;
    TRY(looking->backend->dump(tx, looking->each, looking->argument));
    return looking->each_reserved != NULL
               ? looking->backend->each_reserved(tx, looking->each_reserved, looking->argument)
               : RESULT_OK;
}

static enum result sum(const struct store_backend *backend, void *state, struct sums *sums)
{
    struct looking looking = {backend, add_row, add_reserved, sums};
    enum result result = backend->read(state, look, &looking);
    sums_end(sums);
    return result;
}

static enum result check_empty(const struct copy *copy)
{
    const char *table = NULL;
    struct looking looking = {copy->to, stop_at_row, NULL, &table};
    enum result result = copy->to->read(copy->to_state, look, &looking);
    if (result != RESULT_CONFLICT)
        return result;
    return refuse(copy->refusal, (struct refusal){
                                     .result = RESULT_CONFLICT,
                                     .field = "to",
                                     .zh = "目标存储不是空的",
                                     .en = "the target is not empty",
                                     .remedy_zh = "请指定一个空的数据库或新的文件",
                                     .remedy_en = "Give an empty database or a new file.",
                                 });
}

/* The first table in which they differ; NULL: in none. */
static const char *first_difference(const struct sums *before, const struct sums *after)
{
    for (size_t i = 0; i < before->count && i < after->count; i++) {
        const struct table_sum *x = &before->tables[i];
        const struct table_sum *y = &after->tables[i];
        if (strcmp(x->name, y->name) != 0 || x->rows != y->rows ||
            memcmp(x->digest.bytes, y->digest.bytes, DIGEST_SIZE) != 0)
            return x->name;
    }
    if (before->count == after->count)
        return NULL;
    return before->count > after->count ? before->tables[after->count].name
                                        : after->tables[before->count].name;
}

/* The first table of which the copy would give an id that the original does not. */
static const char *first_unreserved(const struct sums *before, const struct sums *after)
{
    for (size_t i = 0; i < before->reserved_count; i++) {
        size_t at = 0;
        while (at < after->reserved_count &&
               strcmp(after->reserved[at].table, before->reserved[i].table) != 0)
            at++;
        if (at == after->reserved_count || after->reserved[at].last < before->reserved[i].last)
            return before->reserved[i].table;
    }
    return NULL;
}

static enum result compare(const struct copy *copy, const struct sums *before, const struct sums *after)
{
    const char *table = first_difference(before, after);
    if (table == NULL)
        table = first_unreserved(before, after);
    if (table == NULL)
        return RESULT_OK;
    return refuse(
        copy->refusal,
        (struct refusal){
            .result = RESULT_CORRUPT,
            .field = table,
            .zh = arena_printf(copy->arena, "副本与原存储不同，首先是表 %s", table),
            .en = arena_printf(copy->arena, "the copy is not as the original, first in table %s", table),
            .remedy_zh = "请勿使用该副本；清空目标后重试，并检查两边的磁盘",
            .remedy_en = "Do not use it: empty the target, try again, and check the disks of both.",
        });
}

enum result copy_holds(const struct copy *copy)
{
    struct sums *before = sums_new(copy->arena);
    struct sums *after = sums_new(copy->arena);
    enum result result = sum(copy->from, copy->from_state, before);
    enum result other = sum(copy->to, copy->to_state, after);
    TRY(result);
    TRY(other);
    return compare(copy, before, after);
}

enum result copy_store(const struct copy *copy, struct store_copied *ret_copied)
{
    TRY(check_empty(copy));
    struct sums *before = sums_new(copy->arena);
    struct sums *after = sums_new(copy->arena);
    struct copying copying = {.copy = copy, .sums = before};
    enum result result = copy->from->read(copy->from_state, copy_all, &copying);
    sums_end(before);
    enum result other = result == RESULT_OK ? sum(copy->to, copy->to_state, after) : RESULT_OK;
    TRY(result);
    TRY(other);
    TRY(compare(copy, before, after));
    *ret_copied = (struct store_copied){.tables = before->count};
    for (size_t i = 0; i < before->count; i++)
        ret_copied->rows += before->tables[i].rows;
    return RESULT_OK;
}
