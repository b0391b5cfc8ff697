/* What the agent's tests share: files, one engine, signed orders, and a platform that answers as it is told.
 */
#pragma once

#include "peers/source/agent.h"
#include "peers/source/order.h"
#include "support/test.h"

#include <pthread.h>

/* ---- files ---- */

/* FOLDER/NAME, static storage until the fourth call after. */
const char *fixture_path(const char *folder, const char *name);
void fixture_write(const char *path, const char *text);
void fixture_write_bytes(const char *path, const void *bytes, size_t size);
char *fixture_read(const char *path, size_t *ret_size); /* malloc()ed, NUL behind */

/* ---- the engine ---- */

struct engine *fixture_engine(void);
/* All rows of the Parquet in `fd` as text, "a|b\n" a row, in the order of their first column. */
const char *fixture_rows(struct arena *arena, int fd);

/* ---- orders ---- */

#define FIXTURE_NOW ((instant)1795392000 * INSTANT_SECOND) /* 2026-11-23T00:00:00Z */

/* The platform's order key, and a grant's. */
const char *fixture_order_key(void); /* hexadecimal */
const char *fixture_grant_key(void);
const uint8_t *fixture_grant_secret(void);

/* The canonical text of an order: number 7 unless changed, valid for a day around FIXTURE_NOW. `changes` is
 * JSON whose members replace the order's. */
const char *fixture_order(struct arena *arena, const char *changes);
const char *fixture_signature(struct arena *arena, const char *text);

/* ---- a platform ---- */

struct platform {
    int port;
    pthread_mutex_t lock;
    struct {
        int64_t id;
        char *text;
        char *signature;
        bool open;
    } orders[32];
    size_t order_count;
    int slice_status; /* what a slice is answered with; 204 when it is taken */
    bool down;        /* closes connections */
    /* what came */
    char *posts; /* a line each: "POST /path body\n" */
    char *slice; /* the last one */
    size_t slice_size;
    int slices;
    bool unauthorised; /* a call without the token */
    void *daemon;
};

#define FIXTURE_TOKEN "test-token-of-a-source"

struct platform *platform_start(void);
void platform_stop(struct platform *platform);
/* Adds an open order. */
void platform_order(struct platform *platform, int64_t id, const char *text, const char *signature);

/* ---- an agent ---- */

struct world {
    char folder[64];
    struct arena *arena;
    struct platform *platform;
    struct source_config config;
    struct agent agent;
    struct agent_tally tally; /* of the last round */
    const char *statement;    /* of the last slice that world_slice() opened */
};

/* An agent whose configuration has these resources (JSON array) and further members (", \"maintenance\": […]"
 * or ""). */
struct world *world_open(const char *resources, const char *more);
void world_close(struct world *world);
/* Stops the agent and starts it again on the same state. */
void world_restart(struct world *world);
void world_round(struct world *world);
/* Everything the agent printed and kept, and everything the platform was told but slices; malloc()ed. */
char *world_outputs(struct world *world);
/* The rows in the last slice, opened as the keeper does for order text `order`. */
const char *world_slice(struct world *world, const char *order);
