/* Status, orders, keys and their end. */
#include "engine/jail/jail.h"
#include "keeper/claims.h"
#include "keeper/grant.h"
#include "keeper/serving.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- status ---- */

static json_t *layer_names(uint32_t layers)
{
    json_t *names = json_array();
    for (int i = 0; i < JAIL_LAYER_COUNT; i++)
        if ((layers & UINT32_C(1) << i) != 0)
            (void)json_array_append_new(names, json_string(jail_layer_name((enum jail_layer)i)));
    return names;
}

enum result keeper_verb_STATUS(struct serving *serving, struct call *call)
{
    const struct signing *signing = serving->signing;
    char order[2 * NOTE_ED25519_PUBLIC_SIZE + 1];
    uint32_t layers = 0;
    TRY(engine_jail(serving->engine, &layers, &call->refusal));
    hex_print(signing->order_public, sizeof signing->order_public, order);
    json_t *reply = call->reply;
    (void)json_object_set_new(reply, "log_ed25519",
                              json_string(note_key_print(call->arena, &signing->log_ed25519)));
    (void)json_object_set_new(reply, "log_sm2", json_string(note_key_print(call->arena, &signing->log_sm2)));
    (void)json_object_set_new(reply, "order_ed25519", json_string(order));
    (void)json_object_set_new(reply, "jail", layer_names(layers));
    (void)json_object_set_new(reply, "master_version",
                              json_integer(vault_keys_version(vault_keys_of(serving->vault))));
    (void)json_object_set_new(reply, "pid", json_integer(getpid()));
    return RESULT_OK;
}

/* ---- grants ---- */

enum result keeper_verb_GRANT_OPEN(struct serving *serving, struct call *call)
{
    int64_t grant;
    uint8_t key[VAULT_KEY_SIZE];
    char public[GRANT_PUBLIC_TEXT_SIZE];
    TRY(argument_id(call, "grant", &grant));
    const char *name = object_name(call->arena, "grant", grant);
    TRY(refuse_vault(call, name, vault_key_ensure(vault_keys_of(serving->vault), name, key)));
    sodium_memzero(key, sizeof key);
    TRY(grant_public(serving->vault, grant, public));
    (void)json_object_set_new(call->reply, "public_key", json_string(public));
    return RESULT_OK;
}

static enum result refuse_order(struct call *call, enum result result, const char *field)
{
    return refuse(&call->refusal,
                  (struct refusal){.result = result,
                                   .law = LAW(CALL_REVIEW),
                                   .field = field,
                                   .zh = "订单与授权不符：没有该授权的密钥，或公钥不是它的",
                                   .en = "the order does not fit its grant: no key, or another public key",
                                   .remedy_zh = "请先开通授权，再用其公钥下达订单",
                                   .remedy_en = "open the grant first and order with its public key"});
}

/* An order for a grant names the grant's own public key, and is the one whose delivery will be taken. */
static enum result bind_to_grant(struct serving *serving, struct call *call, const json_t *order,
                                 const char *text)
{
    int64_t grant = json_integer_or(order, "grant", -1);
    const char *named = json_text(order, "public_key");
    char public[GRANT_PUBLIC_TEXT_SIZE];
    if (grant < 0 || named == NULL)
        return refuse_order(call, RESULT_INVALID, "/grant");
    enum result known = grant_public(serving->vault, grant, public);
    if (known == RESULT_NOT_FOUND)
        return refuse_order(call, RESULT_NOT_FOUND, "/grant");
    TRY(known);
    if (strcmp(named, public) != 0)
        return refuse_order(call, RESULT_INVALID, "/public_key");
    struct digest digest = digest_sha256(text, strlen(text));
    return grant_order_remember(serving->vault, grant, &digest);
}

enum result keeper_verb_ORDER_SIGN(struct serving *serving, struct call *call)
{
    const json_t *order;
    uint8_t signature[crypto_sign_BYTES];
    char hex[2 * sizeof signature + 1];
    TRY(argument_object(call, "order", &order));
    const char *text = json_print_canonical(call->arena, order);
    TRY(bind_to_grant(serving, call, order, text));
    TRY(claims_account(serving, call, CLAIM_ORDER, json_integer_or(order, "order", 0)));
    (void)crypto_sign_detached(signature, NULL, (const uint8_t *)text, strlen(text),
                               serving->signing->order_secret);
    hex_print(signature, sizeof signature, hex);
    (void)json_object_set_new(call->reply, "signature", json_string(hex));
    return RESULT_OK;
}

/* ---- cancelling and destroying ---- */

enum result keeper_verb_CANCEL(struct serving *serving, struct call *call)
{
    const char *scope;
    TRY(argument_text(call, "scope", VAULT_NAME_SIZE, &scope));
    size_t count = running_cancel(&serving->running, scope);
    (void)json_object_set_new(call->reply, "stopped", json_integer((json_int_t)count));
    return RESULT_OK;
}

/* Keys of the platform itself are not up for destruction by a call. */
static bool is_for_callers(const char *key)
{
    static const char *const kinds[] = {"grant/", "import/", "room/", "product/", "document/"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strncmp(key, kinds[i], strlen(kinds[i])) == 0)
            return true;
    return false;
}

enum result keeper_verb_KEY_DESTROY(struct serving *serving, struct call *call)
{
    const char *key;
    json_t *certificate = NULL;
    static const char product[] = "product/";
    TRY(argument_text(call, "key", VAULT_NAME_SIZE, &key));
    if (!is_for_callers(key))
        return refuse_vault(call, key, RESULT_NOT_FOUND);
    TRY(refuse_vault(call, key, vault_destroy(serving->vault, key, &certificate)));
    /* What is under way with bytes that were decrypted before ends as well. */
    (void)running_cancel(&serving->running, key);
    if (strncmp(key, product, sizeof product - 1) == 0)
        index_forget(serving->indexes, strtoll(key + sizeof product - 1, NULL, 10));
    (void)json_object_set_new(call->reply, "certificate", certificate);
    return RESULT_OK;
}

enum result keeper_verb_KEY_CERTIFICATE(struct serving *serving, struct call *call)
{
    const char *key;
    json_t *certificate = NULL;
    TRY(argument_text(call, "key", VAULT_NAME_SIZE, &key));
    TRY(refuse_vault(call, key, vault_certificate(serving->vault, key, &certificate)));
    (void)json_object_set_new(call->reply, "certificate", certificate);
    return RESULT_OK;
}

enum result keeper_verb_SWEEP_DESTROYED(struct serving *serving, struct call *call)
{
    json_t *names = json_array();
    (void)json_object_set_new(call->reply, "keys", names);
    return vault_sweep_destroyed(serving->vault, names);
}

enum result keeper_verb_MASTER_ROTATE(struct serving *serving, struct call *call)
{
    TRY(vault_keys_rotate(vault_keys_of(serving->vault), VAULT_ROTATION_DONE));
    (void)json_object_set_new(call->reply, "version",
                              json_integer(vault_keys_version(vault_keys_of(serving->vault))));
    return RESULT_OK;
}
