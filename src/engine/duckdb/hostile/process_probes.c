/* Other processes, and more processes. */
#include "engine/duckdb/hostile/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OTHERS = W(SECCOMP) | W(NAMESPACES) };

PROBE(kill_another, HARM_PROCESS, OTHERS, KILLED, 0, "sends SIGKILL to another process of the same user")
{
    return done(kill(page->victim, SIGKILL));
}

PROBE(stop_another, HARM_PROCESS, OTHERS, KILLED, 0, "sends SIGSTOP to another process")
{
    return done(kill(page->victim, SIGSTOP));
}

PROBE(signal_everybody, HARM_PROCESS, OTHERS, KILLED, 0, "signals every process with kill(-1)")
{
    return done(kill(-1, 0));
}

PROBE(signal_its_group, HARM_PROCESS, W(SECCOMP) | W(SESSION), KILLED, 0,
      "signals its process group with kill(0), which a pid namespace does not hold in")
{
    (void)signal(SIGURG, SIG_IGN);
    (void)kill(0, SIGURG);
    return -ESRCH;
}

PROBE(kill_by_thread, HARM_PROCESS, OTHERS, KILLED, 0,
      "sends SIGKILL to a thread of another process with tgkill()")
{
    return done(syscall(SYS_tgkill, page->victim, page->victim, SIGKILL));
}

PROBE(kill_by_thread_number, HARM_PROCESS, OTHERS, KILLED, 0,
      "sends SIGKILL to a thread of another process with tkill()")
{
    return done(syscall(SYS_tkill, page->victim, SIGKILL));
}

PROBE(queue_a_signal, HARM_PROCESS, OTHERS, KILLED, 0, "queues a signal for another process")
{
    siginfo_t info = {.si_signo = SIGURG, .si_code = SI_QUEUE};
    return done(syscall(SYS_rt_sigqueueinfo, page->victim, SIGURG, &info));
}

PROBE(kill_by_descriptor, HARM_PROCESS, OTHERS, KILLED, 0,
      "opens another process with pidfd_open() and kills it")
{
    int process = (int)syscall(SYS_pidfd_open, page->victim, 0);
    return process < 0 ? -errno : done(syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0));
}

PROBE(take_a_descriptor_of_another, HARM_PROCESS, OTHERS, KILLED, 0,
      "takes a descriptor of another process with pidfd_getfd()")
{
    int process = (int)syscall(SYS_pidfd_open, page->victim, 0);
    return process < 0 ? -errno : read_secret(syscall(SYS_pidfd_getfd, process, page->victim_descriptor, 0));
}

PROBE(trace_another, HARM_PROCESS, OTHERS, KILLED, 0, "attaches to another process with ptrace()")
{
    if (ptrace(PTRACE_ATTACH, page->victim, NULL, NULL) != 0)
        return -errno;
    (void)waitpid(page->victim, NULL, __WALL);
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, page->victim, page->victim_secret, NULL);
    (void)ptrace(PTRACE_DETACH, page->victim, NULL, NULL);
    return memcmp(&word, SECRET, sizeof word) == 0 ? DONE : -errno;
}

PROBE(seize_another, HARM_PROCESS, OTHERS, KILLED, 0, "attaches to another process with PTRACE_SEIZE")
{
    return done(ptrace(PTRACE_SEIZE, page->victim, NULL, NULL));
}

PROBE(be_traced, SURFACE, W(SECCOMP), KILLED, UNSURE, "lets its parent trace it")
{
    return done(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int64_t copy_memory(long call, void *own, size_t size)
{
    struct iovec here = {own, size};
    struct iovec there = {(void *)page->victim_secret, size};
    return done(syscall(call, page->victim, &here, 1, &there, 1, 0));
}

PROBE(read_the_memory_of_another, HARM_PROCESS, OTHERS, KILLED, 0,
      "reads another process with process_vm_readv()")
{
    char bytes[16] = "";
    int64_t copied = copy_memory(SYS_process_vm_readv, bytes, sizeof bytes);
    return copied == DONE ? is_secret(bytes) : copied;
}

PROBE(write_the_memory_of_another, HARM_PROCESS, OTHERS, KILLED, 0,
      "writes into another process with process_vm_writev()")
{
    char bytes[] = SECRET;
    return copy_memory(SYS_process_vm_writev, bytes, sizeof bytes - 1);
}

PROBE(compare_with_another, HARM_PROCESS, OTHERS, KILLED, UNSURE,
      "compares its files with another process's with kcmp()")
{
    return done(syscall(SYS_kcmp, getpid(), page->victim, 0, 0, 0));
}

PROBE(move_another, HARM_PROCESS, OTHERS, -EPERM, 0, "ties another process to one processor")
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    return done(sched_setaffinity(page->victim, sizeof one, &one));
}

PROBE(slow_another, HARM_PROCESS, OTHERS, KILLED, 0, "lowers another process's priority")
{
    return done(setpriority(PRIO_PROCESS, (id_t)page->victim, 19));
}

PROBE(slow_the_disk_of_another, HARM_PROCESS, OTHERS, KILLED, 0,
      "changes another process's input and output priority")
{
    return done(syscall(SYS_ioprio_set, 1, page->victim, 3 << 13));
}

PROBE(reschedule_another, HARM_PROCESS, OTHERS, KILLED, 0, "changes how another process is scheduled")
{
    struct sched_param parameter = {0};
    return done(syscall(SYS_sched_setscheduler, page->victim, SCHED_BATCH, &parameter));
}

PROBE(read_the_limits_of_another, HARM_PROCESS, OTHERS, KILLED, 0,
      "reads and sets another process's limits with prlimit()")
{
    struct rlimit now;
    return done(syscall(SYS_prlimit64, page->victim, RLIMIT_NOFILE, NULL, &now));
}

PROBE(stop_its_parent, HARM_PROCESS, W(SECCOMP) | W(NAMESPACES), KILLED, 0, "sends SIGSTOP to its parent")
{
    pid_t parent = (pid_t)syscall(SYS_getppid);
    if (parent == 0)
        return -ESRCH;
    if (kill(parent, SIGSTOP) != 0)
        return -errno;
    return done(kill(parent, SIGCONT));
}

PROBE(have_signals_sent_for_it, SURFACE, OTHERS, KILLED, 0,
      "has the kernel signal another process when its channel is ready (F_SETOWN)")
{
    return done(fcntl(worker->channel, F_SETOWN, page->victim));
}

/* ---- more processes ---- */

static int64_t was_made(long pid)
{
    if (pid == 0)
        _exit(0);
    return done(pid);
}

#ifdef SYS_fork
PROBE(fork_a_process, SURFACE, W(SECCOMP), KILLED, 0, "forks")
{
    return was_made(syscall(SYS_fork));
}

PROBE(fork_and_borrow_memory, SURFACE, W(SECCOMP), KILLED, 0, "forks with vfork()")
{
    return was_made(vfork()); /* NOLINT: it is what is tried */
}
#endif

PROBE(clone_a_process, SURFACE, W(SECCOMP), KILLED, 0, "makes a process with clone()")
{
    return was_made(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

PROBE(clone3_a_process, SURFACE, W(SECCOMP), -ENOSYS, 0,
      "makes a process with clone3(), whose flags a filter cannot see")
{
    struct clone_args arguments = {.exit_signal = SIGCHLD};
    return was_made(syscall(SYS_clone3, &arguments, sizeof arguments));
}

PROBE(clone_with_a_user_namespace, SURFACE, W(SECCOMP), KILLED, UNSURE,
      "makes a process in a new user namespace")
{
    return was_made(syscall(SYS_clone, SIGCHLD | CLONE_NEWUSER, 0, 0, 0, 0));
}

PROBE(clone_a_thread_with_namespaces, SURFACE, W(MACHINE), -EINVAL, UNSURE,
      "asks for a new namespace in the flags of a thread, which the filter lets through")
{
    const long flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_NEWUSER;
    return done(syscall(SYS_clone, flags, 0, 0, 0, 0));
}

enum { BOMB = 700 };

static int wait_for_ever(void *stack)
{
    (void)stack;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (pause() != 0)
        continue;
    return 0;
}

PROBE(fork_without_end, HARM_LOAD, W(SECCOMP) | W(RLIMITS), KILLED, 0, "forks without end")
{
    static char stacks[BOMB][2048] __attribute__((aligned(16)));
    static pid_t made[BOMB];
    int count = 0;
    while (count < BOMB && (made[count] = clone(wait_for_ever, stacks[count] + sizeof stacks[0],
                                                CLONE_VM | SIGCHLD, NULL)) > 0)
        count++;
    int64_t outcome = count == BOMB ? DONE : -errno;
    for (int i = 0; i < count; i++)
        (void)kill(made[i], SIGKILL);
    for (int i = 0; i < count; i++)
        (void)waitpid(made[i], NULL, 0);
    return outcome;
}

static int sleep_as_a_thread(void *stack)
{
    (void)stack;
    while (poll(NULL, 0, 1000) == 0)
        continue;
    return 0;
}

PROBE(start_threads_without_end, HARM_LOAD, W(RLIMITS), -EAGAIN, 0, "starts threads without end")
{
    enum { STACK = 4096 };
    const int flags = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND | CLONE_FS | CLONE_FILES;
    char *stacks =
        mmap(NULL, (size_t)BOMB * STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stacks == MAP_FAILED)
        return -errno;
    for (int i = 1; i <= BOMB; i++)
        if (clone(sleep_as_a_thread, stacks + (size_t)i * STACK, flags, NULL) < 0)
            return -errno;
    return DONE;
}
