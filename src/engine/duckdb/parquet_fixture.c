#include "engine/duckdb/parquet_fixture.h"

#include <stdlib.h>

/* Thrift's compact protocol: a field is (distance to the last field's number, type), then the value. */
enum { COMPACT_I32 = 5, COMPACT_I64 = 6, COMPACT_BINARY = 8, COMPACT_LIST = 9, COMPACT_STRUCT = 12 };

static void put_byte(struct wire_out *out, unsigned byte)
{
    uint8_t value = (uint8_t)byte;
    wire_put(out, &value, 1);
}

static void put_varint(struct wire_out *out, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        put_byte(out, (unsigned)(value & 0x7F) | 0x80);
    put_byte(out, (unsigned)value);
}

static void put_zigzag(struct wire_out *out, int64_t value)
{
    put_varint(out, (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0));
}

static void put_field(struct wire_out *out, int *last, int number, int type)
{
    put_byte(out, (unsigned)((number - *last) << 4 | type));
    *last = number;
}

static void put_i32(struct wire_out *out, int *last, int number, int32_t value)
{
    put_field(out, last, number, COMPACT_I32);
    put_zigzag(out, value);
}

static void put_i64(struct wire_out *out, int *last, int number, int64_t value)
{
    put_field(out, last, number, COMPACT_I64);
    put_zigzag(out, value);
}

static void put_binary(struct wire_out *out, int *last, int number, const void *bytes, size_t size)
{
    put_field(out, last, number, COMPACT_BINARY);
    put_varint(out, size);
    wire_put(out, bytes, size);
}

static void put_list(struct wire_out *out, int *last, int number, int type, size_t count)
{
    put_field(out, last, number, COMPACT_LIST);
    if (count < 15) {
        put_byte(out, (unsigned)(count << 4 | (unsigned)type));
    } else {
        put_byte(out, 0xF0u | (unsigned)type);
        put_varint(out, count);
    }
}

/* ---- pages ---- */

static void put_page(struct wire_out *out, const struct parquet_page *page)
{
    int last = 0;
    int inner = 0;
    put_i32(out, &last, 1, page->type);
    put_i32(out, &last, 2, page->uncompressed);
    put_i32(out, &last, 3, page->compressed);
    put_field(out, &last, page->type == 2 ? 7 : 5, COMPACT_STRUCT);
    put_i32(out, &inner, 1, page->values);
    put_i32(out, &inner, 2, page->encoding);
    if (page->type != 2) {
        put_i32(out, &inner, 3, 3); /* levels: RLE */
        put_i32(out, &inner, 4, 3);
    }
    put_byte(out, 0);
    put_byte(out, 0);
    wire_put(out, page->payload.bytes, page->payload.size);
}

/* ---- the footer ---- */

static void put_element(struct wire_out *out, const struct parquet_column *column)
{
    int last = 0;
    if (column->type != PARQUET_GROUP)
        put_i32(out, &last, 1, column->type);
    put_i32(out, &last, 3, column->repetition);
    put_binary(out, &last, 4, column->name, column->name_size);
    if (column->type == PARQUET_GROUP)
        put_i32(out, &last, 5, column->children);
    if (column->converted >= 0)
        put_i32(out, &last, 6, column->converted);
    put_byte(out, 0);
}

static void put_statistics(struct wire_out *out, int *last, const struct parquet_column *column)
{
    int inner = 0;
    put_field(out, last, 12, COMPACT_STRUCT);
    if (column->nulls >= 0)
        put_i64(out, &inner, 3, column->nulls);
    if (column->most.size > 0)
        put_binary(out, &inner, 5, column->most.bytes, column->most.size);
    if (column->least.size > 0)
        put_binary(out, &inner, 6, column->least.bytes, column->least.size);
    put_byte(out, 0);
}

struct place {
    int64_t data;
    int64_t dictionary; /* 0 none */
    int64_t bytes;
};

static void put_chunk(struct wire_out *out, const struct parquet_column *column, const struct place *place)
{
    int last = 0;
    int inner = 0;
    int64_t data = column->data_offset != 0 ? column->data_offset : place->data;
    int64_t dictionary = column->dictionary_offset != 0 ? column->dictionary_offset : place->dictionary;
    put_i64(out, &last, 2, data);
    put_field(out, &last, 3, COMPACT_STRUCT);
    put_i32(out, &inner, 1, column->type);
    put_list(out, &inner, 2, COMPACT_I32, 1);
    put_zigzag(out, PARQUET_PLAIN);
    put_list(out, &inner, 3, COMPACT_BINARY, 1);
    put_varint(out, column->name_size);
    wire_put(out, column->name, column->name_size);
    put_i32(out, &inner, 4, column->codec);
    put_i64(out, &inner, 5, column->values);
    put_i64(out, &inner, 6, column->uncompressed != 0 ? column->uncompressed : place->bytes);
    put_i64(out, &inner, 7, column->compressed != 0 ? column->compressed : place->bytes);
    put_i64(out, &inner, 9, data);
    if (dictionary != 0)
        put_i64(out, &inner, 11, dictionary);
    if (column->nulls >= 0 || column->least.size > 0 || column->most.size > 0)
        put_statistics(out, &inner, column);
    put_byte(out, 0);
    put_byte(out, 0);
}

static void put_footer(struct wire_out *out, const struct parquet_plan *plan, const struct place *places)
{
    int last = 0;
    size_t leaves = 0;
    for (size_t i = 0; i < plan->column_count; i++)
        leaves += plan->columns[i].type != PARQUET_GROUP;
    const struct parquet_column root = {.name = "schema",
                                        .name_size = 6,
                                        .type = PARQUET_GROUP,
                                        .children = plan->root_children != 0 ? plan->root_children
                                                                             : (int32_t)plan->column_count,
                                        .converted = -1};
    put_i32(out, &last, 1, plan->version);
    put_list(out, &last, 2, COMPACT_STRUCT, plan->column_count + 1);
    put_element(out, &root);
    for (size_t i = 0; i < plan->column_count; i++)
        put_element(out, &plan->columns[i]);
    put_i64(out, &last, 3, plan->rows);
    put_list(out, &last, 4, COMPACT_STRUCT, plan->no_groups ? 0 : 1);
    if (!plan->no_groups) {
        int inner = 0;
        put_list(out, &inner, 1, COMPACT_STRUCT, leaves);
        for (size_t i = 0; i < plan->column_count; i++)
            if (plan->columns[i].type != PARQUET_GROUP)
                put_chunk(out, &plan->columns[i], &places[i]);
        put_i64(out, &inner, 2, plan->group_bytes);
        put_i64(out, &inner, 3, plan->group_rows);
        put_byte(out, 0);
    }
    put_byte(out, 0);
}

void parquet_write(const struct parquet_plan *plan, struct wire_out *out)
{
    struct place *places = calloc(plan->column_count + 1, sizeof *places);
    if (places == NULL)
        abort();
    wire_put(out, plan->head, 4);
    for (size_t i = 0; i < plan->column_count; i++) {
        size_t start = out->size;
        for (size_t j = 0; j < plan->columns[i].page_count; j++) {
            bool dictionary = plan->columns[i].pages[j].type == 2;
            *(dictionary ? &places[i].dictionary : &places[i].data) = (int64_t)out->size;
            put_page(out, &plan->columns[i].pages[j]);
        }
        places[i].bytes = (int64_t)(out->size - start);
    }
    size_t start = out->size;
    put_footer(out, plan, places);
    uint32_t size = plan->footer_size >= 0 ? (uint32_t)plan->footer_size : (uint32_t)(out->size - start);
    wire_put(out, &size, sizeof size);
    wire_put(out, plan->tail, 4);
    free(places);
}

/* ---- a file that is all right ---- */

static struct parquet_page data_page(const void *bytes, size_t size, int32_t values)
{
    return (struct parquet_page){.uncompressed = (int32_t)size,
                                 .compressed = (int32_t)size,
                                 .values = values,
                                 .payload = {bytes, size}};
}

struct parquet_plan parquet_good(struct parquet_column *columns)
{
    static const int64_t ids[] = {1, 2, 3};
    static const char texts[] = "\x0f\0\0\0canary-5f1d0c-1\x01\0\0\0b\x01\0\0\0c";
    columns[0] = (struct parquet_column){.name = "id",
                                         .name_size = 2,
                                         .type = PARQUET_INT64,
                                         .converted = -1,
                                         .pages = {data_page(ids, sizeof ids, 3)},
                                         .page_count = 1,
                                         .values = 3,
                                         .nulls = -1};
    columns[1] = (struct parquet_column){.name = "name",
                                         .name_size = 4,
                                         .type = PARQUET_BYTE_ARRAY,
                                         .pages = {data_page(texts, sizeof texts - 1, 3)},
                                         .page_count = 1,
                                         .values = 3,
                                         .nulls = -1};
    return (struct parquet_plan){.head = "PAR1",
                                 .tail = "PAR1",
                                 .version = 1,
                                 .rows = 3,
                                 .group_rows = 3,
                                 .group_bytes = 100,
                                 .columns = columns,
                                 .column_count = 2,
                                 .footer_size = -1};
}
