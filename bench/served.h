/* A city made by city_make, served by the program under measurement. */
#pragma once

#include "base/json.h"
#include "bench.h"

struct served {
    const char *home, *dukou, *library;
    json_t *city; /* HOME/bench.json */
    struct arena *arena;
    int port;
    struct child child;
};

/* Reads HOME/bench.json, sets the city's clock going from where it was made, and starts `dukou serve` without
 * limits on rates; `extra` ("NAME=value" or NULL) is a further setting. Ends the program when that fails. */
struct served served_open(struct arena *arena, const char *home, const char *dukou, const char *library,
                          const char *extra);
/* Starts it (again); seconds until somebody listens. */
double served_start(struct served *served, const char *extra);
void served_close(struct served *served);

/* Whole requests, in served->arena. */
const char *served_get(const struct served *served, const char *path,
                       const char *token); /* token NULL: the public */
const char *served_post(const struct served *served, const char *path, const char *token, const char *body);
/* Percent-encoded, for a query string. */
const char *served_encoded(const struct served *served, const char *text);
