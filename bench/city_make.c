/* Makes the city that the HTTP figures are measured on, in a folder that must be new.
 *
 * city_make HOME LIBRARY: a listed entry of the catalogue among a million more, and a listed verification
 * product with an index of SUBJECTS subjects, an order of a customer and its legal basis. HOME/bench.json
 * then says {"entry","product","token","now"}; "now" is the city's time, in microseconds.
 *
 * The million entries are put into the tables directly: they are there to be searched, not to be audited. */
#include "affairs/product/product_fixture.h"
#include "bench.h"
#include "engine/duckdb/duckdb_engine.h"
#include "store/search.h"
#include "vault/delivery.h"
#include "words.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ENTRIES = 1000000, FIRST_ENTRY = 1000, SUBJECTS = 100000, GRANT = 1, SUBJECT_LINE = 16 };

static const char *home;

/* The test city asks for its folder. */
const char *test_folder(void)
{
    return home;
}

static void must(enum result result, const char *what, const struct refusal *refusal)
{
    if (result != RESULT_OK)
        bench_die("%s: %s: %s", what, result_name(result),
                  refusal != NULL && refusal->en != NULL ? refusal->en : "");
}

/* ---- parties, product, order ---- */

static json_t *make_market(void)
{
    CLEANUP_MARKET struct market *market = market_new();
    struct city *city = market->city;
    row_id entry = fixture_entry(city, &market->people, "SB-0001");
    row_id product = market_product(market, "data_product", "verification", "年满六十核验", "listed");
    row_id order = market_granted(market, product, 1000000000);
    const char *customer = market->people.customer_clerk;
    const json_t *made = city_expect(
        city, 201, customer, city_format(city, "POST /orders/%lld/legal-bases", (long long)order),
        city_format(city,
                    "{\"kind\":\"contract\",\"text\":\"为订立合同所必需\",\"document_id\":%lld,\"until_day\":"
                    "\"2026-12-31\"}",
                    (long long)fixture_document(city, market->people.customer)));
    (void)city_expect(
        city, 200, market->people.operator_reviewer,
        city_format(city, "POST /legal-bases/%lld/accept", (long long)fixture_number(made, "id")), "{}");
    made = city_expect(city, 201, customer, "POST /tokens", "{\"title\":\"bench\",\"days\":30}");
    return json_pack("{s:I, s:I, s:s, s:I}", "entry", (json_int_t)entry, "product", (json_int_t)product,
                     "token", json_text(made, "token"), "now", (json_int_t)clock_now(city_app(city)->clock));
}

/* ---- the product's index ---- */

static int sealed_residents(const char *public_key, const struct digest *order)
{
    char line[2 * SUBJECT_LINE];
    CLEANUP_DELIVERY_SEAL struct delivery_seal *seal = NULL;
    int fd = memfd_create("sealed", MFD_CLOEXEC);
    must(delivery_seal_open(fd, public_key, order, &seal), "seal", NULL);
    must(delivery_seal_write(seal, "id,age\n", 7), "seal", NULL);
    for (int i = 1; i <= SUBJECTS; i++) {
        int size = snprintf(line, sizeof line, "%d,%d\n", i, i % 100);
        must(delivery_seal_write(seal, line, (size_t)size), "seal", NULL);
    }
    must(delivery_seal_finish(seal), "seal", NULL);
    return fd;
}

static void deliver(struct keeper *keeper, struct arena *arena)
{
    char key[KEEPER_KEY_TEXT_SIZE];
    char *signature;
    struct refusal refusal = {0};
    json_t *report = NULL;
    must(keeper_grant_open(keeper, GRANT, key), "grant", NULL);
    CLEANUP_JSON json_t *order = json_pack("{s:i, s:i, s:s}", "order", 1, "grant", GRANT, "public_key", key);
    CLEANUP_JSON json_t *expected = json_loads(
        "{\"columns\":[{\"name\":\"id\",\"type\":\"integer\"},{\"name\":\"age\",\"type\":\"integer\"}],"
        "\"subject\":\"id\"}",
        0, NULL);
    must(keeper_order_sign(keeper, arena, order, &signature), "order", NULL);
    const char *text = json_print_canonical(arena, order);
    struct digest digest = digest_sha256(text, strlen(text));
    int sealed = sealed_residents(key, &digest);
    must(keeper_slice_receive(keeper, arena, GRANT, sealed, expected, &report, &refusal), "slice", &refusal);
    json_decref(report);
    (void)close(sealed);
}

static enum result start_engine(const char *library, struct engine **ret_engine)
{
    return duckdb_engine_start(&(struct duckdb_engine_options){.library = library}, ret_engine);
}

static void make_index(const char *library, row_id product)
{
    struct keeper *keeper;
    struct digest digest;
    struct refusal refusal = {0};
    json_t *report = NULL;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const struct keeper_options options = {
        .home = home, .origin = "dukou.city/log", .start_engine = start_engine, .engine_library = library};
    must(keeper_start(&options, &keeper, &refusal), "keeper", &refusal);
    deliver(keeper, arena);
    CLEANUP_JSON json_t *policy =
        json_loads("{\"rule\":\"release/"
                   "standard\",\"version\":1,\"tables\":[{\"name\":\"resident\",\"kind\":\"resource\","
                   "\"subject\":\"id\",\"file\":\"slice/"
                   "1\",\"columns\":[{\"name\":\"id\",\"type\":\"BIGINT\",\"use\":\"key\"},"
                   "{\"name\":\"age\",\"type\":\"BIGINT\",\"use\":\"measure\",\"filterable\":true,\"non_"
                   "negative\":true}]}],"
                   "\"joins\":[]}",
                   0, NULL);
    CLEANUP_JSON json_t *spec = json_loads("{\"table\":\"resident\",\"predicate\":\"age >= 60\"}", 0, NULL);
    must(keeper_product_index(keeper, arena, product, policy, spec, &digest, &report, &refusal), "index",
         &refusal);
    json_decref(report);
    keeper_stop(keeper);
}

/* ---- the catalogue ---- */

static void sql(sqlite3 *connection, const char *text)
{
    char *error = NULL;
    if (sqlite3_exec(connection, text, NULL, NULL, &error) != SQLITE_OK)
        bench_die("%s: %.80s", error, text);
}

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
    sqlite3_bind_int(entry, 1, FIRST_ENTRY + number);
    sqlite3_bind_text(entry, 2, code, -1, SQLITE_STATIC);
    sqlite3_bind_text(entry, 3, title, -1, SQLITE_STATIC);
    sqlite3_bind_text(entry, 4, abstract, -1, SQLITE_STATIC);
    sqlite3_bind_text(entry, 5, region, -1, SQLITE_STATIC);
    sqlite3_bind_int(search, 1, FIRST_ENTRY + number);
    sqlite3_bind_text(search, 2, text, -1, SQLITE_STATIC);
    if (sqlite3_step(entry) != SQLITE_DONE || sqlite3_step(search) != SQLITE_DONE)
        bench_die("entry %d: %s", number, sqlite3_errmsg(sqlite3_db_handle(entry)));
    sqlite3_reset(entry);
    sqlite3_reset(search);
}

static void fill_catalogue(void)
{
    char path[512];
    sqlite3 *connection;
    sqlite3_stmt *entry, *search;
    (void)snprintf(path, sizeof path, "%s/city.db", home);
    if (sqlite3_open(path, &connection) != SQLITE_OK || search_register(connection) != SQLITE_OK)
        bench_die("cannot open %s", path);
    sql(connection,
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN");
    if (sqlite3_prepare_v2(
            connection,
            "INSERT INTO entry (id, resource_id, resource_version, provider_id, code, title, abstract, "
            "region, grade, level, version, listed, listed_at) VALUES (?1, ?1, 1, (SELECT id FROM party "
            "WHERE role = 'provider'), ?2, ?3, ?4, ?5, 'general', 1, 1, 1, 1772413200000000)",
            -1, &entry, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(connection, "INSERT INTO entry_search (rowid, text) VALUES (?, ?)", -1, &search,
                           NULL) != SQLITE_OK)
        bench_die("%s", sqlite3_errmsg(connection));
    for (int i = 0; i < ENTRIES; i++)
        put_entry(entry, search, i);
    sqlite3_finalize(entry);
    sqlite3_finalize(search);
    /* Only entries of registered resources are shown. */
    sql(connection,
        "INSERT INTO resource (id, party_id, code, title, version, changed_at) SELECT resource_id, "
        "provider_id, code, title, 1, listed_at FROM entry WHERE code LIKE 'A%'");
    sql(connection, "INSERT INTO workflow_case (kind, object_id, version, state, since) SELECT 'resource', "
                    "resource_id, 1, 'registered', listed_at FROM entry WHERE code LIKE 'A%'");
    sql(connection, "COMMIT");
    sqlite3_close(connection);
}

int main(int argc, char **argv)
{
    char path[512];
    if (argc != 3 || mkdir(argv[1], 0700) != 0)
        bench_die("city_make HOME LIBRARY: HOME must be new");
    home = argv[1];
    bench_say("making a city");
    CLEANUP_JSON json_t *city = make_market();
    make_index(argv[2], json_integer_or(city, "product", 0));
    bench_say("adding %d entries to its catalogue", ENTRIES);
    fill_catalogue();
    (void)snprintf(path, sizeof path, "%s/bench.json", home);
    return json_dump_file(city, path, 0) == 0 ? 0 : 1;
}
