/* Slices, imports and what uploads are made of. */
#include "base/limits.h"
#include "keeper/grant.h"
#include "keeper/table.h"
#include "vault/disk.h"

#include <sodium.h>
#include <string.h>
#include <sys/mman.h>

static enum result refuse_delivery(struct call *call, enum result result)
{
    const char *zh = "交付内容无法打开：不是发给该授权的，或已损坏、被改动、不完整";
    const char *en = "the delivery does not open: it is not for this grant, or was changed or cut short";
    if (result == RESULT_CONFLICT) {
        zh = "交付内容不是针对当前订单的";
        en = "the delivery was made for another order";
    } else if (result == RESULT_TOO_LARGE) {
        zh = "交付内容超过大小上限";
        en = "the delivery is over the size limit";
    } else if (result != RESULT_CORRUPT && result != RESULT_MALFORMED) {
        return result;
    }
    return refuse(&call->refusal,
                  (struct refusal){.result = result == RESULT_CORRUPT ? RESULT_INVALID : result,
                                   .law = LAW(CALL_REVIEW),
                                   .zh = zh,
                                   .en = en,
                                   .remedy_zh = "请源端按当前订单重新交付",
                                   .remedy_en = "have the source deliver again, on the current order"});
}

/* The rows in clear, in memory only. */
static enum result open_delivery(struct serving *serving, struct call *call, int64_t grant, int *ret_plain,
                                 json_t **ret_stated)
{
    uint8_t secret[DELIVERY_KEY_SIZE];
    struct digest order;
    size_t size = 0;
    CLEANUP_FD int plain = memfd_create("dukou", MFD_CLOEXEC);
    if (plain < 0)
        return RESULT_MEMORY;
    TRY(refuse_vault(call, object_name(call->arena, "order", grant),
                     grant_order(serving->vault, grant, &order)));
    TRY(refuse_vault(call, object_name(call->arena, "grant", grant),
                     grant_secret(serving->vault, grant, secret)));
    const char *statement = NULL;
    enum result opened = delivery_open(call->fd, secret, &order, plain, &size, call->arena, &statement);
    sodium_memzero(secret, sizeof secret);
    if (opened != RESULT_OK)
        return refuse_delivery(call, opened);
    if (statement != NULL)
        TRY(json_read(call->arena, statement, strlen(statement), ret_stated, &call->refusal));
    *ret_plain = plain;
    plain = -1;
    return RESULT_OK;
}

static enum result receive(struct serving *serving, struct call *call, struct running *running, int64_t grant,
                           const json_t *expected)
{
    CLEANUP_FD int plain = -1;
    CLEANUP_JSON json_t *stated = NULL;
    TRY(open_delivery(serving, call, grant, &plain, &stated));
    const struct table_ingest ingest = {.object = object_name(call->arena, "slice", grant),
                                        .key = object_name(call->arena, "grant", grant),
                                        .input = plain,
                                        .limit = LIMIT_SLICE_BYTES,
                                        .expected = expected,
                                        .stated = stated};
    return table_ingest(serving, call, running, &ingest);
}

enum result keeper_verb_SLICE_RECEIVE(struct serving *serving, struct call *call)
{
    int64_t grant;
    const json_t *expected;
    struct running running;
    TRY(argument_id(call, "grant", &grant));
    TRY(argument_object(call, "expected", &expected));
    running_begin(&serving->running, &running, &call->from->gone);
    running_scope(&running, object_name(call->arena, "grant", grant));
    enum result result = receive(serving, call, &running, grant, expected);
    running_end(&running);
    return result;
}

enum result keeper_verb_IMPORT(struct serving *serving, struct call *call)
{
    int64_t import;
    const json_t *expected;
    struct running running;
    TRY(argument_id(call, "import", &import));
    TRY(argument_object(call, "expected", &expected));
    const char *name = object_name(call->arena, "import", import);
    const struct table_ingest ingest = {
        .object = name, .key = name, .input = call->fd, .limit = LIMIT_IMPORT_BYTES, .expected = expected};
    running_begin(&serving->running, &running, &call->from->gone);
    running_scope(&running, name);
    enum result result = table_ingest(serving, call, &running, &ingest);
    running_end(&running);
    return result;
}

enum result keeper_verb_DESCRIBE(struct serving *serving, struct call *call)
{
    struct running running;
    running_begin(&serving->running, &running, &call->from->gone);
    enum result result = table_describe(serving, call, &running, call->fd);
    running_end(&running);
    return result;
}
