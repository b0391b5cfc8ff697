/* What the agent does with the platform's orders. It dials out; nothing listens at the provider's side.
 *
 * For each open order, in this order: it is not one delivered already; a person has not stopped it; the
 * platform's signature, the text, the times; the configuration allows it; no maintenance window; a person has
 * let it through where that is asked for; then the rows are read, encoded in the jail, sealed to the grant's
 * key and sent. What the order does wrong is refused with the reason; what fails at the provider's side only
 * delays it. */
#pragma once

#include "peers/client/client.h"
#include "peers/source/config.h"
#include "peers/source/journal.h"

struct agent {
    const struct source_config *config;
    struct engine *engine;
    struct clock *clock;
    struct journal *journal;
    struct client *client;
    /* Told a line about each thing done; no value of a row is ever in it. NULL: nobody. */
    void (*tell)(const char *line);
};

struct agent_tally {
    int delivered;
    int refused;
    int delayed;
    int waiting; /* for a person, a window, a repair, or the platform */
};

/* One round over the platform's open orders. RESULT_OK also when single orders failed; a failing journal or
 * no list is an error. */
enum result agent_round(const struct agent *agent, struct agent_tally *ret_tally, struct refusal *ret_refusal,
                        struct arena *arena);

/* Measures one resource and, unless `dry`, tells the platform. */
enum result agent_describe(const struct agent *agent, struct arena *arena,
                           const struct source_resource *resource, bool dry, json_t **ret_description,
                           struct refusal *ret_refusal);

/* A person lets an order through, or stops it with a reason; the next round acts on it. RESULT_NOT_FOUND for
 * an order that never came, RESULT_CONFLICT for one that is settled. */
enum result agent_approve(const struct agent *agent, struct arena *arena, int64_t order,
                          struct refusal *ret_refusal);
enum result agent_stop(const struct agent *agent, struct arena *arena, int64_t order, const char *reason,
                       struct refusal *ret_refusal);
