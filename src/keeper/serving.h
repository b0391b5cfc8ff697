/* The keeper process from inside: what the verbs share. */
#pragma once

#include "audit/note.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/refusal.h"
#include "engine/engine.h"
#include "keeper/authority.h"
#include "keeper/crew.h"
#include "keeper/hot.h"
#include "keeper/index.h"
#include "keeper/running.h"
#include "keeper/verb.h"
#include "vault/vault.h"

#include <stdatomic.h>

/* Keys that sign, in locked memory. */
struct signing {
    struct note_key log_ed25519;
    struct note_key log_sm2;
    uint8_t log_ed25519_secret[NOTE_ED25519_SECRET_SIZE];
    uint8_t log_sm2_secret[NOTE_SM2_SECRET_SIZE];
    uint8_t order_public[NOTE_ED25519_PUBLIC_SIZE];
    uint8_t order_secret[NOTE_ED25519_SECRET_SIZE];
    uint8_t record_secret[AUTHORITY_KEY_SIZE]; /* of the marks of what was signed */
    uint8_t subject_secret[32];                /* for tokens of consent records */
};

struct serving {
    const char *origin;
    struct clock *clock;
    struct engine *engine;
    struct vault *vault;
    struct signing *signing;
    struct authority authority;
    struct claims *claims;
    pthread_mutex_t log; /* held while the log is shown, extended or signed: one serving process at a time */
    struct running_register running;
    struct index_cache *indexes;
    struct crew *quick;
    struct crew *slow;
    atomic_uint connections;
};

/* One serving process. It lives until its two readers and the last call that it asked have let go of it. */
struct connection {
    struct serving *serving;
    int calls;
    int hot;
    pthread_mutex_t hot_write;
    atomic_uint holders;
    atomic_bool gone; /* what it still has running is stopped, what waits is not begun */
};

/* One call while it is answered. */
struct call {
    struct connection *from;
    struct arena *arena;
    const json_t *arguments; /* an object */
    int fd;                  /* that came along; closed by the caller */
    json_t *reply;           /* an object, to be filled; not sent when the verb fails */
    int reply_fd;            /* −1, or one that goes back and is closed then */
    struct refusal refusal;
};

/* Every verb of verb.h is `enum result verb_NAME(struct serving *, struct call *)`, in verbs_*.c. */
#define X(symbol, name, long_one, descriptors)                                                               \
    enum result keeper_verb_##symbol(struct serving *serving, struct call *call);
KEEPER_VERBS(X)
#undef X

/* Takes over both sockets; held once, by the caller. */
struct connection *connection_new(struct serving *serving, int calls, int hot);
void connection_hold(struct connection *connection);
void connection_drop(struct connection *connection);
/* Stops what it has running, and lets go of it. */
void connection_end(struct connection *connection);

/* Serves one serving process and returns when it is gone. */
void serve(struct connection *connection);
/* A thread's function; its argument is a connection that is held for it. */
void *serve_hot(void *connection);
/* Welcomes the serving processes whose sockets come in at the door (listen.c), each on threads of its own;
 * returns when the door is closed. */
void serve_door(struct serving *serving, int door);

/* Makes or loads the keys that sign. */
enum result signing_open(struct vault *vault, const char *origin, struct signing **ret_signing);

/* ---- helpers of verbs ---- */

/* An argument that must be there; refuses with RESULT_MALFORMED. */
enum result argument_id(struct call *call, const char *key, int64_t *ret_id);
enum result argument_text(struct call *call, const char *key, size_t bytes_max, const char **ret_text);
enum result argument_object(struct call *call, const char *key, const json_t **ret_object);

/* "slice/17" */
const char *object_name(struct arena *arena, const char *kind, int64_t id);

/* Refuses with the words for what is no longer or not yet in the vault. */
enum result refuse_vault(struct call *call, const char *object, enum result result);

/* The bytes of the call's descriptor, a regular file of at most `limit` bytes; copied, for the sender may
 * change it meanwhile. */
enum result read_descriptor(struct call *call, size_t limit, const void **ret_bytes, size_t *ret_size);
