/* A log with its store and a signer whose keys are at hand, for tests. */
#pragma once

#include "audit/audit.h"
#include "audit/note.h"
#include "support/store.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#define LOG_ORIGIN "test.example/log"

struct log_keys {
    struct note_key keys[2];
    uint8_t secrets[2][NOTE_ED25519_SECRET_SIZE];
};

struct audit_log {
    char home[96];
    char store_path[256];
    char folder[128];
    struct store *store;
    struct audit_sealer *sealer;
    struct log_keys keys;
    struct random *random;
    struct arena *arena;
};

static inline void log_keys_make(struct log_keys *keys, const char *origin)
{
    uint8_t public_key[NOTE_SM2_PUBLIC_SIZE];
    assert_ok(note_generate_ed25519(keys->secrets[0], public_key));
    assert_ok(note_key_make(NOTE_ED25519, origin, public_key, &keys->keys[0]));
    assert_ok(note_generate_sm2(keys->secrets[1], public_key));
    assert_ok(note_key_make(NOTE_SM2, origin, public_key, &keys->keys[1]));
}

/* The signer: one line a key. */
static inline enum result log_sign(void *state, const char *text, struct arena *arena, const char **ret_lines)
{
    const struct log_keys *keys = state;
    const char *ed25519;
    const char *sm2;
    TRY(note_sign(arena, &keys->keys[0], keys->secrets[0], text, &ed25519));
    TRY(note_sign(arena, &keys->keys[1], keys->secrets[1], text, &sm2));
    *ret_lines = arena_printf(arena, "%s%s", ed25519, sm2);
    return RESULT_OK;
}

/* Opens what audit_log_close() closed, or what a fresh audit_log_open() has begun. */
static inline void audit_log_reopen(struct audit_log *log)
{
    assert_ok(store_open(log->store_path, &log->store));
    assert_ok(audit_sealer_open(log->store, log->folder, LOG_ORIGIN,
                                (struct audit_signer){log_sign, &log->keys}, &log->sealer));
}

static inline void audit_log_pause(struct audit_log *log)
{
    audit_sealer_close(log->sealer);
    store_close(log->store);
    log->sealer = NULL;
    log->store = NULL;
}

static inline void audit_log_open(struct audit_log *log)
{
    *log = (struct audit_log){.random = random_seeded(5), .arena = arena_new(0)};
    (void)snprintf(log->home, sizeof log->home, "%s", test_folder());
    (void)snprintf(log->store_path, sizeof log->store_path, "%s", test_store_url(&store_schema_built));
    (void)snprintf(log->folder, sizeof log->folder, "%s/log", log->home);
    log_keys_make(&log->keys, LOG_ORIGIN);
    assert_ok(note_keys_write(log->folder, log->keys.keys, 2));
    audit_log_reopen(log);
}

static inline void audit_log_close(struct audit_log *log)
{
    if (log->store != NULL)
        audit_log_pause(log);
    random_free(log->random);
    arena_free(log->arena);
}

static inline void audit_log_seal(struct audit_log *log, int64_t expected)
{
    int64_t size = -1;
    assert_ok(audit_seal(log->sealer, &size));
    assert_int_equal(size, expected);
}

static inline enum result audit_log_check(struct audit_log *log, struct audit_report *ret_report)
{
    arena_reset(log->arena);
    *ret_report = (struct audit_report){0};
    return audit_verify(log->folder, log->store_path, NULL, log->arena, ret_report);
}

/* ---- entries without changes ---- */

struct plain_entries {
    struct random *random;
    int64_t count;
};

static inline enum result append_plain(struct store_tx *tx, void *argument)
{
    struct plain_entries *plain = argument;
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    for (int64_t i = 0; i < plain->count; i++) {
        row_id number;
        const struct audit_entry entry = {.at = INSTANT_DAY * 20000 + i,
                                          .account = 5,
                                          .party = 2,
                                          .event = "look",
                                          .object = "product",
                                          .object_id = i,
                                          .law = LAW(CALL_REVIEW)};
        TRY(audit_append(tx, arena, plain->random, &entry, &number));
    }
    return RESULT_OK;
}

static inline void audit_log_append(struct audit_log *log, int64_t count)
{
    assert_ok(store_write(log->store, append_plain, &(struct plain_entries){log->random, count}));
}
