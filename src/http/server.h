/* The HTTP server on libmicrohttpd: epoll threads that answer reads at once, and a pool for what waits. */
#pragma once

#include "http/app.h"

struct server;

struct server_options {
    const char *address;     /* "127.0.0.1" */
    int port;                /* 0: any free one */
    const char *certificate; /* PEM files; NULL: plain HTTP */
    const char *key;
    int threads;
    int head_seconds;  /* 0: LIMIT_HEAD_SECONDS */
    int reply_seconds; /* whatever its size; 0: LIMIT_REPLY_SECONDS and what its size needs */
};

/* RESULT_INVALID (address, port, a certificate without key), NOT_FOUND, MALFORMED, TOO_LARGE (PEM files), IO
 * (the port is taken, the certificate does not fit the key). */
enum result server_start(const struct app *app, const struct server_options *options,
                         struct server **ret_server);
int server_port(const struct server *server);
/* Stops taking requests, lets those that run end, waits at most `seconds`. RESULT_TIMEOUT when some handler
 * still runs then: the server is left as it is, and the process should end with _exit(); nothing that was
 * acknowledged is lost. */
enum result server_stop(struct server *server, int seconds);
