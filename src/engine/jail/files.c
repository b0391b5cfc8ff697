/* A worker opens files by name, but there are none: the kernel hands such calls back (SECCOMP_RET_TRAP) and
 * the handler below answers them from a table of descriptors that came with the job. No open() of a worker
 * ever runs in the kernel. */
#include "engine/jail/jail.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* A signal handler is given no context of ours, so the table cannot be passed along. It is written once,
 * before the worker has a second thread. */
static struct {
    int inputs[JAIL_FILES_MAX];
    unsigned count;
    int output;
} room = {.output = -1};

void jail_files_set(const int *inputs, unsigned count, int output)
{
    assert(count <= JAIL_FILES_MAX);
    for (unsigned i = 0; i < count; i++)
        room.inputs[i] = inputs[i];
    room.count = count;
    room.output = output;
}

static int descriptor_of(const char *path, bool *ret_writable)
{
    static const char prefix[] = "/room/";
    *ret_writable = strcmp(path, JAIL_FILE_OUTPUT) == 0;
    if (*ret_writable)
        return room.output;
    if (strncmp(path, prefix, sizeof prefix - 1) != 0)
        return -1;
    unsigned number = 0;
    const char *digit = path + sizeof prefix - 1;
    if (*digit == '\0')
        return -1;
    for (; *digit >= '0' && *digit <= '9' && number < JAIL_FILES_MAX; digit++)
        number = number * 10 + (unsigned)(*digit - '0');
    return *digit == '\0' && number < room.count ? room.inputs[number] : -1;
}

static long open_file(const char *path, long flags)
{
    bool writable;
    int fd = descriptor_of(path, &writable);
    if (fd < 0)
        return -ENOENT;
    if ((flags & O_ACCMODE) != O_RDONLY && !writable)
        return -EACCES;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 4);
    if (copy < 0)
        return -errno;
    (void)lseek(copy, 0, SEEK_SET);
    if ((flags & O_TRUNC) != 0 && writable)
        (void)!ftruncate(copy, 0);
    return copy;
}

static long stat_file(const char *path, struct stat *info)
{
    bool writable;
    int fd = descriptor_of(path, &writable);
    if (fd < 0)
        return -ENOENT;
    return syscall(SYS_fstat, fd, info) == 0 ? 0 : -errno;
}

/* fstat() of the C library is newfstatat() with an empty name. A filter cannot see the name, and with the
 * flag alone the kernel would look at any. */
static long stat_descriptor(int fd, const char *path, struct stat *info, long flags)
{
    if ((flags & AT_EMPTY_PATH) == 0 || *path != '\0')
        return stat_file(path, info);
    return syscall(SYS_fstat, fd, info) == 0 ? 0 : -errno;
}

static long access_file(const char *path)
{
    bool writable;
    return descriptor_of(path, &writable) >= 0 ? 0 : -ENOENT;
}

/* Pointers of the trapped call point into this process; a bad one ends it, as is right. */
static long answer(int call, const unsigned long *arguments)
{
    switch (call) {
#ifdef SYS_open
    case SYS_open:
        return open_file((const char *)arguments[0], (long)arguments[1]);
    case SYS_stat:
    case SYS_lstat:
        return stat_file((const char *)arguments[0], (struct stat *)arguments[1]);
    case SYS_access:
        return access_file((const char *)arguments[0]);
#endif
    case SYS_openat:
        return open_file((const char *)arguments[1], (long)arguments[2]);
    case SYS_newfstatat:
        return stat_descriptor((int)arguments[0], (const char *)arguments[1], (struct stat *)arguments[2],
                               (long)arguments[3]);
    case SYS_faccessat:
    case SYS_faccessat2:
        return access_file((const char *)arguments[1]);
    default:
        return -ENOSYS;
    }
}

static void on_trap(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    int saved = errno;
    ucontext_t *machine = context;
#if defined(__x86_64__)
    greg_t *r = machine->uc_mcontext.gregs;
    unsigned long arguments[] = {(unsigned long)r[REG_RDI], (unsigned long)r[REG_RSI],
                                 (unsigned long)r[REG_RDX], (unsigned long)r[REG_R10]};
    r[REG_RAX] = answer(info->si_syscall, arguments);
#elif defined(__aarch64__)
    unsigned long long *r = machine->uc_mcontext.regs;
    unsigned long arguments[] = {r[0], r[1], r[2], r[3]};
    r[0] = (unsigned long long)answer(info->si_syscall, arguments);
#else
#error "Tell here where this processor keeps the arguments and the result of a system call."
#endif
    errno = saved;
}

void jail_files_install(void)
{
    struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO | SA_NODEFER};
    if (sigaction(SIGSYS, &action, NULL) != 0)
        _exit(1);
}
