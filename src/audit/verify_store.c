/* The store against the log: entries that wait, every covered row, every batch of metering,
 * every balance. */
#include "audit/audit_batch.h"
#include "audit/verify.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct verify *verify;
    struct store_tx *tx;
    struct arena *arena;  /* reset now and then */
    struct bundle bundle; /* the log's bundle `bundle_index`, where it is needed */
    int64_t bundle_index;
    int64_t next;  /* the number of the next pending entry */
    int64_t count; /* rows since the arena was reset */
};

/* ---- entries that wait ---- */

/* An entry that the store still holds although it is sealed must be the log's. */
static bool is_in_log(struct walk *walk, int64_t number, const void *bytes, size_t size)
{
    int64_t log_size = walk->verify->checkpoint.size;
    int64_t index = number / TILE_WIDTH;
    if (walk->bundle_index != index) {
        unsigned width = index < tile_full_count(log_size, 0) ? TILE_WIDTH : tile_partial_width(log_size, 0);
        walk->bundle_index = index;
        if (bundle_read(walk->verify->folder, index, width, &walk->bundle) != RESULT_OK)
            walk->bundle_index = -1;
    }
    size_t place = (size_t)(number % TILE_WIDTH);
    return walk->bundle_index == index && walk->bundle.sizes[place] == size &&
           memcmp(walk->bundle.entries[place], bytes, size) == 0;
}

static enum result check_waiting(const struct store_row *row, void *argument)
{
    struct walk *walk = argument;
    int64_t number = row_integer(row, "entry");
    size_t size;
    const void *bytes = row_blob(row, "bytes", &size);
    if (number < walk->verify->checkpoint.size) {
        if (!is_in_log(walk, number, bytes, size))
            verify_fault(walk->verify, "entry %lld: the store's bytes are not the log's", (long long)number);
        return RESULT_OK;
    }
    if (number != walk->next)
        verify_fault(walk->verify, "entry %lld: missing between log and store", (long long)walk->next);
    walk->next = number + 1;
    walk->verify->report.pending++;
    (void)verify_entry(walk->verify, number, bytes, size);
    return RESULT_OK;
}

static enum result check_numbers(struct walk *walk)
{
    walk->next = walk->verify->checkpoint.size;
    TRY(store_each(walk->tx, SQL_AUDIT_ENTRIES_FROM,
                   STORE_BINDS({"entry", store_integer(0)}, {"count", store_integer(INT64_MAX)}),
                   check_waiting, walk));
    struct store_row row;
    TRY(store_one(walk->tx, walk->arena, SQL_AUDIT_SALT_COUNT, STORE_NO_BINDS, &row));
    long long given = row_integer(&row, "last") + 1;
    if (row_integer(&row, "count") != given)
        verify_fault(walk->verify, "audit_salt: salts are missing");
    if (given != walk->next && !(walk->verify->copy && given < walk->verify->checkpoint.size))
        verify_fault(walk->verify, "the log with what waits holds %lld entries, the store has given %lld",
                     (long long)walk->next, given);
    return RESULT_OK;
}

/* ---- covered rows ---- */

/* The salt of an entry; false when the store has lost it. */
static enum result find_salt(struct walk *walk, int64_t entry, uint8_t *ret_salt, bool *ret_found)
{
    if (++walk->count % 256 == 0)
        arena_reset(walk->arena);
    struct store_row row;
    enum result result = store_one(walk->tx, walk->arena, SQL_AUDIT_SALT_BY_ENTRY,
                                   STORE_BINDS({"entry", store_integer(entry)}), &row);
    size_t size = 0;
    const void *salt = result == RESULT_OK ? row_blob(&row, "salt", &size) : NULL;
    *ret_found = size == AUDIT_SALT_SIZE;
    if (*ret_found)
        memcpy(ret_salt, salt, AUDIT_SALT_SIZE);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result check_row(const char *table, row_id id, const uint8_t *bytes, size_t size, void *argument)
{
    struct walk *walk = argument;
    struct verify *verify = walk->verify;
    struct last last;
    verify->report.rows++;
    if (!last_map_take(verify->map, table, id, &last)) {
        verify_fault(verify, "%s %lld: added without an entry", table, (long long)id);
        return RESULT_OK;
    }
    if (!last.exists) {
        verify_fault(verify, "%s %lld: is there, but entry %lld deleted it", table, (long long)id,
                     (long long)last.entry);
        return RESULT_OK;
    }
    uint8_t salt[AUDIT_SALT_SIZE];
    bool found;
    TRY(find_salt(walk, last.entry, salt, &found));
    struct digest digest = {{0}};
    if (found)
        digest = audit_row_digest(salt, table, strlen(table), id, bytes, size);
    if (!found)
        verify_fault(verify, "%s %lld: the salt of entry %lld is missing", table, (long long)id,
                     (long long)last.entry);
    else if (memcmp(digest.bytes, last.digest, LAST_DIGEST_SIZE) != 0)
        verify_fault(verify, "%s %lld: not as entry %lld left it", table, (long long)id,
                     (long long)last.entry);
    return RESULT_OK;
}

static void report_missing(const char *table, row_id id, int64_t entry, void *argument)
{
    verify_fault(argument, "%s %lld: missing; entry %lld left it there", table, (long long)id,
                 (long long)entry);
}

/* ---- metering ---- */

struct metering {
    struct verify *verify;
    struct digest chain;
    struct digest expected; /* the digest that the open batch claims */
    row_id batch;           /* 0: none is open */
    row_id last;            /* row that the open batch claims to end with */
    row_id next;            /* row */
};

static void batch_close(struct metering *metering)
{
    if (metering->batch == 0)
        return;
    if (metering->next != metering->last + 1)
        verify_fault(metering->verify, "meter: rows of batch %lld are missing", (long long)metering->batch);
    if (!digest_equal(&metering->chain, &metering->expected))
        verify_fault(metering->verify, "meter_batch %lld: its digest is not that of its rows",
                     (long long)metering->batch);
    /* Go on with what is claimed, so that one fault is not one of every batch after it. */
    metering->chain = metering->expected;
    metering->next = metering->last + 1;
}

static struct digest row_digest(const struct store_row *row, const char *column)
{
    struct digest digest = {{0}};
    size_t size;
    const void *bytes = row_blob(row, column, &size);
    if (bytes != NULL && size == DIGEST_SIZE)
        memcpy(digest.bytes, bytes, DIGEST_SIZE);
    return digest;
}

static void batch_open(struct metering *metering, const struct store_row *row, row_id batch)
{
    batch_close(metering);
    struct digest previous = row_digest(row, "previous");
    if (row_is_null(row, "first") || batch <= metering->batch)
        verify_fault(metering->verify, "meter %lld: in no batch", (long long)row_integer(row, "id"));
    else if (batch != metering->batch + 1 || row_integer(row, "first") != metering->next ||
             !digest_equal(&previous, &metering->chain))
        verify_fault(metering->verify, "meter_batch %lld: does not go on where the batch before ended",
                     (long long)batch);
    metering->batch = batch;
    metering->expected = row_digest(row, "digest");
    metering->last = row_integer(row, "last");
    metering->next = row_is_null(row, "first") ? row_integer(row, "id") : row_integer(row, "first");
    metering->verify->report.batches++;
}

static enum result check_meter(const struct store_row *row, void *argument)
{
    struct metering *metering = argument;
    row_id id = row_integer(row, "id");
    row_id batch = row_integer(row, "batch");
    if (batch != metering->batch)
        batch_open(metering, row, batch);
    if (id != metering->next)
        verify_fault(metering->verify, "meter %lld: missing or out of place", (long long)metering->next);
    metering->next = id + 1;
    const struct meter_call call = {.product = row_integer(row, "product"),
                                    .customer = row_integer(row, "customer"),
                                    .order_id = row_integer(row, "order_id"),
                                    .at = row_integer(row, "at"),
                                    .kind = row_text(row, "kind"),
                                    .units = row_integer(row, "units"),
                                    .answer = row_digest(row, "answer_digest"),
                                    .call_key = row_text(row, "call_key")};
    if (!audit_batch_fits(&call)) {
        verify_fault(metering->verify, "meter %lld: its kind or key is too long", (long long)id);
        return RESULT_OK;
    }
    metering->chain = audit_batch_digest(&metering->chain, id, batch, &call);
    return RESULT_OK;
}

static enum result check_meters(struct walk *walk)
{
    struct metering metering = {.verify = walk->verify, .next = 1};
    TRY(store_each(walk->tx, SQL_METER_ALL, STORE_NO_BINDS, check_meter, &metering));
    batch_close(&metering);
    struct store_row row;
    enum result result = store_one(walk->tx, walk->arena, SQL_METER_BATCH_LAST, STORE_NO_BINDS, &row);
    row_id last = result == RESULT_OK ? row_integer(&row, "id") : 0;
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    if (last != metering.batch)
        verify_fault(walk->verify, "meter: the rows of batch %lld are missing", (long long)last);
    return RESULT_OK;
}

/* ---- balances ---- */

static enum result tell_balance(const struct store_row *row, void *argument)
{
    verify_fault(argument, "balance %lld: not the sum of its party's postings",
                 (long long)row_integer(row, "id"));
    return RESULT_OK;
}

/* ---- all ---- */

enum result verify_store(struct verify *verify, struct store_tx *tx)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct walk walk = {.verify = verify, .tx = tx, .arena = arena, .bundle_index = -1};
    enum result result = check_numbers(&walk);
    bundle_free(&walk.bundle);
    TRY(result);
    TRY(store_walk_covered(tx, check_row, &walk));
    last_map_left(walk.verify->map, report_missing, walk.verify);
    TRY(check_meters(&walk));
    return store_each(tx, SQL_BALANCE_WRONG, STORE_NO_BINDS, tell_balance, verify);
}

/* ---- restored stores ---- */

static void tell_lost(struct verify *verify)
{
    for (size_t i = 0; i < verify->lost_count; i++)
        if (verify->lost[i].past > verify->lost[i].from)
            verify_note(verify,
                        "the store is that of a backup older than entries %lld to %lld: "
                        "they stand in the log alone",
                        (long long)verify->lost[i].from, (long long)verify->lost[i].past - 1);
}

enum result verify_lost(struct verify *verify, struct store_tx *tx)
{
    struct store_rows rows;
    TRY(store_many(tx, verify->arena, SQL_AUDIT_LOST, STORE_NO_BINDS, &rows));
    struct store_row last;
    struct verify_gap *lost = arena_new_array(verify->arena, struct verify_gap, rows.count + 1);
    TRY(store_one(tx, verify->arena, SQL_AUDIT_LAST, STORE_NO_BINDS, &last));
    for (size_t i = 0; i < rows.count; i++)
        lost[i] = (struct verify_gap){row_integer(&rows.rows[i], "lost_from"),
                                      row_integer(&rows.rows[i], "lost_past")};
    verify->lost = lost;
    verify->lost_count = rows.count;
    if (verify->copy && row_integer(&last, "entry") + 1 < verify->checkpoint.size)
        lost[verify->lost_count++] =
            (struct verify_gap){row_integer(&last, "entry") + 1, verify->checkpoint.size};
    tell_lost(verify);
    return RESULT_OK;
}

enum result verify_snapshot(struct verify *verify, struct store_tx *tx)
{
    struct store_row row;
    return store_one(tx, verify->arena, SQL_AUDIT_LAST, STORE_NO_BINDS, &row);
}

void verify_uncovered(struct verify *verify)
{
    for (const struct store_uncovered *table = store_uncovered; table->table != NULL; table++)
        verify->report.uncovered = arena_printf(
            verify->arena, "%s%s: %s\n", verify->report.uncovered != NULL ? verify->report.uncovered : "",
            table->table, table->reason);
}
