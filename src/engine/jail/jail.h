/* The jail of a worker: layer upon layer, each enough against most attacks by itself.
 *
 *   launcher  jail_namespaces()  gives up root, new user, pid, mount, net, ipc, uts namespaces, no keyring
 *      │ fork: process 1 of the pid namespace; its death kills every worker
 *   zygote    jail_root()        an empty, read-only root folder; builds the seccomp filters once
 *      │ jail_fork(): a pid namespace of its own
 *   worker    jail_close()       no descriptors but one, own user namespace and session, no capabilities,
 * rlimits, no_new_privs, Landlock without any right, seccomp allow-list │ receives its job sealed jail_seal()
 * no more descriptors can come in, nothing can be loosened
 *
 * Where the machine refuses a layer the worker does without and says so in its report; no_new_privs, seccomp,
 * rlimits, the session and the loss of capabilities are never done without: the worker ends instead. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* X(symbol, name) */
#define JAIL_LAYERS(X)                                                                                       \
    X(USER, "user namespace")                                                                                \
    X(PID, "pid namespace")                                                                                  \
    X(MOUNT, "mount namespace")                                                                              \
    X(NET, "net namespace")                                                                                  \
    X(IPC, "ipc namespace")                                                                                  \
    X(UTS, "uts namespace")                                                                                  \
    X(ROOT, "empty root folder")                                                                             \
    X(OWN_PID, "pid namespace of each worker")                                                               \
    X(OWN_USER, "user namespace of each worker")                                                             \
    X(SESSION, "own session")                                                                                \
    X(KEYRING, "no keyring")                                                                                 \
    X(NOBODY, "not root")                                                                                    \
    X(CAPABILITIES, "no capabilities")                                                                       \
    X(NO_NEW_PRIVS, "no_new_privs")                                                                          \
    X(LANDLOCK, "Landlock")                                                                                  \
    X(SECCOMP, "seccomp allow-list")                                                                         \
    X(RLIMITS, "resource limits")

enum jail_layer {
#define X(symbol, name) JAIL_##symbol,
    JAIL_LAYERS(X)
#undef X
        JAIL_LAYER_COUNT
};

#define JAIL_ALL ((UINT32_C(1) << JAIL_LAYER_COUNT) - 1)

const char *jail_layer_name(enum jail_layer layer);

struct jail_filter {
    void *instructions; /* struct sock_filter */
    unsigned short count;
};

struct jail {
    uint32_t layers;       /* that hold so far, 1u << enum jail_layer */
    int own_pid_namespace; /* descriptor of the zygote's pid namespace, -1 without */
    size_t base_bytes;     /* address space of the zygote, which every worker starts with */
    struct jail_filter first;
    struct jail_filter second;
};

/* In the launcher, single-threaded. Children of the caller are in the new pid namespace, itself is not. */
void jail_namespaces(struct jail *jail);

/* In the zygote, once its libraries are loaded. Files can no longer be opened afterwards. False when one of
 * the layers that are never done without is not to be had. */
bool jail_root(struct jail *jail);

/* fork() into a pid namespace of its own where the machine allows. */
pid_t jail_fork(struct jail *jail);

/* In the worker, single-threaded: all layers, keeping only the descriptor `keep`, which becomes descriptor 3.
 * Ends the process when a layer that is never done without fails. */
void jail_close(struct jail *jail, int keep);

struct jail_bounds {
    size_t memory_bytes; /* over what the zygote had */
    unsigned cpu_seconds;
    size_t file_bytes; /* of any file that it writes */
};

/* In the worker with its job in hand, still single-threaded. Ends the process on failure. */
void jail_seal(struct jail *jail, const struct jail_bounds *bounds);

/* ---- files.c: the worker's only file system ---- */

#define JAIL_FILE_OUTPUT "/room/out"
/* Input number n is "/room/n". */
#define JAIL_FILE_INPUT "/room/%u"
enum { JAIL_FILES_MAX = 64 };

/* Catches the calls that the filter traps. In the worker, before jail_close(). */
void jail_files_install(void);

/* The descriptors behind the names from now on; output -1 for none. */
void jail_files_set(const int *inputs, unsigned count, int output);

/* ---- filter.c ---- */

/* The allow-list of a worker whose own process number is `self`. */
bool jail_filter_first(struct jail_filter *ret_filter, pid_t self);
/* What is taken away when the job has come in. */
bool jail_filter_second(struct jail_filter *ret_filter);
/* For the whole process, which must have no_new_privs and one thread. */
bool jail_filter_load(const struct jail_filter *filter);
