/* What a worker was lent, and what it might have been left by mistake. */
#include "engine/duckdb/hostile/hostile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define INPUT (worker->descriptors[0])
#define OUTPUT (worker->descriptors[1])

PROBE(find_a_foreign_descriptor, HARM_DATA, W(CLOSED), -ENOENT, 0, "looks at every descriptor from 0 to 1023")
{
    for (int fd = 0; fd < 1024; fd++) {
        struct stat info;
        if (fcntl(fd, F_GETFD) < 0 || fd == INPUT || fd == OUTPUT)
            continue;
        if (fstat(fd, &info) != 0 || !(fd < 3 ? S_ISCHR(info.st_mode) : fd == 3 && S_ISSOCK(info.st_mode)))
            return DONE;
    }
    return -ENOENT;
}

PROBE(find_something_in_the_environment, HARM_DATA, W(CLOSED), -ENOENT, UNSURE, "looks at its environment")
{
    for (char **at = environ; at != NULL && *at != NULL; at++)
        if (strncmp(*at, "TZ=", 3) != 0 && strncmp(*at, "MALLOC_CONF=", 12) != 0 &&
            strncmp(*at, "DUCKDB_JE_MALLOC_CONF=", 22) != 0)
            return DONE;
    return -ENOENT;
}

PROBE(open_the_name_of_another_input, HARM_DATA, W(LENT), -ENOENT, UNSURE,
      "opens /room/1 … /room/63 and odd spellings, having one input")
{
    static const char *const odd[] = {"/room/-1",
                                      "/room/4294967296",
                                      "/room/18446744073709551616",
                                      "/room/0/../1",
                                      "/room/ 0",
                                      "/room/0x0",
                                      "/room//0",
                                      "/room/out/../0",
                                      "/room/../room/0",
                                      "room/0",
                                      "/room/",
                                      "/room/64",
                                      "/room/000000000064"};
    char path[32];
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++)
        if (open(odd[i], O_RDONLY) >= 0)
            return DONE;
    for (int i = 1; i < 64; i++) {
        (void)snprintf(path, sizeof path, "/room/%d", i);
        if (open(path, O_RDONLY) >= 0)
            return DONE;
    }
    return -errno;
}

PROBE(open_its_input_for_writing, HARM_DATA, W(LENT), -EACCES, UNSURE, "opens /room/0 for writing")
{
    return done(open("/room/0", O_RDWR));
}

PROBE(write_to_its_input, HARM_DATA, W(LENT), -EBADF, 0, "writes to the input that it was lent")
{
    return done(write(INPUT, "hostile", 7));
}

PROBE(write_into_its_input_at_a_place, HARM_DATA, W(LENT), -EBADF, 0, "writes to its input with pwritev()")
{
    struct iovec part = {"hostile", 7};
    return done(pwritev(INPUT, &part, 1, 0));
}

PROBE(truncate_its_input, HARM_DATA, W(LENT), -EINVAL, 0, "truncates its input")
{
    return done(ftruncate(INPUT, 0));
}

PROBE(map_its_input_for_writing, HARM_DATA, W(LENT), -EACCES, 0, "maps its input for writing")
{
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, INPUT, 0);
    return at == MAP_FAILED ? -errno : DONE;
}

PROBE(make_its_mapped_input_writable, HARM_DATA, W(LENT), -EACCES, 0,
      "maps its input for reading and makes the mapping writable")
{
    void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, INPUT, 0);
    return at == MAP_FAILED ? -errno : done(mprotect(at, 4096, PROT_READ | PROT_WRITE));
}

PROBE(make_a_hole_in_its_input, HARM_DATA, W(SECCOMP) | W(LENT), -EPERM, 0, "punches a hole into its input")
{
    return done(syscall(SYS_fallocate, INPUT, 3, 0L, 4096L));
}

PROBE(take_pages_from_its_input, HARM_DATA, W(LENT), -EACCES, 0,
      "removes pages of its mapped input with madvise(MADV_REMOVE)")
{
    void *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, INPUT, 0);
    return at == MAP_FAILED ? -errno : done(madvise(at, 4096, MADV_REMOVE));
}

PROBE(seal_its_input, HARM_DATA, W(SECCOMP) | W(LENT), KILLED, 0, "seals its input")
{
    return done(fcntl(INPUT, F_ADD_SEALS, F_SEAL_SHRINK));
}

PROBE(open_its_input_anew, HARM_DATA, W(SECCOMP) | W(ROOT), -ENOENT, 0,
      "opens its input again, for writing, through /proc/self/fd")
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", INPUT);
    int fd = open(path, O_RDWR);
    return fd < 0 ? -errno : done(write(fd, "hostile", 7));
}

PROBE(change_the_mode_of_its_input, HARM_OWN, W(SECCOMP), KILLED, 0,
      "changes the mode of its input, so that nobody can open it again")
{
    return done(fchmod(INPUT, 0));
}

PROBE(leave_a_note_on_its_input, HARM_OWN, W(SECCOMP), KILLED, UNSURE,
      "leaves an extended attribute on its input for another job")
{
    return done(syscall(SYS_fsetxattr, INPUT, "user.note", "x", 1, 0));
}

PROBE(copy_into_its_input, HARM_DATA, W(SECCOMP) | W(LENT), KILLED, 0,
      "copies bytes into its input with sendfile()")
{
    off_t begin = 0;
    return pwrite(OUTPUT, "x", 1, 0) != 1 ? -errno : done(syscall(SYS_sendfile, INPUT, OUTPUT, &begin, 1));
}

PROBE(seal_its_output, HARM_OWN, W(SECCOMP), KILLED, 0,
      "seals its output, so that the keeper cannot empty it")
{
    return done(fcntl(OUTPUT, F_ADD_SEALS, F_SEAL_SHRINK));
}

PROBE(copy_its_input_to_the_channel, SURFACE, W(SECCOMP), KILLED, UNSURE,
      "splices its input into the channel")
{
    return syscall(SYS_splice, INPUT, NULL, worker->channel, NULL, 1, 0) < 0 && errno == EPERM ? -errno
                                                                                               : DONE;
}
