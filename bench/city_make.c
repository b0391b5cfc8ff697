/* Makes the city that the HTTP figures are measured on, in a folder that must be new.
 *
 * city_make HOME LIBRARY ENTRIES REQUESTS LOG: a listed entry of the catalogue among ENTRIES more, and a
 * listed verification product with an index of SUBJECTS subjects, an order of a customer and its legal basis.
 * HOME/bench.json then says {"entry","room","product","token","developer","bureau","now"}; the three names
 * are tokens, "token" the customer's; "now" is the city's time, in microseconds.
 *
 * The entries are put into the tables directly, as many REQUESTS of other developers beside them, and a tenth
 * of that in bills, queries and notices. Then a log of LOG audit entries, or of one for each row if those are
 * more, is made and sealed, so that `dukou audit verify` passes and the keeper goes on sealing. */
#include "affairs/product/product_fixture.h"
#include "bench.h"
#include "city_fill.h"
#include "engine/duckdb/duckdb_engine.h"
#include "vault/delivery.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SUBJECTS = 100000, GRANT = 1, SUBJECT_LINE = 16 };

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

static const char *make_token(struct city *city, const char *who)
{
    return json_text(city_expect(city, 201, who, "POST /tokens", "{\"title\":\"bench\",\"days\":30}"),
                     "token");
}

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
    const json_t *request = city_expect(
        city, 201, market->people.developer_clerk, "POST /requests",
        city_format(city,
                    "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"model\",\"purpose\":\"研究\","
                    "\"columns\":[\"base\"]}",
                    (long long)market->room, (long long)entry));
    return json_pack(
        "{s:I, s:I, s:I, s:I, s:I, s:s, s:s, s:s, s:I}", "order", (json_int_t)order, "entry",
        (json_int_t)entry, "room", (json_int_t)market->room, "request",
        (json_int_t)fixture_number(request, "id"), "product", (json_int_t)product, "token",
        make_token(city, customer), "developer", make_token(city, market->people.developer_clerk), "bureau",
        make_token(city, market->people.clerk), "now", (json_int_t)clock_now(city_app(city)->clock));
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
    CLEANUP_JSON json_t *expected = json_loads("{\"columns\":[{\"name\":\"id\",\"type\":\"integer\"},{"
                                               "\"name\":\"age\",\"type\":\"integer\",\"minimum\":\"0\"}],"
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

/* The test city's store under the name that `dukou` expects. */
static void take_name(void)
{
    char from[512], to[512];
    (void)snprintf(from, sizeof from, "%s/city.db", home);
    (void)snprintf(to, sizeof to, "%s/dukou.db", home);
    if (rename(from, to) != 0)
        bench_die("cannot rename %s", from);
}

static int64_t number(const char *text)
{
    char *end;
    int64_t value = strtoll(text, &end, 10);
    if (*end != '\0' || value < 0)
        bench_die("%s is no number", text);
    return value;
}

int main(int argc, char **argv)
{
    char path[512];
    if (argc != 6 || mkdir(argv[1], 0700) != 0)
        bench_die("city_make HOME LIBRARY ENTRIES REQUESTS LOG: HOME must be new");
    home = argv[1];
    bench_say("making a city");
    CLEANUP_JSON json_t *city = make_market();
    make_index(argv[2], json_integer_or(city, "product", 0));
    bench_say("adding %s entries to its catalogue", argv[3]);
    fill_catalogue(home, (int)number(argv[3]));
    json_object_set_new(city, "entries", json_integer(number(argv[3])));
    json_object_set_new(city, "requests", json_integer(number(argv[4])));
    bench_say("adding %s requests", argv[4]);
    fill_requests(home, (int)number(argv[4]), json_integer_or(city, "request", 0));
    json_object_set_new(city, "log", json_integer(number(argv[5])));
    json_object_set_new(city, "books", json_integer(number(argv[4]) / 10));
    bench_say("adding %lld bills, queries and notices", (long long)number(argv[4]) / 10);
    fill_books(home, (int)number(argv[4]) / 10, json_integer_or(city, "order", 0),
               json_integer_or(city, "room", 0));
    fill_log(home, argv[2], number(argv[5]), json_integer_or(city, "now", 0));
    take_name();
    (void)snprintf(path, sizeof path, "%s/bench.json", home);
    return json_dump_file(city, path, 0) == 0 ? 0 : 1;
}
