/* A worker that answers with lies: the keeper reads them, or ends it. */
#include "base/clock.h"
#include "base/limits.h"
#include "engine/duckdb/hostile/hostile.h"
#include "engine/failure.h"
#include "engine/wire.h"
#include "support/attack.h"
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS_MAX = 10, BYTES_MAX = 4096 };

/* ---- in the worker ---- */

static int channel;

/* A frame that announces `size` bytes and has what is in `out`. */
static void say(uint32_t kind, uint32_t size, const struct wire_out *out)
{
    const struct frame_header header = {kind, size};
    (void)!write(channel, &header, sizeof header);
    if (out != NULL)
        (void)!write(channel, out->bytes, out->size);
}

static void say_all(uint32_t kind, const struct wire_out *out)
{
    say(kind, (uint32_t)out->size, out);
}

static _Noreturn void hang(void)
{
    for (;;)
        (void)usleep(100 * 1000);
}

/* The head of an answer with one column. */
static struct wire_out column(uint32_t type, const char *name)
{
    struct wire_out out = {0};
    wire_put_u32(&out, 1);
    wire_put_u32(&out, type);
    wire_put_text(&out, name);
    return out;
}

/* One row of 8 bytes. */
static void put_row(struct wire_out *out, uint8_t null, uint64_t value)
{
    wire_put_u32(out, 1);
    wire_put(out, &null, 1);
    wire_put_u64(out, value);
}

static void put_text_row(struct wire_out *out, uint32_t size, const char *bytes)
{
    const uint8_t null = 0;
    wire_put_u32(out, 1);
    wire_put(out, &null, 1);
    wire_put_u32(out, size);
    wire_put(out, bytes, strlen(bytes));
}

/* ---- the lies ---- */

enum job { RUN, PARSE, EXTRACT, INGEST, DESCRIBE };

/* X(name, job, what comes out, what is tried) { what the worker does } */
struct lie {
    const char *name;
    enum job job;
    enum result result;
    const char *tried;
    void (*tell)(void);
    struct lie *next;
};
static struct lie *lies;

#define LIE(name, job, result, tried)                                                                        \
    static void name(void);                                                                                  \
    static struct lie name##_lie = {#name, job, result, tried, name, NULL};                                  \
    __attribute__((constructor)) static void name##_register(void)                                           \
    {                                                                                                        \
        name##_lie.next = lies;                                                                              \
        lies = &name##_lie;                                                                                  \
    }                                                                                                        \
    static void name(void)

LIE(answer_nothing, RUN, RESULT_UNAVAILABLE, "ends without a word")
{
    _exit(0);
}

LIE(close_the_channel_and_live_on, RUN, RESULT_UNAVAILABLE, "closes its channel and lives on")
{
    (void)close(channel);
    hang();
}

LIE(send_half_a_head, RUN, RESULT_UNAVAILABLE, "ends within the head of a frame")
{
    (void)!write(channel, "\4\0\0\0", 4);
    _exit(0);
}

LIE(send_half_an_answer, RUN, RESULT_UNAVAILABLE, "ends within its answer")
{
    say(FRAME_ANSWER, 100, NULL);
    _exit(0);
}

LIE(send_a_frame_of_no_kind, RUN, RESULT_CORRUPT, "sends a frame of a kind that there is not")
{
    struct wire_out out = {0};
    wire_put_u32(&out, 1);
    say_all(999, &out);
    hang();
}

LIE(give_the_keeper_a_job, RUN, RESULT_CORRUPT, "sends the keeper a job")
{
    struct wire_out out = {0};
    wire_put_u32(&out, JOB_PARSE);
    say_all(FRAME_JOB, &out);
    hang();
}

LIE(begin_again, RUN, RESULT_CORRUPT, "says hello again and again, which would move its deadline")
{
    struct wire_out out = {0};
    wire_put_u32(&out, UINT32_MAX);
    for (;;) {
        say_all(FRAME_HELLO, &out);
        (void)usleep(100 * 1000);
    }
}

LIE(flood_with_progress, RUN, RESULT_CORRUPT, "tells its progress without end")
{
    struct wire_out out = {0};
    wire_put_u32(&out, 1);
    for (;;)
        say_all(FRAME_PROGRESS, &out);
}

LIE(tell_a_progress_of_another_size, RUN, RESULT_CORRUPT, "tells its progress in eight bytes")
{
    struct wire_out out = {0};
    wire_put_u64(&out, 1);
    say_all(FRAME_PROGRESS, &out);
    hang();
}

LIE(tell_a_progress_of_a_megabyte, RUN, RESULT_CORRUPT, "announces a megabyte of progress")
{
    say(FRAME_PROGRESS, 1024 * 1024, NULL);
    hang();
}

LIE(announce_four_gibibytes, RUN, RESULT_CORRUPT, "announces an answer of 4 GiB")
{
    say(FRAME_ANSWER, UINT32_MAX, NULL);
    hang();
}

LIE(announce_a_byte_too_much, RUN, RESULT_CORRUPT, "announces one byte more than an answer may have")
{
    say(FRAME_ANSWER, BYTES_MAX + 1, NULL);
    hang();
}

LIE(drip, RUN, RESULT_TIMEOUT, "sends its answer byte by byte, up to the deadline")
{
    say(FRAME_ANSWER, BYTES_MAX, NULL);
    for (;;) {
        (void)!write(channel, "", 1);
        (void)usleep(1000);
    }
}

LIE(answer_with_no_byte, RUN, RESULT_CORRUPT, "answers with no byte")
{
    say(FRAME_ANSWER, 0, NULL);
}

LIE(answer_without_columns, RUN, RESULT_CORRUPT, "answers without a column")
{
    struct wire_out out = {0};
    wire_put_u64(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(announce_columns_without_end, RUN, RESULT_CORRUPT, "announces 4 thousand million columns")
{
    struct wire_out out = {0};
    wire_put_u32(&out, UINT32_MAX);
    say_all(FRAME_ANSWER, &out);
}

LIE(answer_in_an_unknown_type, RUN, RESULT_CORRUPT, "answers in a type that there is not")
{
    struct wire_out out = column(99, "n");
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(lie_about_a_names_length, RUN, RESULT_CORRUPT, "says that a name is longer than all of its answer")
{
    struct wire_out out = {0};
    wire_put_u32(&out, 1);
    wire_put_u32(&out, ENGINE_INTEGER);
    wire_put_u32(&out, 0x7fffffff);
    wire_put(&out, "n", 2);
    say_all(FRAME_ANSWER, &out);
}

LIE(name_a_column_past_its_end, RUN, RESULT_CORRUPT, "sends a name that has a NUL inside and none at its end")
{
    struct wire_out out = {0};
    wire_put_u32(&out, 1);
    wire_put_u32(&out, ENGINE_INTEGER);
    wire_put_u32(&out, 3);
    wire_put(&out, "a\0bc", 4);
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(name_a_column_in_no_utf8, RUN, RESULT_CORRUPT, "names a column in bytes that are no UTF-8")
{
    struct wire_out out = column(ENGINE_INTEGER, "\xff\xfe");
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(announce_rows_without_end, RUN, RESULT_TOO_LARGE, "announces 4 thousand million rows")
{
    struct wire_out out = column(ENGINE_INTEGER, "n");
    wire_put_u32(&out, UINT32_MAX);
    say_all(FRAME_ANSWER, &out);
}

LIE(announce_rows_that_are_not_there, RUN, RESULT_CORRUPT, "announces ten rows and sends none")
{
    struct wire_out out = column(ENGINE_INTEGER, "n");
    wire_put_u32(&out, ROWS_MAX);
    say_all(FRAME_ANSWER, &out);
}

LIE(pass_the_bound_of_rows_in_parts, RUN, RESULT_TOO_LARGE, "sends more rows than allowed, one in a block")
{
    struct wire_out out = column(ENGINE_INTEGER, "n");
    for (int i = 0; i <= ROWS_MAX; i++)
        put_row(&out, 0, 1);
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(answer_neither_null_nor_value, RUN, RESULT_CORRUPT, "sends a null mark that is neither yes nor no")
{
    struct wire_out out = column(ENGINE_INTEGER, "n");
    put_row(&out, 2, 1);
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(answer_neither_true_nor_false, RUN, RESULT_CORRUPT, "sends a truth value of 7")
{
    struct wire_out out = column(ENGINE_BOOLEAN, "n");
    put_row(&out, 0, 7);
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(lie_about_a_texts_length, RUN, RESULT_CORRUPT, "says that a text has 4 GiB")
{
    struct wire_out out = column(ENGINE_TEXT, "n");
    put_text_row(&out, UINT32_MAX, "x");
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(answer_in_no_utf8, RUN, RESULT_CORRUPT, "sends a text that is no UTF-8")
{
    struct wire_out out = column(ENGINE_TEXT, "n");
    put_text_row(&out, 2, "\xff\xfe");
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(answer_without_an_end, RUN, RESULT_CORRUPT, "leaves out the end of its answer")
{
    struct wire_out out = column(ENGINE_INTEGER, "n");
    put_row(&out, 0, 1);
    say_all(FRAME_ANSWER, &out);
}

LIE(say_more_after_the_end, RUN, RESULT_CORRUPT, "sends bytes behind the end of its answer")
{
    struct wire_out out = column(ENGINE_INTEGER, "n");
    put_row(&out, 0, 1);
    wire_put_u32(&out, 0);
    wire_put(&out, SECRET, sizeof SECRET);
    say_all(FRAME_ANSWER, &out);
}

/* ---- failures that are none ---- */

LIE(fail_for_no_reason, RUN, RESULT_CORRUPT, "fails with the number of no failure")
{
    struct wire_out out = {0};
    wire_put_u32(&out, 0);
    wire_put_text(&out, NULL);
    wire_put_text(&out, NULL);
    say_all(FRAME_FAILURE, &out);
}

LIE(fail_for_an_unknown_reason, RUN, RESULT_CORRUPT, "fails with a number that there is not")
{
    struct wire_out out = {0};
    wire_put_u32(&out, 9999);
    wire_put_text(&out, NULL);
    wire_put_text(&out, NULL);
    say_all(FRAME_FAILURE, &out);
}

LIE(fail_in_half_a_sentence, RUN, RESULT_CORRUPT, "fails with a text that is cut off")
{
    struct wire_out out = {0};
    wire_put_u32(&out, 1);
    wire_put_u32(&out, 100);
    wire_put(&out, "x", 2);
    say_all(FRAME_FAILURE, &out);
}

LIE(fail_at_length, RUN, RESULT_CORRUPT, "fails with more than a failure may say")
{
    struct wire_out out = {0};
    static char text[8192];
    memset(text, 'x', sizeof text - 1);
    wire_put_u32(&out, 1);
    wire_put_text(&out, text);
    wire_put_text(&out, text);
    say_all(FRAME_FAILURE, &out);
}

/* ---- other jobs ---- */

LIE(parse_into_no_text, PARSE, RESULT_CORRUPT, "answers the parser's job with no text")
{
    struct wire_out out = {0};
    wire_put_text(&out, NULL);
    say_all(FRAME_ANSWER, &out);
}

LIE(parse_into_no_utf8, PARSE, RESULT_CORRUPT, "answers the parser's job with bytes that are no UTF-8")
{
    struct wire_out out = {0};
    wire_put_text(&out, "{\"\xff\"}");
    say_all(FRAME_ANSWER, &out);
}

LIE(extract_less_than_nothing, EXTRACT, RESULT_CORRUPT, "says that it wrote -1 rows")
{
    struct wire_out out = {0};
    wire_put_u64(&out, UINT64_MAX);
    say_all(FRAME_ANSWER, &out);
}

/* The report of an ingest of one field. */
static void report(uint64_t rows, uint64_t nulls, uint64_t broken, uint32_t listed, uint32_t field,
                   const char *layout)
{
    struct wire_out out = {0};
    wire_put_u32(&out, 1);
    wire_put_u64(&out, rows);
    wire_put_u64(&out, nulls);
    wire_put_u64(&out, broken);
    wire_put_u64(&out, 0);
    wire_put_u32(&out, listed);
    if (listed == 1) {
        wire_put_u64(&out, 1);
        wire_put_u32(&out, field);
        wire_put_u32(&out, 1);
    }
    wire_put_text(&out, layout);
    say_all(FRAME_ANSWER, &out);
}

#define COLUMNS "\"columns\":[{\"name\":\"n\",\"chunks\":[[4,10]]}]}"

LIE(accept_and_write_nothing, INGEST, RESULT_CORRUPT, "says that it took a file in and writes nothing")
{
    report(1, 0, 0, 0, 0, "{" COLUMNS);
}

LIE(take_in_less_than_nothing, INGEST, RESULT_CORRUPT, "says that it took in -1 rows")
{
    report(UINT64_MAX, 0, 0, 0, 0, "{" COLUMNS);
}

LIE(count_less_than_no_violation, INGEST, RESULT_CORRUPT, "counts -1 violations")
{
    report(1, 0, UINT64_MAX, 0, 0, "{" COLUMNS);
}

LIE(accept_what_breaks_the_rules, INGEST, RESULT_CORRUPT, "accepts rows and counts violations")
{
    report(1, 0, 1, 0, 0, "{" COLUMNS);
}

LIE(blame_a_field_that_is_not_there, INGEST, RESULT_CORRUPT, "names a violation of field 7 of 1")
{
    report(1, 0, 1, 1, 7, "{" COLUMNS);
}

LIE(list_violations_without_end, INGEST, RESULT_CORRUPT, "announces 4 thousand million violations")
{
    report(1, 0, 1, UINT32_MAX, 0, "{" COLUMNS);
}

static void write_output(size_t footer)
{
    uint8_t bytes[64] = "PAR1";
    const uint32_t length = (uint32_t)footer;
    memcpy(bytes + 56, &length, sizeof length);
    memcpy(bytes + 60, "PAR1", 4);
    FILE *out = fopen("/room/out", "w");
    if (out == NULL || fwrite(bytes, sizeof bytes, 1, out) != 1 || fclose(out) != 0)
        _exit(1);
}

LIE(write_a_footer_longer_than_the_file, INGEST, RESULT_CORRUPT,
    "writes a file whose footer is said to be 4 GiB")
{
    write_output(UINT32_MAX);
    report(1, 0, 0, 0, 0, "{" COLUMNS);
}

LIE(lay_out_no_json, INGEST, RESULT_CORRUPT, "sends a layout that is no JSON")
{
    write_output(8);
    report(1, 0, 0, 0, 0, "{{{{");
}

LIE(lay_out_past_the_end, INGEST, RESULT_CORRUPT, "sends a layout with a chunk behind the end of the file")
{
    write_output(8);
    report(1, 0, 0, 0, 0, "{\"columns\":[{\"name\":\"n\",\"chunks\":[[4,9000]]}]}");
}

LIE(lay_out_another_size, INGEST, RESULT_CORRUPT, "gives the file a second size in its layout")
{
    write_output(8);
    report(1, 0, 0, 0, 0, "{\"size\":9000," COLUMNS);
}

LIE(describe_columns_without_end, DESCRIBE, RESULT_CORRUPT, "describes 4 thousand million columns")
{
    struct wire_out out = {0};
    wire_put_u64(&out, 1);
    wire_put_u32(&out, UINT32_MAX);
    say_all(FRAME_ANSWER, &out);
}

LIE(describe_an_unknown_type, DESCRIBE, RESULT_CORRUPT, "describes a column of type 99")
{
    struct wire_out out = {0};
    wire_put_u64(&out, 1);
    wire_put_u32(&out, 1);
    wire_put_text(&out, "n");
    wire_put_u32(&out, 99);
    wire_put_u64(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

LIE(describe_less_than_nothing, DESCRIBE, RESULT_CORRUPT, "describes -1 rows")
{
    struct wire_out out = {0};
    wire_put_u64(&out, UINT64_MAX);
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

/* ---- the keeper's side ---- */

static int64_t tell(const struct lab_worker *worker)
{
    channel = worker->channel;
    ((const struct lie *)page->argument)->tell();
    hang();
}

static const struct engine_limits limits = {
    .seconds = 1, .threads = 1, .answer_rows = ROWS_MAX, .answer_bytes = BYTES_MAX};

static enum result ask(struct arena *arena, enum job job, struct engine_answer *answer,
                       struct refusal *refusal)
{
    const struct engine_table table = {.name = "t", .fd = world_input()};
    const struct engine_query query = {
        .sql = "SELECT n FROM t", .tables = &table, .table_count = 1, .limits = limits};
    const struct engine_field field = {.name = "n", .type = ENGINE_INTEGER};
    const struct engine_ingest order = {.input = world_input(),
                                        .fields = &field,
                                        .field_count = 1,
                                        .output = world_output(),
                                        .limits = limits};
    struct engine *engine = hostile_engine();
    struct engine_report taken;
    struct engine_description description;
    const char *tree;
    int64_t rows;
    switch (job) {
    case RUN:
        return engine_run(engine, NULL, arena, &query, answer, refusal);
    case PARSE:
        return engine_parse(engine, NULL, arena, "SELECT 1", 8, &tree, refusal);
    case EXTRACT:
        return engine_extract(engine, NULL, arena, &query, world_output(), &rows, refusal);
    case INGEST:
        return engine_ingest(engine, NULL, arena, &order, &taken, refusal);
    case DESCRIBE:
        return engine_describe(engine, NULL, arena, world_input(), ENGINE_CSV, &limits, &description,
                               refusal);
    }
    return RESULT_INVALID;
}

/* `lie` is static: the worker may have been forked before. */
static enum result ask_a_liar(const struct lie *lie, struct arena *arena, struct engine_answer *answer,
                              struct refusal *refusal)
{
    (void)hostile_engine();
    page->argument = lie;
    page->run = tell;
    enum result result = ask(arena, lie->job, answer, refusal);
    page->run = NULL;
    return result;
}

TEST(no_lie_of_a_worker_is_believed)
{
    const char *failed = NULL;
    for (const struct lie *lie = lies; lie != NULL; lie = lie->next) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct engine_answer answer;
        struct refusal refusal = {0};
        instant begin = clock_monotonic();
        enum result result = ask_a_liar(lie, arena, &answer, &refusal);
        instant took = clock_monotonic() - begin;
        bool waited = lie->result == RESULT_TIMEOUT || took < 1500 * 1000;
        const char *harm = world_harm();
        if (result != lie->result || harm != NULL || !waited) {
            (void)fprintf(stderr, "%s: result %d, %s, %lld ms\n", lie->name, result,
                          harm != NULL ? harm : "no harm", (long long)took / 1000);
            failed = lie->name;
            continue;
        }
        attack_stopped(&(struct attack){"jail", lie->name, lie->tried,
                                        result == RESULT_TIMEOUT ? "keeper: SIGKILL at the deadline"
                                                                 : "keeper: reading of the answer",
                                        result_name(result)});
    }
    if (failed != NULL)
        fail_msg("%s", failed);
    assert_workers_still_work();
}

/* ---- more than one answer ---- */

static void put_good_answer(uint64_t value)
{
    struct wire_out out = column(ENGINE_INTEGER, "n");
    put_row(&out, 0, value);
    wire_put_u32(&out, 0);
    say_all(FRAME_ANSWER, &out);
}

static void answer_twice(void)
{
    put_good_answer(1);
    put_good_answer(2);
}

TEST(the_first_answer_counts_and_nothing_is_read_behind_it)
{
    static const struct lie twice = {"answer_twice", RUN, RESULT_OK, "answers twice", answer_twice, NULL};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct engine_answer answer;
    assert_ok(ask_a_liar(&twice, arena, &answer, NULL));
    assert_int_equal(answer.rows, 1);
    assert_int_equal(answer.columns[0].integers[0], 1);
    attack_stopped(&(struct attack){"jail", twice.name, twice.tried,
                                    "keeper: reads one answer and kills the worker", "the first counts"});
}

/* ---- what a failure can tell ---- */

static void fail_with_a_secret(void)
{
    struct wire_out out = {0};
    wire_put_u32(&out, FAILURE_BIND);
    wire_put_text(&out, SECRET " as a place");
    wire_put_text(&out, SECRET " as a message");
    say_all(FRAME_FAILURE, &out);
}

TEST(a_worker_that_has_seen_rows_cannot_tell_them_in_a_failure)
{
    static const struct lie told[] = {
        {"tell_rows_in_a_failure", RUN, RESULT_INVALID, "has a query fail with a row in the message",
         fail_with_a_secret, NULL},
        {"tell_rows_in_a_failed_extract", EXTRACT, RESULT_INVALID,
         "has an extract fail with a row in the message", fail_with_a_secret, NULL},
    };
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct engine_answer answer;
        struct refusal refusal = {0};
        assert_int_equal(ask_a_liar(&told[i], arena, &answer, &refusal), RESULT_INVALID);
        assert_null(refusal.field);
        assert_null(strstr(refusal.en, SECRET));
        assert_null(strstr(refusal.zh, SECRET));
        attack_stopped(&(struct attack){"jail", told[i].name, told[i].tried,
                                        "keeper: no word of a worker that has seen rows is passed on",
                                        "the kind of the failure alone"});
    }
}

/* ---- after the answer ---- */

/* With its output mapped and so much memory that its end takes a while. */
static void accept_and_write_on(void)
{
    static char much[256 * 1024 * 1024];
    write_output(8);
    int out = open("/room/out", O_RDWR);
    volatile uint32_t *mapped = mmap(NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, out, 0);
    memset(much, 1, sizeof much);
    report(1, 0, 0, 0, 0, "{" COLUMNS);
    for (;;)
        ++*mapped;
}

TEST(an_output_no_longer_changes_when_its_job_has_been_answered)
{
    static const struct lie lie = {
        "write_after_the_answer", INGEST, RESULT_OK, "goes on writing its output after its answer",
        accept_and_write_on,      NULL};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_ok(ask_a_liar(&lie, arena, NULL, NULL));
    /* The kernel refuses this while anyone could still write through a mapping. */
    assert_int_equal(fcntl(world_output(), F_ADD_SEALS, F_SEAL_WRITE), 0);
    (void)world_harm();
    attack_stopped(&(struct attack){"jail", lie.name, lie.tried,
                                    "keeper: the worker is dead before its output is looked at",
                                    "no byte changes"});
}
