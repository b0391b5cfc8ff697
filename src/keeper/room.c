#include "keeper/room.h"

#include "base/limits.h"
#include "keeper/bound.h"
#include "keeper/table.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

/* ---- the policy ---- */

static enum result bad_file(struct call *call, size_t table)
{
    return refuse(&call->refusal,
                  (struct refusal){.result = RESULT_INVALID,
                                   .field = arena_printf(call->arena, "/tables/%zu/file", table),
                                   .zh = "该表没有指明保管库中的文件",
                                   .en = "the table does not name its file in the vault",
                                   .remedy_zh = "请填写形如 slice/17 的名称",
                                   .remedy_en = "give a name such as slice/17"});
}

/* The guard's reader takes no member that it does not know, so "file" is taken out. */
static enum result take_files(struct call *call, const json_t *tables, const char **files)
{
    size_t index;
    json_t *table;
    json_array_foreach ((json_t *)(uintptr_t)tables, index, table) {
        const char *file = json_text(table, "file");
        if (file == NULL || !vault_name_is_valid(file) ||
            (strncmp(file, "slice/", 6) != 0 && strncmp(file, "import/", 7) != 0))
            return bad_file(call, index);
        files[index] = arena_strdup(call->arena, file);
        (void)json_object_del(table, "file");
    }
    return RESULT_OK;
}

/* What the table was bound to. One that is not there, or no longer, is noticed when it is opened. */
static enum result hold_to_bound(struct serving *serving, struct call *call, size_t index,
                                 struct room_policy *policy)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    struct table_stored stored = {0};
    const char *place = arena_printf(call->arena, "/tables/%zu", index);
    const char *name = policy->files[index];
    enum result found = vault_get(serving->vault, name, &file);
    if (found == RESULT_OK) {
        TRY(refuse_vault(call, name, table_stored(call->arena, file, &stored)));
        memcpy(policy->versions[index].id, vault_file_header(file)->id, sizeof policy->versions[index].id);
    } else if (found != RESULT_NOT_FOUND) {
        return refuse_vault(call, name, found);
    }
    int64_t room = bound_room(stored.bound);
    TRY(bound_same_room(call, place, policy->room, room));
    policy->room = policy->room != 0 ? policy->room : room;
    return bound_allows(call, place, name, stored.bound, &policy->policy->tables[index]);
}

enum result room_policy_read(struct serving *serving, struct call *call, const json_t *json, int64_t room,
                             struct room_policy *ret_policy)
{
    CLEANUP_JSON json_t *own = json_deep_copy(json);
    const json_t *tables = json_object_get(own, "tables");
    const char **files = arena_new_array(call->arena, const char *, json_array_size(tables) + 1);
    const struct policy *policy = NULL;
    TRY(take_files(call, tables, files));
    TRY(policy_read(call->arena, own, &policy, &call->refusal));
    assert(policy->table_count == json_array_size(tables));
    struct room_policy read = {policy, json_print_canonical(call->arena, own), files,
                               arena_new_array(call->arena, struct room_version, policy->table_count + 1),
                               room};
    TRY(bound_floors(call, policy));
    for (size_t i = 0; i < policy->table_count; i++)
        TRY(hold_to_bound(serving, call, i, &read));
    *ret_policy = read;
    return RESULT_OK;
}

/* ---- parsing and checking ---- */

enum result room_parse(struct serving *serving, struct call *call, struct running *running, const char *sql,
                       const char **ret_tree)
{
    struct engine_job *job;
    TRY(running_job_begin(running, &job));
    enum result result =
        engine_parse(serving->engine, job, call->arena, sql, strlen(sql), ret_tree, &call->refusal);
    running_job_end(running);
    return result;
}

enum result room_check(struct serving *serving, struct call *call, struct running *running,
                       const struct room_policy *policy, const char *sql, struct query *ret_query)
{
    const char *tree = NULL;
    TRY(room_parse(serving, call, running, sql, &tree));
    return guard_check(call->arena, policy->policy, sql, tree, ret_query, &call->refusal);
}

/* ---- running ---- */

static enum result open_table(struct serving *serving, struct call *call, struct running *running,
                              const struct room_table *table, struct engine_table *ret_table)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    int fd = -1;
    TRY(refuse_vault(call, table->file, vault_get(serving->vault, table->file, &file)));
    if (memcmp(vault_file_header(file)->id, table->version->id, sizeof table->version->id) != 0)
        return RESULT_CONFLICT; /* delivered anew meanwhile: it may be bound to something else */
    running_scope(running, vault_file_header(file)->key);
    TRY(refuse_vault(call, table->file,
                     table_sparse(call->arena, file, table->columns, table->column_count, &fd)));
    *ret_table = (struct engine_table){table->name, fd, table->columns, table->column_count};
    return RESULT_OK;
}

static enum result run_job(struct serving *serving, struct call *call, struct running *running,
                           const struct engine_query *query, struct engine_answer *ret_answer)
{
    struct engine_job *job;
    TRY(running_job_begin(running, &job));
    enum result result = engine_run(serving->engine, job, call->arena, query, ret_answer, &call->refusal);
    running_job_end(running);
    TRY(result);
    return running_check(running);
}

enum result room_run(struct serving *serving, struct call *call, struct running *running, const char *sql,
                     const struct room_table *tables, size_t count, const struct engine_limits *limits,
                     struct engine_answer *ret_answer)
{
    struct engine_table *opened = arena_new_array(call->arena, struct engine_table, count + 1);
    enum result result = RESULT_OK;
    size_t ready = 0;
    while (result == RESULT_OK && ready < count) {
        result = running_check(running);
        if (result == RESULT_OK)
            result = open_table(serving, call, running, &tables[ready], &opened[ready]);
        if (result == RESULT_OK)
            ready++;
    }
    const struct engine_query query = {.sql = sql, .tables = opened, .table_count = count, .limits = *limits};
    if (result == RESULT_OK)
        result = run_job(serving, call, running, &query, ret_answer);
    for (size_t i = 0; i < ready; i++)
        (void)close(opened[i].fd);
    return result;
}
