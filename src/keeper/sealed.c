#include "keeper/sealed.h"

#include "base/limits.h"
#include "engine/answer.h"
#include "keeper/bound.h"

#include <stdlib.h>
#include <string.h>

static const char magic[] = "DKSEAL02";

_Static_assert(sizeof(struct release_plan) == 8 * sizeof(uint64_t),
               "a new member of the plan is to be sealed too");
_Static_assert(sizeof(struct release_output) == sizeof(char *) + 24, "and one of an output");

/* ---- writing ---- */

static void write_plan(const struct release_plan *plan, struct wire_out *out)
{
    wire_put_u64(out, plan->output_count);
    wire_put_u64(out, plan->resource_count);
    wire_put_u64(out, plan->aggregate_count);
    wire_put_u64(out, plan->weighted);
    wire_put_u64(out, plan->own);
    wire_put_u64(out, plan->column_count);
    for (size_t i = 0; i < plan->output_count; i++) {
        const struct release_output *output = &plan->outputs[i];
        wire_put_text(out, output->name);
        wire_put_u32(out, (uint32_t)output->type.kind);
        wire_put_u32(out, (uint32_t)output->type.width);
        wire_put_u32(out, (uint32_t)output->type.scale);
        wire_put_u64(out, output->aggregates);
    }
    for (size_t i = 0; i < plan->resource_count; i++)
        wire_put_text(out, plan->resources[i]);
}

static void write_texts(const struct engine_column *column, size_t rows, struct wire_out *out)
{
    for (size_t row = 0; row < rows; row++)
        wire_put_u32(out, column->nulls[row] ? 0 : (uint32_t)column->texts[row].size);
    for (size_t row = 0; row < rows; row++)
        if (!column->nulls[row])
            wire_put(out, column->texts[row].bytes, column->texts[row].size);
}

static void write_answer(const struct engine_answer *answer, struct wire_out *out)
{
    wire_put_u32(out, (uint32_t)answer->column_count);
    for (size_t i = 0; i < answer->column_count; i++) {
        wire_put_u32(out, (uint32_t)answer->columns[i].type);
        wire_put_text(out, answer->columns[i].name);
    }
    if (answer->rows > 0) {
        wire_put_u32(out, (uint32_t)answer->rows);
        for (size_t i = 0; i < answer->column_count; i++) {
            wire_put(out, answer->columns[i].nulls, answer->rows);
            if (answer_type_is_text(answer->columns[i].type))
                write_texts(&answer->columns[i], answer->rows, out);
            else
                wire_put(out, answer->columns[i].integers, answer->rows * 8);
        }
    }
    wire_put_u32(out, 0);
}

void sealed_write(const struct sealed *sealed, struct wire_out *out)
{
    wire_put(out, magic, sizeof magic - 1);
    wire_put_text(out, sealed->policy);
    wire_put_text(out, sealed->sql);
    wire_put_text(out, sealed->printed);
    write_plan(&sealed->plan, out);
    write_answer(&sealed->answer, out);
}

/* ---- reading ---- */

static enum result read_output(struct arena *arena, struct wire_in *in, struct release_output *ret_output)
{
    const char *name = wire_get_text(in);
    *ret_output = (struct release_output){.name = name != NULL ? arena_strdup(arena, name) : NULL};
    ret_output->type.kind = (enum type_kind)wire_get_u32(in);
    ret_output->type.width = (int)wire_get_u32(in);
    ret_output->type.scale = (int)wire_get_u32(in);
    ret_output->aggregates = wire_get_u64(in);
    return name != NULL && !in->bad ? RESULT_OK : RESULT_CORRUPT;
}

static enum result read_plan(struct arena *arena, struct wire_in *in, struct release_plan *ret_plan)
{
    struct release_plan plan = {.output_count = (size_t)wire_get_u64(in),
                                .resource_count = (size_t)wire_get_u64(in)};
    plan.aggregate_count = (size_t)wire_get_u64(in);
    plan.weighted = wire_get_u64(in);
    plan.own = wire_get_u64(in);
    plan.column_count = (size_t)wire_get_u64(in);
    if (in->bad || plan.output_count > LIMIT_TABLE_COLUMNS || plan.resource_count > LIMIT_QUERY_TABLES ||
        plan.aggregate_count > LIMIT_QUERY_AGGREGATES)
        return RESULT_CORRUPT;
    struct release_output *outputs = arena_new_array(arena, struct release_output, plan.output_count);
    const char **resources = arena_new_array(arena, const char *, plan.resource_count);
    for (size_t i = 0; i < plan.output_count; i++)
        TRY(read_output(arena, in, &outputs[i]));
    for (size_t i = 0; i < plan.resource_count; i++) {
        const char *name = wire_get_text(in);
        if (name == NULL)
            return RESULT_CORRUPT;
        resources[i] = arena_strdup(arena, name);
    }
    plan.outputs = outputs;
    plan.resources = resources;
    *ret_plan = plan;
    return RESULT_OK;
}

enum result sealed_read(struct arena *arena, const void *bytes, size_t size, struct sealed *ret_sealed)
{
    struct wire_in in = {.bytes = bytes, .size = size};
    struct sealed sealed = {0};
    const uint8_t *start = wire_get(&in, sizeof magic - 1);
    if (start == NULL || memcmp(start, magic, sizeof magic - 1) != 0)
        return RESULT_CORRUPT;
    sealed.policy = wire_get_text(&in);
    sealed.sql = wire_get_text(&in);
    sealed.printed = wire_get_text(&in);
    if (sealed.policy == NULL || sealed.sql == NULL || sealed.printed == NULL)
        return RESULT_CORRUPT;
    sealed.policy = arena_strdup(arena, sealed.policy);
    sealed.sql = arena_strdup(arena, sealed.sql);
    sealed.printed = arena_strdup(arena, sealed.printed);
    TRY(read_plan(arena, &in, &sealed.plan));
    TRY(answer_decode(arena, &in, LIMIT_ANSWER_ROWS, &sealed.answer));
    if (!wire_at_end(&in))
        return RESULT_CORRUPT;
    *ret_sealed = sealed;
    return RESULT_OK;
}

enum result sealed_open(struct serving *serving, struct call *call, int64_t result_id,
                        struct sealed *ret_sealed, const struct policy **ret_policy)
{
    enum { SEALED_BYTES = 128 * 1024 * 1024 };
    const char *name = object_name(call->arena, "result", result_id);
    const struct policy *held = NULL;
    struct policy *policy = arena_alloc(call->arena, sizeof *policy);
    void *bytes = NULL;
    size_t size = 0;
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    CLEANUP_JSON json_t *json = NULL;
    TRY(refuse_vault(call, name, vault_get(serving->vault, name, &file)));
    TRY(refuse_vault(call, name,
                     vault_get_bytes(serving->vault, call->arena, name, SEALED_BYTES, &bytes, &size)));
    TRY(sealed_read(call->arena, bytes, size, ret_sealed));
    ret_sealed->room = strtoll(vault_file_header(file)->key + strlen("room/"), NULL, 10);
    TRY(json_read(call->arena, ret_sealed->policy, strlen(ret_sealed->policy), &json, NULL));
    TRY(policy_read(call->arena, json, &held, NULL));
    bound_raise(held, policy); /* one that was computed before there were floors */
    *ret_policy = policy;
    return release_fits(&ret_sealed->plan, &ret_sealed->answer);
}
