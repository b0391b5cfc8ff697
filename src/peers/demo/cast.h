/* The founding of the city, and the parties that join it. */
#pragma once

#include "peers/demo/play.h"

/* HOME with its driven clock, the exchange, and a founded city that serves. */
void found_city(struct demo *demo);

/* Registers a party with its first account LOGIN, has it accepted, and gives it the duties. */
struct player *join(struct demo *demo, const char *role, const char *name, const char *login,
                    const char *duties);

/* A further account of the player's party. */
struct player *hire(struct demo *demo, struct player *of, const char *login, const char *duties,
                    bool source_agent);

/* The departments, the 13 districts, candidates, a developer, a customer, regulators, the government. */
void bring_everybody(struct demo *demo);
