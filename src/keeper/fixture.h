/* A keeper on a fresh home for one test, and the tables that tests use. */
#pragma once

#include "keeper/keeper.h"
#include "support/test.h"
#include "vault/disk.h"

/* Starts the engine that the keepers of the tests use; in fixture_engine_test.c. */
enum result fixture_engine(const char *library, struct engine **ret_engine);

struct fixture {
    char home[128];
    struct keeper *keeper;
    struct arena *arena;
};

struct fixture fixture_new(void);
struct fixture fixture_at(const char *home);
void fixture_free(struct fixture *fixture);
#define CLEANUP_FIXTURE __attribute__((cleanup(fixture_free)))

/* A memory file with this text. */
int fixture_file(const char *text, size_t size);

json_t *fixture_json(const char *text);

/* `rows` residents as CSV: id 1 …, district one of 4, age, pay; the canary stands in a column of its own. In
 * the arena. */
const char *fixture_residents(struct arena *arena, int rows);
json_t *fixture_residents_expected(void);

/* Grant 17: opened, ordered, delivered, received as slice/17. */
void fixture_deliver(struct fixture *fixture, row_id grant, const char *csv, json_t *expected);

/* Makes a product of the result and opens the result for the product's reviewer. */
enum result fixture_open(struct fixture *fixture, row_id product, row_id result, json_t **ret_opened);

/* A policy over slice/17 ("resident") and import/3 ("own"). */
json_t *fixture_policy(row_id grant);

/* How many files below `folder` hold the text. */
int fixture_files_holding(const char *folder, const char *text);

#define CANARY "canary-5f1d0c"
