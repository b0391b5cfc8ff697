/* Rights, and the parts of the kernel that no query needs. Where a call would harm the test's own machine its
 * arguments cannot work: what counts is whether the kernel gets as far as looking at them. */
#include "engine/duckdb/hostile/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

enum { RIGHT = W(SECCOMP) | W(RIGHTS) };

/* Was it more than the right that was lacking? */
static int64_t allowed(long result)
{
    return result < 0 && (errno == EPERM || errno == EACCES || errno == ENOSYS) ? -errno : DONE;
}

/* ---- io_uring: goes round filters ---- */

PROBE(set_up_io_uring, SURFACE, W(SECCOMP), KILLED, UNSURE, "sets up io_uring, whose calls no filter sees")
{
    struct io_uring_params parameters = {0};
    return done(syscall(SYS_io_uring_setup, 4, &parameters));
}

PROBE(enter_io_uring, SURFACE, W(SECCOMP), KILLED, UNSURE, "hands work to io_uring")
{
    return syscall(SYS_io_uring_enter, worker->channel, 1, 0, 0, NULL, 0) < 0 && errno == EPERM ? -errno
                                                                                                : DONE;
}

PROBE(register_with_io_uring, SURFACE, W(SECCOMP), KILLED, UNSURE, "registers descriptors with io_uring")
{
    return syscall(SYS_io_uring_register, worker->channel, 0, NULL, 0) < 0 && errno == EPERM ? -errno : DONE;
}

/* ---- programs in the kernel ---- */

PROBE(load_a_kernel_program, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "makes a map of bpf()")
{
    union bpf_attr attributes = {.map_type = BPF_MAP_TYPE_ARRAY};
    attributes.key_size = 4;
    attributes.value_size = 4;
    attributes.max_entries = 1;
    return done(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
}

PROBE(watch_the_kernel, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT,
      "counts what the whole machine does with perf_event_open()")
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_SOFTWARE, .size = sizeof attributes, .config = PERF_COUNT_SW_CPU_CLOCK};
    return done(syscall(SYS_perf_event_open, &attributes, -1, 0, -1, 0));
}

PROBE(load_a_module, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT | UNSURE, "loads a kernel module")
{
    return allowed(syscall(SYS_init_module, "", 0L, ""));
}

PROBE(load_a_module_from_a_file, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT | UNSURE,
      "loads a kernel module from its output")
{
    return allowed(syscall(SYS_finit_module, worker->descriptors[1], "", 0));
}

PROBE(exchange_the_kernel, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT | UNSURE, "loads another kernel")
{
    return allowed(syscall(SYS_kexec_load, 0, 0, NULL, 0xffff));
}

PROBE(read_the_kernels_log, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "reads the kernel's log")
{
    return allowed(syscall(SYS_syslog, 2, NULL, -1));
}

/* ---- the machine ---- */

PROBE(restart_the_machine, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "restarts the machine")
{
    return allowed(syscall(SYS_reboot, 0, 0, 0, NULL));
}

PROBE(swap_to_a_file, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "has memory swapped to a file")
{
    return allowed(swapon("/nowhere", 0));
}

PROBE(set_the_clock, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "sets the machine's clock")
{
    struct timezone zone = {0};
    return done(syscall(SYS_settimeofday, NULL, &zone));
}

PROBE(name_the_machine, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "renames the machine")
{
    return done(sethostname(page->machine, strlen(page->machine)));
}

PROBE(write_accounts, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "has processes recorded in a file with acct()")
{
    return allowed(syscall(SYS_acct, "/nowhere"));
}

#ifdef __x86_64__
PROBE(use_the_machines_ports, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT | UNSURE,
      "takes the machine's ports with iopl()")
{
    return done(iopl(3));
}

PROBE(write_segment_tables, SURFACE, W(SECCOMP), KILLED, UNSURE, "reads its segment table with modify_ldt()")
{
    char bytes[16];
    return done(syscall(SYS_modify_ldt, 0, bytes, sizeof bytes));
}
#endif

PROBE(type_into_the_terminal, HARM_ESCAPE, W(SECCOMP) | W(CLOSED), -EPERM, UNSURE,
      "types into the keeper's terminal with TIOCSTI")
{
    return done(ioctl(0, TIOCSTI, "x"));
}

/* ---- rights ---- */

PROBE(become_root, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "becomes root")
{
    return done(syscall(SYS_setuid, 0));
}

PROBE(change_all_users, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "changes all its user numbers")
{
    return done(syscall(SYS_setresuid, 0, 0, 0));
}

PROBE(change_its_group, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "joins the group of root")
{
    return done(syscall(SYS_setgid, 0));
}

PROBE(join_groups, HARM_ESCAPE, RIGHT | W(NAMESPACES), KILLED, ONLY_ROOT, "joins further groups")
{
    gid_t group = 0;
    return done(syscall(SYS_setgroups, 1, &group));
}

PROBE(take_capabilities, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "takes capabilities")
{
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct some[2] = {
        {.effective = 1U << CAP_SYS_CHROOT, .permitted = 1U << CAP_SYS_CHROOT}};
    return done(syscall(SYS_capset, &header, some));
}

PROBE(make_a_user_namespace, SURFACE, W(SECCOMP), KILLED, UNSURE,
      "makes a user namespace, in which it would be root")
{
    return done(unshare(CLONE_NEWUSER));
}

PROBE(make_a_mount_namespace, HARM_ESCAPE, RIGHT, KILLED, ONLY_ROOT, "makes a mount namespace")
{
    return done(unshare(CLONE_NEWNS));
}

PROBE(enter_the_namespace_of_another, HARM_ESCAPE,
      W(SECCOMP) | W(LANDLOCK) | W(ROOT) | W(NAMESPACES) | W(RIGHTS), -ENOENT, ONLY_ROOT,
      "enters the net namespace of a process outside")
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/ns/net", page->victim);
    int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
    return fd < 0 ? -errno : done(setns(fd, CLONE_NEWNET));
}

PROBE(enter_a_namespace, HARM_ESCAPE, W(SECCOMP) | W(MACHINE), KILLED, UNSURE,
      "calls setns() with a descriptor that it was lent")
{
    return done(setns(worker->descriptors[0], 0));
}

/* ---- loosening ---- */

PROBE(load_a_laxer_filter, SURFACE, W(SECCOMP), KILLED, 0, "loads a filter that allows everything")
{
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, all};
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return done(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

PROBE(answer_its_own_filter, SURFACE, W(SECCOMP), KILLED, 0,
      "has its own filter ask itself (SECCOMP_FILTER_FLAG_NEW_LISTENER)")
{
    struct sock_filter all[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog program = {1, all};
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    return done(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

PROBE(become_dumpable, SURFACE, W(SECCOMP), KILLED, 0, "lets others of its user read its memory and cores")
{
    return done(prctl(PR_SET_DUMPABLE, 1));
}

PROBE(outlive_its_parent, SURFACE, W(SECCOMP), KILLED, 0, "stays alive when its parent dies")
{
    return done(prctl(PR_SET_PDEATHSIG, 0));
}

PROBE(keep_rights_over_a_change_of_user, SURFACE, W(SECCOMP), KILLED, 0,
      "asks to keep capabilities (PR_SET_KEEPCAPS)")
{
    return done(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0));
}

PROBE(handle_traps_itself, SURFACE, W(SECCOMP), -EPERM, 0, "handles SIGSYS itself instead of the jail")
{
    return signal(SIGSYS, SIG_IGN) == SIG_ERR ? -errno : DONE;
}

/* ---- what is shared by name ---- */

PROBE(read_shared_memory, HARM_DATA, W(SECCOMP) | W(NAMESPACES), KILLED, 0,
      "attaches System V shared memory of another process")
{
    int id = shmget(page->shared_memory, 0, 0);
    char *at = id < 0 ? (void *)-1 : shmat(id, NULL, 0);
    return at == (void *)-1 ? -errno : is_secret(at);
}

PROBE(make_a_message_queue, SURFACE, W(SECCOMP) | W(RLIMITS), KILLED, UNSURE, "makes a POSIX message queue")
{
    long queue = syscall(SYS_mq_open, "dukou-hostile", O_CREAT | O_RDWR, 0600, NULL);
    (void)syscall(SYS_mq_unlink, "dukou-hostile");
    return queue < 0 ? -errno : DONE;
}

PROBE(read_a_key, HARM_DATA, W(SECCOMP) | W(KEYRING), KILLED, 0,
      "reads a key in the keyring of the session it was started in")
{
    char bytes[64] = "";
    long key = syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", SECRET, 0);
    return key < 0 || syscall(SYS_keyctl, KEYCTL_READ, key, bytes, sizeof bytes) < 0 ? -errno
                                                                                     : is_secret(bytes);
}

PROBE(leave_a_key, HARM_DATA, W(SECCOMP) | W(KEYRING), KILLED, 0,
      "leaves a key in the session's keyring for another job to read")
{
    return done(syscall(SYS_add_key, "user", "hostile", "x", 1, KEY_SPEC_SESSION_KEYRING));
}

PROBE(ask_for_a_key, SURFACE, W(SECCOMP), KILLED, 0, "has the kernel look for a key")
{
    return syscall(SYS_request_key, "user", "nothing-of-the-kind", NULL, 0) < 0 && errno != ENOKEY ? -errno
                                                                                                   : DONE;
}

PROBE(find_a_key_of_an_earlier_job, HARM_DATA, W(SECCOMP) | W(NAMESPACES), KILLED, TWICE,
      "leaves a key in its user's keyring, and finds it in the next job")
{
    if (syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_USER_KEYRING, "user", "hostile-note", 0) >= 0)
        return DONE;
    long key = syscall(SYS_add_key, "user", "hostile-note", "x", 1, KEY_SPEC_USER_KEYRING);
    (void)syscall(SYS_keyctl, KEYCTL_SET_TIMEOUT, key, 5);
    return key < 0 ? -errno : -ENOKEY;
}

/* ---- cores ---- */

PROBE(leave_a_core_file, HARM_FILE, W(RLIMITS) | W(RIGHTS), SIGNALLED(SIGSEGV), UNSURE,
      "crashes, so that its memory is written to a core file")
{
    volatile char *nothing = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return *nothing;
}
