#include "keeper/made.h"

#include "keeper/bound.h"
#include "keeper/claims.h"

#include <string.h>

/* What is remembered of a product; *ret_made stays NULL where nothing is. */
static enum result read_made(struct serving *serving, struct call *call, int64_t product, json_t **ret_made)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    const char *name = object_name(call->arena, "product", product);
    enum result found = vault_get(serving->vault, name, &file);
    TRY(refuse_vault(call, name, found));
    const char *text = vault_file_layout(file);
    return text != NULL ? json_read(call->arena, text, strlen(text), ret_made, NULL) : RESULT_OK;
}

static enum result not_approved_otherwise(struct serving *serving, struct call *call, int64_t product,
                                          const void *bytes, size_t size)
{
    struct digest approved;
    struct digest digest = digest_sha256(bytes, size);
    enum result found = claims_approval(serving, product, &approved);
    if (found == RESULT_NOT_FOUND || (found == RESULT_OK && digest_equal(&approved, &digest)))
        return RESULT_OK;
    TRY(found);
    return refuse(&call->refusal,
                  (struct refusal){.result = RESULT_CONFLICT,
                                   .law = LAW(EGRESS_REVIEW),
                                   .field = object_name(call->arena, "product", product),
                                   .zh = "该产品的内容已审查通过，不能更换",
                                   .en = "the product's bytes are approved, and are not replaced",
                                   .remedy_zh = "另行制作新的产品",
                                   .remedy_en = "make a new product"});
}

enum result product_may_be_read(struct serving *serving, struct call *call, int64_t product)
{
    enum result approved = claims_approved(serving, product);
    if (approved != RESULT_FORBIDDEN)
        return refuse_vault(call, object_name(call->arena, "product", product), approved);
    return claims_account(serving, call, CLAIM_SHEET, product);
}

enum result product_store(struct serving *serving, struct call *call, int64_t product, int64_t room,
                          int64_t result_id, const void *bytes, size_t size, struct digest *ret_digest)
{
    CLEANUP_JSON json_t *before = NULL;
    const char *name = object_name(call->arena, "product", product);
    if (vault_has(serving->vault, name))
        TRY(read_made(serving, call, product, &before));
    TRY(bound_same_room(call, name, room, bound_room(before)));
    TRY(not_approved_otherwise(serving, call, product, bytes, size));
    CLEANUP_JSON json_t *made =
        json_pack("{s:I, s:I}", "room", (json_int_t)room, "result", (json_int_t)result_id);
    TRY(refuse_vault(call, name,
                     vault_put(serving->vault, name, name, SUITE_AES_256_GCM, json_print(call->arena, made),
                               bytes, size, ret_digest)));
    index_forget(serving->indexes, product);
    return RESULT_OK;
}

enum result product_made_of(struct serving *serving, struct call *call, int64_t product, int64_t result_id)
{
    CLEANUP_JSON json_t *made = NULL;
    TRY(read_made(serving, call, product, &made));
    /* Products from before this was remembered say nothing. */
    if (made == NULL || json_integer_or(made, "result", -1) == result_id)
        return RESULT_OK;
    return refuse(
        &call->refusal,
        (struct refusal){.result = RESULT_FORBIDDEN,
                         .law = LAW(EGRESS_REVIEW),
                         .field = object_name(call->arena, "result", result_id),
                         .zh = "该产品不是由这一结果制作的",
                         .en = "the product was not made of this result",
                         .remedy_zh = "只打开送审产品所用的结果",
                         .remedy_en = "open the result of which the product under review was made"});
}
