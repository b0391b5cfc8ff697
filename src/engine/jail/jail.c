#include "engine/jail/jail.h"

#include "base/limits.h"
#include "engine/jail/lab.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    NOBODY = 65534,
    DESCRIPTORS = 256,
    /* A worker's own, and in a user namespace of its own. Without that the count is of all workers: */
    THREADS = LIMIT_WORKER_THREADS + 8,
    THREADS_OF_ALL = 512,
};

static const char *const layer_names[] = {
#define X(symbol, name) name,
    JAIL_LAYERS(X)
#undef X
};

const char *jail_layer_name(enum jail_layer layer)
{
    return layer_names[layer];
}

static void holds(struct jail *jail, enum jail_layer layer)
{
    jail->layers |= UINT32_C(1) << layer;
}

static bool held(const struct jail *jail, enum jail_layer layer)
{
    return (jail->layers >> layer & 1) != 0;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t size = (ssize_t)strlen(text);
    bool written = write(fd, text, (size_t)size) == size;
    (void)close(fd);
    return written;
}

static void give_up_root(void)
{
    if (geteuid() != 0 || lab_without(JAIL_NOBODY))
        return;
    (void)setgroups(0, NULL);
    if (setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
        _exit(1);
}

/* Inside, the worker is the same user as outside, and nobody else exists. */
static bool map_ids(uid_t user, gid_t group)
{
    char map[64];
    if (!write_file("/proc/self/setgroups", "deny"))
        return false;
    (void)snprintf(map, sizeof map, "%u %u 1", user, user);
    if (!write_file("/proc/self/uid_map", map))
        return false;
    (void)snprintf(map, sizeof map, "%u %u 1", group, group);
    return write_file("/proc/self/gid_map", map);
}

/* A new ring for the session, of which nobody may do anything, instead of the one with the keeper's keys. */
static bool leave_keys(void)
{
    return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 &&
           syscall(SYS_keyctl, KEYCTL_SETPERM, KEY_SPEC_SESSION_KEYRING, 0) == 0;
}

void jail_namespaces(struct jail *jail)
{
    static const struct {
        int flag;
        enum jail_layer layer;
    } others[] = {{CLONE_NEWPID, JAIL_PID},
                  {CLONE_NEWNS, JAIL_MOUNT},
                  {CLONE_NEWNET, JAIL_NET},
                  {CLONE_NEWIPC, JAIL_IPC},
                  {CLONE_NEWUTS, JAIL_UTS}};
    *jail = (struct jail){.own_pid_namespace = -1};
    give_up_root();
    /* Changing the user made /proc/self belong to root. */
    (void)prctl(PR_SET_DUMPABLE, 1);
    uid_t user = geteuid();
    gid_t group = getegid();
    if (!lab_without(JAIL_USER) && unshare(CLONE_NEWUSER) == 0 && map_ids(user, group))
        holds(jail, JAIL_USER);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!lab_without(others[i].layer) && unshare(others[i].flag) == 0)
            holds(jail, others[i].layer);
    if (!lab_without(JAIL_KEYRING) && leave_keys())
        holds(jail, JAIL_KEYRING);
    /* Where memory runs out a worker is killed for it, not the keeper. */
    (void)write_file("/proc/self/oom_score_adj", "1000");
    (void)prctl(PR_SET_DUMPABLE, lab_without(JAIL_NO_NEW_PRIVS) ? 1 : 0);
}

static bool empty_root(void)
{
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=2,mode=0555") !=
            0 ||
        chdir("/tmp") != 0)
        return false;
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return false;
    return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
                 NULL) == 0;
}

static size_t address_space(void)
{
    char text[64];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, text, sizeof text - 1);
    (void)close(fd);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    return strtoul(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

bool jail_root(struct jail *jail)
{
    jail->base_bytes = address_space();
    if (held(jail, JAIL_PID) && !lab_without(JAIL_OWN_PID))
        jail->own_pid_namespace = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
    if (held(jail, JAIL_MOUNT) && !lab_without(JAIL_ROOT) && empty_root())
        holds(jail, JAIL_ROOT);
    /* A worker in a pid namespace of its own is process 1, so one program fits all. */
    return jail->base_bytes > 0 && jail_filter_second(&jail->second) &&
           (jail->own_pid_namespace < 0 || jail_filter_first(&jail->first, 1));
}

pid_t jail_fork(struct jail *jail)
{
    /* unshare() only works from one's own namespace, and the last one died with its worker. */
    bool own = jail->own_pid_namespace >= 0 && setns(jail->own_pid_namespace, CLONE_NEWPID) == 0 &&
               unshare(CLONE_NEWPID) == 0;
    pid_t child = fork();
    if (child == 0 && own)
        holds(jail, JAIL_OWN_PID);
    return child;
}

static bool close_descriptors(int keep)
{
    if (keep != 3 && dup2(keep, 3) < 0)
        return false;
    return lab_leaves_open() || syscall(SYS_close_range, 4U, ~0U, 0U) == 0;
}

static bool drop_capabilities(const struct jail *jail)
{
    (void)jail;
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
        (void)prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    struct __user_cap_data_struct now[2];
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == 0 &&
           syscall(SYS_capset, &header, none) == 0 && syscall(SYS_capget, &header, now) == 0 &&
           memcmp(now, none, sizeof now) == 0;
}

static bool limit(__rlimit_resource_t resource, size_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0)
        return false;
    rlim_t bound = value < now.rlim_max ? value : now.rlim_max;
    return setrlimit(resource, &(struct rlimit){bound, bound}) == 0;
}

/* A ruleset that handles every right its ABI knows and grants none. */
static bool landlock(void)
{
    long abi = lab_landlock(syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION));
    if (abi < 1)
        return false;
    /* linux/landlock.h of Debian 12 ends at ABI 2: 13 rights in the first, then one each for refer, truncate
     * and, after the two of the net, ioctl; ABI 6 scopes signals and abstract sockets. */
    struct {
        uint64_t files;
        uint64_t net;
        uint64_t scoped;
    } rules = {.files = (UINT64_C(1) << (abi >= 5   ? 16
                                         : abi >= 3 ? 15
                                         : abi == 2 ? 14
                                                    : 13)) -
                        1,
               .net = abi >= 4 ? 3 : 0,
               .scoped = abi >= 6 ? 3 : 0};
    size_t size = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
    long ruleset = syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (ruleset < 0)
        return false;
    bool done = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    (void)close((int)ruleset);
    return done;
}

/* kill(0) reaches the whole process group, also outside the pid namespace. */
static bool leave_session(const struct jail *jail)
{
    (void)jail;
    return setsid() > 0;
}

static bool bound_resources(const struct jail *jail)
{
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_NOFILE, DESCRIPTORS) &&
           limit(RLIMIT_NPROC, held(jail, JAIL_OWN_USER) ? THREADS : THREADS_OF_ALL) &&
           limit(RLIMIT_MEMLOCK, 0) && limit(RLIMIT_MSGQUEUE, 0);
}

/* A layer that is never done without. */
static void demand(struct jail *jail, enum jail_layer layer, bool (*put_on)(const struct jail *))
{
    if (lab_without(layer))
        return;
    if (!put_on(jail))
        _exit(1);
    holds(jail, layer);
}

static bool stay_unprivileged(const struct jail *jail)
{
    (void)jail;
    return prctl(PR_SET_DUMPABLE, 0) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void jail_close(struct jail *jail, int keep)
{
    if (!close_descriptors(keep))
        _exit(1);
    if (getuid() != 0 && geteuid() != 0)
        holds(jail, JAIL_NOBODY);
    demand(jail, JAIL_SESSION, leave_session);
    /* Its threads and keys are counted and kept apart from other workers'. It has no number in there. */
    if (held(jail, JAIL_USER) && !lab_without(JAIL_OWN_USER) && unshare(CLONE_NEWUSER) == 0)
        holds(jail, JAIL_OWN_USER);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    demand(jail, JAIL_CAPABILITIES, drop_capabilities);
    demand(jail, JAIL_RLIMITS, bound_resources);
    demand(jail, JAIL_NO_NEW_PRIVS, stay_unprivileged);
    if (!lab_without(JAIL_LANDLOCK) && landlock())
        holds(jail, JAIL_LANDLOCK);
    if (lab_without(JAIL_SECCOMP))
        return;
    if (!held(jail, JAIL_OWN_PID) && !jail_filter_first(&jail->first, getpid()))
        _exit(1);
    if (!jail_filter_load(&jail->first))
        _exit(1);
    holds(jail, JAIL_SECCOMP);
}

void jail_seal(struct jail *jail, const struct jail_bounds *bounds)
{
    if (!lab_without(JAIL_RLIMITS) &&
        (!limit(RLIMIT_AS, jail->base_bytes + bounds->memory_bytes) ||
         !limit(RLIMIT_CPU, bounds->cpu_seconds) || !limit(RLIMIT_FSIZE, bounds->file_bytes)))
        _exit(1);
    if (!lab_without(JAIL_SECCOMP) && !jail_filter_load(&jail->second))
        _exit(1);
}
