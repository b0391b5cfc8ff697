/* The log of a large city: entries put into the store in bulk, each with a covered row as it is, sealed by
 * the sealer. */
#include "audit/entry.h"
#include "audit/note.h"
#include "bench.h"
#include "city_fill.h"
#include "engine/duckdb/duckdb_engine.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK = 1000000 };

struct row {
    const char *table;
    row_id id;
    uint8_t *bytes;
    size_t size;
};

struct rows {
    struct row *items;
    size_t count, room;
};

static void must(enum result result, const char *what)
{
    if (result != RESULT_OK)
        bench_die("%s: %s", what, result_name(result));
}

static enum result keep_row(const char *table, row_id id, const uint8_t *bytes, size_t size, void *argument)
{
    struct rows *rows = argument;
    if (rows->count == rows->room) {
        rows->room = rows->room > 0 ? 2 * rows->room : 1024;
        rows->items = realloc(rows->items, rows->room * sizeof *rows->items);
    }
    if (rows->items == NULL)
        bench_die("no memory");
    struct row *row = &rows->items[rows->count++];
    *row = (struct row){table, id, malloc(size), size};
    if (row->bytes == NULL)
        bench_die("no memory");
    memcpy(row->bytes, bytes, size);
    return RESULT_OK;
}

static enum result keep_rows(struct store_tx *tx, void *argument)
{
    return store_walk_covered(tx, keep_row, argument);
}

static enum result ask_next(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    return audit_next(tx, arena, argument);
}

/* ---- one chunk of entries ---- */

struct filler {
    sqlite3 *connection;
    sqlite3_stmt *entry, *salt;
    struct random *random;
    const struct rows *rows;
    instant from; /* entries are dated from here on, closely: the keeper takes none that is much older than
                     the last */
};

static void put(sqlite3_stmt *stmt, row_id number, const void *bytes, size_t size)
{
    sqlite3_bind_int64(stmt, 1, number);
    sqlite3_bind_blob(stmt, 2, bytes, (int)size, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        bench_die("entry %lld: %s", (long long)number, sqlite3_errmsg(sqlite3_db_handle(stmt)));
    sqlite3_reset(stmt);
}

static void put_entry(struct filler *filler, row_id number)
{
    char buffer[AUDIT_HEAD_BYTES + AUDIT_CHANGE_BYTES];
    uint8_t salt[AUDIT_SALT_SIZE];
    struct entry_writer writer;
    const struct row *row = &filler->rows->items[(size_t)number % filler->rows->count];
    const struct audit_entry entry = {
        .at = filler->from + number * 500,
        .account = 1 + number % 1000,
        .party = 1 + number % 100,
        .event = "cross", /* a word of nobody's: the keeper holds claims against what it did */
        .object = "ferry",
        .object_id = row->id,
        .law = LAW(CALL_REVIEW),
        .workflow = "request@1",
        .to = "approved"};
    const struct store_change change = {.table = row->table,
                                        .id = row->id,
                                        .before = row->bytes,
                                        .before_size = row->size,
                                        .after = row->bytes,
                                        .after_size = row->size};
    random_bytes(filler->random, salt, sizeof salt);
    entry_begin(&writer, buffer, &entry, number, AUDIT_NO_ENTRY);
    entry_add(&writer, &change, salt);
    put(filler->entry, number, buffer, entry_end(&writer));
    put(filler->salt, number, salt, sizeof salt);
}

static void exec(sqlite3 *connection, const char *text)
{
    if (sqlite3_exec(connection, text, NULL, NULL, NULL) != SQLITE_OK)
        bench_die("%s: %s", sqlite3_errmsg(connection), text);
}

static void fill(struct filler *filler, struct audit_sealer *sealer, row_id next, int64_t count)
{
    double start = bench_now();
    for (row_id from = next; from < count; from += CHUNK) {
        row_id past = from + CHUNK < count ? from + CHUNK : count;
        exec(filler->connection, "BEGIN");
        for (row_id number = from; number < past; number++)
            put_entry(filler, number);
        exec(filler->connection, "COMMIT");
        must(audit_seal(sealer, NULL), "seal");
        bench_say("%lld of %lld entries, %.0f/s", (long long)past, (long long)count,
                  (double)(past - next) / (bench_now() - start));
    }
}

/* ---- all ---- */

static void open_filler(struct filler *filler, const char *home)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/city.db", home);
    if (sqlite3_open(path, &filler->connection) != SQLITE_OK)
        bench_die("cannot open %s", path);
    exec(filler->connection, "PRAGMA synchronous = OFF; PRAGMA cache_size = -200000");
    if (sqlite3_prepare_v2(filler->connection, "INSERT INTO audit_entry (entry, bytes) VALUES (?, ?)", -1,
                           &filler->entry, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(filler->connection, "INSERT INTO audit_salt (entry, salt) VALUES (?, ?)", -1,
                           &filler->salt, NULL) != SQLITE_OK)
        bench_die("%s", sqlite3_errmsg(filler->connection));
}

/* The fixtures' entries claim acts of a keeper that was not there, which the real one would not sign: every
 * row gets entries of ours instead. */
static void forget_fixtures(const char *home)
{
    char path[512];
    sqlite3 *connection;
    (void)snprintf(path, sizeof path, "%s/city.db", home);
    if (sqlite3_open(path, &connection) != SQLITE_OK)
        bench_die("cannot open %s", path);
    exec(connection, "DELETE FROM audit_entry");
    exec(connection, "DELETE FROM audit_salt");
    (void)sqlite3_close(connection);
}

static enum result start_engine(const char *library, struct engine **ret_engine)
{
    return duckdb_engine_start(&(struct duckdb_engine_options){.library = library}, ret_engine);
}

/* The public halves of the log's keys stand beside it, as `dukou serve` puts them. */
static void write_keys(struct keeper *keeper, const char *log)
{
    CLEANUP_JSON json_t *status = NULL;
    static const char *const members[] = {"log_ed25519", "log_sm2"};
    struct note_key keys[2];
    must(keeper_status(keeper, &status), "status");
    for (size_t i = 0; i < 2; i++) {
        const char *text = json_text(status, members[i]);
        must(note_key_parse(text, strlen(text), &keys[i]), "key");
    }
    must(note_keys_write(log, keys, 2), "keys");
}

void fill_log(const char *home, const char *library, int64_t count, instant from)
{
    char store_path[512], log[512];
    struct keeper *keeper;
    struct store *store;
    struct audit_sealer *sealer;
    struct rows rows = {0};
    row_id next = 0;
    const struct keeper_options options = {
        .home = home, .origin = "dukou.city/log", .start_engine = start_engine, .engine_library = library};
    must(keeper_start(&options, &keeper, NULL), "keeper");
    (void)snprintf(store_path, sizeof store_path, "%s/city.db", home);
    (void)snprintf(log, sizeof log, "%s/log", home);
    write_keys(keeper, log);
    forget_fixtures(home);
    must(store_open(store_path, &store), "store");
    must(audit_sealer_open(store, log, "dukou.city/log", keeper_signer(keeper), &sealer), "sealer");
    must(store_read(store, keep_rows, &rows), "rows");
    must(store_read(store, ask_next, &next), "next");
    bench_say("%zu covered rows, entries from %lld on", rows.count, (long long)next);
    struct filler filler = {.random = random_system(), .rows = &rows, .from = from};
    open_filler(&filler, home);
    int64_t least = next + (int64_t)rows.count; /* each row once at least */
    fill(&filler, sealer, next, count > least ? count : least);
    (void)sqlite3_finalize(filler.entry);
    (void)sqlite3_finalize(filler.salt);
    (void)sqlite3_close(filler.connection);
    random_free(filler.random);
    audit_sealer_close(sealer);
    store_close(store);
    keeper_stop(keeper);
    for (size_t i = 0; i < rows.count; i++)
        free(rows.items[i].bytes);
    free(rows.items);
}
