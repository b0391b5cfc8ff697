#include "city_fill.h"

#include "bench.h"
#include "store/search.h"
#include "words.h"

#include <string.h>

static void sql(sqlite3 *connection, const char *text)
{
    char *error = NULL;
    if (sqlite3_exec(connection, text, NULL, NULL, &error) != SQLITE_OK)
        bench_die("%s: %.80s", error, text);
}

static void prepare(sqlite3 *connection, const char *text, sqlite3_stmt **ret_stmt)
{
    if (sqlite3_prepare_v2(connection, text, -1, ret_stmt, NULL) != SQLITE_OK)
        bench_die("%s: %.80s", sqlite3_errmsg(connection), text);
}

static sqlite3 *begin(const char *home)
{
    char path[512];
    sqlite3 *connection;
    (void)snprintf(path, sizeof path, "%s/city.db", home);
    if (sqlite3_open(path, &connection) != SQLITE_OK || search_register(connection) != SQLITE_OK)
        bench_die("cannot open %s", path);
    sql(connection, "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN");
    return connection;
}

static void end(sqlite3 *connection)
{
    sql(connection, "COMMIT");
    sqlite3_close(connection);
}

/* ---- the catalogue ---- */

static void put_entry(sqlite3_stmt *entry, sqlite3_stmt *search, int number)
{
    char code[16], title[256], abstract[512], text[1024];
    /* Spread by a multiplier without common factors with the lists. */
    unsigned at = (unsigned)number * 2654435761U >> 4;
    const char *region = word_regions[at % WORDS(word_regions)];
    const char *office = word_offices[at / 13 % WORDS(word_offices)];
    const char *topic = word_topics[at / 208 % WORDS(word_topics)];
    const char *kind = word_kinds[at / 7488 % WORDS(word_kinds)];
    (void)snprintf(code, sizeof code, "A%07d", number);
    (void)snprintf(title, sizeof title, "%s%s%s", region, topic, kind);
    (void)snprintf(abstract, sizeof abstract, "%s%s按月更新的%s%s，含编号、名称、时间与数量。", region,
                   office, topic, kind);
    (void)snprintf(text, sizeof text, "%s %s %s %s", title, code, abstract, region);
    sqlite3_bind_int(entry, 1, FILL_FIRST_ENTRY + number);
    sqlite3_bind_text(entry, 2, code, -1, SQLITE_STATIC);
    sqlite3_bind_text(entry, 3, title, -1, SQLITE_STATIC);
    sqlite3_bind_text(entry, 4, abstract, -1, SQLITE_STATIC);
    sqlite3_bind_text(entry, 5, region, -1, SQLITE_STATIC);
    sqlite3_bind_int(search, 1, FILL_FIRST_ENTRY + number);
    sqlite3_bind_text(search, 2, text, -1, SQLITE_STATIC);
    if (sqlite3_step(entry) != SQLITE_DONE || sqlite3_step(search) != SQLITE_DONE)
        bench_die("entry %d: %s", number, sqlite3_errmsg(sqlite3_db_handle(entry)));
    sqlite3_reset(entry);
    sqlite3_reset(search);
}

void fill_catalogue(const char *home, int count)
{
    sqlite3_stmt *entry, *search;
    sqlite3 *connection = begin(home);
    prepare(connection,
            "INSERT INTO entry (id, resource_id, resource_version, provider_id, code, title, abstract, "
            "region, grade, level, version, listed, listed_at) VALUES (?1, ?1, 1, (SELECT id FROM party "
            "WHERE role = 'provider'), ?2, ?3, ?4, ?5, 'general', 1, 1, 1, 1772413200000000)",
            &entry);
    prepare(connection, "INSERT INTO entry_search (rowid, text) VALUES (?, ?)", &search);
    for (int i = 0; i < count; i++)
        put_entry(entry, search, i);
    sqlite3_finalize(entry);
    sqlite3_finalize(search);
    /* Only entries of registered resources are shown. */
    sql(connection,
        "INSERT INTO resource (id, party_id, code, title, version, changed_at) SELECT resource_id, "
        "provider_id, code, title, 1, listed_at FROM entry WHERE code LIKE 'A%'");
    sql(connection, "INSERT INTO workflow_case (kind, object_id, version, state, since) SELECT 'resource', "
                    "resource_id, 1, 'registered', listed_at FROM entry WHERE code LIKE 'A%'");
    end(connection);
}

/* ---- requests ---- */

/* A hundred requests a developer, in a room of its own; `fill` holds the numbers 1 … count. */
static const char *const request_steps[] = {
    "CREATE TEMP TABLE fill AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
    "SELECT i "
    "FROM n",
    "CREATE TEMP TABLE model AS SELECT * FROM request WHERE id = %lld",
    "INSERT INTO party (id, role, name, credit_code, created_at) SELECT 1000 + i, 'developer', "
    "'开发利用主体' || i, "
    "printf('F%%017d', i), 1772413200000000 FROM fill WHERE i <= (SELECT (max(i) + 99) / 100 FROM fill)",
    "INSERT INTO workflow_case (kind, object_id, version, state, since) SELECT 'party', id, 1, 'active', "
    "created_at "
    "FROM party WHERE id > 1000",
    "INSERT INTO room (id, admission_id, agreement_id, operator_id, developer_id, title, quota_seconds, "
    "used_ms) "
    "SELECT p.id, m.admission_id, m.agreement_id, m.operator_id, p.id, '开发环境', 3600, 0 FROM party p, "
    "model m "
    "WHERE p.id > 1000",
    "INSERT INTO workflow_case (kind, object_id, version, state, since) SELECT 'room', id, 1, 'open', "
    "1772413200000000 "
    "FROM room WHERE id > 1000",
    "INSERT INTO request (id, admission_id, agreement_id, operator_id, developer_id, provider_id, room_id, "
    "entry_id, "
    "resource_id, resource_version, table_name, purpose, columns, rows, period) SELECT 1000 + i, "
    "m.admission_id, "
    "m.agreement_id, m.operator_id, 1001 + (i - 1) / 100, m.provider_id, 1001 + (i - 1) / 100, m.entry_id, "
    "m.resource_id, m.resource_version, 't' || i, m.purpose, m.columns, m.rows, m.period FROM fill, model m",
    "INSERT INTO workflow_case (kind, object_id, version, state, since) SELECT 'request', 1000 + i, 1, "
    "'approved', "
    "1772413200000000 + i FROM fill",
    "INSERT INTO workflow_event (case_id, event, from_state, to_state, account, party, at, entry) SELECT id, "
    "'submit', "
    "NULL, 'submitted', 1, object_id, since, 0 FROM workflow_case WHERE kind = 'request' AND object_id > "
    "1000",
    "INSERT INTO call_grant (id, request_id, room_id, agreement_id, state) SELECT r.id, r.id, r.room_id, "
    "r.agreement_id, 'ended' FROM request r WHERE r.id > 1000",
    "INSERT INTO source_order (id, grant_id, provider_id, state, text, signature, issued_at, expires_at) "
    "SELECT r.id, "
    "r.id, r.provider_id, 'void', '{}', '', 1772413200000000, 1772413200000000 FROM request r WHERE r.id > "
    "1000",
};

void fill_requests(const char *home, int count, row_id like)
{
    char text[1024];
    sqlite3 *connection = begin(home);
    for (size_t i = 0; i < sizeof request_steps / sizeof request_steps[0]; i++) {
        if (i == 0)
            (void)snprintf(text, sizeof text, request_steps[i], count);
        else
            (void)snprintf(text, sizeof text, request_steps[i], (long long)like);
        sql(connection, text);
    }
    end(connection);
}

/* ---- books, queries, notices ---- */

/* ?1: how many; ?2: the order; ?3: the room. Of a bill of 1,000 fen the provider has 300, the bureau 100, the
 * operator 200, the developer 400. */
static const char *const book_steps[] = {
    "CREATE TEMP TABLE fill AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) "
    "SELECT i FROM n",
    "CREATE TEMP TABLE share (i, account, party_id, amount_fen, part, weight, weight_of, share)",
    "INSERT INTO share SELECT 1, 'receivable', customer_id, 1000, NULL, NULL, NULL, NULL FROM product_order "
    "WHERE id = ?2 "
    "UNION ALL SELECT 2, 'share', id, -300, 'provider', 30, 100, 1 FROM party WHERE role = 'provider' "
    "UNION ALL SELECT 3, 'share', id, -100, 'bureau', 10, 100, 1 FROM party WHERE role = 'bureau' "
    "UNION ALL SELECT 4, 'share', p.operator_id, -200, 'operator', 20, 100, 1 FROM product p JOIN "
    "product_order "
    "o ON o.product_id = p.id WHERE o.id = ?2 "
    "UNION ALL SELECT 5, 'share', p.party_id, -400, 'developer', 40, 100, 1 FROM product p JOIN "
    "product_order o "
    "ON o.product_id = p.id WHERE o.id = ?2",
    "INSERT INTO price (id, product_id, per_call_fen, waived, from_day, party_id, at) SELECT 1000, p.id, 10, "
    "0, "
    "20500, p.party_id, 1772413200000000 FROM product p JOIN product_order o ON o.product_id = p.id WHERE "
    "o.id "
    "= ?2",
    "INSERT INTO bill (id, order_id, product_id, customer_id, first_meter, last_meter, from_day, until_day, "
    "calls, price_fen, waived_fen, due_fen, formula, at) SELECT 1000 + i, o.id, o.product_id, o.customer_id, "
    "0, "
    "0, 20500, 20500, 100, 1000, 0, 1000, 'revenue@1', 1772413200000000 + i FROM fill, product_order o WHERE "
    "o.id = ?2",
    "INSERT INTO bill_line (id, bill_id, on_day, price_id, per_call_fen, calls, price_fen, waived_fen) "
    "SELECT "
    "id, id, 20500, 1000, 10, 100, 1000, 0 FROM bill WHERE id > 1000",
    "INSERT INTO journal (id, kind, bill_id, day, at) SELECT id, 'bill', id, 20500, at FROM bill WHERE id > "
    "1000",
    "INSERT INTO posting (id, journal_id, account, party_id, amount_fen, part, weight, weight_of, share, "
    "share_of) SELECT 5000 + 5 * f.i + s.i, 1000 + f.i, s.account, s.party_id, s.amount_fen, s.part, "
    "s.weight, "
    "s.weight_of, s.share, s.share FROM fill f, share s ORDER BY f.i, s.i",
    "INSERT INTO balance (id, balance_fen, postings, last_posting) SELECT party_id, SUM(amount_fen), "
    "COUNT(*), "
    "MAX(id) FROM posting GROUP BY party_id",
    "INSERT INTO query (id, room_id, account_id, sql, rule, state, shape, started_at, ended_at) SELECT 1000 "
    "+ i, "
    "?3, 1, 'SELECT count(*) FROM model', 'release/standard@1', 'done', '{}', 1772413200000000 + i, "
    "1772413200000000 + i FROM fill",
    "INSERT INTO notice (id, kind, object, object_id, title, body, from_at, until_at) SELECT 1000 + i, "
    "'selection', 'selection', 1000 + i, '公告', '{}', 1700000000000000 + i, 1702592000000000 + i FROM fill",
    "INSERT INTO notice (kind, object, object_id, title, body, from_at, until_at) SELECT "
    "'selection_outcome', "
    "'selection', 1000 + i, '公示', '{}', 1772413200000000, 4102444800000000 FROM fill WHERE i <= 30",
};

void fill_books(const char *home, int count, row_id order, row_id room)
{
    sqlite3 *connection = begin(home);
    const row_id values[] = {count, order, room};
    for (size_t i = 0; i < sizeof book_steps / sizeof book_steps[0]; i++) {
        sqlite3_stmt *stmt;
        prepare(connection, book_steps[i], &stmt);
        for (int n = 1; n <= 3; n++)
            (void)sqlite3_bind_int64(stmt, n, values[n - 1]);
        if (sqlite3_step(stmt) != SQLITE_DONE)
            bench_die("%s: %.80s", sqlite3_errmsg(connection), book_steps[i]);
        sqlite3_finalize(stmt);
    }
    end(connection);
}
