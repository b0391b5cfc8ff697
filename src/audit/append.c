#include "audit/entry.h"

enum result audit_next(struct store_tx *tx, struct arena *arena, row_id *ret_entry)
{
    struct store_row row;
    TRY(store_one(tx, arena, SQL_AUDIT_NEXT, STORE_NO_BINDS, &row));
    *ret_entry = row_integer(&row, "entry");
    return RESULT_OK;
}

/* Writes one entry with as many of the changes as it can hold; *ret_taken says how many. */
static enum result append_part(struct store_tx *tx, struct arena *arena, struct random *random,
                               const struct audit_entry *entry, int64_t number, int64_t continues,
                               const struct store_change *changes, size_t count, size_t *ret_taken)
{
    uint8_t salt[AUDIT_SALT_SIZE];
    random_bytes(random, salt, sizeof salt);
    char *buffer = arena_alloc(arena, entry_bound(entry, count));
    struct entry_writer writer;
    entry_begin(&writer, buffer, entry, number, continues);
    size_t taken = 0;
    while (taken < count && entry_has_room(&writer))
        entry_add(&writer, &changes[taken++], salt);
    size_t size = entry_end(&writer);
    TRY(store_exec(tx, SQL_AUDIT_SALT_ADD,
                   STORE_BINDS({"entry", store_integer(number)}, {"salt", store_blob(salt, sizeof salt)}),
                   NULL));
    TRY(store_exec(tx, SQL_AUDIT_ENTRY_ADD,
                   STORE_BINDS({"entry", store_integer(number)}, {"bytes", store_blob(buffer, size)}), NULL));
    *ret_taken = taken;
    return RESULT_OK;
}

enum result audit_append(struct store_tx *tx, struct arena *arena, struct random *random,
                         const struct audit_entry *entry, row_id *ret_entry)
{
    size_t count;
    const struct store_change *changes = store_changes_take(tx, &count);
    row_id first;
    TRY(audit_next(tx, arena, &first));
    row_id number = first;
    size_t done = 0;
    do {
        size_t taken;
        TRY(append_part(tx, arena, random, entry, number, number == first ? AUDIT_NO_ENTRY : first,
                        changes + done, count - done, &taken));
        done += taken;
        number++;
    } while (done < count);
    *ret_entry = first;
    return RESULT_OK;
}
