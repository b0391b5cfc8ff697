#include "data.h"

#include "base/json.h"
#include "queries.h"
#include "vault/delivery.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PATH_BYTES = 512, SQL_BYTES = 8192 };

static void make(struct child *duckdb, const char *folder, const char *file, const char *rows,
                 const char *options)
{
    char path[PATH_BYTES], sql[SQL_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    if (access(path, R_OK) == 0)
        return;
    bench_say("making %s", file);
    (void)snprintf(sql, sizeof sql, "COPY (%s) TO '%s.new' (%s)", rows, path, options);
    (void)bench_ask(duckdb, sql);
    char made[PATH_BYTES + 8];
    (void)snprintf(made, sizeof made, "%s.new", path);
    if (rename(made, path) != 0)
        bench_die("cannot write %s", path);
}

void data_make(struct child *duckdb, const char *folder)
{
    make(duckdb, folder, DATA_PAYMENT, BENCH_PAYMENT(BENCH_ROWS), "FORMAT parquet, COMPRESSION zstd");
    make(duckdb, folder, DATA_SLICE, BENCH_PAYMENT(DATA_SLICE_ROWS), "FORMAT csv, HEADER");
    make(duckdb, folder, DATA_FIRM, BENCH_FIRM, "FORMAT parquet, COMPRESSION zstd");
    make(duckdb, folder, DATA_OWN, BENCH_OWN, "FORMAT csv, HEADER");
}

/* ---- what is expected ---- */

static const char payment_columns[] =
    "{\"columns\":[{\"name\":\"id\",\"type\":\"integer\",\"nullable\":false},{\"name\":\"scheme\",\"type\":"
    "\"text\"},"
    "{\"name\":\"state\",\"type\":\"text\"},{\"name\":\"district\",\"type\":\"text\"},"
    "{\"name\":\"hood\",\"type\":\"integer\"},{\"name\":\"firm\",\"type\":\"integer\"},"
    "{\"name\":\"age\",\"type\":\"integer\",\"minimum\":\"0\",\"maximum\":\"150\"},"
    "{\"name\":\"day\",\"type\":\"date\",\"minimum\":\"1990-01-01\"},"
    "{\"name\":\"months\",\"type\":\"integer\",\"minimum\":\"0\"},"
    "{\"name\":\"base\",\"type\":\"double\",\"minimum\":\"0\"},"
    "{\"name\":\"relief\",\"type\":\"double\",\"minimum\":\"0\"},"
    "{\"name\":\"rate\",\"type\":\"double\",\"minimum\":\"0\"}],\"subject\":\"id\"}";
static const char firm_columns[] =
    "{\"columns\":[{\"name\":\"firm\",\"type\":\"integer\",\"nullable\":false},"
    "{\"name\":\"industry\",\"type\":\"text\"},"
    "{\"name\":\"staff\",\"type\":\"integer\",\"minimum\":\"0\"}],"
    "\"subject\":\"firm\",\"subject_kind\":\"firm\"}";
static const char own_columns[] =
    "{\"columns\":[{\"name\":\"hood\",\"type\":\"integer\"},{\"name\":\"class\",\"type\":\"text\"},"
    "{\"name\":\"distance\",\"type\":\"double\"}],\"subject\":null}";

json_t *data_expected(const char *file)
{
    const char *columns = strcmp(file, DATA_FIRM) == 0  ? firm_columns
                          : strcmp(file, DATA_OWN) == 0 ? own_columns
                                                        : payment_columns;
    json_t *expected = json_loads(columns, 0, NULL);
    if (expected == NULL)
        bench_die("columns of %s", file);
    return expected;
}

json_t *data_policy(void)
{
    static const char *const files[] = {"slice/1", "slice/2", "import/3"};
    json_t *policy = json_loads(BENCH_POLICY, 0, NULL);
    if (policy == NULL)
        bench_die("policy");
    const json_t *tables = json_object_get(policy, "tables");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        (void)json_object_set_new(json_array_get(tables, i), "file", json_string(files[i]));
    return policy;
}

/* ---- bringing in ---- */

static void must(enum result result, const char *what, const struct refusal *refusal)
{
    if (result != RESULT_OK)
        bench_die("%s: %s: %s %s", what, result_name(result), refusal->field != NULL ? refusal->field : "",
                  refusal->en != NULL ? refusal->en : "");
}

static void must_accept(const json_t *report, const char *file)
{
    if (!json_boolean_or(report, "accepted", false))
        bench_die("%s is not accepted: %s", file, json_dumps(report, 0));
}

static int open_file(const char *folder, const char *file)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "%s/%s", folder, file);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        bench_die("cannot read %s", path);
    return fd;
}

static int seal(int from, const char *public_key, const struct digest *order)
{
    static unsigned char bytes[DELIVERY_CHUNK_BYTES];
    struct refusal none = {0};
    CLEANUP_DELIVERY_SEAL struct delivery_seal *sealing = NULL;
    int to = memfd_create("sealed", MFD_CLOEXEC);
    must(delivery_seal_open(to, public_key, order, &sealing), "seal", &none);
    for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;)
        must(delivery_seal_write(sealing, bytes, (size_t)got), "seal", &none);
    must(delivery_seal_finish(sealing), "seal", &none);
    return to;
}

void data_deliver(struct keeper *keeper, row_id grant, const char *folder, const char *file)
{
    char key[KEEPER_KEY_TEXT_SIZE];
    char *signature;
    struct refusal refusal = {0};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *expected = data_expected(file);
    CLEANUP_JSON json_t *report = NULL;
    must(keeper_grant_open(keeper, grant, key), "grant", &refusal);
    CLEANUP_JSON json_t *order =
        json_pack("{s:i, s:I, s:s}", "order", 1, "grant", (json_int_t)grant, "public_key", key);
    must(keeper_order_sign(keeper, arena, order, &signature), "order", &refusal);
    const char *text = json_print_canonical(arena, order);
    struct digest digest = digest_sha256(text, strlen(text));
    int from = open_file(folder, file), sealed = seal(from, key, &digest);
    must(keeper_slice_receive(keeper, arena, grant, sealed, expected, &report, &refusal), file, &refusal);
    must_accept(report, file);
    (void)close(from);
    (void)close(sealed);
}

void data_import(struct keeper *keeper, row_id import, const char *folder, const char *file)
{
    static char bytes[1024 * 1024];
    struct refusal refusal = {0};
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *expected = data_expected(file);
    CLEANUP_JSON json_t *report = NULL;
    int from = open_file(folder, file), clear = memfd_create("import", MFD_CLOEXEC);
    for (ssize_t got; (got = read(from, bytes, sizeof bytes)) > 0;)
        if (write(clear, bytes, (size_t)got) != got)
            bench_die("memory file");
    must(keeper_import(keeper, arena, import, clear, expected, &report, &refusal), file, &refusal);
    must_accept(report, file);
    (void)close(from);
    (void)close(clear);
}
