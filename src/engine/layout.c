/* Which bytes of an ingested file a query needs:
 * {"size","footer":[offset,size],"rows","columns":[{"name","chunks":[[offset,size],…]},…],
 *  "values":[[[offset,size],…],…]}, the last in the order of the columns. */
#include "base/json.h"
#include "base/limits.h"
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

enum { MAGIC_BYTES = 4, RANGES_MAX = 1000 * 1000 };

static const json_t *find_column(const json_t *columns, const char *name)
{
    size_t i;
    const json_t *column;
    json_array_foreach (columns, i, column) {
        const char *candidate = json_text(column, "name");
        if (candidate != NULL && strcmp(candidate, name) == 0)
            return column;
    }
    return NULL;
}

static bool read_range(const json_t *pair, int64_t file_size, struct engine_range *ret_range)
{
    if (json_array_size(pair) != 2 || !json_is_integer(json_array_get(pair, 0)) ||
        !json_is_integer(json_array_get(pair, 1)))
        return false;
    int64_t offset = json_integer_value(json_array_get(pair, 0));
    int64_t size = json_integer_value(json_array_get(pair, 1));
    *ret_range = (struct engine_range){offset, size};
    return offset >= 0 && size >= 0 && offset <= file_size && size <= file_size - offset;
}

static int by_offset(const void *a, const void *b)
{
    const struct engine_range *x = a;
    const struct engine_range *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static size_t merge(struct engine_range *ranges, size_t count)
{
    qsort(ranges, count, sizeof *ranges, by_offset);
    size_t last = 0;
    for (size_t i = 1; i < count; i++) {
        int64_t end = ranges[last].offset + ranges[last].size;
        if (ranges[i].offset > end) {
            ranges[++last] = ranges[i];
            continue;
        }
        int64_t next_end = ranges[i].offset + ranges[i].size;
        if (next_end > end)
            ranges[last].size = next_end - ranges[last].offset;
    }
    return last + 1;
}

static enum result count_chunks(const json_t *columns, const char *const *names, size_t name_count,
                                size_t *ret_count)
{
    size_t count = 2;
    for (size_t i = 0; i < name_count; i++) {
        const json_t *column = find_column(columns, names[i]);
        if (column == NULL)
            return RESULT_NOT_FOUND;
        count += json_array_size(json_object_get(column, "chunks"));
    }
    *ret_count = count;
    return count <= RANGES_MAX ? RESULT_OK : RESULT_CORRUPT;
}

enum result engine_layout_ranges(struct arena *arena, const char *layout, const char *const *columns,
                                 size_t column_count, int64_t *ret_file_size,
                                 const struct engine_range **ret_ranges, size_t *ret_range_count)
{
    CLEANUP_JSON json_t *json = json_loads(layout, JSON_REJECT_DUPLICATES, NULL);
    const json_t *all = json_object_get(json, "columns");
    int64_t file_size = json_integer_or(json, "size", -1);
    struct engine_range footer;
    if (!json_is_array(all) || file_size < MAGIC_BYTES ||
        !read_range(json_object_get(json, "footer"), file_size, &footer))
        return RESULT_CORRUPT;
    size_t count;
    TRY(count_chunks(all, columns, column_count, &count));
    struct engine_range *ranges = arena_new_array(arena, struct engine_range, count);
    size_t filled = 0;
    ranges[filled++] = (struct engine_range){0, MAGIC_BYTES};
    ranges[filled++] = footer;
    for (size_t i = 0; i < column_count; i++) {
        size_t j;
        const json_t *pair;
        json_array_foreach (json_object_get(find_column(all, columns[i]), "chunks"), j, pair)
            if (!read_range(pair, file_size, &ranges[filled++]))
                return RESULT_CORRUPT;
    }
    *ret_range_count = merge(ranges, filled);
    *ret_file_size = file_size;
    *ret_ranges = ranges;
    return RESULT_OK;
}

static bool is_among(const char *const *columns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i], name) == 0)
            return true;
    return false;
}

/* Within the footer's own bytes, so that no layout blanks what is read. */
static bool read_blank(const json_t *pair, int64_t file_size, const struct engine_range *footer,
                       struct engine_range *ret_blank)
{
    return read_range(pair, file_size, ret_blank) && ret_blank->offset >= footer->offset &&
           ret_blank->offset + ret_blank->size <= footer->offset + footer->size;
}

enum result engine_layout_blanks(struct arena *arena, const char *layout, const char *const *columns,
                                 size_t column_count, const struct engine_range **ret_blanks,
                                 size_t *ret_blank_count)
{
    CLEANUP_JSON json_t *json = json_loads(layout, 0, NULL);
    const json_t *all = json_object_get(json, "columns");
    const json_t *values = json_object_get(json, "values");
    int64_t file_size = json_integer_or(json, "size", -1);
    struct engine_range footer;
    size_t most = 0;
    if (!json_is_array(all) || !read_range(json_object_get(json, "footer"), file_size, &footer) ||
        json_array_size(values) > json_array_size(all))
        return RESULT_CORRUPT;
    for (size_t i = 0; i < json_array_size(values); i++)
        most += json_array_size(json_array_get(values, i));
    if (most > RANGES_MAX)
        return RESULT_CORRUPT;
    struct engine_range *blanks = arena_new_array(arena, struct engine_range, most + 1);
    size_t filled = 0;
    for (size_t i = 0; i < json_array_size(values); i++) {
        const char *name = json_text(json_array_get(all, i), "name");
        size_t j;
        const json_t *pair;
        if (name == NULL)
            return RESULT_CORRUPT;
        if (!is_among(columns, column_count, name))
            json_array_foreach (json_array_get(values, i), j, pair)
                if (!read_blank(pair, file_size, &footer, &blanks[filled++]))
                    return RESULT_CORRUPT;
    }
    *ret_blanks = blanks;
    *ret_blank_count = filled;
    return RESULT_OK;
}
