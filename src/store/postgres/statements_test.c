/* Prepares every statement of the program on a fresh, migrated database; reads the texts that are translated.
 */
#include "store/postgres/postgres.h"
#include "support/store.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static int check_statement(PGconn *connection, const struct sql_statement *source)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct pg_statement *statement =
        pg_translate_statement(arena, source->postgres != NULL ? source->postgres : source->text);
    Oid types[64] = {0};
    int faults = 0;
    for (size_t i = 0; i < statement->place_count; i++)
        types[i] = statement->places[i].type;
    PGresult *prepared = PQprepare(connection, "", statement->text, (int)statement->place_count, types);
    PGresult *described = PQdescribePrepared(connection, "");
    if (PQresultStatus(prepared) != PGRES_COMMAND_OK || PQresultStatus(described) != PGRES_COMMAND_OK) {
        print_error("%s in %s: %s\n", source->name, source->file, PQresultErrorMessage(prepared));
        faults++;
    } else if ((PQnfields(described) > 0) != (source->kind != SQL_KIND_EXEC)) {
        print_error("%s in %s: gives rows and is :exec, or gives none and is not\n", source->name,
                    source->file);
        faults++;
    }
    PQclear(prepared);
    PQclear(described);
    return faults;
}

TEST(every_statement_of_the_program_prepares)
{
    int faults = 0;
    PGconn *connection = PQconnectdb(test_store_url(&store_schema_built));
    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    for (size_t i = 0; i < SQL_COUNT; i++)
        faults += check_statement(connection, &sql_statements[i]);
    PQfinish(connection);
    assert_int_equal(faults, 0);
}

/* A text of its own must be called in the same way. */
TEST(both_texts_of_a_statement_have_the_same_parameters)
{
    size_t variants = 0;
    for (size_t i = 0; i < SQL_COUNT; i++) {
        if (sql_statements[i].postgres == NULL)
            continue;
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        struct pg_statement *one = pg_translate_statement(arena, sql_statements[i].text);
        struct pg_statement *two = pg_translate_statement(arena, sql_statements[i].postgres);
        assert_int_equal(one->name_count, two->name_count);
        for (size_t n = 0; n < one->name_count; n++) {
            bool found = false;
            for (size_t m = 0; m < two->name_count; m++)
                found = found || strcmp(one->names[n], two->names[m]) == 0;
            if (!found)
                fail_msg("%s: only one text has :%s", sql_statements[i].name, one->names[n]);
        }
        variants++;
    }
    assert_true(variants > 0);
}

static void translates(const char *text, const char *expected)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_string_equal(pg_translate_statement(arena, text)->text, expected);
}

TEST(parameters_are_numbered_by_place_and_quotes_and_comments_left_alone)
{
    translates("SELECT :a, :b, :a", "SELECT $1, $2, $3");
    translates("SELECT ':a', \":b\", x::text -- :c\n, :d /* :e */",
               "SELECT ':a', \":b\", x::text -- :c\n, $1 /* :e */");
    translates("SELECT 'it''s :a' || :b", "SELECT 'it''s :a' || $1");
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct pg_statement *statement = pg_translate_statement(
        arena, "SELECT 1 WHERE :a IS NULL OR :a is not  null OR x = :a OR :match:tokens");
    assert_int_equal(statement->place_count, 4);
    assert_int_equal(statement->name_count, 2);
    assert_true(statement->places[0].null_test && statement->places[1].null_test);
    assert_false(statement->places[2].null_test);
    assert_int_equal(statement->places[3].form, PG_TOKENS);
}

TEST(migrations_are_translated_word_by_word)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    assert_string_equal(pg_translate_migration(arena,
                                               "CREATE TABLE t (id INTEGER PRIMARY KEY, a BLOB, b REAL,"
                                               " c TEXT DEFAULT 'INTEGER'); -- a BLOB"),
                        "CREATE TABLE t (id BIGINT PRIMARY KEY, a BYTEA, b DOUBLE PRECISION,"
                        " c TEXT DEFAULT 'INTEGER'); -- a BLOB");
    assert_non_null(
        strstr(pg_translate_migration(arena, "CREATE VIRTUAL TABLE x USING fts5 (text, tokenize = 'dukou');"),
               "tokens TEXT[] NOT NULL"));
}

/* ---- values ---- */

static void reads_numeric(const char *digits, size_t size, enum result expected, struct store_value value)
{
    struct store_value got = {0};
    assert_int_equal(pg_value_get(PG_NUMERIC, digits, (int)size, &got), expected);
    if (expected == RESULT_OK) {
        assert_int_equal(got.type, value.type);
        assert_int_equal(got.integer, value.integer);
        assert_true(got.real == value.real);
    }
}

TEST(sums_are_read_as_integers_up_to_their_limits)
{
    reads_numeric("\0\0\0\0\0\0\0\0", 8, RESULT_OK, store_integer(0));
    reads_numeric("\0\1\0\0\0\0\0\0\0\x07", 10, RESULT_OK, store_integer(7));
    reads_numeric("\0\1\0\1\0\0\0\0\0\x07", 10, RESULT_OK, store_integer(70000));
    reads_numeric("\0\1\0\0\x40\0\0\0\0\x07", 10, RESULT_OK, store_integer(-7));
    /* 9223372036854775807, and one more */
    reads_numeric("\0\5\0\4\0\0\0\0\x03\x9a\x0d\x2c\x01\x70\x15\xdd\x16\xaf", 18, RESULT_INVALID,
                  store_null());
    reads_numeric("\0\2\0\0\0\0\0\0\0\x02\x13\x88", 12, RESULT_OK, store_real(2.5));
    reads_numeric("\0\0\0\0\xc0\0\0\0", 8, RESULT_INVALID, store_null()); /* not a number */
}
