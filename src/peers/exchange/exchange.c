#include "peers/exchange/exchange.h"

#include "peers/client/client.h"

static enum result call_exchange(const struct exchange_peer *peer, struct arena *arena, const char *method,
                                 const char *path, const json_t *body, json_t **ret_reply,
                                 struct refusal *ret_refusal)
{
    CLEANUP_CLIENT struct client *client = NULL;
    const struct client_options options = {peer->url, peer->token, peer->ca_file};
    const struct client_call call = {.method = method, .path = path, .body = body};
    TRY(client_open(arena, &options, &client, ret_refusal));
    return client_send(client, arena, &call, ret_reply, ret_refusal);
}

static enum result refuse_reply(struct refusal *ret_refusal)
{
    return refuse(ret_refusal,
                  (struct refusal){.result = RESULT_UNAVAILABLE,
                                   .law = LAW(EXCHANGE),
                                   .zh = "交易平台的答复读不懂。",
                                   .en = "The exchange's answer is not understood.",
                                   .remedy_zh = "请核对交易平台的地址与接口版本。",
                                   .remedy_en = "Check the exchange's address and interface version."});
}

enum result exchange_list(const struct exchange_peer *peer, struct arena *arena, const json_t *product,
                          int64_t *ret_listing, struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(call_exchange(peer, arena, "POST", "/listings", product, &reply, ret_refusal));
    int64_t listing = json_integer_or(reply, "listing", 0);
    if (listing <= 0)
        return refuse_reply(ret_refusal);
    *ret_listing = listing;
    return RESULT_OK;
}

enum result exchange_withdraw(const struct exchange_peer *peer, struct arena *arena, int64_t listing,
                              struct refusal *ret_refusal)
{
    const char *path = arena_printf(arena, "/listings/%lld", (long long)listing);
    return call_exchange(peer, arena, "DELETE", path, NULL, NULL, ret_refusal);
}

enum result exchange_orders(const struct exchange_peer *peer, struct arena *arena, int64_t after,
                            json_t **ret_orders, struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *reply = NULL;
    const char *path = arena_printf(arena, "/orders?after=%lld", (long long)after);
    TRY(call_exchange(peer, arena, "GET", path, NULL, &reply, ret_refusal));
    json_t *items = json_object_get(reply, "items");
    if (!json_is_array(items))
        return refuse_reply(ret_refusal);
    *ret_orders = json_incref(items);
    return RESULT_OK;
}

enum result exchange_answer(const struct exchange_peer *peer, struct arena *arena, int64_t order,
                            const char *state, int64_t grant, const char *reason, struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *body = json_pack("{s:s}", "state", state);
    if (grant > 0)
        (void)json_object_set_new(body, "grant", json_integer(grant));
    if (reason != NULL)
        (void)json_object_set_new(body, "reason", json_string(reason));
    const char *path = arena_printf(arena, "/orders/%lld/state", (long long)order);
    return call_exchange(peer, arena, "POST", path, body, NULL, ret_refusal);
}
