#include "support/test.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct test_registration *tests;
static size_t test_count;

void test_register(struct test_registration *test)
{
    test->next = tests;
    tests = test;
    test_count++;
}

static char folders_root[] = "/tmp/dukou-test-XXXXXX";
static bool folders_made;

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

static void remove_folders(void)
{
    (void)nftw(folders_root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *test_folder(void)
{
    static char path[64];
    static int number;
    if (!folders_made) {
        if (mkdtemp(folders_root) == NULL)
            abort();
        folders_made = true;
        (void)atexit(remove_folders);
    }
    (void)snprintf(path, sizeof path, "%s/%d", folders_root, ++number);
    if (mkdir(path, 0700) != 0)
        abort();
    return path;
}

const char *test_shared(const char *name)
{
    static char path[512];
    const char *source = getenv("DUKOU_SOURCE");
    (void)snprintf(path, sizeof path, "%s/../shared/%s", source != NULL ? source : ".", name);
    return access(path, R_OK) == 0 ? path : NULL;
}

bool test_aborts(void (*body)(const void *argument), const void *argument, char *ret_words, size_t room)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(ends[1], STDERR_FILENO);
        (void)close(ends[1]);
        (void)signal(SIGABRT, SIG_DFL);
        body(argument);
        _exit(0);
    }
    (void)close(ends[1]);
    size_t at = 0;
    ssize_t got;
    while (at < room - 1 && (got = read(ends[0], ret_words + at, room - 1 - at)) > 0)
        at += (size_t)got;
    ret_words[at] = '\0';
    (void)close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--list") == 0) {
        for (const struct test_registration *t = tests; t != NULL; t = t->next)
            (void)puts(t->name);
        return 0;
    }
    struct CMUnitTest *all = calloc(test_count + 1, sizeof *all);
    if (all == NULL)
        abort();
    size_t at = test_count;
    for (const struct test_registration *t = tests; t != NULL; t = t->next)
        all[--at] = (struct CMUnitTest){t->name, t->run, NULL, NULL, NULL};
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    const char *slash = strrchr(argv[0], '/');
    int failed = _cmocka_run_group_tests(slash != NULL ? slash + 1 : argv[0], all, test_count, NULL, NULL);
    free(all);
    return failed;
}
