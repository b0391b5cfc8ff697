/* guard/hostile.tsv, sent the way a developer sends it: a jailed worker parses, the guard judges, what it
 * prints runs in another worker on data that holds canaries. What runs must be what the guard prints, and
 * nobody is told a value. */
#include "engine/operations.h"
#include "guard/check.h"
#include "guard/lines.h"
#include "guard/print.h"
#include "keeper/fixture.h"
#include "support/attack.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Stands in every number and text of the data that a test looks for. */
#define CANARY_NUMBER "7318946"

enum { NAME, OUTCOME, TRIES, SQL, COLUMNS };

/* ---- what the engine is given, seen from within the keeper ---- */

static struct {
    const struct engine_operations *engine;
    struct engine_operations watched;
    const struct policy *policy;
    char *tree; /* that the worker gave last, in the keeper's own memory */
    struct {
        atomic_int runs;
        atomic_int foreign; /* runs of SQL that the guard does not print for the tree */
    } * seen;               /* shared with the keeper */
} watch;

static enum result watched_parse(struct engine *engine, struct engine_job *job, struct arena *arena,
                                 const char *sql, size_t size, const char **ret_tree,
                                 struct refusal *ret_refusal)
{
    enum result result = watch.engine->parse(engine, job, arena, sql, size, ret_tree, ret_refusal);
    free(watch.tree);
    watch.tree = result == RESULT_OK ? strdup(*ret_tree) : NULL;
    return result;
}

static enum result watched_run(struct engine *engine, struct engine_job *job, struct arena *arena,
                               const struct engine_query *query, struct engine_answer *ret_answer,
                               struct refusal *ret_refusal)
{
    CLEANUP_ARENA struct arena *own = arena_new(0);
    struct query checked;
    struct guard_printed printed;
    atomic_fetch_add(&watch.seen->runs, 1);
    if (watch.tree == NULL || guard_check(own, watch.policy, NULL, watch.tree, &checked, NULL) != RESULT_OK ||
        guard_print_duckdb(own, &checked, &printed) != RESULT_OK || strcmp(printed.sql, query->sql) != 0)
        atomic_fetch_add(&watch.seen->foreign, 1);
    return watch.engine->run(engine, job, arena, query, ret_answer, ret_refusal);
}

static enum result start_watched(const char *library, struct engine **ret_engine)
{
    TRY(fixture_engine(library, ret_engine));
    watch.engine = (*ret_engine)->operations;
    watch.watched = *watch.engine;
    watch.watched.parse = watched_parse;
    watch.watched.run = watched_run;
    (*ret_engine)->operations = &watch.watched;
    return RESULT_OK;
}

/* ---- the city under attack ---- */

static const char city[] =
    "{'rule':'release/standard','version':3,'level_limit':3,'tables':["
    "{'name':'resident','kind':'resource','subject':'id','file':'slice/17','columns':["
    "{'name':'id','type':'BIGINT','use':'key'},{'name':'firm','type':'BIGINT','use':'key'},"
    "{'name':'hood','type':'BIGINT','use':'key_dimension'},"
    "{'name':'district','type':'VARCHAR','use':'dimension'},"
    "{'name':'age','type':'BIGINT','use':'dimension'},{'name':'born','type':'DATE','use':'dimension'},"
    "{'name':'married','type':'BOOLEAN','use':'dimension'},"
    "{'name':'pay','type':'DOUBLE','use':'measure','filterable':true},"
    "{'name':'balance','type':'BIGINT','use':'measure'},"
    "{'name':'rent','type':'DOUBLE','use':'measure','filterable':true},"
    "{'name':'phone','type':'VARCHAR','use':'forbidden'},"
    "{'name':'illness','type':'VARCHAR','use':'dimension','level':4}]},"
    "{'name':'firm','kind':'resource','subject':'firm','file':'slice/18','columns':["
    "{'name':'firm','type':'BIGINT','use':'key'},{'name':'industry','type':'VARCHAR','use':'dimension'}]},"
    "{'name':'own','kind':'import','file':'import/3','columns':["
    "{'name':'hood','type':'BIGINT','use':'key_dimension'},"
    "{'name':'class','type':'VARCHAR','use':'dimension'},{'name':'weight','type':'DOUBLE','use':'measure'}]}]"
    ","
    "'joins':[{'left':['resident','hood'],'right':['own','hood']},"
    "{'left':['firm','firm'],'right':['resident','firm']}]}";

static json_t *json_of(const char *text)
{
    char *copy = strdup(text);
    for (char *at = copy; *at != '\0'; at++)
        *at = *at == '\'' ? '"' : *at;
    json_t *json = fixture_json(copy);
    free(copy);
    return json;
}

/* 600 people; three of them are 99 years old and live apart, one of forty in a district of their own earns a
 * million times what the others do, and of three it is not known whether they are married. */
static const char *residents(struct arena *arena)
{
    enum { PEOPLE = 600, LINE = 200 };
    char *text = arena_alloc(arena, (size_t)PEOPLE * LINE);
    size_t at =
        (size_t)sprintf(text, "id,firm,hood,district,age,born,married,pay,balance,rent,phone,illness\n");
    for (int i = 1; i <= PEOPLE; i++) {
        bool old = i <= 3;
        bool apart = i > 3 && i <= 43;
        at += (size_t)sprintf(text + at,
                              CANARY_NUMBER "%03d,%d,%d," CANARY "-%s,%d,%d-01-0%d,%s," CANARY_NUMBER
                                            "%s.25," CANARY_NUMBER "%d,%d.5,1" CANARY_NUMBER "%03d," CANARY
                                            "\n",
                              i, i % 37, old ? 99 : i % 23,
                              old          ? "small"
                              : apart      ? "giant"
                              : i % 2 == 0 ? "a"
                                           : "b",
                              old ? 99 : 18 + i % 60, old ? 1926 : 2008 - i % 60, 1 + i % 9,
                              i > 597      ? ""
                              : i % 2 == 0 ? "true"
                                           : "false",
                              i == 5 ? "000000" : "", i, 1000 + i % 97, i);
    }
    return text;
}

static const char *firms(struct arena *arena)
{
    const char *text = "firm,industry\n";
    for (int i = 0; i < 37; i++)
        text = arena_printf(arena, "%s%d,%s\n", text, i, i % 2 == 0 ? "trade" : "farm");
    return text;
}

/* Neighbourhood 99, where the three live, two hundred times over and a million times as heavy. */
static const char *own_rows(struct arena *arena)
{
    const char *text = "hood,class,weight\n";
    for (int i = 0; i < 23; i++)
        text = arena_printf(arena, "%s%d,%s,%d\n", text, i, i % 2 == 0 ? "A" : "B", 1 + i % 3);
    for (int i = 0; i < 200; i++)
        text = arena_printf(arena, "%s99,P,1000000\n", text);
    return text;
}

static struct fixture attacked(json_t **ret_policy)
{
    struct fixture fixture = {.arena = arena_new(0)};
    struct refusal refusal = {0};
    json_t *policy = json_of(city);
    CLEANUP_JSON json_t *bare = json_deep_copy(policy);
    size_t index;
    json_t *table;
    json_array_foreach (json_object_get(bare, "tables"), index, table)
        (void)json_object_del(table, "file");
    assert_ok(policy_read(fixture.arena, bare, &watch.policy, &refusal));
    watch.seen = mmap(NULL, sizeof *watch.seen, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(watch.seen, MAP_FAILED);
    (void)snprintf(fixture.home, sizeof fixture.home, "%s", test_folder());
    const struct keeper_options options = {
        .home = fixture.home, .origin = "dukou.test/log", .start_engine = start_watched};
    assert_ok(keeper_start(&options, &fixture.keeper, &refusal));
    fixture_deliver(&fixture, 17, residents(fixture.arena),
                    json_of("{'columns':[{'name':'id','type':'integer'},{'name':'firm','type':'integer'},"
                            "{'name':'hood','type':'integer'},{'name':'district','type':'text'},"
                            "{'name':'age','type':'integer'},{'name':'born','type':'date'},"
                            "{'name':'married','type':'boolean'},{'name':'pay','type':'double'},"
                            "{'name':'balance','type':'integer'},{'name':'rent','type':'double'},"
                            "{'name':'phone','type':'text'},{'name':'illness','type':'text'}],"
                            "'subject':'id'}"));
    fixture_deliver(&fixture, 18, firms(fixture.arena),
                    json_of("{'columns':[{'name':'firm','type':'integer'},{'name':'industry','type':'text'}],"
                            "'subject':'firm','subject_kind':'firm'}"));
    const char *own = own_rows(fixture.arena);
    CLEANUP_FD int fd = fixture_file(own, strlen(own));
    CLEANUP_JSON json_t *report = NULL;
    CLEANUP_JSON json_t *expected =
        json_of("{'columns':[{'name':'hood','type':'integer'},{'name':'class','type':'text'},"
                "{'name':'weight','type':'double'}]}");
    assert_ok(keeper_import(fixture.keeper, fixture.arena, 3, fd, expected, &report, &refusal));
    *ret_policy = policy;
    return fixture;
}

/* ---- the statements ---- */

static void append(char **text, size_t *size, const char *bytes, size_t count)
{
    *text = realloc(*text, *size + count + 1);
    if (*text == NULL)
        abort();
    memcpy(*text + *size, bytes, count);
    *size += count;
    (*text)[*size] = '\0';
}

/* U+XXXX as UTF-8; returns its length. */
static size_t encode(unsigned long point, char *bytes)
{
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (char)(0xC0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 0x3F));
        return 2;
    }
    bytes[0] = (char)(0xE0 | point >> 12);
    bytes[1] = (char)(0x80 | (point >> 6 & 0x3F));
    bytes[2] = (char)(0x80 | (point & 0x3F));
    return 3;
}

#define OPEN "⟦"
#define CLOSE "⟧"
#define TIMES "×"
#define BREAK "↵"

/* What stands between OPEN and CLOSE. */
static void expand(char **text, size_t *size, const char *inner, size_t length)
{
    char bytes[4];
    if (strncmp(inner, "U+", 2) == 0) {
        append(text, size, bytes, encode(strtoul(inner + 2, NULL, 16), bytes));
        return;
    }
    char *part;
    unsigned long times = strtoul(inner, &part, 10);
    assert_int_equal(strncmp(part, TIMES, strlen(TIMES)), 0);
    part += strlen(TIMES);
    length -= (size_t)(part - inner);
    bool is_break = length == strlen(BREAK) && strncmp(part, BREAK, length) == 0;
    for (; times > 0; times--)
        append(text, size, is_break ? "\n" : part, is_break ? 1 : length);
}

static const char *statement(struct arena *arena, const char *line)
{
    char *text = NULL;
    size_t size = 0;
    append(&text, &size, "", 0);
    while (*line != '\0') {
        const char *open = strstr(line, OPEN);
        append(&text, &size, line, open == NULL ? strlen(line) : (size_t)(open - line));
        if (open == NULL)
            break;
        const char *inner = open + strlen(OPEN);
        const char *close = strstr(inner, CLOSE);
        assert_non_null(close);
        expand(&text, &size, inner, (size_t)(close - inner));
        line = close + strlen(CLOSE);
    }
    const char *copy = arena_strndup(arena, text, size);
    free(text);
    return copy;
}

/* ---- what became of one ---- */

struct outcome {
    struct arena *arena;
    enum result result;
    struct refusal refusal;
    json_t *shape;
    const json_t *totals; /* of the reviewer's report */
    json_t *opened;
    bool weighted;
    bool own_rows;
    int runs;
};

static void assert_no_canary(const char *name, const char *text, const char *sql)
{
    static const char *const canaries[] = {CANARY, CANARY_NUMBER};
    for (size_t i = 0; text != NULL && i < 2; i++)
        if (strstr(text, canaries[i]) != NULL && strstr(sql, canaries[i]) == NULL)
            fail_msg("%s tells a value: %s", name, text);
}

static void read_marks(struct outcome *outcome)
{
    const json_t *report = json_object_get(outcome->opened, "report");
    size_t i;
    size_t j;
    const json_t *row;
    const json_t *cell;
    outcome->totals = json_object_get(report, "totals");
    json_array_foreach (json_object_get(report, "rows"), i, row)
        json_array_foreach (json_object_get(row, "cells"), j, cell) {
            outcome->weighted |= json_boolean_or(cell, "weighted", false);
            outcome->own_rows |= json_boolean_or(cell, "own_rows", false);
        }
}

static void send(struct fixture *fixture, const json_t *policy, row_id id, const char *name, const char *sql,
                 struct outcome *outcome)
{
    int before = atomic_load(&watch.seen->runs);
    outcome->arena = arena_new(0);
    outcome->result = keeper_query_run(fixture->keeper, outcome->arena, id, 2, policy, sql, &outcome->shape,
                                       &outcome->refusal);
    outcome->runs = atomic_load(&watch.seen->runs) - before;
    assert_no_canary(name, outcome->refusal.en, sql);
    assert_no_canary(name, outcome->refusal.zh, sql);
    assert_no_canary(name, outcome->refusal.field, sql);
    assert_no_canary(name, outcome->refusal.remedy_en, sql);
    if (outcome->result != RESULT_OK)
        return;
    assert_no_canary(name, json_print(outcome->arena, outcome->shape), sql);
    assert_ok(fixture_open(fixture, id, id, &outcome->opened));
    read_marks(outcome);
}

static void outcome_free(struct outcome *outcome)
{
    json_decref(outcome->shape);
    json_decref(outcome->opened);
    arena_free(outcome->arena);
}
#define CLEANUP_OUTCOME __attribute__((cleanup(outcome_free)))

static int64_t total(const struct outcome *outcome, const char *name)
{
    return json_integer_or(outcome->totals, name, -1);
}

static bool starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Whether it came out as expected; what came out, for the report, into *ret_seen. */
static bool as_expected(const struct outcome *outcome, const char *expected, const char **ret_stopped,
                        const char **ret_seen)
{
    struct arena *arena = outcome->arena;
    if (outcome->result != RESULT_OK) {
        const char *text = outcome->refusal.en == NULL ? result_name(outcome->result) : outcome->refusal.en;
        const char *quote = strstr(text, " — ");
        *ret_stopped = outcome->refusal.law == LAW_NONE ? "parser worker" : "guard";
        *ret_seen = quote == NULL ? text : arena_strndup(arena, text, (size_t)(quote - text));
        return starts(expected, "refused:") && outcome->runs == 0 && expected[8] != '\0' &&
               starts(text, expected + 9);
    }
    bool kept = total(outcome, "cells_released") == 0;
    *ret_stopped = "release";
    *ret_seen = arena_printf(arena, "cells released %lld of %lld, rows below the threshold %lld",
                             (long long)total(outcome, "cells_released"), (long long)total(outcome, "cells"),
                             (long long)total(outcome, "rows_below_threshold"));
    int64_t dominated = total(outcome, "cells_dominated_p") + total(outcome, "cells_dominated_top_two");
    if (outcome->runs != 1)
        return false;
    if (strcmp(expected, "held: threshold") == 0)
        return kept && total(outcome, "cells_below_threshold") + total(outcome, "rows_below_threshold") > 0;
    if (strcmp(expected, "held: dominance") == 0)
        return kept && dominated > 0;
    if (strcmp(expected, "held: row") == 0)
        return total(outcome, "rows_below_threshold") > 0 &&
               json_integer_or(outcome->shape, "rows", -1) ==
                   total(outcome, "rows") - total(outcome, "rows_below_threshold");
    if (strcmp(expected, "passes") == 0)
        return total(outcome, "cells_failing") == 0 && total(outcome, "rows_below_threshold") == 0 &&
               total(outcome, "cells") > 0;
    *ret_stopped = "nothing: the reviewer's report marks it";
    *ret_seen = expected;
    if (strcmp(expected, "marked: weighted") == 0)
        return outcome->weighted;
    if (strcmp(expected, "marked: own_rows") == 0)
        return outcome->own_rows;
    *ret_stopped = "nobody but the reviewer";
    *ret_seen = "it runs and may leave";
    if (strcmp(expected, "open") == 0)
        return kept == false && total(outcome, "cells_failing") == 0;
    *ret_stopped = "guard: printed so that no row fails";
    *ret_seen = "it runs, whatever the rows hold";
    return strcmp(expected, "runs") == 0;
}

static void report(const char *const *line, const char *stopped, const char *seen)
{
    char tried[400];
    if (strcmp(line[OUTCOME], "passes") == 0 || strcmp(line[OUTCOME], "open") == 0)
        return;
    int length = (int)strlen(line[SQL]);
    if (length > 200)
        for (length = 200; ((unsigned char)line[SQL][length] & 0xC0) == 0x80;)
            length--;
    (void)snprintf(tried, sizeof tried, "%s: %.*s%s", line[TRIES], length, line[SQL],
                   line[SQL][length] == '\0' ? "" : "…");
    attack_stopped(&(struct attack){"sql", line[NAME], tried, stopped, seen});
}

TEST(hostile_statements_are_refused_held_back_or_marked_and_tell_nothing)
{
    CLEANUP_JSON json_t *policy = NULL;
    CLEANUP_FIXTURE struct fixture fixture = attacked(&policy);
    struct lines lines = lines_read(fixture.arena, "src/guard/hostile.tsv", COLUMNS);
    bool print = getenv("DUKOU_TEST_PRINT") != NULL; /* what came out, for a new line of the table */
    size_t hostile = 0;
    size_t wrong = 0;
    for (size_t i = 0; i < lines.count; i++) {
        const char *const *line = lines.rows[i];
        CLEANUP_OUTCOME struct outcome outcome = {0};
        const char *stopped;
        const char *seen;
        const char *sql = statement(fixture.arena, line[SQL]);
        send(&fixture, policy, (row_id)i + 1, line[NAME], sql, &outcome);
        bool right = as_expected(&outcome, line[OUTCOME], &stopped, &seen);
        if (print)
            print_message("RESULT\t%s\t%s\n", line[NAME], seen);
        if (right)
            report(line, stopped, outcome.result == RESULT_OK ? seen : line[OUTCOME]);
        else
            print_message("%s: expected %s, came out: %s, %s\n  %s\n", line[NAME], line[OUTCOME], stopped,
                          seen, line[SQL]);
        wrong += !right;
        hostile += strcmp(line[OUTCOME], "passes") != 0;
    }
    print_message("%zu hostile statements, %zu others\n", hostile, lines.count - hostile);
    assert_int_equal(wrong, 0);
    assert_int_equal(atomic_load(&watch.seen->foreign), 0);
    assert_true(hostile > 600);
}
