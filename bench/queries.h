/* The queries by which the guard and the sealed path are measured: synthetic rows of the size of a city's
 * social-insurance file, made by DuckDB itself, so that the file needs no download. `id` is the subject; the
 * keyed token that the engine adds at ingest is not part of these statements.
 *
 * Create each table with its statement (BENCH_PAYMENT("6000000") for that many rows), export it to Parquet,
 * bring it in through the engine, then run each query plainly and sealed. */
#pragma once

#define BENCH_ROWS "6000000"

#define BENCH_PAYMENT(rows)                                                                                                                    \
    "SELECT (hash(i // 3) % 900000000)::BIGINT AS id, "                                                                                        \
    "(['职工','灵活','居民'])[1 + (hash(i) % 3)::INTEGER] AS scheme, "                                                                   \
    "(['正常','补缴'])[1 + (hash(i + 7) % 2)::INTEGER] AS state, "                                                                         \
    "(['江岸区','江汉区','硚口区','汉阳区','武昌区','青山区','洪山区','东西湖区','汉南区','蔡甸区','江夏区'" \
    ",'黄陂区',"                                                                                                                            \
    "'新洲区'])[1 + (hash(i // 3 + 5) % 13)::INTEGER] AS district, "                                                                        \
    "(hash(i // 3 + 8) % 3495)::BIGINT AS hood, (hash(i // 3 + 9) % 30000)::BIGINT AS firm, "                                                  \
    "(hash(i // 3 + 6) % 100)::BIGINT AS age, DATE '2020-01-01' + (hash(i + 5) % 2000)::INTEGER AS day, "                                      \
    "(hash(i + 1) % 12)::BIGINT + 1 AS months, (hash(i + 2) % 3000000)::BIGINT / 100.0 AS base, "                                              \
    "(hash(i + 3) % 11)::BIGINT / 100.0 AS relief, (hash(i + 4) % 9)::BIGINT / 100.0 AS rate "                                                 \
    "FROM range(" rows ") t(i)"

#define BENCH_FIRM                                                                                                  \
    "SELECT i AS firm, (['制造','建筑','批发','信息','金融','教育','卫生','其他'])[1 + (hash(i) % " \
    "8)::INTEGER] AS "                                                                                              \
    "industry, (hash(i + 3) % 500)::BIGINT AS staff FROM range(30000) t(i)"

/* the developer's own table: classes of neighbourhoods */
#define BENCH_OWN                                                                                            \
    "SELECT i AS hood, (['A','B','C','D'])[1 + (hash(i) % 4)::INTEGER] AS class, (hash(i + 1) % "            \
    "100)::BIGINT / 10.0 "                                                                                   \
    "AS distance FROM range(3495) t(i)"

#define BENCH_POLICY                                                                                         \
    "{\"rule\":\"release/standard\",\"version\":1,\"tables\":["                                              \
    "{\"name\":\"payment\",\"kind\":\"resource\",\"subject\":\"id\",\"columns\":["                           \
    "{\"name\":\"id\",\"type\":\"BIGINT\",\"use\":\"key\"},"                                                 \
    "{\"name\":\"scheme\",\"type\":\"VARCHAR\",\"use\":\"dimension\"},"                                      \
    "{\"name\":\"state\",\"type\":\"VARCHAR\",\"use\":\"dimension\"},"                                       \
    "{\"name\":\"district\",\"type\":\"VARCHAR\",\"use\":\"dimension\"},"                                    \
    "{\"name\":\"hood\",\"type\":\"BIGINT\",\"use\":\"key_dimension\"},"                                     \
    "{\"name\":\"firm\",\"type\":\"BIGINT\",\"use\":\"key\"},"                                               \
    "{\"name\":\"age\",\"type\":\"BIGINT\",\"use\":\"dimension\"},"                                          \
    "{\"name\":\"day\",\"type\":\"DATE\",\"use\":\"dimension\"},"                                            \
    "{\"name\":\"months\",\"type\":\"BIGINT\",\"use\":\"measure\",\"filterable\":true,\"non_negative\":"     \
    "true},"                                                                                                 \
    "{\"name\":\"base\",\"type\":\"DOUBLE\",\"use\":\"measure\",\"filterable\":true,\"non_negative\":true}," \
    "{\"name\":\"relief\",\"type\":\"DOUBLE\",\"use\":\"measure\",\"filterable\":true,\"non_negative\":"     \
    "true},"                                                                                                 \
    "{\"name\":\"rate\",\"type\":\"DOUBLE\",\"use\":\"measure\",\"non_negative\":true}]},"                   \
    "{\"name\":\"firm\",\"kind\":\"resource\",\"subject\":\"firm\",\"columns\":["                            \
    "{\"name\":\"firm\",\"type\":\"BIGINT\",\"use\":\"key\"},"                                               \
    "{\"name\":\"industry\",\"type\":\"VARCHAR\",\"use\":\"dimension\"},"                                    \
    "{\"name\":\"staff\",\"type\":\"BIGINT\",\"use\":\"measure\",\"non_negative\":true}]},"                  \
    "{\"name\":\"own\",\"kind\":\"import\",\"columns\":["                                                    \
    "{\"name\":\"hood\",\"type\":\"BIGINT\",\"use\":\"key_dimension\"},"                                     \
    "{\"name\":\"class\",\"type\":\"VARCHAR\",\"use\":\"dimension\"},"                                       \
    "{\"name\":\"distance\",\"type\":\"DOUBLE\",\"use\":\"measure\",\"filterable\":true}]}],"                \
    "\"joins\":[{\"left\":[\"payment\",\"hood\"],\"right\":[\"own\",\"hood\"]},"                             \
    "{\"left\":[\"payment\",\"firm\"],\"right\":[\"firm\",\"firm\"]}]}"

static const struct {
    const char *name;
    const char *sql;
} bench_queries[] = {
    {"pricing summary",
     "SELECT scheme, state, sum(months) AS months, sum(base) AS base, sum(base * (1 - relief)) AS due, "
     "sum(base * (1 - relief) * (1 + rate)) AS charged, avg(months) AS avg_months, avg(base) AS avg_base, "
     "avg(relief) AS avg_relief, count(*) AS n FROM payment WHERE day <= '2025-04-01' GROUP BY scheme, state "
     "ORDER BY scheme, state"},
    {"filter and sum", "SELECT sum(base * relief) AS relieved FROM payment WHERE day >= '2021-01-01' AND day "
                       "< '2022-01-01' AND "
                       "relief BETWEEN 0.05 AND 0.07 AND months < 6"},
    {"by neighbourhood",
     "SELECT hood, count(*) AS n, sum(base) AS base FROM payment GROUP BY hood ORDER BY hood"},
    {"age bands", "SELECT CASE WHEN age < 18 THEN '0-17' WHEN age < 35 THEN '18-34' WHEN age < 60 THEN "
                  "'35-59' ELSE '60+' END AS "
                  "band, count(*) AS n, avg(base) AS base FROM payment GROUP BY band ORDER BY band"},
    {"by month", "SELECT date_trunc('month', day) AS month, count(*) AS n, sum(base) AS base FROM payment "
                 "GROUP BY month ORDER BY "
                 "month"},
    {"joined with own rows", "SELECT o.class, count(*) AS n, sum(p.base) AS base, avg(p.months) AS months "
                             "FROM payment p JOIN own o ON p.hood = "
                             "o.hood WHERE o.distance < 5 GROUP BY o.class ORDER BY o.class"},
    {"two resources joined", "SELECT f.industry, count(*) AS n, sum(p.base) AS base FROM payment p JOIN firm "
                             "f ON p.firm = f.firm GROUP BY "
                             "f.industry ORDER BY f.industry"},
    {"districts with conditions", "SELECT district, count(*) AS n, count(*) FILTER (WHERE base < 5000) AS "
                                  "low, sum(base) FILTER (WHERE state = '补缴') "
                                  "AS late, round(100.0 * sum(months) / count(*), 2) AS months FROM payment "
                                  "GROUP BY district ORDER BY n DESC"},
};
