/* One request to the small exchange, between the HTTP side (service.c) and the routes (routes.c). Private to
 * this folder. */
#pragma once

#include "base/json.h"
#include "peers/exchange/service.h"
#include "peers/exchange/state.h"

#include <microhttpd.h>
#include <stdbool.h>

enum { EXCHANGE_TOKEN_BYTES = 32, EXCHANGE_TOKEN_SIZE = 2 * EXCHANGE_TOKEN_BYTES + 1 };

struct exchange_service {
    struct MHD_Daemon *daemon;
    struct exchange_state *state;
    struct clock *clock;
    char token[EXCHANGE_TOKEN_SIZE];
    struct digest token_digest;
};

/* One request. */
struct exchange_call {
    struct exchange_service *service;
    struct arena *arena;
    struct MHD_Connection *connection;
    const char *method;
    const char *path;
    char *bytes; /* of the body */
    size_t size;
    bool too_large;
    json_t *body;
    int64_t number;   /* in the path */
    int64_t customer; /* who calls; 0: no customer */
    struct refusal refusal;
};

/* Fresh, in hexadecimal; `ret_token` holds EXCHANGE_TOKEN_SIZE bytes. */
void exchange_make_token(char *ret_token);

/* Finds the route, asks who calls, reads the body, and runs it. *ret_reply: a new reference, or NULL for no
 * content. */
enum result exchange_route(struct exchange_call *call, json_t **ret_reply);
