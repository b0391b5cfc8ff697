/* Somebody with full access changes something: does the log tell? */
#include "audit/audit_batch.h"
#include "audit/entry.h"
#include "audit/tile.h"
#include "audit/verify.h"
#include "support/audit_log.h"

#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the forger's tools ---- */

static void run_sql(struct audit_log *log, const char *sql)
{
    test_store_sql(log->store_path, sql);
}

/* Does it, looks whether the log tells and says `words`, and takes it back. */
static void expect_found(struct audit_log *log, const char *sql, const char *undo, const char *words)
{
    struct audit_report report;
    run_sql(log, sql);
    if (audit_log_check(log, &report) != RESULT_CORRUPT)
        fail_msg("not found: %s", sql);
    if (words != NULL && (report.first == NULL || strstr(report.first, words) == NULL))
        fail_msg("%s: '%s' expected, told: %s", sql, words, report.first);
    run_sql(log, undo);
    if (audit_log_check(log, &report) != RESULT_OK)
        fail_msg("not undone: %s: %s", undo, report.first);
}

static uint8_t *read_whole(const char *path, size_t *ret_size)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    uint8_t *bytes = malloc((size_t)info.st_size + 1);
    assert_non_null(bytes);
    assert_ok(tile_file_read(AT_FDCWD, path, bytes, (size_t)info.st_size + 1, ret_size));
    return bytes;
}

static void write_whole(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static enum result check_log_alone(struct audit_log *log, struct audit_report *ret_report)
{
    arena_reset(log->arena);
    *ret_report = (struct audit_report){0};
    return audit_verify(log->folder, NULL, NULL, log->arena, ret_report);
}

/* The paths of all files of the log, each ended by NUL, in a buffer that ends with an empty path. */
static char *list_files(const struct audit_log *log)
{
    char *const roots[] = {(char *)(uintptr_t)log->folder, NULL};
    char *list = calloc(1, 65536);
    assert_non_null(list);
    char *at = list;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null(walk);
    for (FTSENT *entry = fts_read(walk); entry != NULL; entry = fts_read(walk))
        if (entry->fts_info == FTS_F)
            at += sprintf(at, "%s", entry->fts_path) + 1;
    (void)fts_close(walk);
    return list;
}

/* ---- the log's files ---- */

static void open_log_of(struct audit_log *log, int64_t first, int64_t then)
{
    audit_log_open(log);
    audit_log_append(log, first);
    audit_log_seal(log, first);
    audit_log_append(log, then);
    audit_log_seal(log, first + then);
    audit_log_pause(log);
}

static void flip_in(struct audit_log *log, const char *path)
{
    size_t size;
    uint8_t *bytes = read_whole(path, &size);
    /* Every byte of small files; of large ones the first and the last, and samples between. */
    size_t dense = size < 1024 ? size : 200;
    for (size_t at = 0; at < size; at += at < dense || at + 40 > size ? 1 : 101) {
        struct audit_report report;
        bytes[at] ^= (uint8_t)(1 << at % 8);
        write_whole(path, bytes, size);
        if (check_log_alone(log, &report) != RESULT_CORRUPT || report.faults == 0 || report.first == NULL)
            fail_msg("%s: byte %zu of %zu can be changed", path, at, size);
        bytes[at] ^= (uint8_t)(1 << at % 8);
    }
    write_whole(path, bytes, size);
    free(bytes);
}

TEST(any_flipped_byte_of_any_file_is_found)
{
    struct audit_log log;
    struct audit_report report;
    open_log_of(&log, 270, 30); /* with an older partial tile beside the newest */
    assert_ok(check_log_alone(&log, &report));
    char *files = list_files(&log);
    int count = 0;
    for (const char *path = files; *path != '\0'; path += strlen(path) + 1, count++)
        flip_in(&log, path);
    /* keys, checkpoint, 3 entry bundles, 3 tiles of level 0 and 1 of level 1 */
    assert_int_equal(count, 9);
    free(files);
    assert_ok(check_log_alone(&log, &report));
    audit_log_close(&log);
}

TEST(a_missing_torn_or_foreign_file_is_found)
{
    struct audit_log log;
    struct audit_report report;
    open_log_of(&log, 270, 30);
    char *files = list_files(&log);
    for (const char *path = files; *path != '\0'; path += strlen(path) + 1) {
        size_t size;
        uint8_t *bytes = read_whole(path, &size);
        for (size_t kept = 0; kept < size; kept += size / 3 + 1) {
            assert_int_equal(truncate(path, (off_t)kept), 0);
            assert_int_equal(check_log_alone(&log, &report), RESULT_CORRUPT);
        }
        uint8_t *longer = calloc(1, size + 32);
        assert_non_null(longer);
        memcpy(longer, bytes, size);
        write_whole(path, longer, size + 32);
        assert_int_equal(check_log_alone(&log, &report), RESULT_CORRUPT);
        assert_int_equal(unlink(path), 0);
        /* Older partial tiles and a log that was never sealed are no fault; all else is. */
        bool needed = strstr(path, ".p/14") == NULL && strstr(path, "/checkpoint") == NULL;
        assert_int_equal(check_log_alone(&log, &report), needed ? RESULT_CORRUPT : RESULT_OK);
        write_whole(path, bytes, size);
        free(longer);
        free(bytes);
    }
    free(files);
    char path[256];
    (void)snprintf(path, sizeof path, "%s/tile/0/note.txt", log.folder);
    write_whole(path, (const uint8_t *)"x", 1);
    assert_int_equal(check_log_alone(&log, &report), RESULT_CORRUPT);
    assert_non_null(strstr(report.first, "tile/0/note.txt: does not belong into a log"));
    audit_log_close(&log);
}

TEST(a_log_without_its_checkpoint_does_not_fit_its_store)
{
    struct audit_log log;
    struct audit_report report;
    open_log_of(&log, 270, 30);
    char path[256];
    (void)snprintf(path, sizeof path, "%s/checkpoint", log.folder);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(audit_log_check(&log, &report), RESULT_CORRUPT);
    assert_non_null(strstr(report.first, "holds 0 entries, the store has given 300"));
    audit_log_close(&log);
}

TEST(a_log_rewritten_under_other_keys_is_found_by_the_pinned_key)
{
    struct audit_log log;
    struct audit_log forged;
    struct audit_report report;
    open_log_of(&log, 20, 5);
    open_log_of(&forged, 20, 5);
    char pinned[256];
    (void)snprintf(pinned, sizeof pinned, "%s/keys", log.folder);
    assert_ok(audit_verify(log.folder, log.store_path, pinned, log.arena, &report));
    assert_ok(audit_verify(forged.folder, forged.store_path, NULL, log.arena, &report));
    assert_int_equal(audit_verify(forged.folder, forged.store_path, pinned, log.arena, &report),
                     RESULT_CORRUPT);
    assert_non_null(strstr(report.first, "not signed by all of the 2 keys"));
    audit_log_close(&log);
    audit_log_close(&forged);
}

TEST(a_checkpoint_that_claims_more_than_there_is_is_found)
{
    struct audit_log log;
    struct audit_report report;
    open_log_of(&log, 20, 5);
    static const int64_t sizes[] = {26, 24, 256, 1000000, INT64_C(900000000000000000)};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const struct checkpoint checkpoint = {.origin = LOG_ORIGIN, .size = sizes[i], .root = {{1}}};
        const char *text = checkpoint_print(log.arena, &checkpoint);
        const char *lines = NULL;
        char path[256];
        (void)snprintf(path, sizeof path, "%s/checkpoint", log.folder);
        assert_ok(log_sign(&log.keys, text, log.arena, &lines));
        const char *note = arena_printf(log.arena, "%s\n%s", text, lines);
        write_whole(path, (const uint8_t *)note, strlen(note));
        assert_int_equal(check_log_alone(&log, &report), RESULT_CORRUPT);
    }
    audit_log_close(&log);
}

TEST(what_is_not_there_cannot_be_verified)
{
    struct audit_log log;
    struct audit_report report;
    open_log_of(&log, 20, 5);
    assert_int_equal(audit_verify("/nonexistent", NULL, NULL, log.arena, &report), RESULT_NOT_FOUND);
    assert_int_equal(audit_verify(log.folder, "/nonexistent", NULL, log.arena, &report), RESULT_NOT_FOUND);
    audit_log_close(&log);
}

/* ---- covered rows ---- */

enum { TABLES_MAX = 200, COLUMNS_MAX = 40 };

struct table {
    char name[64];
    char columns[COLUMNS_MAX][64];
    char types[COLUMNS_MAX][32];
    bool in_key[COLUMNS_MAX];
    int count;
};

static bool is_uncovered(const char *name)
{
    for (const struct store_uncovered *table = store_uncovered; table->table != NULL; table++)
        if (strcmp(table->table, name) == 0)
            return true;
    return false;
}

static int list_tables(struct audit_log *log, struct table *tables)
{
    char *lines = test_store_columns(log->store_path);
    int count = 0;
    struct table *table = NULL;
    for (char *rest = lines, *line; (line = strsep(&rest, "\n")) != NULL && line[0] != '\0';) {
        const char *name = strsep(&line, "\t");
        const char *column = strsep(&line, "\t");
        if (is_uncovered(name))
            continue;
        if (table == NULL || strcmp(table->name, name) != 0) {
            assert_true(count < TABLES_MAX);
            table = &tables[count++];
            (void)snprintf(table->name, sizeof table->name, "%s", name);
        }
        assert_true(table->count < COLUMNS_MAX);
        (void)snprintf(table->columns[table->count], 64, "%s", column);
        (void)snprintf(table->types[table->count++], 32, "%s", line);
    }
    free(lines);
    return count;
}

static const char *value_for(const char *type, const char *column, int id, struct arena *arena)
{
    if (strcmp(column, "id") == 0)
        return arena_printf(arena, "%d", id);
    if (strcmp(type, "TEXT") == 0)
        return arena_printf(arena, "'t%d'", id);
    if (strcmp(type, "BLOB") == 0)
        return arena_strdup(arena, test_store_blob(arena_printf(arena, "%02x", id)));
    return arena_printf(arena, strcmp(type, "REAL") == 0 ? "%d.5" : "%d", id);
}

static const char *insert_into(struct arena *arena, const struct table *table, int id)
{
    const char *values = "";
    for (int i = 0; i < table->count; i++)
        values = arena_printf(arena, "%s%s%s", values, i > 0 ? ", " : "",
                              value_for(table->types[i], table->columns[i], id, arena));
    return arena_printf(arena, "INSERT INTO \"%s\" VALUES (%s)", table->name, values);
}

/* An entry that names every covered row as it is, for rows that the test put in behind the store's back. */
struct adoption {
    struct store_tx *tx;
    struct arena *arena;
    struct entry_writer writer;
    uint8_t salt[AUDIT_SALT_SIZE];
    row_id number;
    char *buffer;
    bool open;
};

static enum result adoption_close(struct adoption *adoption)
{
    if (!adoption->open)
        return RESULT_OK;
    adoption->open = false;
    size_t size = entry_end(&adoption->writer);
    TRY(store_exec(adoption->tx, SQL_AUDIT_SALT_ADD,
                   STORE_BINDS({"entry", store_integer(adoption->number)},
                               {"salt", store_blob(adoption->salt, AUDIT_SALT_SIZE)}),
                   NULL));
    return store_exec(adoption->tx, SQL_AUDIT_ENTRY_ADD,
                      STORE_BINDS({"entry", store_integer(adoption->number)},
                                  {"bytes", store_blob(adoption->buffer, size)}),
                      NULL);
}

static enum result adopt_row(const char *table, row_id id, const uint8_t *bytes, size_t size, void *argument)
{
    struct adoption *adoption = argument;
    if (adoption->open && !entry_has_room(&adoption->writer))
        TRY(adoption_close(adoption));
    if (!adoption->open) {
        static const struct audit_entry entry = {.event = "adopt", .object = "store"};
        TRY(audit_next(adoption->tx, adoption->arena, &adoption->number));
        adoption->salt[0]++;
        adoption->buffer = arena_alloc(adoption->arena, 65536);
        entry_begin(&adoption->writer, adoption->buffer, &entry, adoption->number, AUDIT_NO_ENTRY);
        adoption->open = true;
    }
    entry_add(&adoption->writer,
              &(struct store_change){.table = table, .id = id, .after = bytes, .after_size = size},
              adoption->salt);
    return RESULT_OK;
}

static enum result adopt_all(struct store_tx *tx, void *argument)
{
    (void)argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct adoption adoption = {.tx = tx, .arena = arena};
    TRY(store_walk_covered(tx, adopt_row, &adoption));
    return adoption_close(&adoption);
}

/* What meter_batch's rows must be is not any value, since they chain: meter's own tests have them. */
static bool is_filled(const struct table *table)
{
    return strcmp(table->name, "meter_batch") != 0;
}

static void fill(struct audit_log *log, const struct table *tables, int count)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    audit_log_pause(log);
    for (int i = 0; i < count; i++)
        if (is_filled(&tables[i]))
            run_sql(log, insert_into(arena, &tables[i], 1));
    audit_log_reopen(log);
    assert_ok(store_write(log->store, adopt_all, NULL));
    assert_ok(audit_seal(log->sealer, NULL));
    audit_log_pause(log);
}

/* One change in each of many tables: every one must be told, and none of another. */
struct round {
    struct arena *arena;
    const char *change;
    const char *undo;
    const char *told[TABLES_MAX];
    int count;
};

static void round_add(struct round *round, const char *change, const char *undo, const char *told)
{
    round->change = arena_printf(round->arena, "%s%s;", round->change, change);
    round->undo = arena_printf(round->arena, "%s%s;", round->undo, undo);
    round->told[round->count++] = told;
}

static bool has_line(const char *text, const char *line)
{
    for (const char *at = text; at != NULL; at = strchr(at, '\n'), at = at != NULL ? at + 1 : NULL)
        if (strncmp(at, line, strlen(line)) == 0)
            return true;
    return false;
}

static void round_end(struct audit_log *log, struct round *round)
{
    struct audit_report report;
    int shown = 0;
    if (round->count == 0)
        return;
    run_sql(log, round->change);
    assert_int_equal(audit_log_check(log, &report), RESULT_CORRUPT);
    for (int i = 0; i < round->count; i++)
        shown += has_line(report.first, round->told[i]);
    /* The report counts all and shows some. */
    int most = round->count < VERIFY_FAULTS_SHOWN ? round->count : VERIFY_FAULTS_SHOWN;
    if (report.faults != round->count || shown != most)
        fail_msg("%d changes, %lld told, %d as expected: %s\n%s", round->count, (long long)report.faults,
                 shown, report.first, round->change);
    run_sql(log, round->undo);
    if (audit_log_check(log, &report) != RESULT_OK)
        fail_msg("not undone: %s: %s", round->undo, report.first);
    *round = (struct round){.arena = round->arena, .change = "", .undo = ""};
}

static void change_column(struct round *round, const struct table *table, int i)
{
    struct arena *arena = round->arena;
    const char *column = table->columns[i];
    const char *to = "UPDATE \"%s\" SET \"%s\" = %s WHERE id = 1";
    if (strcmp(column, "id") == 0)
        return;
    int other = strcmp(column, "lost_past") == 0 ? 0 : 3; /* restoration: no entry shall count as lost */
    round_add(round,
              arena_printf(arena, to, table->name, column, value_for(table->types[i], column, other, arena)),
              arena_printf(arena, to, table->name, column, value_for(table->types[i], column, 1, arena)),
              arena_printf(arena, "%s 1: not as entry", table->name));
}

TEST(a_changed_missing_or_added_row_of_every_covered_table_is_found)
{
    struct audit_log log;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct table *tables = calloc(TABLES_MAX, sizeof *tables);
    struct round added = {.arena = arena, .change = "", .undo = ""};
    struct round missing = added;
    struct round changed = added;
    assert_non_null(tables);
    audit_log_open(&log);
    int count = list_tables(&log, tables);
    assert_true(count >= 3);
    fill(&log, tables, count);
    for (int i = 0; i < count; i++) {
        const char *name = tables[i].name;
        if (!is_filled(&tables[i]))
            continue;
        round_add(&added, insert_into(arena, &tables[i], 2),
                  arena_printf(arena, "DELETE FROM \"%s\" WHERE id = 2", name),
                  arena_printf(arena, "%s 2: added without an entry", name));
        round_add(&missing, arena_printf(arena, "DELETE FROM \"%s\" WHERE id = 1", name),
                  insert_into(arena, &tables[i], 1), arena_printf(arena, "%s 1: missing", name));
    }
    round_end(&log, &added);
    round_end(&log, &missing);
    for (int column = 0; column < COLUMNS_MAX; column++) {
        for (int i = 0; i < count; i++)
            if (is_filled(&tables[i]) && column < tables[i].count)
                change_column(&changed, &tables[i], column);
        round_end(&log, &changed);
    }
    free(tables);
    audit_log_close(&log);
}

/* `fill` has put one posting there, of one fen and of party 1. */
TEST(a_balance_that_is_not_the_sum_of_its_postings_is_found)
{
    struct audit_log log;
    struct audit_report report;
    static const char words[] = "balance 1: not the sum of its party's postings";
    struct table *tables = calloc(TABLES_MAX, sizeof *tables);
    assert_non_null(tables);
    audit_log_open(&log);
    fill(&log, tables, list_tables(&log, tables));
    run_sql(&log, "INSERT INTO balance (id, balance_fen, postings, last_posting) VALUES (1, 1, 1, 1)");
    assert_ok(audit_log_check(&log, &report));
    expect_found(&log, "UPDATE balance SET balance_fen = 2", "UPDATE balance SET balance_fen = 1", words);
    expect_found(&log, "UPDATE balance SET postings = 2", "UPDATE balance SET postings = 1", words);
    expect_found(&log, "UPDATE balance SET last_posting = 0", "UPDATE balance SET last_posting = 1", words);
    /* none is kept yet: then all postings are added up by whoever reads */
    run_sql(&log, "DELETE FROM balance");
    assert_ok(audit_log_check(&log, &report));
    free(tables);
    audit_log_close(&log);
}

/* ---- a store at work ---- */

struct thing {
    struct random *random;
    row_id id;
    bool drop;
};

/* Adds a case, or moves the one there is. */
static enum result change_case(struct store_tx *tx, void *argument)
{
    struct thing *thing = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    row_id entry_number;
    if (thing->id == 0) {
        struct store_row row;
        TRY(store_one(tx, arena, SQL_WORKFLOW_CASE_ADD,
                      STORE_BINDS({"kind", store_text("thing")}, {"object_id", store_integer(1)},
                                  {"version", store_integer(1)}, {"state", store_text("draft")},
                                  {"since", store_integer(0)}, {"due", store_null()}),
                      &row));
        thing->id = row_integer(&row, "id");
    } else {
        TRY(store_exec(tx, SQL_WORKFLOW_CASE_MOVE,
                       STORE_BINDS({"id", store_integer(thing->id)}, {"state", store_text("done")},
                                   {"since", store_integer(1)}, {"due", store_null()}),
                       NULL));
    }
    const struct audit_entry entry = {.event = "move", .object = "thing", .object_id = thing->id};
    return audit_append(tx, arena, thing->random, &entry, &entry_number);
}

static enum result meter_three(struct store_tx *tx, void *argument)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct meter_call calls[3];
    for (size_t i = 0; i < 3; i++)
        calls[i] = (struct meter_call){.product = 3,
                                       .customer = 4,
                                       .order_id = 1,
                                       .at = 7,
                                       .kind = "score",
                                       .units = 1,
                                       .answer = {{9}}};
    return meter_append(tx, arena, argument, LAW(EXCHANGE), 7, calls, 3, NULL, NULL);
}

/* Entries 0–2 sealed (case added, two batches), 3–4 waiting (case moved, a third batch). */
static void open_city(struct audit_log *log)
{
    audit_log_open(log);
    struct thing thing = {.random = log->random};
    assert_ok(store_write(log->store, change_case, &thing));
    assert_ok(store_write(log->store, meter_three, log->random));
    assert_ok(store_write(log->store, meter_three, log->random));
    audit_log_seal(log, 3);
    assert_ok(store_write(log->store, change_case, &thing));
    assert_ok(store_write(log->store, meter_three, log->random));
    audit_log_pause(log);
    struct audit_report report;
    if (audit_log_check(log, &report) != RESULT_OK)
        fail_msg("%s", report.first);
    assert_int_equal(report.entries, 3);
    assert_int_equal(report.pending, 2);
    assert_int_equal(report.rows, 4);
    assert_int_equal(report.batches, 3);
    assert_int_equal(report.faults, 0);
    assert_null(report.first);
    assert_non_null(strstr(report.uncovered, "meter: one entry a batch"));
}

TEST(a_row_put_back_to_an_earlier_state_is_found)
{
    struct audit_log log;
    open_city(&log);
    expect_found(&log, "UPDATE workflow_case SET state = 'draft', since = 0",
                 "UPDATE workflow_case SET state = 'done', since = 1",
                 "workflow_case 1: not as entry 3 left it");
    audit_log_close(&log);
}

/* Where the store's columns keep their types it refuses the change itself. */
static void expect_found_or_refused(struct audit_log *log, const char *sql, const char *undo,
                                    const char *words)
{
    if (!test_store_try(log->store_path, sql))
        return;
    run_sql(log, undo);
    expect_found(log, sql, undo, words);
}

TEST(a_type_changed_under_an_equal_value_is_found)
{
    struct audit_log log;
    open_city(&log);
    expect_found_or_refused(&log, "UPDATE workflow_case SET state = CAST('done' AS BLOB)",
                            "UPDATE workflow_case SET state = 'done'",
                            "workflow_case 1: not as entry 3 left it");
    expect_found_or_refused(&log, "UPDATE workflow_case SET due = ''", "UPDATE workflow_case SET due = NULL",
                            "workflow_case 1: not as entry 3 left it");
    audit_log_close(&log);
}

TEST(entries_that_wait_are_checked_too)
{
    struct audit_log log;
    open_city(&log);
    expect_found(
        &log, "CREATE TABLE s.k AS SELECT * FROM audit_entry; DELETE FROM audit_entry WHERE entry = 3",
        "INSERT INTO audit_entry SELECT * FROM k WHERE entry = 3; DROP TABLE s.k", "entry 3: missing");
    expect_found(&log,
                 "CREATE TABLE s.k AS SELECT * FROM audit_entry; DELETE FROM audit_entry WHERE entry = 4",
                 "INSERT INTO audit_entry SELECT * FROM k WHERE entry = 4; DROP TABLE s.k",
                 "holds 4 entries, the store has given 5");
    expect_found(&log,
                 "CREATE TABLE s.k AS SELECT * FROM audit_entry; "
                 "UPDATE audit_entry SET bytes = replace(bytes, '\"n\":3', '\"n\":4') WHERE entry = 3",
                 "UPDATE audit_entry SET bytes = (SELECT bytes FROM k WHERE entry = 3) WHERE entry = 3; DROP "
                 "TABLE s.k",
                 "entry 3: it calls itself entry 4");
    audit_log_close(&log);
}

TEST(an_entry_that_the_store_keeps_beyond_sealing_must_be_the_logs)
{
    struct audit_log log;
    struct audit_report report;
    open_city(&log);
    run_sql(&log, "INSERT INTO audit_entry SELECT 1, bytes FROM audit_entry WHERE entry = 3");
    assert_int_equal(audit_log_check(&log, &report), RESULT_CORRUPT);
    assert_non_null(strstr(report.first, "entry 1: the store's bytes are not the log's"));
    audit_log_close(&log);
}

TEST(a_lost_or_changed_salt_is_found)
{
    struct audit_log log;
    open_city(&log);
    expect_found(&log, "CREATE TABLE s.k AS SELECT * FROM audit_salt; DELETE FROM audit_salt WHERE entry = 3",
                 "INSERT INTO audit_salt SELECT * FROM k WHERE entry = 3; DROP TABLE s.k",
                 "audit_salt: salts are missing");
    expect_found(
        &log,
        "CREATE TABLE s.k AS SELECT * FROM audit_salt; UPDATE audit_salt SET salt = zeroblob(16) WHERE entry "
        "= "
        "3",
        "UPDATE audit_salt SET salt = (SELECT salt FROM k WHERE entry = 3) WHERE entry = 3; DROP TABLE s.k",
        "workflow_case 1: not as entry 3 left it");
    audit_log_close(&log);
}

TEST(a_changed_missing_or_added_metering_row_is_found)
{
    struct audit_log log;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    open_city(&log);
    static const char *const columns[] = {"product", "customer", "order_id", "at", "units"};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        expect_found(
            &log,
            arena_printf(arena, "UPDATE meter SET \"%s\" = \"%s\" + 1 WHERE id = 5", columns[i], columns[i]),
            "UPDATE meter SET product = 3, customer = 4, order_id = 1, at = 7, units = 1",
            "meter_batch 2: its digest is not that of its rows");
    }
    expect_found(&log, "UPDATE meter SET kind = 'table' WHERE id = 9", "UPDATE meter SET kind = 'score'",
                 "meter_batch 3: its digest");
    expect_found(&log, "UPDATE meter SET call_key = 'k' WHERE id = 1", "UPDATE meter SET call_key = NULL",
                 "meter_batch 1: its digest");
    expect_found(&log, "UPDATE meter SET answer_digest = zeroblob(32) WHERE id = 4",
                 "UPDATE meter SET answer_digest = (SELECT answer_digest FROM meter WHERE id = 1)",
                 "meter_batch 2: its digest");
    for (int id = 1; id <= 9; id++)
        expect_found(&log,
                     arena_printf(arena,
                                  "CREATE TABLE s.k AS SELECT * FROM meter; DELETE FROM meter WHERE id = %d",
                                  id),
                     "DELETE FROM meter; INSERT INTO meter SELECT * FROM k; DROP TABLE s.k", NULL);
    static const char *const copies[] = {"10, 3", "10, 4", "0, 1", "-1, 0"};
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++)
        expect_found(
            &log,
            arena_printf(arena,
                         "INSERT INTO meter SELECT %s, product, customer, order_id, at, kind, units, "
                         "answer_digest, call_key FROM meter WHERE id = 1",
                         copies[i]),
            "DELETE FROM meter WHERE id NOT BETWEEN 1 AND 9", NULL);
    audit_log_close(&log);
}

TEST(a_metering_batch_cannot_be_taken_out_or_rewritten)
{
    struct audit_log log;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    open_city(&log);
    for (int batch = 1; batch <= 3; batch++)
        expect_found(
            &log,
            arena_printf(
                arena,
                "CREATE TABLE s.k AS SELECT * FROM meter; CREATE TABLE s.kb AS SELECT * FROM meter_batch; "
                "DELETE FROM meter WHERE batch = %d; DELETE FROM meter_batch WHERE id = %d",
                batch, batch),
            "DELETE FROM meter; INSERT INTO meter SELECT * FROM k; DROP TABLE s.k; "
            "DELETE FROM meter_batch; INSERT INTO meter_batch SELECT * FROM kb; DROP TABLE s.kb",
            arena_printf(arena, "meter_batch %d: missing", batch));
    /* Even with a digest that fits its new rows. */
    struct digest chain = {{0}};
    const struct meter_call call = {
        .product = 3, .customer = 4, .order_id = 1, .at = 7, .kind = "score", .units = 2, .answer = {{9}}};
    for (row_id id = 1; id <= 3; id++)
        chain = audit_batch_digest(&chain, id, 1, &call);
    char digest[DIGEST_TEXT_SIZE];
    hex_print(chain.bytes, DIGEST_SIZE, digest);
    const char *literal = test_store_blob(digest);
    expect_found(
        &log,
        arena_printf(
            arena,
            "CREATE TABLE s.kb AS SELECT * FROM meter_batch; UPDATE meter SET units = 2 WHERE batch = 1; "
            "UPDATE meter_batch SET digest = %s WHERE id = 1; "
            "UPDATE meter_batch SET previous = %s WHERE id = 2",
            literal, literal),
        "UPDATE meter SET units = 1; DELETE FROM meter_batch; INSERT INTO meter_batch SELECT * FROM kb; "
        "DROP TABLE s.kb",
        "meter_batch 1: not as entry 1 left it");
    audit_log_close(&log);
}

/* ---- a city that works ---- */

/* Writes and seals until it is told to stop: 90 entries a time, so that tiles fill up and partial ones go. */
struct working {
    struct audit_log *log;
    _Atomic bool stop;
    _Atomic int64_t seals;
};

static void *work_on(void *argument)
{
    struct working *working = argument;
    while (!working->stop) {
        audit_log_append(working->log, 90);
        assert_ok(audit_seal(working->log->sealer, NULL));
        working->seals++;
    }
    return NULL;
}

/* Verifies beside a city that seals, often and until it has sealed often; `faults` each time. */
static void verify_beside(struct audit_log *log, enum result result, int64_t faults, const char *words)
{
    struct working working = {.log = log};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work_on, &working), 0);
    for (int i = 0; i < 40 || working.seals < 10; i++) {
        struct audit_report report;
        if (audit_log_check(log, &report) != result || report.faults != faults)
            fail_msg("verification %d: %lld faults: %s", i, (long long)report.faults, report.first);
        if (words != NULL)
            assert_non_null(strstr(report.first, words));
    }
    working.stop = true;
    assert_int_equal(pthread_join(thread, NULL), 0);
}

TEST(a_log_that_grows_while_it_is_verified_has_no_fault)
{
    struct audit_log log;
    audit_log_open(&log);
    verify_beside(&log, RESULT_OK, 0, NULL);
    audit_log_close(&log);
}

TEST(a_fault_is_found_in_a_log_that_grows_and_no_other)
{
    struct audit_log log;
    open_city(&log);
    run_sql(&log, "UPDATE workflow_case SET state = 'other'");
    audit_log_reopen(&log);
    verify_beside(&log, RESULT_CORRUPT, 1, "workflow_case 1: not as entry 3 left it");
    audit_log_close(&log);
}
