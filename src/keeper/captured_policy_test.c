/* A compromised serve sends policies of its own: each is held against what the keeper knows itself. */
#include "keeper/captured.h"

#include <string.h>

static const char by_district[] = "SELECT district, COUNT(*) AS n FROM resident GROUP BY district";

/* What serve says when the slice comes in, as a serve that is not yet in other hands does. */
static json_t *honest_expected(void)
{
    json_t *expected = fixture_residents_expected();
    json_t *columns = json_object_get(expected, "columns");
    static const char *const uses[] = {"key", "key_dimension", "measure", "measure", "forbidden"};
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
        (void)json_object_set_new(json_array_get(columns, i), "use", json_string(uses[i]));
    (void)json_object_set_new(json_array_get(columns, 3), "level", json_integer(3));
    (void)json_object_set_new(json_array_get(columns, 2), "filterable", json_true());
    (void)json_object_set_new(json_array_get(columns, 3), "filterable", json_true());
    (void)json_object_set_new(expected, "room", json_integer(2));
    return expected;
}

/* The fixture's policy as it fits honest_expected(), then changed. */
static json_t *fair_policy(const char *path, const char *value)
{
    json_t *policy = captured_policy(path, value);
    bool about_level = path != NULL && strcmp(path, "/tables/0/columns/3/level") == 0;
    json_t *columns = json_object_get(json_array_get(json_object_get(policy, "tables"), 0), "columns");
    if (!about_level)
        (void)json_object_set_new(json_array_get(columns, 3), "level", json_integer(3));
    return policy;
}

static void import_own(struct fixture *fixture, row_id import, const char *csv)
{
    CLEANUP_FD int fd = fixture_file(csv, strlen(csv));
    CLEANUP_JSON json_t *report = NULL;
    CLEANUP_JSON json_t *expected = fixture_json("{\"columns\":[{\"name\":\"district\",\"type\":\"text\"},"
                                                 "{\"name\":\"class\",\"type\":\"text\"}],\"room\":2}");
    assert_ok(keeper_import(fixture->keeper, fixture->arena, import, fd, expected, &report, NULL));
}

static struct fixture room_with_data(void)
{
    struct fixture fixture = fixture_new();
    fixture_deliver(&fixture, 17, fixture_residents(fixture.arena, 2000), honest_expected());
    import_own(&fixture, 3, "district,class\n区0,A\n区1,B\n区2,A\n区3,B\n");
    return fixture;
}

/* ---- policies ---- */

struct lie {
    const char *name;
    const char *tried;
    const char *path;
    const char *value;
    enum result result;
    const char *field;
};

static const struct lie lies[] = {
    {"policy_threshold_0", "asks under a threshold of 0", "/threshold", "0", RESULT_INVALID, "/threshold"},
    {"policy_threshold_1", "asks under a threshold of 1", "/threshold", "1", RESULT_INVALID, "/threshold"},
    {"policy_threshold_2", "asks under a threshold of 2, which the guard would take", "/threshold", "2",
     RESULT_FORBIDDEN, "/threshold"},
    {"policy_threshold_minus", "asks under a negative threshold", "/threshold", "-10", RESULT_INVALID,
     "/threshold"},
    {"policy_p_percent", "asks for a p % rule of 1", "/p_percent", "1", RESULT_FORBIDDEN, "/p_percent"},
    {"policy_k_percent", "asks for a dominance rule of 99 %", "/k_percent", "99", RESULT_FORBIDDEN,
     "/k_percent"},
    {"policy_slice_as_import", "calls a slice the developer's own rows, which are not measured",
     "/tables/0/kind", "\"import\"", RESULT_INVALID, NULL},
    {"policy_forbidden_to_dimension", "makes a forbidden column a dimension", "/tables/0/columns/4/use",
     "\"dimension\"", RESULT_FORBIDDEN, "/tables/0/columns/4/use"},
    {"policy_forbidden_to_measure", "makes a forbidden column a measure", "/tables/0/columns/4/use",
     "\"measure\"", RESULT_FORBIDDEN, "/tables/0/columns/4/use"},
    {"policy_forbidden_to_key", "makes a forbidden column a key", "/tables/0/columns/4/use", "\"key\"",
     RESULT_FORBIDDEN, "/tables/0/columns/4/use"},
    {"policy_key_to_dimension", "makes the subject's key a dimension, to group by person",
     "/tables/0/columns/0/use", "\"dimension\"", RESULT_FORBIDDEN, "/tables/0/columns/0/use"},
    {"policy_key_to_key_dimension", "makes the subject's key a key that may be shown",
     "/tables/0/columns/0/use", "\"key_dimension\"", RESULT_FORBIDDEN, "/tables/0/columns/0/use"},
    {"policy_measure_to_dimension", "makes a measure a dimension, to group by salary",
     "/tables/0/columns/3/use", "\"dimension\"", RESULT_FORBIDDEN, "/tables/0/columns/3/use"},
    {"policy_measure_to_key", "makes a measure a key, to join on salary", "/tables/0/columns/3/use",
     "\"key\"", RESULT_FORBIDDEN, "/tables/0/columns/3/use"},
    {"policy_level_lowered", "lowers a column's level below the one it came in with",
     "/tables/0/columns/3/level", "1", RESULT_FORBIDDEN, "/tables/0/columns/3/level"},
    {"policy_non_negative",
     "says of a column without a minimum that it is never negative, which spares a measurement",
     "/tables/0/columns/0/non_negative", "true", RESULT_FORBIDDEN, "/tables/0/columns/0/non_negative"},
    {"policy_type", "says a column has another type than it came in with", "/tables/0/columns/2/type",
     "\"VARCHAR\"", RESULT_FORBIDDEN, "/tables/0/columns/2/type"},
    {"policy_subject_changed", "names another column as the subject, of which every row has its own",
     "/tables/0/subject", "\"district\"", RESULT_FORBIDDEN, "/tables/0/subject"},
    {"policy_other_columns", "names a column that the delivery did not have", "/tables/0/columns/9",
     "{\"name\":\"citizen\",\"type\":\"VARCHAR\",\"use\":\"dimension\"}", RESULT_FORBIDDEN,
     "/tables/0/columns/5"},
    {"policy_hidden_token", "names the hidden token of a subject as a column", "/tables/0/columns/9",
     "{\"name\":\"__subject_id\",\"type\":\"UBIGINT\",\"use\":\"dimension\"}", RESULT_INVALID, NULL},
    {"policy_result_as_table", "names a sealed result as the file of a table", "/tables/0/file",
     "\"result/9\"", RESULT_INVALID, NULL},
    {"policy_key_file", "names a key's file as a table", "/tables/0/file", "\"../keys/master\"",
     RESULT_INVALID, NULL},
    {"policy_unknown_member", "slips in a member that the guard does not know", "/raw", "true",
     RESULT_INVALID, "/raw"},
};

TEST(no_policy_of_a_serve_in_other_hands_goes_beyond_what_the_data_came_in_with)
{
    CLEANUP_FIXTURE struct fixture fixture = room_with_data();
    captured_query(&fixture, fair_policy(NULL, NULL), 2, by_district, RESULT_OK, NULL); /* the control */
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        const struct lie *lie = &lies[i];
        captured_query(&fixture, fair_policy(lie->path, lie->value), 2, by_district, lie->result, lie->field);
        captured_stopped(lie->name, lie->tried,
                         lie->result == RESULT_FORBIDDEN ? "keeper: bounds and floors" : "guard: policy",
                         lie->result);
    }
}

TEST(a_slice_is_a_resource_whatever_the_policy_calls_it)
{
    CLEANUP_FIXTURE struct fixture fixture = room_with_data();
    json_t *policy = fair_policy("/tables/0/kind", "\"import\"");
    (void)json_object_del(json_array_get(json_object_get(policy, "tables"), 0), "subject");
    captured_query(&fixture, policy, 2, by_district, RESULT_FORBIDDEN, "/tables/0/kind");
    captured_stopped("policy_slice_as_import_without_subject",
                     "calls a slice the developer's own rows and leaves out its subject",
                     "keeper: bounds and floors", RESULT_FORBIDDEN);
    policy = fair_policy("/tables/1/kind", "\"resource\"");
    (void)json_object_set_new(json_array_get(json_object_get(policy, "tables"), 1), "subject",
                              json_string("class"));
    captured_query(&fixture, policy, 2, by_district, RESULT_FORBIDDEN, "/tables/1/kind");
    captured_stopped("policy_import_as_resource", "calls an import of made-up rows public data",
                     "keeper: bounds and floors", RESULT_FORBIDDEN);
}

TEST(data_of_one_room_is_not_used_in_another)
{
    CLEANUP_FIXTURE struct fixture fixture = room_with_data();
    captured_query(&fixture, fair_policy(NULL, NULL), 5, by_district, RESULT_FORBIDDEN, "/tables/0");
    captured_stopped("room_other", "has one room's slice computed on in another room",
                     "keeper: bounds and floors", RESULT_FORBIDDEN);
    json_t *other = fixture_residents_expected();
    struct refusal refusal;
    (void)json_object_set_new(other, "room", json_integer(5));
    assert_ok(captured_deliver(&fixture, 18, NULL, fixture_residents(fixture.arena, 100), other, &refusal));
    json_t *policy = fair_policy(NULL, NULL);
    json_t *table = json_deep_copy(json_array_get(json_object_get(policy, "tables"), 0));
    (void)json_object_set_new(table, "name", json_string("second"));
    (void)json_object_set_new(table, "file", json_string("slice/18"));
    (void)json_array_append_new(json_object_get(policy, "tables"), table);
    captured_query(&fixture, policy, 2, by_district, RESULT_FORBIDDEN, "/tables/2");
    captured_stopped("room_mixed", "mixes the slices of two rooms in one policy", "keeper: bounds and floors",
                     RESULT_FORBIDDEN);
}

/* ---- what was stated ---- */

static const char statement[] =
    "{\"resource\":\"RP\",\"subject\":\"id\",\"columns\":{\"id\":{\"use\":\"key\",\"level\":3},"
    "\"district\":{\"use\":\"key_dimension\"},\"age\":{\"use\":\"measure\",\"filterable\":false},"
    "\"pay\":{\"use\":\"measure\"},\"secret\":{\"use\":\"forbidden\"}}}";

struct claim {
    const char *name;
    const char *tried;
    const char *path;
    const char *value;
    const char *field;
};

TEST(what_the_source_stated_with_its_rows_is_not_loosened_when_they_come_in)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    const char *rows = fixture_residents(fixture.arena, 200);
    struct refusal refusal;
    static const struct claim claims[] = {
        {"expected_use", "takes a delivery in with a looser use than the source stated", "use",
         "\"dimension\"", "/columns/0/use"},
        {"expected_level", "takes a delivery in with a lower level than the source stated", "level", "1",
         "/columns/0/level"},
    };
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
        json_t *expected = fixture_residents_expected();
        (void)json_object_set_new(json_array_get(json_object_get(expected, "columns"), 0), claims[i].path,
                                  json_loads(claims[i].value, JSON_DECODE_ANY, NULL));
        assert_int_equal(captured_deliver(&fixture, 17, statement, rows, expected, &refusal),
                         RESULT_FORBIDDEN);
        assert_string_equal(refusal.field, claims[i].field);
        captured_stopped(claims[i].name, claims[i].tried, "keeper: the source's statement", RESULT_FORBIDDEN);
    }
    json_t *expected = fixture_residents_expected();
    (void)json_object_set_new(expected, "subject", json_string("pay"));
    assert_int_equal(captured_deliver(&fixture, 17, statement, rows, expected, &refusal), RESULT_FORBIDDEN);
    assert_string_equal(refusal.field, "/subject");
    captured_stopped("expected_subject", "takes a delivery in with another subject than the source stated",
                     "keeper: the source's statement", RESULT_FORBIDDEN);
    expected = fixture_residents_expected();
    (void)json_object_del(expected, "subject");
    assert_int_equal(captured_deliver(&fixture, 17, statement, rows, expected, &refusal), RESULT_FORBIDDEN);
    captured_stopped("expected_no_subject", "takes a delivery in without the subject that the source stated",
                     "keeper: the source's statement", RESULT_FORBIDDEN);
}

TEST(what_serve_leaves_out_is_bound_by_the_source_s_statement)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    struct refusal refusal;
    assert_ok(captured_deliver(&fixture, 17, statement, fixture_residents(fixture.arena, 2000),
                               fixture_residents_expected(), &refusal));
    json_t *policy = captured_policy("/tables/0/columns/0/use", "\"dimension\"");
    captured_query(&fixture, policy, 2, by_district, RESULT_FORBIDDEN, "/tables/0/columns/0/use");
    captured_stopped("stated_use",
                     "says nothing of uses when the rows come in, and groups by person afterwards",
                     "keeper: the source's statement", RESULT_FORBIDDEN);
    policy = captured_policy("/tables/0/columns/0/level", "3");
    captured_query(&fixture, policy, 2, by_district, RESULT_FORBIDDEN, "/tables/0/columns/2/filterable");
    captured_stopped("stated_filterable", "compares a measure that the source stated not to be compared",
                     "keeper: the source's statement", RESULT_FORBIDDEN);
}

TEST(a_statement_is_read_strictly)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    const char *rows = fixture_residents(fixture.arena, 20);
    struct refusal refusal;
    static const char *const bad[] = {"{\"columns\":", "[]", "{\"columns\":{\"id\":{\"use\":\"all\"}}}",
                                      "{\"columns\":{\"id\":{\"level\":0}}}",
                                      "{\"columns\":{\"id\":{\"use\":\"key\",\"use\":\"dimension\"}}}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_not_equal(
            captured_deliver(&fixture, 17, bad[i], rows, fixture_residents_expected(), &refusal), RESULT_OK);
}

/* ---- results ---- */

TEST(nobody_sees_rows_below_the_floors_not_even_the_reviewer)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    /* One person alone in a district, two in another. */
    const char *rows =
        arena_printf(fixture.arena, "%s9001,孤区,40,99999,x\n9002,偶区,41,88888,x\n9003,偶区,42,77777,x\n",
                     fixture_residents(fixture.arena, 2000));
    fixture_deliver(&fixture, 17, rows, fixture_residents_expected());
    CLEANUP_JSON json_t *policy = fixture_policy(17);
    CLEANUP_JSON json_t *shape = NULL;
    CLEANUP_JSON json_t *opened = NULL;
    assert_ok(keeper_query_run(fixture.keeper, fixture.arena, 9, 2, policy,
                               "SELECT district, SUM(pay) AS pay FROM resident GROUP BY district", &shape,
                               NULL));
    assert_ok(fixture_open(&fixture, 4, 9, &opened));
    const char *text = json_print(fixture.arena, opened);
    assert_null(strstr(text, "99999"));
    assert_null(strstr(text, "孤区"));
    assert_null(strstr(text, "偶区"));
    assert_non_null(strstr(text, "区1"));
    assert_int_equal(json_integer_or(json_object_get(opened, "withheld"), "rows", 0), 2);
    assert_int_equal(json_array_size(json_object_get(opened, "rows")), 6);
    attack_stopped(&(struct attack){"keeper", "open_small_group", "opens a result for the rows of one person",
                                    "keeper: floors", "the row is missing"});
}

TEST(a_result_opens_for_the_product_that_was_made_of_it_and_for_no_other)
{
    CLEANUP_FIXTURE struct fixture fixture = room_with_data();
    struct digest digest;
    CLEANUP_JSON json_t *policy = fair_policy(NULL, NULL);
    CLEANUP_JSON json_t *opened = NULL;
    CLEANUP_JSON json_t *report = NULL;
    struct refusal refusal = {0};
    for (row_id result = 9; result <= 10; result++) {
        CLEANUP_JSON json_t *shape = NULL;
        assert_ok(keeper_query_run(fixture.keeper, fixture.arena, result, 2, policy, by_district, &shape,
                                   &refusal));
    }
    assert_int_equal(keeper_result_open(fixture.keeper, fixture.arena, 4, 9, &opened, &refusal),
                     RESULT_NOT_FOUND);
    captured_stopped("open_without_product", "opens a result of which nobody made a product",
                     "keeper: review", RESULT_NOT_FOUND);
    assert_ok(fixture_open(&fixture, 4, 9, &opened));
    CLEANUP_JSON json_t *other = NULL;
    assert_int_equal(keeper_result_open(fixture.keeper, fixture.arena, 4, 10, &other, &refusal),
                     RESULT_FORBIDDEN);
    captured_stopped("open_other_result", "opens another result under the number of a product",
                     "keeper: review", RESULT_FORBIDDEN);
    /* The same product out of another room's result. */
    json_t *elsewhere = fixture_residents_expected();
    (void)json_object_set_new(elsewhere, "room", json_integer(5));
    assert_ok(
        captured_deliver(&fixture, 18, NULL, fixture_residents(fixture.arena, 2000), elsewhere, &refusal));
    CLEANUP_JSON json_t *policy_elsewhere = fixture_policy(18);
    (void)json_array_remove(json_object_get(policy_elsewhere, "tables"), 1);
    (void)json_object_del(policy_elsewhere, "joins");
    CLEANUP_JSON json_t *shape = NULL;
    assert_ok(keeper_query_run(fixture.keeper, fixture.arena, 11, 5, policy_elsewhere, by_district, &shape,
                               &refusal));
    assert_int_equal(
        keeper_product_table(fixture.keeper, fixture.arena, 4, 11, NULL, &digest, &report, &refusal),
        RESULT_FORBIDDEN);
    captured_stopped("product_other_room", "makes a room's product anew out of another room's result",
                     "keeper: bounds and floors", RESULT_FORBIDDEN);
}

TEST(rows_of_the_developer_s_own_do_not_fill_a_small_group)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    const char *rows =
        arena_printf(fixture.arena, "%s9001,孤区,40,99999,x\n", fixture_residents(fixture.arena, 500));
    fixture_deliver(&fixture, 17, rows, honest_expected());
    char *own = arena_alloc(fixture.arena, 200000);
    size_t at = (size_t)sprintf(own, "district,class\n");
    for (int i = 0; i < 2000; i++) /* two thousand rows of the one person's district */
        at += (size_t)sprintf(own + at, "孤区,C%d\n", i % 2);
    import_own(&fixture, 3, own);
    CLEANUP_JSON json_t *policy = fair_policy(NULL, NULL);
    CLEANUP_JSON json_t *shape = NULL;
    CLEANUP_JSON json_t *opened = NULL;
    assert_ok(keeper_query_run(fixture.keeper, fixture.arena, 9, 2, policy,
                               "SELECT own.class, SUM(resident.pay) AS pay FROM resident JOIN own ON "
                               "resident.district = own.district GROUP BY own.class",
                               &shape, NULL));
    assert_int_equal(json_integer_or(shape, "rows", -1), 0);
    assert_ok(fixture_open(&fixture, 4, 9, &opened));
    assert_null(strstr(json_print(fixture.arena, opened), "99999"));
    attack_stopped(&(struct attack){"keeper", "import_pads_group",
                                    "pads the group of one person with two thousand imported rows",
                                    "guard: subjects counted per resource", "0 rows"});
}
