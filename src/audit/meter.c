#include "audit/audit_batch.h"

#include <assert.h>
#include <string.h>

static uint8_t *put_integer(uint8_t *at, int64_t value)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (uint8_t)((uint64_t)value >> shift);
    return at;
}

/* One byte of length plus 1 and the bytes; one 0 byte for NULL. */
static uint8_t *put_text(uint8_t *at, const char *text, size_t limit)
{
    size_t size = text != NULL ? strlen(text) : 0;
    assert(size <= limit && size < 255);
    (void)limit;
    *at++ = text != NULL ? (uint8_t)(size + 1) : 0;
    if (size > 0)
        memcpy(at, text, size);
    return at + size;
}

bool audit_batch_fits(const struct meter_call *call)
{
    return call->kind != NULL && strlen(call->kind) <= METER_KIND_BYTES &&
           (call->call_key == NULL || strlen(call->call_key) <= METER_KEY_BYTES);
}

struct digest audit_batch_digest(const struct digest *previous, row_id id, row_id batch,
                                 const struct meter_call *call)
{
    uint8_t row[2 * DIGEST_SIZE + 7 * 8 + METER_KIND_BYTES + METER_KEY_BYTES + 2];
    uint8_t *at = row;
    memcpy(at, previous->bytes, DIGEST_SIZE);
    at += DIGEST_SIZE;
    at = put_integer(at, id);
    at = put_integer(at, batch);
    at = put_integer(at, call->product);
    at = put_integer(at, call->customer);
    at = put_integer(at, call->order_id);
    at = put_integer(at, call->at);
    at = put_integer(at, call->units);
    at = put_text(at, call->kind, METER_KIND_BYTES);
    at = put_text(at, call->call_key, METER_KEY_BYTES);
    memcpy(at, call->answer.bytes, DIGEST_SIZE);
    at += DIGEST_SIZE;
    return digest_sha256(row, (size_t)(at - row));
}

/* The batch that is being written. */
struct batch {
    row_id id;
    row_id first;
    row_id next; /* row */
    struct digest previous;
    struct digest digest;
};

static enum result batch_begin(struct store_tx *tx, struct arena *arena, struct batch *batch)
{
    *batch = (struct batch){.id = 1, .first = 1, .next = 1};
    struct store_row row;
    enum result result = store_one(tx, arena, SQL_METER_BATCH_LAST, STORE_NO_BINDS, &row);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    TRY(result);
    size_t size;
    const void *digest = row_blob(&row, "digest", &size);
    if (size != DIGEST_SIZE)
        return RESULT_CORRUPT;
    memcpy(batch->previous.bytes, digest, DIGEST_SIZE);
    batch->digest = batch->previous;
    batch->id = row_integer(&row, "id") + 1;
    batch->first = row_integer(&row, "last") + 1;
    batch->next = batch->first;
    return RESULT_OK;
}

static enum result batch_add(struct store_tx *tx, struct arena *arena, struct batch *batch,
                             struct meter_call *call)
{
    int64_t added;
    TRY(store_exec(tx, SQL_METER_ADD,
                   STORE_BINDS({"id", store_integer(batch->next)}, {"batch", store_integer(batch->id)},
                               {"product", store_integer(call->product)},
                               {"customer", store_integer(call->customer)},
                               {"order_id", store_integer(call->order_id)}, {"at", store_integer(call->at)},
                               {"kind", store_text(call->kind)}, {"units", store_integer(call->units)},
                               {"answer_digest", store_blob(call->answer.bytes, DIGEST_SIZE)},
                               {"call_key", store_text(call->call_key)}),
                   &added));
    call->duplicate = added == 0;
    if (call->duplicate) {
        struct store_row row;
        TRY(store_one(tx, arena, SQL_METER_BY_CALL,
                      STORE_BINDS({"order_id", store_integer(call->order_id)},
                                  {"call_key", store_text(call->call_key)}),
                      &row));
        call->id = row_integer(&row, "id");
        return RESULT_OK;
    }
    batch->digest = audit_batch_digest(&batch->digest, batch->next, batch->id, call);
    call->id = batch->next++;
    return RESULT_OK;
}

static enum result batch_end(struct store_tx *tx, struct arena *arena, struct random *random, enum law law,
                             instant at, const struct batch *batch, row_id *ret_entry)
{
    row_id number;
    TRY(audit_next(tx, arena, &number));
    TRY(store_exec(tx, SQL_METER_BATCH_ADD,
                   STORE_BINDS({"id", store_integer(batch->id)}, {"first", store_integer(batch->first)},
                               {"last", store_integer(batch->next - 1)},
                               {"previous", store_blob(batch->previous.bytes, DIGEST_SIZE)},
                               {"digest", store_blob(batch->digest.bytes, DIGEST_SIZE)},
                               {"at", store_integer(at)}, {"entry", store_integer(number)}),
                   NULL));
    const struct audit_entry entry = {.at = at,
                                      .event = "meter",
                                      .object = "meter_batch",
                                      .object_id = batch->id,
                                      .law = law,
                                      .evidence = &batch->digest};
    return audit_append(tx, arena, random, &entry, ret_entry);
}

enum result meter_append(struct store_tx *tx, struct arena *arena, struct random *random, enum law law,
                         instant at, struct meter_call *calls, size_t count, row_id *ret_batch,
                         row_id *ret_entry)
{
    struct batch batch;
    TRY(batch_begin(tx, arena, &batch));
    for (size_t i = 0; i < count; i++)
        TRY(batch_add(tx, arena, &batch, &calls[i]));
    row_id entry = -1;
    if (batch.next > batch.first)
        TRY(batch_end(tx, arena, random, law, at, &batch, &entry));
    if (ret_batch != NULL)
        *ret_batch = entry >= 0 ? batch.id : -1;
    if (ret_entry != NULL)
        *ret_entry = entry;
    return RESULT_OK;
}
