/* Products: reviewed tables and the indexes behind verification and score calls. */
#include "base/limits.h"
#include "guard/predicate.h"
#include "guard/release.h"
#include "keeper/csv.h"
#include "keeper/made.h"
#include "keeper/room.h"
#include "keeper/sealed.h"
#include "keeper/table.h"

#include <sodium.h>
#include <string.h>

/* ---- reviewed tables ---- */

static enum result refuse_release(struct call *call, const char *field)
{
    return refuse(
        &call->refusal,
        (struct refusal){
            .result = RESULT_INVALID,
            .law = LAW(EGRESS_REVIEW),
            .field = field,
            .zh = "出域规则只能比计算时所定的更严，不能放宽",
            .en = "release rules may be stricter than those the result was computed under, not laxer",
            .remedy_zh = "请采用不低于原规则的取值",
            .remedy_en = "give a value at least as strict"});
}

static bool number_or(const json_t *object, const char *key, double fallback, double *ret_number)
{
    const json_t *value = json_object_get(object, key);
    bool given = value != NULL && !json_is_null(value);
    *ret_number = given ? json_number_value(value) : fallback;
    return !given || json_is_number(value);
}

/* {"rule","version","threshold","p_percent","k_percent","rounding"}: each may be left out. */
static enum result tighten(struct call *call, const struct policy *own, const json_t *release,
                           struct policy *ret_policy)
{
    struct policy policy = *own;
    double threshold;
    double p_percent;
    double k_percent;
    if (!number_or(release, "threshold", own->threshold, &threshold) || threshold < own->threshold ||
        threshold > 64)
        return refuse_release(call, "/release/threshold");
    if (!number_or(release, "p_percent", own->p_percent, &p_percent) || p_percent < own->p_percent ||
        p_percent > 100)
        return refuse_release(call, "/release/p_percent");
    if (!number_or(release, "k_percent", own->k_percent, &k_percent) || k_percent > own->k_percent ||
        k_percent < 1)
        return refuse_release(call, "/release/k_percent");
    if (!number_or(release, "rounding", own->rounding, &policy.rounding) || policy.rounding < own->rounding)
        return refuse_release(call, "/release/rounding");
    policy.threshold = (int)threshold;
    policy.p_percent = (int)p_percent;
    policy.k_percent = (int)k_percent;
    if (json_text(release, "rule") != NULL)
        policy.rule = json_text(release, "rule");
    policy.version = (int)json_integer_or(release, "version", own->version);
    *ret_policy = policy;
    return RESULT_OK;
}

static enum result store_product(struct serving *serving, struct call *call, int64_t product, int64_t room,
                                 int64_t result_id, const void *bytes, size_t size)
{
    struct digest digest;
    char hex[DIGEST_TEXT_SIZE];
    TRY(product_store(serving, call, product, room, result_id, bytes, size, &digest));
    hex_print(digest.bytes, DIGEST_SIZE, hex);
    (void)json_object_set_new(call->reply, "digest", json_string(hex));
    return RESULT_OK;
}

static enum result store_table(struct serving *serving, struct call *call, int64_t product, int64_t room,
                               int64_t result_id, const struct engine_answer *released)
{
    struct wire_out out = {0};
    CLEANUP_JSON json_t *table = release_rows(released, released->column_count);
    csv_write(table, &out);
    enum result result = out.size <= LIMIT_PRODUCT_TABLE_BYTES
                             ? store_product(serving, call, product, room, result_id, out.bytes, out.size)
                             : RESULT_TOO_LARGE;
    wire_out_free(&out);
    return result;
}

enum result keeper_verb_PRODUCT_TABLE(struct serving *serving, struct call *call)
{
    int64_t product;
    int64_t result_id;
    struct sealed sealed;
    struct policy policy;
    const struct policy *stored = NULL;
    struct engine_answer released;
    TRY(argument_id(call, "product", &product));
    TRY(argument_id(call, "result", &result_id));
    TRY(sealed_open(serving, call, result_id, &sealed, &stored));
    TRY(tighten(call, stored, json_object_get(call->arguments, "release"), &policy));
    TRY(release_apply(call->arena, &policy, &sealed.plan, &sealed.answer, &released));
    TRY(store_table(serving, call, product, sealed.room, result_id, &released));
    (void)json_object_set_new(call->reply, "report", release_report(&policy, &sealed.plan, &sealed.answer));
    return RESULT_OK;
}

/* ---- indexes ---- */

/* Counted for the reviewer. */
struct tally {
    int64_t subjects;
    int64_t yes;
    int64_t no;
    int64_t unknown;
    int64_t least;
    int64_t most;
    double sum;
};

struct index_job {
    struct predicate predicate;
    const char *sql;
    struct room_policy policy;
    struct guard_predicate checked;
    struct room_table table;
    size_t parts;
    struct tally tally;
};

static enum result refuse_spec(struct call *call, const char *field)
{
    return refuse(
        &call->refusal,
        (struct refusal){.result = RESULT_INVALID,
                         .field = field,
                         .zh = "产品说明缺项：需要表名，以及核验条件或评分表达式及其上下限",
                         .en = "the product's definition lacks something: a table, and a predicate or an "
                               "expression with low and high",
                         .remedy_zh = "请补全 table 与 predicate，或 table、expression、low、high",
                         .remedy_en = "give table and predicate, or table, expression, low and high"});
}

static const char *quoted(struct arena *arena, const char *name)
{
    char *text = arena_alloc(arena, 2 * strlen(name) + 3);
    char *to = text;
    *to++ = '"';
    for (; *name != '\0'; name++) {
        if (*name == '"')
            *to++ = '"';
        *to++ = *name;
    }
    *to = '"';
    return text;
}

/* Text in, text out: the guard judges the tree of what is put together here, not the parts. */
static enum result read_spec(struct call *call, const json_t *spec, struct index_job *job)
{
    const char *table = json_text(spec, "table");
    const char *condition = json_text(spec, "predicate");
    const char *expression = json_text(spec, "expression");
    const char *where = json_text(spec, "where");
    const json_t *low = json_object_get(spec, "low");
    const json_t *high = json_object_get(spec, "high");
    if (table == NULL)
        return refuse_spec(call, "/spec/table");
    if ((condition == NULL) == (expression == NULL))
        return refuse_spec(call, "/spec/predicate");
    if (expression != NULL && (!json_is_integer(low) || !json_is_integer(high) ||
                               json_integer_value(low) > json_integer_value(high)))
        return refuse_spec(call, "/spec/low");
    job->predicate = (struct predicate){.kind = condition != NULL ? PREDICATE_VERIFICATION : PREDICATE_SCORE,
                                        .least = json_integer_value(low),
                                        .most = json_integer_value(high)};
    job->sql =
        arena_printf(call->arena, "SELECT %s FROM %s%s%s", condition != NULL ? condition : expression,
                     quoted(call->arena, table), where != NULL ? " WHERE " : "", where != NULL ? where : "");
    return strlen(job->sql) <= LIMIT_SQL_BYTES ? RESULT_OK : RESULT_TOO_LARGE;
}

/* So many subjects at a time that an answer fits a worker and the keeper. */
enum { PART_ROWS = 1000 * 1000 };

static enum result check_job(struct serving *serving, struct call *call, struct running *running,
                             struct index_job *job)
{
    const char *tree = NULL;
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    struct table_stored stored;
    TRY(room_parse(serving, call, running, job->sql, &tree));
    TRY(guard_check_predicate(call->arena, job->policy.policy, &job->predicate, job->sql, tree, &job->checked,
                              &call->refusal));
    const struct policy_table *table = job->checked.query.tables[0].policy;
    job->table = (struct room_table){.name = table->name,
                                     .file = job->policy.files[table - job->policy.policy->tables],
                                     .version = &job->policy.versions[table - job->policy.policy->tables]};
    job->table.column_count = guard_columns(call->arena, &job->checked.query, 0, &job->table.columns);
    TRY(refuse_vault(call, job->table.file, vault_get(serving->vault, job->table.file, &file)));
    TRY(table_stored(call->arena, file, &stored));
    job->parts = (size_t)(stored.rows / PART_ROWS) + 1;
    return RESULT_OK;
}

static void count_value(const struct index_job *job, struct tally *tally, int64_t value)
{
    if (job->predicate.kind == PREDICATE_VERIFICATION) {
        *(value != 0 ? &tally->yes : &tally->no) += 1;
        return;
    }
    if (tally->subjects == tally->unknown + 1 || value < tally->least)
        tally->least = value;
    if (tally->subjects == tally->unknown + 1 || value > tally->most)
        tally->most = value;
    tally->sum += (double)value;
}

static enum result add_rows(struct index_job *job, const struct engine_answer *answer,
                            struct index_builder *builder)
{
    if (answer->column_count != 2 || answer->columns[0].type != ENGINE_TEXT ||
        (answer->columns[1].type != ENGINE_BOOLEAN && answer->columns[1].type != ENGINE_INTEGER))
        return RESULT_CORRUPT;
    for (size_t row = 0; row < answer->rows; row++) {
        job->tally.subjects++;
        if (answer->columns[0].nulls[row] != 0 || answer->columns[1].nulls[row] != 0) {
            job->tally.unknown++;
            continue;
        }
        const struct engine_text *subject = &answer->columns[0].texts[row];
        int64_t value = answer->columns[1].integers[row];
        TRY(index_builder_add(builder, subject->bytes, subject->size, value));
        count_value(job, &job->tally, value);
    }
    return RESULT_OK;
}

static enum result run_part(struct serving *serving, struct call *call, struct running *running,
                            struct index_job *job, size_t part, struct index_builder *builder)
{
    const struct engine_limits limits = {.answer_rows = 4 * (size_t)PART_ROWS,
                                         .answer_bytes = (size_t)128 * 1024 * 1024};
    CLEANUP_ARENA struct arena *arena = arena_new((size_t)1024 * 1024 * 1024);
    struct engine_answer answer = {0};
    const char *sql = job->checked.sql;
    struct call inner = {.arena = arena, .arguments = call->arguments, .fd = -1, .reply_fd = -1};
    if (job->parts > 1)
        sql = arena_printf(arena,
                           "SELECT \"subject\", \"value\" FROM (%s) WHERE hash(\"subject\") %% %zu = %zu",
                           sql, job->parts, part);
    enum result result = room_run(serving, &inner, running, sql, &job->table, 1, &limits, &answer);
    if (result != RESULT_OK) {
        call->refusal = refusal_copy(call->arena, &inner.refusal); /* a part's arena ends before the call's */
        return result;
    }
    return add_rows(job, &answer, builder);
}

static enum result build(struct serving *serving, struct call *call, struct running *running,
                         struct index_job *job, int64_t product, struct index_builder *builder)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;
    for (size_t part = 0; part < job->parts; part++)
        TRY(run_part(serving, call, running, job, part, builder));
    TRY(index_builder_finish(builder, &bytes, &size));
    return store_product(serving, call, product, job->policy.room, -1, bytes, size);
}

static void write_tally(struct call *call, const struct index_job *job)
{
    const struct tally *tally = &job->tally;
    json_t *report = json_pack("{s:s, s:I, s:I}", "sql", job->sql, "subjects", (json_int_t)tally->subjects,
                               "unknown", (json_int_t)tally->unknown);
    int64_t known = tally->subjects - tally->unknown;
    if (job->predicate.kind == PREDICATE_VERIFICATION) {
        (void)json_object_set_new(report, "yes", json_integer(tally->yes));
        (void)json_object_set_new(report, "no", json_integer(tally->no));
    } else if (known > 0) {
        (void)json_object_set_new(report, "least", json_integer(tally->least));
        (void)json_object_set_new(report, "most", json_integer(tally->most));
        (void)json_object_set_new(report, "mean", json_real(tally->sum / (double)known));
    }
    (void)json_object_set_new(call->reply, "report", report);
}

static enum result make_index(struct serving *serving, struct call *call, struct running *running,
                              int64_t product, const json_t *policy, const json_t *spec)
{
    struct index_job job = {0};
    uint8_t key[VAULT_KEY_SIZE];
    uint8_t secret[32];
    const char *name = object_name(call->arena, "product", product);
    TRY(room_policy_read(serving, call, policy, 0, &job.policy));
    TRY(read_spec(call, spec, &job));
    TRY(check_job(serving, call, running, &job));
    TRY(refuse_vault(call, name, vault_key_ensure(vault_keys_of(serving->vault), name, key)));
    sodium_memzero(key, sizeof key);
    TRY(index_secret(serving->vault, product, secret));
    struct index_builder *builder = index_builder_new(secret, LIMIT_INDEX_SUBJECTS);
    sodium_memzero(secret, sizeof secret);
    enum result result = build(serving, call, running, &job, product, builder);
    index_builder_free(builder);
    TRY(result);
    write_tally(call, &job);
    return RESULT_OK;
}

enum result keeper_verb_PRODUCT_INDEX(struct serving *serving, struct call *call)
{
    int64_t product;
    const json_t *policy;
    const json_t *spec;
    struct running running;
    TRY(argument_id(call, "product", &product));
    TRY(argument_object(call, "policy", &policy));
    TRY(argument_object(call, "spec", &spec));
    running_begin(&serving->running, &running, &call->from->gone);
    running_scope(&running, object_name(call->arena, "product", product));
    enum result result = make_index(serving, call, &running, product, policy, spec);
    running_end(&running);
    return result;
}
