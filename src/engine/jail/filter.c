/* The system calls of a worker. Everything that is not named here kills it. */
#include "engine/jail/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a query engine does with memory, threads, time and files that it already holds. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(readv),
    SCMP_SYS(preadv),
    SCMP_SYS(write),
    SCMP_SYS(pwrite64),
    SCMP_SYS(writev),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(munmap),
    SCMP_SYS(brk),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(getcpu),
    SCMP_SYS(getrusage),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
};

/* Asked for by libraries in passing; they do without. */
static const int declined[] = {
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(getcwd),
    SCMP_SYS(statfs),
    SCMP_SYS(fstatfs),
    SCMP_SYS(fallocate),
    SCMP_SYS(ioctl),
    SCMP_SYS(mlock),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(fadvise64),
    SCMP_SYS(get_mempolicy),
    SCMP_SYS(membarrier),
    SCMP_SYS(mkdir),
    SCMP_SYS(mkdirat),
    SCMP_SYS(unlink),
    SCMP_SYS(unlinkat),
    SCMP_SYS(rmdir),
    SCMP_SYS(rename),
    SCMP_SYS(renameat),
    SCMP_SYS(renameat2),
    SCMP_SYS(truncate),
    SCMP_SYS(creat),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(flock),
};

/* Names of files: answered by files.c out of the worker's own table. */
static const int trapped[] = {
    SCMP_SYS(open),  SCMP_SYS(openat), SCMP_SYS(stat),      SCMP_SYS(lstat),      SCMP_SYS(newfstatat),
    SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
};

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

static bool add_all(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (seccomp_rule_add(filter, action, calls[i], 0) != 0)
            return false;
    return true;
}

/* Rules on arguments. */
static bool add_narrow(scmp_filter_ctx filter, pid_t self)
{
    /* DuckDB locks the file that it writes; it is the worker's own. */
    static const int controls[] = {F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC, F_SETLK, F_GETLK};
    int bad = 0;
    for (size_t i = 0; i < LENGTH(controls); i++)
        bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                SCMP_A1(SCMP_CMP_EQ, (scmp_datum_t)controls[i]));
    /* Memory never becomes code. */
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mremap), 0);
    /* Threads, no processes. The C library falls back to clone() when there is no clone3(), whose arguments
     * a filter cannot see. */
    const scmp_datum_t thread = CLONE_THREAD | CLONE_VM | CLONE_SIGHAND;
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    /* abort() */
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)self));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1,
                            SCMP_A0(SCMP_CMP_EQ, PR_SET_VMA));
    /* Until the job is in: its descriptors, its bounds, the second filter. */
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 0);
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A0(SCMP_CMP_EQ, 0));
    bad |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(seccomp), 1,
                            SCMP_A0(SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER));
    return bad == 0;
}

/* libseccomp writes programs to descriptors only. */
static bool export_program(scmp_filter_ctx filter, struct jail_filter *ret_filter)
{
    int fd = memfd_create("filter", MFD_CLOEXEC);
    struct stat info;
    if (fd < 0)
        return false;
    bool exported = seccomp_export_bpf(filter, fd) == 0 && fstat(fd, &info) == 0 && info.st_size > 0;
    if (exported) {
        size_t size = (size_t)info.st_size;
        void *bytes = malloc(size);
        exported = bytes != NULL && pread(fd, bytes, size, 0) == info.st_size;
        if (exported)
            *ret_filter = (struct jail_filter){bytes, (unsigned short)(size / sizeof(struct sock_filter))};
        else
            free(bytes);
    }
    (void)close(fd);
    return exported;
}

bool jail_filter_first(struct jail_filter *ret_filter, pid_t self)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return false;
    /* Calls by the numbers of another architecture. */
    bool made = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) == 0 &&
                add_all(filter, SCMP_ACT_ALLOW, allowed, LENGTH(allowed)) &&
                add_all(filter, SCMP_ACT_ERRNO(EPERM), declined, LENGTH(declined)) &&
                add_all(filter, SCMP_ACT_TRAP, trapped, LENGTH(trapped)) && add_narrow(filter, self) &&
                export_program(filter, ret_filter);
    seccomp_release(filter);
    return made;
}

bool jail_filter_second(struct jail_filter *ret_filter)
{
    static const int gone[] = {SCMP_SYS(recvmsg), SCMP_SYS(prlimit64), SCMP_SYS(seccomp)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    if (filter == NULL)
        return false;
    bool made =
        add_all(filter, SCMP_ACT_KILL_PROCESS, gone, LENGTH(gone)) && export_program(filter, ret_filter);
    seccomp_release(filter);
    return made;
}

bool jail_filter_load(const struct jail_filter *filter)
{
    struct sock_fprog program = {filter->count, filter->instructions};
    return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
