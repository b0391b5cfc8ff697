#include "engine/duckdb/zygote.h"

#include "base/limits.h"
#include "engine/duckdb/library.h"
#include "engine/duckdb/worker.h"
#include "engine/jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONTROL = 3, WORKERS_MAX = LIMIT_WORKERS_AT_ONCE + LIMIT_PARSERS_AT_ONCE + LIMIT_WORKERS_IDLE + 8 };

struct child {
    pid_t pid; /* 0: free place */
    int death; /* our end of its pipe */
};

struct zygote {
    struct duckdb_library library;
    struct worker_base base;
    struct jail jail;
    struct child children[WORKERS_MAX];
    struct zygote_worker idle[LIMIT_WORKERS_IDLE];
    size_t idle_count;
};

static void become_worker(struct zygote *zygote, int channel)
{
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    jail_files_install();
    jail_close(&zygote->jail, channel);
    worker_run(&(struct worker_options){&zygote->library, &zygote->base, &zygote->jail}, 3);
}

static bool make_worker(struct zygote *zygote, struct zygote_worker *ret_worker)
{
    int channel[2];
    int death[2];
    struct child *place = zygote->children;
    while (place < zygote->children + WORKERS_MAX && place->pid != 0)
        place++;
    if (place == zygote->children + WORKERS_MAX ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) != 0)
        return false;
    if (pipe2(death, O_CLOEXEC) != 0) {
        (void)close(channel[0]);
        (void)close(channel[1]);
        return false;
    }
    pid_t pid = jail_fork(&zygote->jail);
    if (pid == 0)
        become_worker(zygote, channel[1]);
    (void)close(channel[1]);
    int process = pid > 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (process < 0) {
        if (pid > 0)
            (void)kill(pid, SIGKILL);
        (void)close(channel[0]);
        (void)close(death[0]);
        (void)close(death[1]);
        return false;
    }
    *place = (struct child){pid, death[1]};
    *ret_worker = (struct zygote_worker){channel[0], process, death[0]};
    return true;
}

static void reap(struct zygote *zygote)
{
    int status;
    for (pid_t pid = waitpid(-1, &status, WNOHANG); pid > 0; pid = waitpid(-1, &status, WNOHANG))
        for (size_t i = 0; i < WORKERS_MAX; i++)
            if (zygote->children[i].pid == pid) {
                (void)!write(zygote->children[i].death, &status, sizeof status);
                (void)close(zygote->children[i].death);
                zygote->children[i] = (struct child){0};
            }
}

static void close_worker(const struct zygote_worker *worker)
{
    (void)close(worker->channel);
    (void)close(worker->process);
    (void)close(worker->death);
}

static bool send_worker(int control, const struct zygote_worker *worker)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(ZYGOTE_DESCRIPTORS * sizeof(int))];
    } space = {0};
    char byte = worker != NULL;
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (worker != NULL) {
        int descriptors[ZYGOTE_DESCRIPTORS] = {worker->channel, worker->process, worker->death};
        message.msg_control = &space;
        message.msg_controllen = sizeof space;
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(sizeof descriptors);
        memcpy(CMSG_DATA(rights), descriptors, sizeof descriptors);
    }
    return sendmsg(control, &message, MSG_NOSIGNAL) == 1;
}

static bool is_alive(const struct zygote_worker *worker)
{
    struct pollfd end = {worker->process, POLLIN, 0};
    return poll(&end, 1, 0) == 0;
}

/* An idle worker that has not died meanwhile. */
static bool take_idle(struct zygote *zygote, struct zygote_worker *ret_worker)
{
    while (zygote->idle_count > 0) {
        struct zygote_worker worker = zygote->idle[0];
        memmove(zygote->idle, zygote->idle + 1, --zygote->idle_count * sizeof worker);
        if (is_alive(&worker)) {
            *ret_worker = worker;
            return true;
        }
        close_worker(&worker);
    }
    return false;
}

/* False when the keeper is gone. */
static bool serve_request(struct zygote *zygote)
{
    char byte;
    if (recv(CONTROL, &byte, 1, 0) != 1)
        return false;
    struct zygote_worker worker;
    bool made = take_idle(zygote, &worker) || make_worker(zygote, &worker);
    bool sent = send_worker(CONTROL, made ? &worker : NULL);
    if (made)
        close_worker(&worker);
    return sent;
}

static _Noreturn void serve(struct zygote *zygote)
{
    sigset_t child;
    (void)sigemptyset(&child);
    (void)sigaddset(&child, SIGCHLD);
    (void)sigprocmask(SIG_BLOCK, &child, NULL);
    int signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
        struct pollfd waits[] = {{CONTROL, POLLIN, 0}, {signals, POLLIN, 0}};
        bool full = zygote->idle_count == LIMIT_WORKERS_IDLE;
        int ready = poll(waits, 2, full ? -1 : 0);
        if (ready < 0 && errno != EINTR)
            _exit(1);
        struct signalfd_siginfo info;
        if (read(signals, &info, sizeof info) > 0)
            reap(zygote);
        if (waits[0].revents != 0) {
            if (!serve_request(zygote))
                _exit(0);
        } else if (!full && !make_worker(zygote, &zygote->idle[zygote->idle_count])) {
            (void)poll(waits, 2, 1000);
        } else if (!full) {
            zygote->idle_count++;
        }
    }
}

/* Nothing of the keeper's comes along but the control socket: no descriptor, no environment. */
static void shed(int control)
{
    int null = open("/dev/null", O_RDWR);
    if (null < 0 || dup2(control, CONTROL) < 0)
        _exit(1);
    for (int fd = 0; fd < CONTROL; fd++)
        if (dup2(null, fd) < 0)
            _exit(1);
    (void)syscall(SYS_close_range, CONTROL + 1U, ~0U, 0U);
    (void)clearenv();
    (void)setenv("TZ", "UTC", 1);
    (void)setenv(DUCKDB_ALLOCATOR_VARIABLE, DUCKDB_ALLOCATOR_SETTINGS, 1);
    for (int signal = 1; signal < 32; signal++)
        (void)sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
    (void)sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
}

static void set_stacks(void)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0 ||
        pthread_attr_setstacksize(&attributes, LIMIT_WORKER_STACK_BYTES) != 0 ||
        pthread_setattr_default_np(&attributes) != 0)
        _exit(1);
    (void)pthread_attr_destroy(&attributes);
    /* Each arena of the C library reserves 64 MiB of the address space that a worker is allowed. */
    (void)mallopt(M_ARENA_MAX, 1);
}

/* The library is read while this is still the user who may; then everything goes. */
static _Noreturn void launch(const char *library, int control)
{
    struct zygote *zygote = calloc(1, sizeof *zygote);
    if (zygote == NULL)
        _exit(1);
    shed(control);
    set_stacks();
    if (!duckdb_library_open(library, &zygote->library))
        _exit(1);
    jail_namespaces(&zygote->jail);
    pid_t pid = fork();
    if (pid != 0)
        _exit(pid < 0);
    (void)prctl(PR_SET_NAME, "dukou-zygote");
    if (!worker_base_open(&zygote->library, &zygote->base) || !jail_root(&zygote->jail))
        _exit(1);
    serve(zygote);
}

enum result zygote_start(const char *library, int *ret_control)
{
    int control[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) != 0)
        return RESULT_IO;
    pid_t between = fork();
    if (between == 0) {
        /* The launcher is nobody's child, so that no one has to wait for it. */
        pid_t launcher = fork();
        if (launcher == 0)
            launch(library, control[1]);
        _exit(launcher < 0);
    }
    (void)close(control[1]);
    int status = 1;
    if (between < 0 || waitpid(between, &status, 0) != between || status != 0) {
        (void)close(control[0]);
        return RESULT_IO;
    }
    *ret_control = control[0];
    return RESULT_OK;
}

enum result zygote_worker(int control, struct zygote_worker *ret_worker)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(ZYGOTE_DESCRIPTORS * sizeof(int))];
    } space = {0};
    char byte = 1;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &space, .msg_controllen = sizeof space};
    if (send(control, &byte, 1, MSG_NOSIGNAL) != 1)
        return RESULT_UNAVAILABLE;
    ssize_t got;
    do
        got = recvmsg(control, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    struct cmsghdr *rights = got == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    if (rights == NULL || rights->cmsg_len != CMSG_LEN(ZYGOTE_DESCRIPTORS * sizeof(int)))
        return got == 1 ? RESULT_BUSY : RESULT_UNAVAILABLE;
    int descriptors[ZYGOTE_DESCRIPTORS];
    memcpy(descriptors, CMSG_DATA(rights), sizeof descriptors);
    *ret_worker = (struct zygote_worker){descriptors[ZYGOTE_CHANNEL], descriptors[ZYGOTE_PROCESS],
                                         descriptors[ZYGOTE_DEATH]};
    return RESULT_OK;
}
