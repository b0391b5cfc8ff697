#include "keeper/csv.h"
#include "support/attack.h"
#include "support/test.h"

#include <string.h>

static void assert_csv(const char *json, const char *expected)
{
    struct wire_out out = {0};
    CLEANUP_JSON json_t *table = json_loads(json, 0, NULL);
    assert_non_null(table);
    csv_write(table, &out);
    assert_int_equal(out.size, strlen(expected));
    assert_memory_equal(out.bytes, expected, out.size);
    wire_out_free(&out);
}

TEST(a_table_has_a_header_and_a_line_for_each_row)
{
    assert_csv("{\"columns\":[{\"name\":\"区\"},{\"name\":\"n\"}],\"rows\":[[\"江岸\",12],[\"武昌\",-3]]}",
               "区,n\n江岸,12\n武昌,-3\n");
    assert_csv("{\"columns\":[{\"name\":\"n\"}],\"rows\":[]}", "n\n");
}

TEST(text_with_commas_quotes_or_line_ends_is_quoted)
{
    assert_csv(
        "{\"columns\":[{\"name\":\"a,b\"}],\"rows\":[[\"x\\\"y\"],[\"1\\n2\"],[\"x\\r\"],[\"plain\"]]}",
        "\"a,b\"\n\"x\"\"y\"\n\"1\n2\"\n\"x\r\"\nplain\n");
}

TEST(a_missing_value_differs_from_empty_text)
{
    assert_csv("{\"columns\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"rows\":[[null,\"\"]]}", "a,b\n,\"\"\n");
}

TEST(numbers_are_the_shortest_that_read_back_the_same)
{
    assert_csv(
        "{\"columns\":[{\"name\":\"x\"}],\"rows\":[[0.1],[0.30000000000000004],[1e300],[-2.5],[true],[false],"
        "[9007199254740993]]}",
        "x\n0.1\n0.30000000000000004\n1e+300\n-2.5\ntrue\nfalse\n9007199254740993\n");
}

TEST(text_that_a_spreadsheet_would_compute_begins_with_an_apostrophe)
{
    assert_csv("{\"columns\":[{\"name\":\"=cmd|' /C calc'!A0\"}],\"rows\":[[\"=1+1\"],[\"+86 "
               "27\"],[\"-\"],[\"@SUM(A1)\"],"
               "[\"\\t=1\"],[\"'=1\"],[\"-1+1|x\"],[\"＝1\"],[\"=HYPERLINK(\\\"x\\\",1)\"]]}",
               "\"'=cmd|' /C calc'!A0\"\n\"'=1+1\"\n\"'+86 "
               "27\"\n\"'-\"\n\"'@SUM(A1)\"\n\"'\t=1\"\n\"''=1\"\n\"'-1+1|x\"\n\"'＝1\"\n"
               "\"'=HYPERLINK(\"\"x\"\",1)\"\n");
    attack_stopped(&(struct attack){
        "files", "formula_in_a_product", "puts a formula into a text or a column's name that leaves as CSV",
        "keeper: csv.c", "an apostrophe in front: a spreadsheet shows it and computes nothing"});
}

/* Sums wider than 64 bits and decimals are text here. */
TEST(numbers_keep_their_sign_without_an_apostrophe)
{
    assert_csv("{\"columns\":[{\"name\":\"x\"}],\"rows\":[[\"-12345678901234567890\"],[\"-0.5\"],[\"+1e-3\"],"
               "[-7],[-2.5],"
               "[\"it's\"],[\"'quoted'\"]]}",
               "x\n-12345678901234567890\n-0.5\n+1e-3\n-7\n-2.5\nit's\n'quoted'\n");
}
