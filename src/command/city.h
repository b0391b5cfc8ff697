/* An open city: store, keeper, clock, calendar, and the app made of them; the log of the process that leads.
 */
#pragma once

#include "audit/audit.h"
#include "command/settings.h"
#include "http/app.h"
#include "keeper/keeper.h"

struct city {
    struct settings settings;
    struct app app;
    struct store *store;
    struct clock *clock;
    struct random *random;
    struct calendar *calendar;
    struct keeper *keeper;
    struct store_lead *sealing; /* this process leads (lead.h); NULL: it does not */
    struct audit_sealer *sealer;
    struct audit_signer keeper_signer;
    struct store_lead *alive; /* says that the process of number app.server lives */
};

struct keeper_options city_keeper_options(const struct settings *settings);

/* Starts the keeper first, or connects to the one that DUKOU_KEEPER names: the process must have no other
 * thread yet. On failure nothing stays open. */
enum result city_open(struct arena *arena, struct city *ret_city, struct refusal *ret_refusal);
void city_close(struct city *city);
