/* What hostile code could harm: files, a process, sockets, keys and memory of the machine, made for this test
 * and watched. */
#include "engine/duckdb/hostile/hostile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TCP, UDP, ABSTRACT, NAMED, SOCKETS };

static struct {
    uid_t user;
    int input;
    int output;
    int sockets[SOCKETS];
    int shared_memory;
} world = {.input = -1, .output = -1};

struct page *page;

static const char input_bytes[] = "name,amount\nA,1\nB,2\n";
static const char target_bytes[] = "whole";

static void insist(bool condition, const char *what)
{
    if (condition)
        return;
    perror(what);
    abort();
}

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    insist(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && fchmod(fd, 0666) == 0 &&
               fchown(fd, world.user, (gid_t)-1) == 0 && close(fd) == 0,
           path);
}

static void make_files(void)
{
    (void)snprintf(page->folder, sizeof page->folder, "/tmp/dukou-hostile-XXXXXX");
    insist(mkdtemp(page->folder) != NULL && chmod(page->folder, 0777) == 0, "folder");
    (void)snprintf(page->secret_path, sizeof page->secret_path, "%s/secret", page->folder);
    (void)snprintf(page->target_path, sizeof page->target_path, "%s/target", page->folder);
    (void)snprintf(page->socket_path, sizeof page->socket_path, "%s/socket", page->folder);
    write_file(page->secret_path, SECRET "-file");
    write_file(page->target_path, target_bytes);
}

static void make_input(void)
{
    world.input = memfd_create("input", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    world.output = memfd_create("output", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    ssize_t size = sizeof input_bytes - 1;
    insist(world.input >= 0 && world.output >= 0 && pwrite(world.input, input_bytes, (size_t)size, 0) == size,
           "memory files");
}

static int listen_at(int kind, const struct sockaddr *address, socklen_t size, int family)
{
    int fd = socket(family, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    insist(fd >= 0 && bind(fd, address, size) == 0 && (kind == SOCK_DGRAM || listen(fd, 16) == 0),
           "listener");
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof address;
    insist(getsockname(fd, (struct sockaddr *)&address, &size) == 0, "port");
    return ntohs(address.sin_port);
}

static void make_sockets(void)
{
    struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_un named = {.sun_family = AF_UNIX};
    struct sockaddr_un hidden = {.sun_family = AF_UNIX};
    world.sockets[TCP] = listen_at(SOCK_STREAM, (struct sockaddr *)&loopback, sizeof loopback, AF_INET);
    world.sockets[UDP] = listen_at(SOCK_DGRAM, (struct sockaddr *)&loopback, sizeof loopback, AF_INET);
    page->tcp_port = port_of(world.sockets[TCP]);
    page->udp_port = port_of(world.sockets[UDP]);
    (void)snprintf(page->abstract, sizeof page->abstract, "dukou-hostile-%d", getpid());
    (void)snprintf(hidden.sun_path + 1, sizeof hidden.sun_path - 1, "%s", page->abstract);
    (void)snprintf(named.sun_path, sizeof named.sun_path, "%.100s", page->socket_path);
    socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(page->abstract));
    world.sockets[ABSTRACT] = listen_at(SOCK_STREAM, (struct sockaddr *)&hidden, length, AF_UNIX);
    world.sockets[NAMED] = listen_at(SOCK_STREAM, (struct sockaddr *)&named, sizeof named, AF_UNIX);
    insist(chmod(page->socket_path, 0666) == 0, "socket");
}

static void make_ipc(void)
{
    page->shared_memory = (int)(0x0d000000 | (getpid() & 0xffffff));
    world.shared_memory = shmget(page->shared_memory, 4096, IPC_CREAT | 0666);
    char *at = world.shared_memory >= 0 ? shmat(world.shared_memory, NULL, 0) : (void *)-1;
    insist(at != (void *)-1, "shared memory");
    memcpy(at, SECRET "-shm", sizeof SECRET "-shm");
    (void)shmdt(at);
    /* A key in the session's ring, as a login or a service manager leaves there. */
    insist(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 &&
               syscall(SYS_add_key, "user", SECRET, SECRET "-key", sizeof SECRET + 3,
                       KEY_SPEC_SESSION_KEYRING) >= 0,
           "key");
}

static void on_signal(int signal)
{
    if (signal == SIGUSR1)
        page->pings_seen++;
    else
        page->signals_seen = 1;
}

static _Noreturn void be_victim(void)
{
    static char secret[] = SECRET "-memory";
    if (getuid() != world.user && (setresgid(world.user, world.user, world.user) != 0 ||
                                   setresuid(world.user, world.user, world.user) != 0))
        _exit(1);
    (void)prctl(PR_SET_DUMPABLE, 1);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)signal(SIGURG, on_signal);
    (void)signal(SIGUSR1, on_signal);
    page->victim_descriptor = open(page->secret_path, O_RDONLY);
    page->victim_secret = (uintptr_t)secret;
    for (;;)
        (void)pause();
}

static void make_victim(void)
{
    page->victim_secret = 0;
    page->signals_seen = 0;
    pid_t victim = fork();
    if (victim == 0)
        be_victim();
    insist(victim > 0, "victim");
    page->victim = victim;
    while (*(volatile uintptr_t *)&page->victim_secret == 0)
        (void)sched_yield();
}

static int64_t run_page(const struct lab_worker *worker)
{
    return page->run != NULL ? page->run(worker) : LAB_GO_ON;
}

static void end_world(void);

void world_make(void)
{
    if (page != NULL)
        return;
    lab.hostile = run_page;
    world.user = getuid() == 0 ? 65534 : getuid();
    page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    insist(page != MAP_FAILED, "page");
    insist(gethostname(page->machine, sizeof page->machine) == 0, "name");
    (void)setpgid(0, 0);
    make_files();
    make_input();
    make_sockets();
    make_ipc();
    make_victim();
    /* Where a core would be written, and that one may be. */
    enum { CORE_BYTES = 1024 * 1024 };
    struct rlimit core;
    insist(chdir(page->folder) == 0 && getrlimit(RLIMIT_CORE, &core) == 0, "folder");
    core.rlim_cur = core.rlim_max < CORE_BYTES ? core.rlim_max : CORE_BYTES;
    (void)setrlimit(RLIMIT_CORE, &core);
    (void)atexit(end_world);
}

int world_input(void)
{
    return world.input;
}

int world_output(void)
{
    return world.output;
}

/* ---- what has happened to it ---- */

static bool file_is(const char *path, const char *text)
{
    char bytes[64] = "";
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t size = read(fd, bytes, sizeof bytes);
    bool same = size == (ssize_t)strlen(text) && memcmp(bytes, text, (size_t)size) == 0 &&
                fstat(fd, &info) == 0 && (info.st_mode & 07777) == 0666 && info.st_nlink == 1;
    (void)close(fd);
    return same;
}

static bool folder_is_whole(void)
{
    int count = 0;
    DIR *folder = opendir(page->folder);
    insist(folder != NULL, "folder");
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count == 5 && file_is(page->secret_path, SECRET "-file") &&
           file_is(page->target_path, target_bytes);
}

static void mend_folder(void)
{
    char path[512];
    DIR *folder = opendir(page->folder);
    insist(folder != NULL, "folder");
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        (void)snprintf(path, sizeof path, "%s/%s", page->folder, entry->d_name);
        if (entry->d_name[0] != '.' && strcmp(entry->d_name, "socket") != 0 && unlink(path) != 0)
            (void)rmdir(path);
    }
    (void)closedir(folder);
    write_file(page->secret_path, SECRET "-file");
    write_file(page->target_path, target_bytes);
}

static bool victim_is_whole(void)
{
    int status;
    cpu_set_t processors;
    CPU_ZERO(&processors);
    return waitpid(page->victim, &status, WNOHANG | WUNTRACED) == 0 && page->signals_seen == 0 &&
           getpriority(PRIO_PROCESS, (id_t)page->victim) == getpriority(PRIO_PROCESS, 0) &&
           sched_getaffinity(page->victim, sizeof processors, &processors) == 0 &&
           (CPU_COUNT(&processors) > 1 || sysconf(_SC_NPROCESSORS_ONLN) == 1);
}

static void mend_victim(void)
{
    (void)kill(page->victim, SIGKILL);
    (void)waitpid(page->victim, NULL, 0);
    make_victim();
}

static bool nobody_called(void)
{
    char byte;
    bool quiet = true;
    for (int i = 0; i < SOCKETS; i++) {
        int got = i == UDP ? (int)recv(world.sockets[i], &byte, 1, 0) : accept(world.sockets[i], NULL, NULL);
        quiet &= got < 0;
        if (got >= 0 && i != UDP)
            (void)close(got);
    }
    return quiet;
}

static bool input_is_whole(void)
{
    char bytes[64];
    struct stat info;
    ssize_t size = pread(world.input, bytes, sizeof bytes, 0);
    return fstat(world.input, &info) == 0 && (info.st_mode & 07777) == 0777 &&
           fcntl(world.input, F_GET_SEALS) == 0 && size == (ssize_t)sizeof input_bytes - 1 &&
           memcmp(bytes, input_bytes, (size_t)size) == 0;
}

static void mend_input(void)
{
    (void)close(world.input);
    (void)close(world.output);
    make_input();
}

void world_settle(void)
{
    sig_atomic_t next = page->pings_seen + 1;
    siginfo_t ended = {0};
    (void)kill(page->victim, SIGUSR1);
    while (page->pings_seen < next && ended.si_pid == 0) {
        (void)sched_yield();
        (void)waitid(P_PID, (id_t)page->victim, &ended, WEXITED | WSTOPPED | WNOHANG | WNOWAIT);
    }
}

const char *world_harm(void)
{
    const char *harm = NULL;
    if (!folder_is_whole()) {
        harm = "a file was changed";
        mend_folder();
    }
    if (!victim_is_whole()) {
        harm = "another process was harmed";
        mend_victim();
    }
    if (!nobody_called())
        harm = "a listener outside was reached";
    if (!input_is_whole()) {
        harm = "an input was changed";
        mend_input();
    }
    if (ftruncate(world.output, 0) != 0 || fcntl(world.output, F_GET_SEALS) != 0) {
        harm = "the output was sealed";
        mend_input();
    }
    return harm;
}

static void end_world(void)
{
    (void)kill(page->victim, SIGKILL);
    (void)waitpid(page->victim, NULL, 0);
    (void)shmctl(world.shared_memory, IPC_RMID, NULL);
    mend_folder();
    (void)unlink(page->secret_path);
    (void)unlink(page->target_path);
    (void)unlink(page->socket_path);
    (void)rmdir(page->folder);
}
