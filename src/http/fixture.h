/* A small concept for the tests of this folder: landings, with a route of every kind. */
#pragma once

#include "support/city.h"

#include <stdio.h>

extern const struct route_table landing_tables[];
extern const struct schema landing_schema;
extern const struct schema landing_body_schema;

struct city *landing_city(void);

/* A clerk of party 3; the owner of what it makes. */
const char *landing_clerk(struct city *city);
/* Makes a landing as that clerk and returns its id. */
row_id landing_made(struct city *city);

#define LANDING_BODY                                                                                         \
    "{\"title\":\"中华路码头\",\"seats\":120,\"price\":150,\"opened\":\"2026-03-01\",\"kind\":\"ferry\"}"

/* How often handlers ran, to see what was not run. */
int landing_runs(void);
/* While they are held, handlers of dredge do not end. */
void landing_hold(bool held);

/* What is written to standard error meanwhile goes to a file, and comes back as text. */
struct capture {
    FILE *file;
    int before;
};
struct capture capture_begin(struct city *city);
void capture_end(struct capture *capture, char *ret_text, size_t room);
