#include "peers/exchange/exchange.h"
#include "peers/exchange/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "dukou exchange --state DIR [--port P]\n"
    "\n"
    "A small data exchange that plays the other side for demos and tests, on 127.0.0.1.\n"
    "供演示与测试用的小型数据交易平台，仅在本机监听。\n"
    "\n"
    "  --state DIR  its own SQLite file, and platform.token, made on first use\n"
    "  --port P     any free one when left out\n";

static int usage(void)
{
    (void)fputs(help, stderr);
    return 2;
}

static bool read_port(const char *text, int *ret_port)
{
    char *end = NULL;
    long port = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || port > 65535)
        return false;
    *ret_port = (int)port;
    return true;
}

static int serve(const struct exchange_service_options *options)
{
    struct exchange_service *service;
    sigset_t ends;
    int got;
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    /* Before any thread is started, so that none takes the signal. */
    (void)sigprocmask(SIG_BLOCK, &ends, NULL);
    enum result result = exchange_service_start(options, &service);
    if (result != RESULT_OK) {
        (void)fprintf(stderr, "dukou exchange: cannot start in %s on port %d (%s)\n", options->folder,
                      options->port, result_name(result));
        return 1;
    }
    (void)printf("exchange: http://127.0.0.1:%d\n", exchange_service_port(service));
    (void)fflush(stdout);
    (void)sigwait(&ends, &got);
    exchange_service_stop(service);
    return 0;
}

int exchange_main(int argc, char **argv)
{
    struct exchange_service_options options = {0};
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)fputs(help, stdout);
            return 0;
        }
        if (i + 1 == argc)
            return usage();
        if (strcmp(argv[i], "--state") == 0)
            options.folder = argv[i + 1];
        else if (strcmp(argv[i], "--port") != 0 || !read_port(argv[i + 1], &options.port))
            return usage();
    }
    return options.folder != NULL ? serve(&options) : usage();
}
