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
};

enum result server_start(const struct app *app, const struct server_options *options,
                         struct server **ret_server);
int server_port(const struct server *server);
/* Stops taking requests, ends those that run, waits at most `seconds`. */
void server_stop(struct server *server, int seconds);
