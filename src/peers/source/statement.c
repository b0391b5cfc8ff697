#include "peers/source/statement.h"

static json_t *state_column(const struct source_column *column)
{
    json_t *stated = json_object();
    if (column->use != NULL)
        (void)json_object_set_new(stated, "use", json_string(column->use));
    if (column->level > 0)
        (void)json_object_set_new(stated, "level", json_integer(column->level));
    if (column->filter_said)
        (void)json_object_set_new(stated, "filterable", json_boolean(column->filterable));
    return stated;
}

const char *source_statement(struct arena *arena, const struct source_resource *resource,
                             const struct order *order)
{
    json_t *columns = json_object();
    CLEANUP_JSON json_t *statement = json_pack("{s:s, s:s*, s:o}", "resource", resource->code, "subject",
                                               resource->subject, "columns", columns);
    for (size_t i = 0; i < order->column_count; i++) {
        const struct source_column *column = source_column_by_name(resource, order->columns[i]);
        if (column != NULL)
            (void)json_object_set_new(columns, order->columns[i], state_column(column));
    }
    return json_print_canonical(arena, statement);
}
