/* Queries and their sealed results. */
#include "base/limits.h"
#include "keeper/bound.h"
#include "keeper/claims.h"
#include "keeper/made.h"
#include "keeper/room.h"
#include "keeper/sealed.h"

#include <sodium.h>
#include <string.h>

/* ---- checking ---- */

static enum result read_query(struct serving *serving, struct call *call, int64_t room,
                              struct room_policy *ret_policy, const char **ret_sql)
{
    const json_t *policy;
    TRY(argument_object(call, "policy", &policy));
    TRY(argument_text(call, "sql", LIMIT_SQL_BYTES, ret_sql));
    return room_policy_read(serving, call, policy, room, ret_policy);
}

enum result keeper_verb_QUERY_CHECK(struct serving *serving, struct call *call)
{
    struct room_policy policy;
    const char *sql;
    struct query query;
    struct running running;
    TRY(read_query(serving, call, 0, &policy, &sql));
    running_begin(&serving->running, &running, &call->from->gone);
    enum result result = room_check(serving, call, &running, &policy, sql, &query);
    running_end(&running);
    return result;
}

/* ---- running ---- */

static struct room_table *tables_of(struct call *call, const struct room_policy *policy,
                                    const struct query *query)
{
    struct room_table *tables = arena_new_array(call->arena, struct room_table, query->table_count + 1);
    for (size_t i = 0; i < query->table_count; i++) {
        const struct policy_table *table = query->tables[i].policy;
        tables[i].name = table->name;
        tables[i].file = policy->files[table - policy->policy->tables];
        tables[i].version = &policy->versions[table - policy->policy->tables];
        tables[i].column_count = guard_columns(call->arena, query, i, &tables[i].columns);
    }
    return tables;
}

static enum result seal(struct serving *serving, struct call *call, int64_t result_id, int64_t room,
                        const struct sealed *sealed)
{
    struct wire_out out = {0};
    const char *key = object_name(call->arena, "room", room);
    sealed_write(sealed, &out);
    enum result result = vault_put(serving->vault, object_name(call->arena, "result", result_id), key,
                                   SUITE_AES_256_GCM, NULL, out.bytes, out.size, NULL);
    sodium_memzero(out.bytes, out.size);
    wire_out_free(&out);
    return refuse_vault(call, key, result);
}

static enum result run(struct serving *serving, struct call *call, struct running *running, int64_t result_id,
                       int64_t room)
{
    struct room_policy policy;
    struct query query;
    struct guard_printed printed;
    struct engine_limits limits = {0};
    struct sealed sealed = {0};
    TRY(read_query(serving, call, room, &policy, &sealed.sql));
    TRY(room_check(serving, call, running, &policy, sealed.sql, &query));
    TRY(guard_print_duckdb(call->arena, &query, &printed));
    limits.group_bytes = printed.group_bytes;
    TRY(room_run(serving, call, running, printed.sql, tables_of(call, &policy, &query), query.table_count,
                 &limits, &sealed.answer));
    TRY(release_fits(&printed.plan, &sealed.answer));
    sealed.policy = policy.text;
    sealed.printed = printed.sql;
    sealed.plan = printed.plan;
    TRY(seal(serving, call, result_id, room, &sealed));
    (void)json_object_set_new(call->reply, "shape",
                              release_shape(policy.policy, &printed.plan, &sealed.answer));
    return RESULT_OK;
}

enum result keeper_verb_QUERY_RUN(struct serving *serving, struct call *call)
{
    int64_t result_id;
    int64_t room;
    struct running running;
    TRY(argument_id(call, "result", &result_id));
    TRY(argument_id(call, "room", &room));
    running_begin(&serving->running, &running, &call->from->gone);
    running_scope(&running, object_name(call->arena, "result", result_id));
    running_scope(&running, object_name(call->arena, "room", room));
    enum result result = run(serving, call, &running, result_id, room);
    running_end(&running);
    return result;
}

enum result keeper_verb_QUERY_PROGRESS(struct serving *serving, struct call *call)
{
    int64_t result_id;
    TRY(argument_id(call, "result", &result_id));
    int progress = running_progress(&serving->running, object_name(call->arena, "result", result_id));
    (void)json_object_set_new(call->reply, "progress", json_integer(progress));
    return RESULT_OK;
}

/* ---- opening ---- */

/* Down to the floors: what lies below is missing for the reviewer too. */
static enum result show_rows(struct call *call, const struct policy *policy, const struct sealed *sealed)
{
    struct policy floors;
    struct release_withheld withheld;
    bound_lower(policy, &floors);
    TRY(release_withhold(call->arena, &floors, &sealed->plan, &sealed->answer, &withheld));
    json_t *rows = release_rows(&withheld.shown, sealed->plan.output_count);
    (void)json_object_update(call->reply, rows);
    json_decref(rows);
    (void)json_object_set_new(
        call->reply, "withheld",
        json_pack("{s:I, s:I}", "rows", (json_int_t)withheld.rows, "cells", (json_int_t)withheld.cells));
    return RESULT_OK;
}

enum result keeper_verb_RESULT_OPEN(struct serving *serving, struct call *call)
{
    int64_t product;
    int64_t result_id;
    struct sealed sealed;
    const struct policy *policy = NULL;
    TRY(argument_id(call, "product", &product));
    TRY(argument_id(call, "result", &result_id));
    TRY(product_made_of(serving, call, product, result_id));
    TRY(sealed_open(serving, call, result_id, &sealed, &policy));
    TRY(claims_account(serving, call, CLAIM_SHEET, product));
    TRY(show_rows(call, policy, &sealed));
    (void)json_object_set_new(call->reply, "sql", json_string(sealed.sql));
    (void)json_object_set_new(call->reply, "report", release_report(policy, &sealed.plan, &sealed.answer));
    return RESULT_OK;
}
