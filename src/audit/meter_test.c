#include "audit/audit_batch.h"
#include "support/audit_log.h"

struct metered {
    struct random *random;
    struct meter_call calls[8];
    size_t count;
    row_id batch;
    row_id entry;
};

static enum result meter(struct store_tx *tx, void *argument)
{
    struct metered *metered = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    return meter_append(tx, arena, metered->random, LAW(EXCHANGE), 77, metered->calls, metered->count,
                        &metered->batch, &metered->entry);
}

static struct meter_call call_of(row_id order, const char *key)
{
    return (struct meter_call){.product = 3,
                               .customer = 4,
                               .order_id = order,
                               .at = 77,
                               .kind = "verification",
                               .units = 1,
                               .answer = {{9}},
                               .call_key = key};
}

TEST(a_batch_is_one_entry_and_goes_on_where_the_last_ended)
{
    struct audit_log log;
    audit_log_open(&log);
    struct metered metered = {.random = log.random, .count = 3};
    for (size_t i = 0; i < 3; i++)
        metered.calls[i] = call_of(1, NULL);
    assert_ok(store_write(log.store, meter, &metered));
    assert_int_equal(metered.batch, 1);
    assert_int_equal(metered.entry, 0);
    assert_int_equal(metered.calls[2].id, 3);
    assert_ok(store_write(log.store, meter, &metered));
    assert_int_equal(metered.batch, 2);
    assert_int_equal(metered.entry, 1);
    assert_int_equal(metered.calls[0].id, 4);
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.batches, 2);
    assert_int_equal(report.rows, 2); /* the batches; their rows are not covered one by one */
    audit_log_seal(&log, 2);
    const char *entry;
    struct digest chain = {{0}};
    for (row_id id = 1; id <= 3; id++)
        chain = audit_batch_digest(&chain, id, 1, &metered.calls[0]);
    char digest[DIGEST_TEXT_SIZE];
    hex_print(chain.bytes, DIGEST_SIZE, digest);
    assert_ok(audit_read(log.folder, 0, log.arena, &entry));
    assert_non_null(strstr(entry, digest));
    assert_non_null(
        strstr(entry, "\"event\":\"meter\",\"object\":\"meter_batch\",\"id\":1,\"law\":\"EXCHANGE\""));
    audit_log_close(&log);
}

TEST(a_call_with_the_same_key_is_metered_once)
{
    struct audit_log log;
    audit_log_open(&log);
    struct metered metered = {.random = log.random, .count = 4};
    metered.calls[0] = call_of(1, "a");
    metered.calls[1] = call_of(1, "b");
    metered.calls[2] = call_of(1, "a"); /* twice in one batch */
    metered.calls[3] = call_of(2, "a"); /* another order's key is another key */
    assert_ok(store_write(log.store, meter, &metered));
    assert_false(metered.calls[0].duplicate);
    assert_true(metered.calls[2].duplicate);
    assert_int_equal(metered.calls[2].id, metered.calls[0].id);
    assert_false(metered.calls[3].duplicate);
    assert_int_equal(metered.calls[3].id, 3);
    /* All of them again: no batch and no entry. */
    assert_ok(store_write(log.store, meter, &metered));
    assert_int_equal(metered.batch, -1);
    assert_int_equal(metered.entry, -1);
    assert_true(metered.calls[3].duplicate);
    assert_int_equal(metered.calls[1].id, 2);
    struct audit_report report;
    assert_ok(audit_log_check(&log, &report));
    assert_int_equal(report.batches, 1);
    assert_int_equal(report.pending, 1);
    audit_log_close(&log);
}

TEST(every_field_of_a_call_is_in_the_chain)
{
    const struct digest zero = {{0}};
    struct meter_call calls[11];
    struct digest digests[13];
    for (size_t i = 0; i < 11; i++)
        calls[i] = call_of(1, "k");
    calls[1].product++;
    calls[2].customer++;
    calls[3].order_id++;
    calls[4].at++;
    calls[5].kind = "score";
    calls[6].units++;
    calls[7].answer.bytes[31]++;
    calls[8].call_key = NULL;
    calls[9].call_key = "";
    calls[10].call_key = "l";
    for (size_t i = 0; i < 11; i++)
        digests[i] = audit_batch_digest(&zero, 1, 1, &calls[i]);
    digests[11] = audit_batch_digest(&zero, 2, 1, &calls[0]);
    digests[12] = audit_batch_digest(&zero, 1, 2, &calls[0]);
    for (size_t a = 0; a < 13; a++)
        for (size_t b = 0; b < a; b++)
            assert_false(digest_equal(&digests[a], &digests[b]));
}
