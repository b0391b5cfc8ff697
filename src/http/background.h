/* Units of work outside a request: timers, jobs, the founding of a city. */
#pragma once

#include "http/app.h"

/* Runs `part` in one durable transaction (or a read snapshot) as `actor`; it may be run again, as any unit of
 * the store. The refusal, if any, in *ret_refusal (may be NULL); its text lives in `arena`. */
enum result background_write(const struct app *app, struct arena *arena, const struct actor *actor,
                             enum result (*part)(struct work *work, void *argument), void *argument,
                             struct refusal *ret_refusal);
enum result background_read(const struct app *app, struct arena *arena, const struct actor *actor,
                            enum result (*part)(struct work *work, void *argument), void *argument,
                            struct refusal *ret_refusal);

/* What a serving process leads (store_lead()) as long as it lives: whoever can lead it knows that the process
 * is dead, or cut off from the store. */
#define SERVER_NAME_SIZE 32
void server_name(int64_t server, char *ret_name);

/* The platform itself: account 0, ROLE_SYSTEM. */
extern const struct actor background_system;
