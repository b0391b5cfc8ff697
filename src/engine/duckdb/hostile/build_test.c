/* As another user, and where none of this should be. */
#include "engine/duckdb/hostile/hostile.h"
#include "support/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SOMEBODY = 61234 };

/* Runs this executable's tests that match, as a user without any right; its output goes to `log`. */
static _Noreturn void run_as_somebody(const char *pattern, int log)
{
    (void)dup2(log, STDOUT_FILENO);
    (void)dup2(log, STDERR_FILENO);
    (void)unsetenv("DUKOU_ATTACKS");
    (void)unsetenv("CMOCKA_MESSAGE_OUTPUT");
    if (setresgid(SOMEBODY, SOMEBODY, SOMEBODY) != 0 || setresuid(SOMEBODY, SOMEBODY, SOMEBODY) != 0)
        _exit(1);
    (void)execl("/proc/self/exe", "hostile_test", pattern, (char *)NULL);
    _exit(1);
}

static void pass_as_somebody(const char *pattern)
{
    static char text[16384];
    int status = 1;
    int log = memfd_create("log", MFD_CLOEXEC);
    (void)fchmod(log, 0666);
    pid_t child = fork();
    if (child == 0)
        run_as_somebody(pattern, log);
    assert_int_equal(waitpid(child, &status, 0), child);
    ssize_t size = pread(log, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    (void)close(log);
    if (status != 0)
        fail_msg("%s", text);
    /* A pattern that matches nothing passes too. */
    assert_non_null(strstr(text, "OK ]"));
}

TEST(the_jail_holds_for_an_unprivileged_user_too)
{
    if (getuid() != 0)
        skip();
    pass_as_somebody("every_*");
    pass_as_somebody("without_any_*");
    pass_as_somebody("each_wall_*");
    pass_as_somebody("with_*_no_harm_*");
}

/* The bytes of the mark stand in `path`. */
static bool has_mark(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    void *bytes = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(bytes != MAP_FAILED);
    bool found = memmem(bytes, (size_t)info.st_size, LAB_MARK, strlen(LAB_MARK)) != NULL;
    (void)munmap(bytes, (size_t)info.st_size);
    (void)close(fd);
    return found;
}

TEST(nothing_of_this_is_in_the_product)
{
    char path[512];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 32);
    assert_true(size > 0);
    path[size] = '\0';
    assert_true(has_mark(path));
    /* build/src/engine/hostile_test, build/dukou */
    for (int up = 0; up < 3; up++)
        *strrchr(path, '/') = '\0';
    (void)snprintf(path + strlen(path), sizeof path - strlen(path), "/dukou");
    assert_false(has_mark(path));
}
