/* Each thing that a worker must not do, tried inside a worker. */
#include "engine/duckdb/fixture.h"
#include "engine/jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum outcome { KILLED = 1000000 };

static char bytes[256];
static struct msghdr message;
static const char *const no_arguments[] = {NULL};

/* X(name of the test, system call, four arguments, what comes out: KILLED or -errno) */
/* clang-format off */
#define CALLS(X)                                                                                              \
    X(open_a_file, SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY, 0, -ENOENT)                                 \
    X(make_a_file, SYS_openat, AT_FDCWD, "/tmp/dukou-escape", O_CREAT | O_WRONLY, 0600, -ENOENT)              \
    X(open_the_proc_file_system, SYS_openat, AT_FDCWD, "/proc/self/mem", O_RDWR, 0, -ENOENT)                  \
    X(open_a_folder, SYS_openat, AT_FDCWD, "/", O_DIRECTORY, 0, -ENOENT)                                      \
    X(open_past_openat, SYS_openat2, AT_FDCWD, "/etc/passwd", bytes, 24, KILLED)                              \
    X(look_at_a_file_with_an_odd_flag, SYS_newfstatat, AT_FDCWD, "/etc/passwd", bytes, AT_EMPTY_PATH, -ENOENT) \
    X(look_at_a_file, SYS_newfstatat, AT_FDCWD, "/etc/passwd", bytes, 0, -ENOENT)                             \
    X(remove_a_file, SYS_unlinkat, AT_FDCWD, "/tmp/x", 0, 0, -EPERM)                                          \
    X(truncate_a_file, SYS_truncate, "/tmp/x", 0, 0, 0, -EPERM)                                               \
    X(link_a_file, SYS_linkat, AT_FDCWD, "/a", AT_FDCWD, "/b", KILLED)                                        \
    X(open_by_handle, SYS_open_by_handle_at, AT_FDCWD, bytes, O_RDONLY, 0, KILLED)                            \
    X(make_a_memory_file, SYS_memfd_create, "x", 0, 0, 0, KILLED)                                             \
    X(make_a_socket, SYS_socket, AF_INET, SOCK_STREAM, 0, 0, KILLED)                                          \
    X(make_a_local_socket, SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, bytes, KILLED)                            \
    X(connect_somewhere, SYS_connect, 3, bytes, 16, 0, KILLED)                                                \
    X(send_descriptors, SYS_sendmsg, 3, &message, 0, 0, KILLED)                                               \
    X(receive_descriptors, SYS_recvmsg, 3, &message, MSG_DONTWAIT, 0, KILLED)                                 \
    X(fork_by_clone, SYS_clone, SIGCHLD, 0, 0, 0, KILLED)                                                     \
    X(fork_by_clone3, SYS_clone3, bytes, 64, 0, 0, -ENOSYS)                                                   \
    X(run_a_program, SYS_execve, "/bin/sh", no_arguments, no_arguments, 0, KILLED)                            \
    X(trace_a_process, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0, KILLED)                                           \
    X(read_another_process, SYS_process_vm_readv, 1, bytes, 1, bytes, KILLED)                                 \
    X(go_round_the_filter_with_io_uring, SYS_io_uring_setup, 8, bytes, 0, 0, KILLED)                          \
    X(enter_io_uring, SYS_io_uring_enter, 3, 1, 0, 0, KILLED)                                                 \
    X(register_with_io_uring, SYS_io_uring_register, 3, 0, 0, 0, KILLED)                                      \
    X(make_a_namespace, SYS_unshare, CLONE_NEWUSER, 0, 0, 0, KILLED)                                          \
    X(enter_a_namespace, SYS_setns, 3, 0, 0, 0, KILLED)                                                       \
    X(mount_something, SYS_mount, "none", "/", "tmpfs", 0, KILLED)                                            \
    X(change_the_root, SYS_chroot, "/", 0, 0, 0, KILLED)                                                      \
    X(load_a_kernel_program, SYS_bpf, 0, bytes, 64, 0, KILLED)                                                \
    X(watch_the_kernel, SYS_perf_event_open, bytes, 0, -1, -1, KILLED)                                        \
    X(handle_page_faults, SYS_userfaultfd, 0, 0, 0, 0, KILLED)                                                \
    X(use_the_keyring, SYS_keyctl, 0, -3, 0, 0, KILLED)                                                       \
    X(kill_everybody, SYS_kill, -1, SIGKILL, 0, 0, KILLED)                                                    \
    X(signal_another_process, SYS_tgkill, 2, 2, SIGKILL, 0, KILLED)                                           \
    X(become_root, SYS_setuid, 0, 0, 0, 0, KILLED)                                                            \
    X(take_capabilities, SYS_capset, bytes, bytes, 0, 0, KILLED)                                              \
    X(become_dumpable, SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, KILLED)                                           \
    X(outlive_its_parent, SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, KILLED)                                       \
    X(raise_its_limits, SYS_prlimit64, 0, RLIMIT_AS, bytes, 0, KILLED)                                        \
    X(load_another_filter, SYS_seccomp, 1, 0, bytes, 0, KILLED)                                               \
    X(map_code, SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, KILLED)                \
    X(turn_memory_into_code, SYS_mprotect, bytes, 4096, PROT_READ | PROT_EXEC, 0, KILLED)                     \
    X(handle_signals_anew, SYS_rt_sigaction, SIGSYS, 0, 0, 8, -EPERM)                                         \
    X(talk_to_a_device, SYS_ioctl, 0, 0x5412, bytes, 0, -EPERM)
/* clang-format on */

#define AS_LONG(value) ((long)(intptr_t)(value))

enum probe {
#define X(name, call, a, b, c, d, outcome) PROBE_##name,
    CALLS(X)
#undef X
        PROBE_DESCRIPTORS,
    PROBE_ENVIRONMENT,
    PROBE_MEMORY,
    PROBE_SEGMENT,
    PROBE_ABORT,
    PROBE_STACK,
    PROBE_SPIN,
    PROBE_USER,
    PROBE_PROCESS,
};

static int64_t call_kernel(int64_t probe)
{
    static const long numbers[] = {
#define X(name, call, a, b, c, d, outcome) [PROBE_##name] = call,
        CALLS(X)
#undef X
    };
    long arguments[4] = {0};
    switch (probe) {
#define X(name, call, a, b, c, d, outcome)                                                                   \
    case PROBE_##name:                                                                                       \
        arguments[0] = AS_LONG(a);                                                                           \
        arguments[1] = AS_LONG(b);                                                                           \
        arguments[2] = AS_LONG(c);                                                                           \
        arguments[3] = AS_LONG(d);                                                                           \
        break;
        CALLS(X)
#undef X
    default:
        abort();
    }
    long result = syscall(numbers[probe], arguments[0], arguments[1], arguments[2], arguments[3], 0, 0);
    return result < 0 ? -errno : result;
}

/* Anything open beside /dev/null and the channel? */
static int64_t count_descriptors(void)
{
    int64_t count = 0;
    for (int fd = 0; fd < 4096; fd++) {
        struct stat info;
        if (fcntl(fd, F_GETFD) < 0)
            continue;
        bool expected =
            fstat(fd, &info) == 0 && (fd < 3 ? S_ISCHR(info.st_mode) : fd == 3 && S_ISSOCK(info.st_mode));
        count += expected ? 0 : 1;
    }
    return count;
}

static int64_t dig(volatile char *above)
{
    volatile char here[65536];
    here[0] = *above;
    return here[0] == 2 ? 0 : dig(here) + here[0];
}

int64_t fixture_probe(int64_t argument)
{
    char start = 0;
    switch (argument) {
    case PROBE_DESCRIPTORS:
        return count_descriptors();
    case PROBE_ENVIRONMENT: {
        int64_t count = 0;
        for (char **at = environ; at != NULL && *at != NULL; at++)
            count++;
        return count;
    }
    case PROBE_MEMORY:
        return mmap(NULL, (size_t)1 << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
                   ? -errno
                   : 0;
    case PROBE_SEGMENT:
        return *(volatile char *)mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    case PROBE_ABORT:
        abort();
    case PROBE_STACK:
        return dig(&start);
    case PROBE_SPIN:
        for (volatile int forever = 1; forever;)
            continue;
        return 0;
    case PROBE_USER:
        return getuid();
    case PROBE_PROCESS:
        return getpid();
    default:
        return call_kernel(argument);
    }
}

static void assert_stopped(int64_t probe, int64_t outcome)
{
    int64_t value = 12345;
    int signal = 0;
    enum result result = duckdb_engine_probe(fixture_engine(), probe, &value, &signal);
    if (outcome == KILLED) {
        assert_int_equal(result, RESULT_UNAVAILABLE);
        assert_int_equal(signal, SIGSYS);
        return;
    }
    assert_ok(result);
    assert_int_equal(value, outcome);
}

#define X(name, call, a, b, c, d, outcome)                                                                   \
    TEST(a_worker_cannot_##name)                                                                             \
    {                                                                                                        \
        assert_stopped(PROBE_##name, outcome);                                                               \
    }
CALLS(X)
#undef X

TEST(every_layer_of_the_jail_holds_here)
{
    uint32_t layers;
    assert_ok(engine_jail(fixture_engine(), &layers, NULL));
    for (int layer = 0; layer < JAIL_LAYER_COUNT; layer++)
        if ((layers >> layer & 1) == 0)
            fail_msg("no %s", jail_layer_name((enum jail_layer)layer));
}

TEST(a_worker_holds_no_descriptor_but_its_channel)
{
    int inherited = open("/dev/zero", O_RDONLY);
    struct engine *engine;
    int64_t value = -1;
    int signal;
    assert_ok(duckdb_engine_start(&(struct duckdb_engine_options){.probe = fixture_probe}, &engine));
    assert_ok(duckdb_engine_probe(engine, PROBE_DESCRIPTORS, &value, &signal));
    assert_int_equal(value, 0);
    engine_stop(engine);
    (void)close(inherited);
}

TEST(a_worker_has_no_environment_but_what_the_zygote_sets)
{
    assert_stopped(PROBE_ENVIRONMENT, 2);
}

TEST(a_worker_is_nobody_and_alone)
{
    int64_t user = 0;
    int signal;
    assert_ok(duckdb_engine_probe(fixture_engine(), PROBE_USER, &user, &signal));
    assert_int_not_equal(user, 0);
    assert_stopped(PROBE_PROCESS, 1);
}

TEST(a_worker_cannot_have_more_memory_than_its_bound)
{
    assert_stopped(PROBE_MEMORY, -ENOMEM);
}

TEST(a_crash_costs_one_answer)
{
    static const int probes[] = {PROBE_SEGMENT, PROBE_ABORT, PROBE_STACK};
    for (size_t i = 0; i < 3; i++) {
        int64_t value = 0;
        int signal = 0;
        assert_int_equal(duckdb_engine_probe(fixture_engine(), probes[i], &value, &signal),
                         RESULT_UNAVAILABLE);
        assert_true(signal == SIGSEGV || signal == SIGABRT);
        assert_stopped(PROBE_PROCESS, 1);
    }
}

TEST(a_worker_that_never_ends_is_killed)
{
    int64_t value = 0;
    int signal = 0;
    assert_int_equal(duckdb_engine_probe(fixture_engine(), PROBE_SPIN, &value, &signal), RESULT_TIMEOUT);
    assert_stopped(PROBE_PROCESS, 1);
}
