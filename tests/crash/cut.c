/* Ends a process of the real program right before one of its calls to the disk, as SIGKILL would: preloaded
 * by the crash campaign, with DUKOU_CUT=WHO:WHICH:N.
 *
 *   WHO    serve: the process itself; keeper: its first child
 *   WHICH  seal: the calls by which the sealer makes its files; store: those of SQLite; all: both
 *   N      the call before which it ends, counted from 1
 *
 * Nothing of this is in the product. */
#include <dlfcn.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum which { SEAL = 1, STORE = 2 };

static pid_t first;
static bool in_keeper;
static int counted;
static int cut_at;
static atomic_int calls;

__attribute__((constructor)) static void read_order(void)
{
    char who[16];
    char which[16];
    const char *order = getenv("DUKOU_CUT");
    first = getpid();
    if (order == NULL || sscanf(order, "%15[a-z]:%15[a-z]:%d", who, which, &cut_at) != 3)
        return;
    in_keeper = strcmp(who, "keeper") == 0;
    counted = strcmp(which, "seal") == 0 ? SEAL : strcmp(which, "store") == 0 ? STORE : SEAL | STORE;
}

static bool is_victim(void)
{
    return in_keeper ? getppid() == first && getpid() != first : getpid() == first;
}

static void reach(enum which which)
{
    if ((counted & (int)which) == 0 || !is_victim() || atomic_fetch_add(&calls, 1) + 1 != cut_at)
        return;
    (void)kill(getpid(), SIGKILL);
    _exit(137); /* where the process may not even signal itself */
}

/* clang-format off */
#define REACHED(which, type, name, parameters, arguments)                                                              \
    type name parameters;                                                                                              \
    type name parameters                                                                                               \
    {                                                                                                                  \
        static type (*real) parameters;                                                                                \
        if (real == NULL)                                                                                              \
            *(void **)&real = dlsym(RTLD_NEXT, #name);                                                                 \
        reach(which);                                                                                                  \
        return real arguments;                                                                                         \
    }
/* clang-format on */

REACHED(SEAL, int, fsync, (int fd), (fd))
REACHED(SEAL, int, renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
REACHED(SEAL, int, rename, (const char *from, const char *to), (from, to))
REACHED(SEAL, int, mkdirat, (int folder, const char *path, mode_t mode), (folder, path, mode))
REACHED(SEAL, int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
REACHED(STORE, int, fdatasync, (int fd), (fd))
REACHED(STORE, int, unlink, (const char *path), (path))
REACHED(STORE, int, ftruncate64, (int fd, off_t size), (fd, size))
REACHED(STORE, ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off_t offset),
        (fd, bytes, size, offset))
