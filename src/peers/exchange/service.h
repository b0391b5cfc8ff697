/* The small exchange's HTTP service: one thread on libmicrohttpd. */
#pragma once

#include "base/clock.h"
#include "base/result.h"

struct exchange_service;

struct exchange_service_options {
    const char *folder; /* of the state; made when absent */
    int port;           /* 0: any free one; on 127.0.0.1 */
};

enum result exchange_service_start(const struct exchange_service_options *options,
                                   struct exchange_service **ret_service);
int exchange_service_port(const struct exchange_service *service);
/* As in FOLDER/platform.token. */
const char *exchange_service_token(const struct exchange_service *service);
void exchange_service_stop(struct exchange_service *service);
