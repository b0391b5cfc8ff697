/* What the parts of one serving process share; filled once by main.c. */
#pragma once

#include "http/route.h"
#include "keeper/keeper.h"

struct session_known {
    char csrf[65]; /* what state-changing requests of this session must send in X-CSRF-Token */
    bool stale;    /* that it was in use was noted some minutes ago or more: note it again */
};

/* Given by the concept `party`: who a credential belongs to. Runs in a read snapshot. */
struct identity {
    /* RESULT_UNAUTHENTICATED when it is unknown, ended or locked. */
    enum result (*by_session)(struct work *work, const char *token, struct actor *ret_actor,
                              struct session_known *ret_session);
    enum result (*by_bearer)(struct work *work, const char *token, struct actor *ret_actor);
    /* Notes that a session was in use at `at`; in a transaction of its own, some time after the request. Does
     * nothing when it has ended meanwhile or somebody else has noted it. */
    enum result (*session_used)(struct work *work, const char *token, instant at);
};

struct jobs;
struct monitor;
struct agreement_exit;
struct product_exchange;
struct product_calls;

/* What a concept does by itself: as ROLE_SYSTEM, every `seconds`, in the serving process. Ends with {0}. */
struct timer {
    const char *name;
    int seconds;
    enum result (*run)(const struct app *app, struct arena *arena);
};

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* After a restore from a backup that is older than the log: what a concept does about a row that entries
 * named which the store does not know any more. As ROLE_SYSTEM, before anything is served; the caller records
 * what is changed. What was taken back or ended stays so. Ends with {0}. */
struct lost_rule {
    const char *table;
    enum result (*lost)(struct work *work, const struct app *app, row_id id, bool deleted);
};
/* The same about a key that was destroyed: its certificate is there, and the row may think it open. */
struct destroyed_rule {
    const char *kind; /* of the key: "grant" */
    enum result (*destroyed)(struct work *work, const struct app *app, row_id id, const json_t *certificate);
};

struct app {
    struct store *store;
    const struct clock *clock;
    struct random *random;
    const struct calendar *calendar;
    int64_t server; /* number of this serving process, by chance; others know by background.h that it lives */
    struct keeper *keeper;            /* NULL in tests that need none */
    const struct route_table *tables; /* ends with {0} */
    workflow_list workflows;
    const struct identity *identity;
    struct jobs *jobs; /* background work, http/jobs.h */
    const struct timer *timers;
    const struct agreement_exit *agreement_exits; /* affairs/agreement: what closes with an agreement */
    const struct product_exchange *exchange; /* affairs/product: the data exchange; NULL: none connected */
    struct product_calls *product_calls;     /* affairs/product: calls that wait to be metered together */
    const char *home;
    bool secure_cookies;      /* TLS is on */
    int public_per_minute;    /* requests of one anonymous address; 0: as limits.h; −1: without limit */
    int account_per_minute;   /* requests of one account; likewise */
    enum log_level log_level; /* lines up to this one are written, http/log.h */
    const struct monitor *monitor; /* http/monitor.h; NULL: health is that the store answers */
    bool check_replies;            /* tests: a reply that does not fit its schema is a failure that says so */
    struct dispatcher *dispatcher; /* made by dispatch_open() */
};
