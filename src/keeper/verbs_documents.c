/* Documents: agreements, materials, reports. Never parsed here, just kept. */
#include "base/limits.h"
#include "keeper/channel.h"
#include "keeper/made.h"
#include "keeper/serving.h"

static enum result put(struct serving *serving, struct call *call, const char *name,
                       struct digest *ret_digest)
{
    const void *bytes = NULL;
    size_t size = 0;
    TRY(read_descriptor(call, LIMIT_DOCUMENT_BYTES, &bytes, &size));
    if (!vault_has(serving->vault, name))
        return refuse_vault(
            call, name,
            vault_put(serving->vault, name, name, SUITE_AES_256_GCM, NULL, bytes, size, ret_digest));
    /* A decision may cite its digest already: what is stored stays, though it may be stored again. */
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    TRY(refuse_vault(call, name, vault_get(serving->vault, name, &file)));
    *ret_digest = digest_sha256(bytes, size);
    return digest_equal(vault_file_digest(file), ret_digest) ? RESULT_OK : RESULT_CONFLICT;
}

enum result keeper_verb_DOCUMENT_PUT(struct serving *serving, struct call *call)
{
    int64_t document;
    struct digest digest;
    char hex[DIGEST_TEXT_SIZE];
    TRY(argument_id(call, "document", &document));
    TRY(put(serving, call, object_name(call->arena, "document", document), &digest));
    hex_print(digest.bytes, DIGEST_SIZE, hex);
    (void)json_object_set_new(call->reply, "digest", json_string(hex));
    return RESULT_OK;
}

/* Sends an object's bytes back in a memory file. */
static enum result send_object(struct serving *serving, struct call *call, const char *name, size_t limit)
{
    void *bytes = NULL;
    size_t size = 0;
    TRY(refuse_vault(call, name, vault_get_bytes(serving->vault, call->arena, name, limit, &bytes, &size)));
    call->reply_fd = channel_memory(bytes, size);
    return call->reply_fd >= 0 ? RESULT_OK : RESULT_MEMORY;
}

enum result keeper_verb_DOCUMENT_GET(struct serving *serving, struct call *call)
{
    int64_t document;
    TRY(argument_id(call, "document", &document));
    return send_object(serving, call, object_name(call->arena, "document", document), LIMIT_DOCUMENT_BYTES);
}

enum result keeper_verb_PRODUCT_READ(struct serving *serving, struct call *call)
{
    int64_t product;
    TRY(argument_id(call, "product", &product));
    TRY(product_may_be_read(serving, call, product));
    return send_object(serving, call, object_name(call->arena, "product", product),
                       LIMIT_PRODUCT_TABLE_BYTES);
}

enum result keeper_verb_PRODUCT_DIGEST(struct serving *serving, struct call *call)
{
    int64_t product;
    char hex[DIGEST_TEXT_SIZE];
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    TRY(argument_id(call, "product", &product));
    const char *name = object_name(call->arena, "product", product);
    TRY(refuse_vault(call, name, vault_get(serving->vault, name, &file)));
    hex_print(vault_file_digest(file)->bytes, DIGEST_SIZE, hex);
    (void)json_object_set_new(call->reply, "digest", json_string(hex));
    return RESULT_OK;
}
