/* Hostile native code in a worker, on purpose. A probe is one attack: it says what it tries, what harm it
 * would do and which walls stop it, each by itself. hostile_test.c runs all of them in the whole jail, with
 * each wall taken away, with each wall alone, and with none, where they must succeed. */
#pragma once

#include "engine/duckdb/duckdb_engine.h"
#include "engine/jail/lab.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* X(symbol, name, the layers it is made of) */
#define WALLS(X)                                                                                             \
    X(SECCOMP, "seccomp", L(SECCOMP))                                                                        \
    X(LANDLOCK, "Landlock", L(LANDLOCK))                                                                     \
    X(ROOT, "empty root", L(ROOT))                                                                           \
    X(NAMESPACES, "namespaces",                                                                              \
      L(USER) | L(PID) | L(MOUNT) | L(NET) | L(IPC) | L(UTS) | L(OWN_PID) | L(OWN_USER) | L(ROOT))           \
    X(RLIMITS, "rlimits", L(RLIMITS))                                                                        \
    X(RIGHTS, "no rights", L(NOBODY) | L(CAPABILITIES) | L(NO_NEW_PRIVS))                                    \
    X(SESSION, "own session", L(SESSION))                                                                    \
    X(KEYRING, "no keyring", L(KEYRING))                                                                     \
    /* These are in the code of every worker; of them the control takes away the first two. */               \
    X(CLOSED, "nothing inherited", 0)                                                                        \
    X(LENT, "lent read-only", 0)                                                                             \
    X(MACHINE, "the kernel's own rule", 0)

#define L(layer) (UINT32_C(1) << JAIL_##layer)
enum wall {
#define X(symbol, name, layers) WALL_##symbol,
    WALLS(X)
#undef X
        WALL_COUNT
};
#define W(wall) (1U << WALL_##wall)

/* What a probe does to others when nothing stops it. */
enum harm {
    HARM_FILE,    /* reads or changes a file of the machine */
    HARM_DATA,    /* reads or changes data of another job or of the keeper */
    HARM_NETWORK, /* reaches anyone outside */
    HARM_PROCESS, /* ends, stops, reads or changes another process */
    HARM_ESCAPE,  /* gets rid of the jail or over the kernel */
    HARM_LOAD,    /* takes more of the machine than it may, until it is killed */
    HARM_OWN,     /* spoils the files of its own job, which it may fail anyway */
    SURFACE,      /* harms nobody yet: code of the kernel, or a means to the above */
};

#define SIGNALLED(signal) (1000000 + (signal))
#define KILLED SIGNALLED(SIGSYS) /* the filter's answer */

enum {
    ENDED = 77,
    DONE = 1, /* what a probe returns when it has succeeded; else -errno */
};

enum {
    ONLY_ROOT = 1, /* without any wall it still needs root */
    UNSURE = 2,    /* a kernel may lack it, or no wall of it can be taken away: the control may fail too */
    TWICE = 8,     /* the second of two workers does the harm */
    ENDS = 4,      /* it has succeeded when the worker ends with status 0 and page->steps is ENDED */
};

/* Memory that the test shares with its workers. */
struct page {
    int64_t (*volatile run)(const struct lab_worker *worker); /* what workers do; NULL: their job */
    const void *volatile argument;                            /* for it */
    char folder[128];                                         /* of the machine, open to everybody */
    char secret_path[160];
    char target_path[160];
    char socket_path[160];
    char abstract[64]; /* a socket's name without its leading NUL */
    char queue[64];
    uint16_t tcp_port;
    uint16_t udp_port;
    int shared_memory; /* key */
    pid_t victim;
    uintptr_t victim_secret;
    int victim_descriptor;
    char machine[256];                  /* its name */
    volatile sig_atomic_t signals_seen; /* by the victim */
    volatile sig_atomic_t pings_seen;   /* the same, of ours */
    volatile int steps;                 /* how far a probe has come that does not return */
};
extern struct page *page;

struct probe {
    const char *name;
    enum harm harm;
    unsigned walls; /* W(…) that stop it, each alone */
    int outcome;    /* in the whole jail: SIGNALLED(…) or -errno */
    unsigned flags;
    const char *tried;
    int64_t (*run)(const struct lab_worker *worker);
    struct probe *next;
};

void probe_register(struct probe *probe);

#define PROBE(name, harm, walls, outcome, flags, tried)                                                      \
    static int64_t name(const struct lab_worker *worker);                                                    \
    static struct probe name##_probe = {#name, harm, walls, outcome, flags, tried, name, NULL};              \
    __attribute__((constructor)) static void name##_register(void)                                           \
    {                                                                                                        \
        probe_register(&name##_probe);                                                                       \
    }                                                                                                        \
    static int64_t name(__attribute__((unused)) const struct lab_worker *worker)

#define SECRET "dukou-secret"

/* For probes. -errno of a failed call, else DONE. */
int64_t done(long result);
/* DONE when a secret can be read from `fd`. */
int64_t read_secret(long fd);
int64_t is_secret(const void *bytes);

/* ---- world.c: what there is to be harmed ---- */

/* Once; the second call does nothing. */
void world_make(void);
/* Waits until every signal sent to the victim has arrived. */
void world_settle(void);
/* Names the harm that has been done to files, processes, sockets or the lent descriptors; NULL for none.
 * Mends it. */
const char *world_harm(void);
int world_input(void);
int world_output(void);

/* ---- run.c ---- */

struct outcome {
    enum result result;
    int64_t value;
    int signal; /* that ended the worker, 0 for none */
    bool core;
    bool ended; /* by itself, with status 0 and without an answer */
};

/* Has page->run run in a worker of `engine`, with the world's input and output lent. */
struct outcome hostile_call(struct engine *engine, const struct engine_limits *limits);
/* The input is lent O_RDONLY, as it should be, or O_RDWR from now on. */
void hostile_lend(int flags);

/* ---- jail_test.c ---- */

/* An engine in the whole jail, for all tests of the executable. */
struct engine *hostile_engine(void);
/* Runs `run` in a worker of it that has one second. */
struct outcome hostile_run(int64_t (*run)(const struct lab_worker *worker));
/* Fails unless the next worker is as good as any. */
void assert_workers_still_work(void);
