#include "command/settings.h"

#include "http/log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LEVELS_UP = 4, TOKEN_BYTES = 4096, MOST_PER_MINUTE = 100000000, METRICS_TOKEN_BYTES_MIN = 32 };

static const char *variable(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : fallback;
}

const char *settings_beside_program(struct arena *arena, const char *name)
{
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length < 0)
        return NULL;
    program[length] = '\0';
    for (int level = 0; level < LEVELS_UP; level++) {
        char *slash = strrchr(program, '/');
        if (slash == NULL)
            return NULL;
        *slash = '\0';
        const char *path = arena_printf(arena, "%s/%s", program, name);
        if (access(path, R_OK) == 0)
            return path;
    }
    return NULL;
}

static enum result read_number(const char *name, int fallback, int most, int *ret_number,
                               struct refusal *ret_refusal)
{
    const char *text = variable(name, NULL);
    char *end;
    errno = 0;
    long number = text != NULL ? strtol(text, &end, 10) : fallback;
    if (text == NULL || (errno == 0 && *end == '\0' && number >= 0 && number <= most)) {
        *ret_number = (int)number;
        return RESULT_OK;
    }
    return refuse(ret_refusal, (struct refusal){.result = RESULT_INVALID,
                                                .field = name,
                                                .zh = "应为范围内的整数",
                                                .en = "this must be a whole number within its range",
                                                .remedy_zh = "改正该环境变量",
                                                .remedy_en = "correct this environment variable"});
}

/* The contents of the file that the variable names; NULL without one. */
static enum result read_token(struct arena *arena, const char *name, const char **ret_token,
                              struct refusal *ret_refusal)
{
    const char *path = variable(name, NULL);
    *ret_token = NULL;
    if (path == NULL)
        return RESULT_OK;
    char *token = arena_alloc(arena, TOKEN_BYTES + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, token, TOKEN_BYTES) : -1;
    if (fd >= 0)
        (void)close(fd);
    if (length > 0)
        token[length] = '\0';
    if (length > 0)
        token[strcspn(token, "\r\n")] = '\0';
    if (length <= 0 || token[0] == '\0')
        return refuse(ret_refusal, (struct refusal){.result = RESULT_IO,
                                                    .field = name,
                                                    .zh = "令牌文件读不到或为空",
                                                    .en = "the token file cannot be read or is empty",
                                                    .remedy_zh = "核对文件路径与权限",
                                                    .remedy_en = "check its path and permissions"});
    *ret_token = token;
    return RESULT_OK;
}

/* Short ones can be guessed. */
static enum result read_metrics_token(struct arena *arena, struct settings *settings,
                                      struct refusal *ret_refusal)
{
    TRY(read_token(arena, "DUKOU_METRICS_TOKEN", &settings->metrics_token, ret_refusal));
    if (settings->metrics_token == NULL || strlen(settings->metrics_token) >= METRICS_TOKEN_BYTES_MIN)
        return RESULT_OK;
    return refuse(ret_refusal, (struct refusal){.result = RESULT_INVALID,
                                                .field = "DUKOU_METRICS_TOKEN",
                                                .zh = "令牌太短",
                                                .en = "the token is too short",
                                                .remedy_zh = "至少 32 个字符，例如 openssl rand -hex 32",
                                                .remedy_en = "32 characters at least: openssl rand -hex 32"});
}

static enum result read_log_level(struct settings *settings, struct refusal *ret_refusal)
{
    if (log_level_parse(variable("DUKOU_LOG", "warning"), &settings->log_level) == RESULT_OK)
        return RESULT_OK;
    return refuse(ret_refusal, (struct refusal){.result = RESULT_INVALID,
                                                .field = "DUKOU_LOG",
                                                .zh = "没有这个日志级别",
                                                .en = "there is no such level",
                                                .remedy_zh = "可用 error、warning、info、debug",
                                                .remedy_en = "choose error, warning, info or debug"});
}

static bool user_number(const char *name, uint32_t *ret_number)
{
    const struct passwd *entry = getpwnam(name);
    if (entry != NULL)
        *ret_number = entry->pw_uid;
    return entry != NULL;
}

static bool group_number(const char *name, uint32_t *ret_number)
{
    const struct group *entry = getgrnam(name);
    if (entry != NULL)
        *ret_number = entry->gr_gid;
    return entry != NULL;
}

/* A user or group by name or number; UINT32_MAX when the variable is not set. */
static enum result read_owner(const char *variable_name, bool (*find)(const char *, uint32_t *),
                              uint32_t *ret_number, struct refusal *ret_refusal)
{
    const char *text = variable(variable_name, NULL);
    *ret_number = UINT32_MAX;
    if (text == NULL || find(text, ret_number))
        return RESULT_OK;
    char *end;
    errno = 0;
    unsigned long number = strtoul(text, &end, 10);
    if (errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9' && number < UINT32_MAX) {
        *ret_number = (uint32_t)number;
        return RESULT_OK;
    }
    return refuse(ret_refusal,
                  (struct refusal){.result = RESULT_INVALID,
                                   .field = variable_name,
                                   .zh = "本机没有这个用户或组",
                                   .en = "this machine knows no such user or group",
                                   .remedy_zh = "填写存在的名称，或其编号",
                                   .remedy_en = "give the name of one that exists, or a number"});
}

static const char *existing(const char *path)
{
    return path != NULL && access(path, R_OK) == 0 ? path : NULL;
}

enum result settings_read(struct arena *arena, struct settings *ret_settings, struct refusal *ret_refusal)
{
    struct settings s = {.home = variable("DUKOU_HOME", "./var")};
    s.store = variable("DUKOU_STORE", arena_printf(arena, "%s/dukou.db", s.home));
    s.log = arena_printf(arena, "%s/log", s.home);
    s.origin = variable("DUKOU_ORIGIN", "dukou.city/log");
    s.address = variable("DUKOU_ADDRESS", "127.0.0.1");
    s.certificate = variable("DUKOU_CERTIFICATE", NULL);
    s.certificate_key = variable("DUKOU_CERTIFICATE_KEY", NULL);
    s.tls_in_front = strcmp(variable("DUKOU_TLS_IN_FRONT", ""), "yes") == 0;
    s.master_key = variable("DUKOU_MASTER_KEY", NULL);
    s.keeper = variable("DUKOU_KEEPER", NULL);
    s.duckdb = variable("DUKOU_DUCKDB", NULL);
    s.exchange = variable("DUKOU_EXCHANGE", NULL);
    s.clock = existing(arena_printf(arena, "%s/clock", s.home));
    s.calendar = existing(variable("DUKOU_CALENDAR", arena_printf(arena, "%s/calendar.json", s.home)));
    if (s.calendar == NULL)
        s.calendar = settings_beside_program(arena, "node_modules/chinese-days/dist/chinese-days.json");
    if (s.calendar == NULL)
        s.calendar = settings_beside_program(arena, "share/dukou/chinese-days.json"); /* /usr, as a package */
    TRY(read_number("DUKOU_PORT", 8080, 65535, &s.port, ret_refusal));
    TRY(read_number("DUKOU_THREADS", 2, 64, &s.threads, ret_refusal));
    TRY(read_number("DUKOU_PUBLIC_PER_MINUTE", 0, MOST_PER_MINUTE, &s.public_per_minute, ret_refusal));
    TRY(read_number("DUKOU_ACCOUNT_PER_MINUTE", 0, MOST_PER_MINUTE, &s.account_per_minute, ret_refusal));
    TRY(read_owner("DUKOU_KEEPER_USER", user_number, &s.keeper_user, ret_refusal));
    TRY(read_owner("DUKOU_KEEPER_GROUP", group_number, &s.keeper_group, ret_refusal));
    TRY(read_token(arena, "DUKOU_EXCHANGE_TOKEN", &s.exchange_token, ret_refusal));
    TRY(read_metrics_token(arena, &s, ret_refusal));
    TRY(read_log_level(&s, ret_refusal));
    if (mkdir(s.home, 0700) != 0 && errno != EEXIST)
        return refuse(ret_refusal,
                      (struct refusal){
                          .result = RESULT_IO,
                          .field = "DUKOU_HOME",
                          .zh = arena_printf(arena, "无法建立目录 %s：%s", s.home, strerror(errno)),
                          .en = arena_printf(arena, "cannot make the folder %s: %s", s.home, strerror(errno)),
                          .remedy_zh = "指定一个可写的目录",
                          .remedy_en = "name a folder that can be written"});
    *ret_settings = s;
    return RESULT_OK;
}

enum result settings_clock(const struct settings *settings, struct clock **ret_clock)
{
    if (settings->clock != NULL)
        return clock_shared(settings->clock, ret_clock);
    *ret_clock = clock_system();
    return RESULT_OK;
}

enum result settings_calendar(const struct settings *settings, struct calendar **ret_calendar)
{
    if (settings->calendar != NULL)
        return calendar_open(settings->calendar, ret_calendar);
    *ret_calendar = calendar_plain();
    return RESULT_OK;
}
