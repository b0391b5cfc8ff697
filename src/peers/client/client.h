/* A client of a JSON API over HTTP, on libcurl: what the source agent, the exchange's client and the command
 * line use to speak with the platform and its peers.
 *
 * A bearer token goes over TLS only, or to a loopback address. Redirects are not followed, proxies of the
 * environment are not used, and every call has an end (LIMIT_PEER_CONNECT_SECONDS, LIMIT_PEER_SECONDS, and
 * for raw bodies a lowest speed instead). One client is used by one thread at a time. */
#pragma once

#include "base/json.h"

#include <stddef.h>

struct client;

struct client_options {
    const char *url;     /* "https://host[:port][/prefix]", no query; http:// for loopback only */
    const char *token;   /* NULL: none */
    const char *ca_file; /* PEM of the authority that signed the server's certificate; NULL: the system's */
};

/* RESULT_INVALID for a URL that is none of the above. */
enum result client_open(struct arena *arena, const struct client_options *options, struct client **ret_client,
                        struct refusal *ret_refusal);
void client_close(struct client *client);

struct client_call {
    const char *method; /* "GET", "POST", "PUT", "DELETE" */
    const char *path;   /* below the URL, beginning with '/', already escaped */
    const json_t *body; /* sent as application/json; NULL: none */
    int fd;             /* with `raw`: body bytes, read from offset 0 up to `size` */
    size_t size;
    bool raw;
};

/* Makes the call. 2xx is RESULT_OK with *ret_reply a new reference, NULL when there was no content (ret_reply
 * may be NULL); text that is no JSON comes as a JSON string. 4xx and 5xx give the result nearest to the
 * status, and the reasons of the server's problem document (RFC 9457) in *ret_refusal. No connection:
 * RESULT_UNAVAILABLE; too slow: RESULT_TIMEOUT. */
enum result client_send(struct client *client, struct arena *arena, const struct client_call *call,
                        json_t **ret_reply, struct refusal *ret_refusal);

static inline void client_cleanup(struct client **client)
{
    client_close(*client);
}
#define CLEANUP_CLIENT __attribute__((cleanup(client_cleanup)))
