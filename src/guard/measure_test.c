/* Printed queries answer like the plain SQL, and measure what an independent count in C finds. */
#include "guard/duck.h"
#include "guard/release.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

static bool near(double a, double b)
{
    return (isnan(a) && isnan(b)) || a == b || fabs(a - b) <= 1e-9 * (fabs(a) + fabs(b));
}

static void assert_near(double a, double b, const char *sql)
{
    if (!near(a, b))
        fail_msg("%s: %.17g is not %.17g", sql, a, b);
}

/* Same rows in the same order: `sql` says ORDER BY. */
static void assert_same_as_plain(const char *sql)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct duck_sealed sealed = duck_seal(arena, policy, sql);
    struct engine_answer plain;
    const char *error;
    if (!duck_query(arena, sql, &plain, &error))
        fail_msg("%s: %s", sql, error);
    assert_int_equal(plain.rows, sealed.answer.rows);
    assert_int_equal(plain.column_count, sealed.printed.plan.output_count);
    assert_ok(release_fits(&sealed.printed.plan, &sealed.answer));
    for (size_t row = 0; row < plain.rows; row++)
        for (size_t i = 0; i < plain.column_count; i++) {
            assert_int_equal(plain.columns[i].nulls[row], sealed.answer.columns[i].nulls[row]);
            if (plain.columns[i].type == ENGINE_TEXT || plain.columns[i].type == ENGINE_BOOLEAN)
                assert_string_equal(duck_text(arena, &plain, row, i),
                                    duck_text(arena, &sealed.answer, row, i));
            else
                assert_near(duck_number(&sealed.answer, row, i), duck_number(&plain, row, i), sql);
        }
}

TEST(accepted_queries_answer_like_the_plain_sql)
{
    static const char *const queries[] = {
        "SELECT count(*) FROM resident",
        "SELECT count(*), count(pay), sum(pay), avg(pay), count(DISTINCT id) FROM resident",
        "SELECT district, count(*) AS n, sum(balance) AS total FROM resident GROUP BY district ORDER BY "
        "district",
        "SELECT district, married, avg(rent), avg(balance) FROM resident GROUP BY 1, 2 ORDER BY 1, 2 DESC",
        "SELECT age, count(*) FROM resident GROUP BY age ORDER BY age NULLS FIRST LIMIT 7",
        "SELECT CASE WHEN pay < 3000 THEN 'low' WHEN pay < 9000 THEN 'middle' ELSE 'high' END AS band, "
        "count(*), "
        "sum(rent) FROM resident GROUP BY band ORDER BY band",
        "SELECT date_trunc('year', born) AS y, count(*) FROM resident WHERE born >= '1970-01-01' GROUP BY y "
        "ORDER BY y",
        "SELECT extract(month FROM born) AS m, count(*) FROM resident GROUP BY m ORDER BY m",
        "SELECT year(born) // 10 AS decade, count(*) FROM resident GROUP BY 1 ORDER BY 1",
        "SELECT left(district, 1) AS d, count(*) FROM resident WHERE district LIKE '洪%' GROUP BY 1 ORDER BY "
        "1",
        "SELECT district, sum(pay) / count(*) AS mean, round(100.0 * count(pay) / count(*), 1) AS share FROM "
        "resident "
        "GROUP BY district ORDER BY district",
        "SELECT district, sum(CASE WHEN married THEN pay ELSE 0 END) AS a, count(*) FILTER (WHERE pay > "
        "5000) AS b "
        "FROM resident WHERE age BETWEEN 20 AND 60 AND hood NOT IN (3, 4) GROUP BY district ORDER BY 1",
        "SELECT sum(ln(abs(rent) + 1)), sum(exp(age / 100.0)), sum(sqrt(pay)), sum(power(age, 2)) FROM "
        "resident",
        "SELECT o.class, count(*) AS n, sum(r.pay * o.weight) AS w FROM resident r JOIN own o ON r.hood = "
        "o.hood GROUP BY "
        "o.class ORDER BY o.class",
        "SELECT o.class, count(*) AS n, count(r.age) AS known, sum(r.pay) AS pay FROM own o LEFT JOIN "
        "resident r ON "
        "o.hood = r.hood AND r.hood = o.hood GROUP BY o.class ORDER BY o.class",
        "SELECT f.industry, count(*) AS n, avg(r.pay) AS pay, sum(f.staff) AS staff, sum(r.balance) AS "
        "balance FROM "
        "resident r JOIN firm f ON r.firm = f.firm GROUP BY f.industry ORDER BY 1",
        "SELECT f.industry, o.class, count(*) AS n, sum(f.staff * o.weight) AS x FROM resident r LEFT JOIN "
        "firm f ON "
        "r.firm = f.firm LEFT JOIN own o ON r.hood = o.hood GROUP BY 1, 2 ORDER BY 1, 2",
        "SELECT count(*) AS n, sum(r.pay) AS s, avg(f.staff) AS a FROM resident r JOIN firm f ON f.firm = "
        "r.firm WHERE "
        "f.industry <> 'IT'",
        "SELECT district, count(DISTINCT age) AS ages FROM resident GROUP BY district ORDER BY district",
        "SELECT count(DISTINCT hood) AS hoods FROM resident WHERE age > 3",
        "SELECT f.industry, count(DISTINCT r.district) AS d FROM resident r JOIN firm f ON f.firm = r.firm "
        "GROUP BY 1 "
        "ORDER BY 1",
        "SELECT district FROM resident GROUP BY district ORDER BY district",
        "SELECT 'x' AS k, district IS NULL AS missing, count(*) FROM resident GROUP BY district ORDER BY 3, "
        "2",
        "SELECT class, avg(weight), count(*) FROM own GROUP BY class ORDER BY class",
        "SELECT count(*), sum(pay), avg(rent) FROM resident WHERE age < 0",
        "SELECT district, count(*) FROM resident WHERE age < 0 GROUP BY district",
        "SELECT coalesce(age, -1) AS a, count(*) FROM resident WHERE age IS DISTINCT FROM 5 GROUP BY 1 ORDER "
        "BY 1 LIMIT 9",
        "SELECT sum(greatest(age, 18)), sum(least(age, 65)), sum(nullif(age, 30)), sum(-age), sum(age % 7) "
        "FROM resident",
        "SELECT sum(rent * rent), sum(rent + balance), sum(round(rent, 1)), sum(floor(pay)), sum(ceil(rent)) "
        "FROM resident",
        "SELECT sum(date_diff('day', DATE '2000-01-01', born)), sum(born - DATE '2000-01-01') FROM resident",
        "SELECT sum(CAST(rent AS DOUBLE)), sum(age::DECIMAL(10,3)), count(TRY_CAST(district AS INTEGER)) "
        "FROM resident",
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++)
        assert_same_as_plain(queries[i]);
}

/* ---- what is measured ---- */

struct share {
    const char *group;
    double buckets[65];
    bool rows[65];
};

static struct share *share_of(struct share *shares, size_t *count, const char *group)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(shares[i].group, group) == 0)
            return &shares[i];
    shares[*count].group = group;
    return &shares[(*count)++];
}

/* `rows`: a plain query of group, bucket (NULL where no row of the resource is there) and contribution, row
 * by row. Compares with the measurements of aggregate 0 for resource r. */
static void assert_measured(const char *sql, size_t resource, const char *rows)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct duck_sealed sealed = duck_seal(arena, policy, sql);
    struct engine_answer raw;
    const char *error;
    if (!duck_query(arena, rows, &raw, &error))
        fail_msg("%s: %s", rows, error);
    struct share *shares = arena_new_array(arena, struct share, raw.rows + 1);
    size_t count = 0;
    for (size_t row = 0; row < raw.rows; row++) {
        struct share *share = share_of(shares, &count, duck_text(arena, &raw, row, 0));
        double bucket = duck_number(&raw, row, 1);
        double size = duck_number(&raw, row, 2);
        if (isnan(bucket))
            continue;
        share->rows[(int)bucket] = true;
        share->buckets[(int)bucket] += isnan(size) ? 0 : fabs(size);
    }
    assert_int_equal(count, sealed.answer.rows);
    for (size_t row = 0; row < sealed.answer.rows; row++) {
        const struct share *share = share_of(shares, &count, duck_text(arena, &sealed.answer, row, 0));
        double n_rows = 0;
        double n = 0;
        double t = 0;
        double b1 = 0;
        double b2 = 0;
        for (int b = 0; b <= 64; b++) {
            n_rows += b < 64 && share->rows[b];
            n += b < 64 && share->buckets[b] > 0;
            t += share->buckets[b];
            b2 = share->buckets[b] > b1 ? b1 : fmax(b2, share->buckets[b]);
            b1 = fmax(b1, share->buckets[b]);
        }
        size_t at = release_measure_column(&sealed.printed.plan, 0, resource);
        assert_near(duck_number(&sealed.answer, row, release_rows_column(&sealed.printed.plan, resource)),
                    n_rows, sql);
        assert_near(duck_number(&sealed.answer, row, at), n, sql);
        assert_near(duck_number(&sealed.answer, row, at + 1), t, sql);
        assert_near(duck_number(&sealed.answer, row, at + 2), b1, sql);
        assert_near(duck_number(&sealed.answer, row, at + 3), b2, sql);
    }
}

#define BUCKET(token) "coalesce(CAST(" token " & 63 AS INTEGER), 64)"

TEST(counts_are_measured_by_subject)
{
    assert_measured("SELECT hood, count(*) FROM resident WHERE age > 30 GROUP BY hood", 0,
                    "SELECT hood, " BUCKET("\"__subject_id\"") ", 1 FROM resident WHERE age > 30");
}

TEST(sums_are_measured_by_size_and_zeros_do_not_contribute)
{
    assert_measured("SELECT hood, sum(balance) FROM resident GROUP BY hood", 0,
                    "SELECT hood, " BUCKET("\"__subject_id\"") ", balance FROM resident");
    assert_measured(
        "SELECT hood, sum(CASE WHEN age > 70 THEN pay ELSE 0 END) FROM resident GROUP BY hood", 0,
        "SELECT hood, " BUCKET("\"__subject_id\"") ", CASE WHEN age > 70 THEN pay ELSE 0 END FROM resident");
}

TEST(averages_are_measured_like_sums)
{
    assert_measured("SELECT hood, avg(rent) FROM resident GROUP BY hood", 0,
                    "SELECT hood, " BUCKET("\"__subject_id\"") ", rent FROM resident");
}

TEST(an_import_cannot_pad_a_group)
{
    assert_measured(
        "SELECT o.class, count(*) FROM own o LEFT JOIN resident r ON o.hood = r.hood AND o.hood = r.hood "
        "WHERE r.age IS NULL GROUP BY 1",
        0,
        "SELECT o.class, CASE WHEN r.hood IS NOT NULL THEN " BUCKET(
            "r.\"__subject_id\"") " END, 1 FROM own o "
                                  "LEFT JOIN resident r ON o.hood = r.hood WHERE r.age IS NULL");
}

TEST(each_of_two_resources_is_measured)
{
    const char *sql =
        "SELECT f.industry, sum(r.balance) FROM resident r LEFT JOIN firm f ON r.firm = f.firm GROUP BY 1";
    assert_measured(
        sql, 0,
        "SELECT f.industry, " BUCKET("r.\"__subject_id\"") ", r.balance FROM resident r LEFT JOIN firm "
                                                           "f ON r.firm = f.firm");
    assert_measured(
        sql, 1,
        "SELECT f.industry, CASE WHEN f.firm IS NOT NULL THEN " BUCKET(
            "f.\"__subject_firm\"") " END, r.balance FROM resident r LEFT JOIN firm f ON r.firm = f.firm");
}

TEST(subjects_are_counted_exactly_and_measured)
{
    assert_measured("SELECT hood, count(DISTINCT id) FROM resident GROUP BY hood", 0,
                    "SELECT DISTINCT hood, " BUCKET(
                        "\"__subject_id\"") ", CASE WHEN id IS NULL THEN 0 ELSE 1 END, id FROM "
                                            "resident");
}

TEST(each_value_of_a_distinct_count_is_measured)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct duck_sealed sealed = duck_seal(
        arena, policy, "SELECT district, count(DISTINCT hood) FROM resident GROUP BY district ORDER BY 1");
    struct engine_answer plain;
    const char *error;
    assert_true(duck_query(
        arena,
        "SELECT district, min(n) FROM (SELECT district, hood, count(DISTINCT \"__subject_id\" & 63) "
        "AS n FROM resident GROUP BY 1, 2) GROUP BY district ORDER BY 1",
        &plain, &error));
    assert_int_equal(plain.rows, 3);
    size_t at = release_measure_column(&sealed.printed.plan, 0, 0);
    for (size_t row = 0; row < plain.rows; row++) {
        assert_near(duck_number(&sealed.answer, row, at), duck_number(&plain, row, 1), "support");
        assert_true(sealed.answer.columns[at + 1].nulls[row]);
    }
}

/* Buckets are a lower bound: never more than the subjects that are there. */
TEST(buckets_never_exceed_subjects)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct duck_sealed sealed =
        duck_seal(arena, policy, "SELECT age, count(*) FROM resident GROUP BY age ORDER BY age NULLS LAST");
    struct engine_answer plain;
    const char *error;
    assert_true(
        duck_query(arena, "SELECT age, count(DISTINCT id) FROM resident GROUP BY age ORDER BY age NULLS LAST",
                   &plain, &error));
    for (size_t row = 0; row < plain.rows; row++)
        assert_true(duck_number(&sealed.answer, row, release_rows_column(&sealed.printed.plan, 0)) <=
                    duck_number(&plain, row, 1));
}

/* A weight of the developer's own singles out one person: the count looks large, the shares tell. */
TEST(a_person_made_heavy_by_an_import_dominates)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_policy(
        arena, "{'rule':'r','version':1,'tables':[{'name':'town','kind':'resource','subject':'id','columns':["
               "{'name':'id','type':'BIGINT','use':'key'}]},{'name':'mine','kind':'import','columns':["
               "{'name':'id','type':'BIGINT','use':'key'},{'name':'w','type':'DOUBLE','use':'measure'}]}],"
               "'joins':[{'left':['town','id'],'right':['mine','id']}]}");
    duck_need();
    duck_do(
        "CREATE OR REPLACE TABLE town AS SELECT i AS id, hash(i) AS \"__subject_id\" FROM range(500) t(i)");
    duck_buckets("town", "id");
    duck_do("CREATE OR REPLACE TABLE mine AS SELECT i AS id, CASE WHEN i = 77 THEN 1e6 ELSE 1 END AS w FROM "
            "range(500) "
            "t(i)");
    duck_do("INSERT INTO mine SELECT 78, 1 FROM range(5000)");
    struct duck_sealed sum =
        duck_seal(arena, policy, "SELECT sum(m.w) FROM town t JOIN mine m ON t.id = m.id");
    assert_int_equal(release_cell_faults(policy, &sum.printed.plan, &sum.answer, 0, 0),
                     CELL_TOP_TWO | CELL_P_PERCENT);
    struct duck_sealed rows =
        duck_seal(arena, policy, "SELECT count(*) FROM town t JOIN mine m ON t.id = m.id");
    assert_int_equal(release_cell_faults(policy, &rows.printed.plan, &rows.answer, 0, 0),
                     CELL_TOP_TWO | CELL_P_PERCENT);
    struct duck_sealed fair = duck_seal(arena, policy, "SELECT count(*) FROM town");
    assert_int_equal(release_cell_faults(policy, &fair.printed.plan, &fair.answer, 0, 0), 0);
}

TEST(only_the_columns_named_need_be_in_reach)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct policy *policy = duck_city(arena);
    struct duck_sealed sealed = duck_seal(arena, policy,
                                          "SELECT o.class, sum(r.pay) FROM resident r JOIN own o ON r.hood = "
                                          "o.hood WHERE r.age > 3 GROUP BY 1");
    const char *const *names;
    assert_int_equal(guard_columns(arena, &sealed.query, 0, &names), 4);
    assert_string_equal(names[0], "hood");
    assert_string_equal(names[1], "age");
    assert_string_equal(names[2], "pay");
    assert_string_equal(names[3], "__bucket_id");
    assert_int_equal(guard_columns(arena, &sealed.query, 1, &names), 2);
}
