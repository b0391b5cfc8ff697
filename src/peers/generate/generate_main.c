#include "peers/generate/generate.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, PATH_BYTES = 4096 };

static const char help[] =
    "dukou generate --rows N [--kind residents|enterprises|social_insurance] [--seed S] [--out FILE]\n"
    "\n"
    "Writes a synthetic table as CSV (UTF-8). The same seed gives the same bytes everywhere. Nobody in it "
    "exists:\n"
    "each row says synthetic = true, and FILE must have \"synthetic\" in its name.\n"
    "生成合成数据表(CSV,UTF-8)。同一种子得到相同字节；每行都标明 synthetic = true。\n"
    "\n"
    "  --kind KIND        which table; residents when left out\n"
    "  --rows N           1 to 20000000\n"
    "  --seed S           0 to 18446744073709551615; 1 when left out\n"
    "  --out FILE         \"-\" for standard output; synthetic_KIND.csv when left out\n"
    "  --residents N      social_insurance refers to the first N residents of the seed (as many as rows)\n"
    "  --enterprises N    and to its first N enterprises (a twentieth of rows)\n";

struct arguments {
    struct generate_options options;
    const char *out;
};

static int usage(const char *zh, const char *en, const char *what)
{
    (void)fprintf(stderr, "dukou generate: %s: %s\ndukou generate: %s:%s\n", what, en, what, zh);
    (void)fprintf(stderr, "dukou generate --help\n");
    return EXIT_USAGE;
}

static bool read_number(const char *text, uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    uint64_t number = strtoull(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0')
        return false;
    *ret_number = number;
    return true;
}

/* Sets what the option `name` means; false when there is none such or its value is none. */
static bool set_option(struct arguments *arguments, const char *name, const char *value)
{
    struct generate_options *options = &arguments->options;
    if (strcmp(name, "--out") == 0) {
        arguments->out = value;
        return true;
    }
    if (strcmp(name, "--kind") == 0) {
        options->kind = generate_kind_by_name(value);
        return options->kind != GENERATE_KINDS;
    }
    uint64_t number;
    if (!read_number(value, &number))
        return false;
    if (strcmp(name, "--seed") == 0) {
        options->seed = number;
        return true;
    }
    int64_t *count = strcmp(name, "--rows") == 0          ? &options->rows
                     : strcmp(name, "--residents") == 0   ? &options->residents
                     : strcmp(name, "--enterprises") == 0 ? &options->enterprises
                                                          : NULL;
    if (count == NULL || number > INT64_MAX)
        return false;
    *count = (int64_t)number;
    return true;
}

static bool says_synthetic(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strstr(slash != NULL ? slash + 1 : path, "synthetic") != NULL;
}

static int report(const struct refusal *refusal)
{
    (void)fprintf(stderr, "dukou generate: %s%s%s %s\n", refusal->field != NULL ? refusal->field : "",
                  refusal->field != NULL ? ": " : "", refusal->en, refusal->remedy_en);
    (void)fprintf(stderr, "dukou generate: %s%s\n", refusal->zh, refusal->remedy_zh);
    return 1;
}

static int report_file(const char *path)
{
    (void)fprintf(stderr, "dukou generate: %s: %s\n", path, strerror(errno));
    return 1;
}

/* Written beside its place and moved there when it is whole. */
static int write_file(const struct generate_options *options, const char *path)
{
    char part[PATH_BYTES];
    struct refusal refusal;
    if (snprintf(part, sizeof part, "%s.%ld.part", path, (long)getpid()) >= (int)sizeof part)
        return usage("路径过长。", "the path is too long", "--out");
    int fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0)
        return report_file(part);
    enum result result = generate_write(options, fd, &refusal);
    int failed = 0;
    if (result != RESULT_OK)
        failed = report(&refusal);
    else if (fsync(fd) != 0 || rename(part, path) != 0)
        failed = report_file(path);
    (void)close(fd);
    if (failed != 0)
        (void)unlink(part);
    return failed;
}

int generate_main(int argc, char **argv)
{
    struct arguments arguments = {.options = {.kind = GENERATE_RESIDENTS, .seed = 1}};
    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            (void)fputs(help, stdout);
            return 0;
        }
        if (i + 1 == argc)
            return usage("缺少取值。", "needs a value", argv[i]);
        if (!set_option(&arguments, argv[i], argv[i + 1]))
            return usage("没有这个选项，或取值不对。", "there is no such option, or its value is none",
                         argv[i]);
    }
    const struct generate_options *options = &arguments.options;
    if (options->rows == 0)
        return usage("必须给出。", "must be given", "--rows");
    struct refusal refusal;
    if (arguments.out != NULL && strcmp(arguments.out, "-") == 0)
        return generate_write(options, STDOUT_FILENO, &refusal) == RESULT_OK ? 0 : report(&refusal);
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof path, "synthetic_%s.csv", generate_kind_name(options->kind));
    const char *out = arguments.out != NULL ? arguments.out : path;
    if (!says_synthetic(out))
        return usage("文件名必须含有 synthetic。", "the file's name must have \"synthetic\" in it", "--out");
    return write_file(options, out);
}
