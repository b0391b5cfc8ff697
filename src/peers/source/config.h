/* The source agent's configuration, a JSON file that the provider writes. README.md beside this file explains
 * every key; a key that is not known is refused, so that a slip of the pen cannot open a column.
 *
 *   {"platform": "https://…", "token_file": "token", "order_key": "hex Ed25519", "state": "state",
 *    "poll_seconds": 30, "resources": [
 *      {"code": "JG-01", "kind": "csv", "path": "people.csv", "encoding": "gbk", "approval": "manual",
 *       "keys": [["id"]], "columns": {"id": {"type": "text", "never": true}}},
 *      {"code": "JG-02", "kind": "postgresql", "connection": "host=…", "table": "public.firms"}]}
 *
 * Paths are relative to the file's folder. */
#pragma once

#include "base/calendar.h"
#include "base/json.h"
#include "engine/engine.h"

#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>

enum source_kind { SOURCE_CSV, SOURCE_PARQUET, SOURCE_POSTGRESQL };

/* What the provider declares of a column. One that is not declared is described by what its rows hold. */
struct source_column {
    struct engine_field field; /* name, type and rules */
    bool typed;                /* false: the type is to be found */
    bool never;                /* may not leave, whatever is ordered */
    /* What a room may do with it; stated with every delivery, and the platform may only be stricter. */
    const char *use; /* guard/policy.h; NULL: not said */
    int level;       /* 1 to 4; 0: not said */
    bool filter_said;
    bool filterable;
};

struct source_key {
    const char *const *columns;
    size_t count;
};

struct source_resource {
    const char *code;
    enum source_kind kind;
    const char *path;       /* csv, parquet */
    const char *connection; /* postgresql: libpq's connection string */
    const char *table;      /* postgresql: TABLE or SCHEMA.TABLE, each as it stands in the catalogue */
    bool gbk;               /* csv in GBK or GB 18030 */
    bool manual;            /* orders wait for `dukou source approve` */
    const char *subject;    /* the column that tells whose rows they are; NULL: not said */
    const struct source_column *columns;
    size_t column_count;
    const struct source_key *keys; /* candidate keys, whose uniqueness is measured */
    size_t key_count;
};

/* Part of each day in China during which nothing is delivered; `to` may be earlier than `from`: over
 * midnight. */
struct source_window {
    int from_minute; /* of the day, 0 … 1439 */
    int to_minute;
    const char *reason;
};

struct source_config {
    const char *platform;
    const char *token;
    const char *ca_file; /* NULL: the system's authorities */
    const char *state;   /* folder of the journal */
    const char *clock;   /* a shared clock's file, for trials; NULL: the machine's */
    unsigned char order_key[crypto_sign_PUBLICKEYBYTES];
    int poll_seconds;
    const struct source_resource *resources;
    size_t resource_count;
    const struct source_window *windows;
    size_t window_count;
};

/* Reads the file and the token's file into `arena`. Every refusal names file, key and the way out.
 * RESULT_NOT_FOUND, IO, MALFORMED, INVALID; FORBIDDEN for a token file that others can read. */
enum result source_config_open(struct arena *arena, const char *path, struct source_config *ret_config,
                               struct refusal *ret_refusal);

/* NULL when there is none such. */
const struct source_resource *source_resource_by_code(const struct source_config *config, const char *code);
const struct source_column *source_column_by_name(const struct source_resource *resource, const char *name);

/* The window that `at` falls into, with its end; NULL for none. */
const struct source_window *source_window_at(const struct source_config *config, instant at,
                                             instant *ret_end);
