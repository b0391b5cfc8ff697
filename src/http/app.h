/* What the parts of one serving process share; filled once by main.c. */
#pragma once

#include "http/route.h"
#include "keeper/keeper.h"

/* Given by the concept `party`: who a credential belongs to. Runs in a read snapshot. */
struct identity {
    /* RESULT_UNAUTHENTICATED when it is unknown, ended or locked. `ret_csrf` holds 65 bytes: the value that
     * state-changing requests of this session must send in X-CSRF-Token. */
    enum result (*by_session)(struct work *work, const char *token, struct actor *ret_actor, char *ret_csrf);
    enum result (*by_bearer)(struct work *work, const char *token, struct actor *ret_actor);
};

struct jobs;

struct app {
    struct store *store;
    const struct clock *clock;
    struct random *random;
    const struct calendar *calendar;
    struct keeper *keeper;             /* NULL in tests that need none */
    const struct route_table *tables;  /* ends with {0} */
    workflow_list workflows;
    const struct identity *identity;
    struct jobs *jobs;                 /* background work, http/jobs.h */
    const char *home;
    bool secure_cookies;               /* TLS is on */
};
