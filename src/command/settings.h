/* Where a city lives and how it serves, from the environment. docs/install.md lists the variables. */
#pragma once

#include "base/arena.h"
#include "base/calendar.h"
#include "base/clock.h"
#include "base/refusal.h"
#include "http/app.h"

struct settings {
    const char *home;        /* DUKOU_HOME, ./var */
    const char *store;       /* DUKOU_STORE, HOME/dukou.db */
    const char *log;         /* HOME/log: the tiles */
    const char *origin;      /* DUKOU_ORIGIN: name of the audit log */
    const char *address;     /* DUKOU_ADDRESS, 127.0.0.1 */
    int port;                /* DUKOU_PORT, 8080; 0: any free one */
    int threads;             /* DUKOU_THREADS, 2 */
    int public_per_minute;   /* DUKOU_PUBLIC_PER_MINUTE: requests of one anonymous address; 0: as limits.h */
    int account_per_minute;  /* DUKOU_ACCOUNT_PER_MINUTE: requests of one account; 0: as limits.h */
    const char *certificate; /* DUKOU_CERTIFICATE, DUKOU_CERTIFICATE_KEY: PEM files; NULL: plain HTTP */
    const char *certificate_key;
    bool tls_in_front;      /* DUKOU_TLS_IN_FRONT: "yes" when a proxy speaks TLS for us */
    const char *master_key; /* DUKOU_MASTER_KEY, HOME/keys/master */
    const char *keeper;     /* DUKOU_KEEPER: socket of a keeper of its own; NULL: `serve` has its own */
    uint32_t keeper_user;   /* DUKOU_KEEPER_USER, DUKOU_KEEPER_GROUP: who else may connect to it, name or */
    uint32_t keeper_group;  /* number; UINT32_MAX: nobody */
    const char *duckdb;     /* DUKOU_DUCKDB; NULL: found beside the program */
    const char *calendar; /* DUKOU_CALENDAR, HOME/calendar.json, or npm's chinese-days; NULL: none of these is
                             there */
    const char *exchange; /* DUKOU_EXCHANGE: URL of the data exchange; NULL: none */
    const char *exchange_token; /* contents of the file DUKOU_EXCHANGE_TOKEN */
    const char *metrics_token;  /* contents of the file DUKOU_METRICS_TOKEN; NULL: no /metrics */
    enum log_level log_level;   /* DUKOU_LOG: error, warning, info, debug; warning */
    const char *clock;          /* HOME/clock when it is there: a driven clock, for demo cities */
};

enum result settings_read(struct arena *arena, struct settings *ret_settings, struct refusal *ret_refusal);

/* A path beside the program or above it that exists, for what npm has installed; NULL when there is none. */
const char *settings_beside_program(struct arena *arena, const char *name);

enum result settings_clock(const struct settings *settings, struct clock **ret_clock);
enum result settings_calendar(const struct settings *settings, struct calendar **ret_calendar);
