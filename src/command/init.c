/* `dukou init`: founds a city. Its bureau and three administrators get passwords that are shown once. */
#include "affairs/party/party.h"
#include "base/identifier.h"
#include "command/city.h"
#include "command/command.h"
#include "command/lead.h"
#include "http/background.h"

#include <stdio.h>
#include <string.h>

enum { PASSWORD_BYTES = 12 };

static const char *new_password(struct arena *arena, struct random *random)
{
    unsigned char bytes[PASSWORD_BYTES];
    char *text = arena_alloc(arena, 2 * PASSWORD_BYTES + 1);
    random_bytes(random, bytes, sizeof bytes);
    hex_print(bytes, sizeof bytes, text);
    return text;
}

static enum result found(struct work *work, void *argument)
{
    row_id bureau;
    struct store_rows bureaus;
    TRY(store_many(work->tx, work->arena, SQL_PARTY_LIST,
                   STORE_BINDS({"after", store_integer(0)}, {"limit", store_integer(1)},
                               {"role", store_text("bureau")}, {"own", store_null()}),
                   &bureaus));
    if (bureaus.count > 0)
        return REFUSE(work, .result = RESULT_CONFLICT, .field = "DUKOU_HOME", .zh = "这里已有一座城市",
                      .en = "there is a city here already", .remedy_zh = "换一个目录",
                      .remedy_en = "choose another folder");
    return party_found_city(work, argument, &bureau);
}

static int usage(void)
{
    (void)fputs("dukou init BUREAU_NAME CREDIT_CODE\n", stderr);
    return 2;
}

int command_init(int argc, char **argv)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    struct city city;
    struct refusal refusal = {0};
    if (argc != 3)
        return usage();
    if (!identifier_is_credit_code(argv[2]))
        return command_refused(
            "init", RESULT_INVALID,
            &(struct refusal){.field = argv[2],
                              .zh = "不是统一社会信用代码，或校验码不对",
                              .en = "this is no unified social credit code, or its check character is wrong",
                              .remedy_zh = "核对证书上的 18 位代码",
                              .remedy_en = "check the 18 characters on the certificate"});
    enum result result = city_open(arena, &city, &refusal);
    if (result != RESULT_OK)
        return command_refused("init", result, &refusal);
    const struct party_founding founding = {
        .bureau_name = argv[1],
        .bureau_credit_code = argv[2],
        .clerk_login = "bureau-clerk",
        .clerk_password = new_password(arena, city.random),
        .approver_login = "bureau-approver",
        .approver_password = new_password(arena, city.random),
        .system_login = "system-admin",
        .system_password = new_password(arena, city.random),
        .security_login = "security-admin",
        .security_password = new_password(arena, city.random),
        .audit_login = "audit-admin",
        .audit_password = new_password(arena, city.random),
    };
    result = background_write(&city.app, arena, &background_system, found, (void *)&founding, &refusal);
    if (result == RESULT_OK)
        result = city_lead(arena, &city, &refusal);
    if (result == RESULT_OK)
        result = audit_seal(city.sealer, NULL);
    city_close(&city);
    if (result != RESULT_OK)
        return command_refused("init", result, &refusal);
    (void)printf(
        "bureau-clerk\t%s\nbureau-approver\t%s\nsystem-admin\t%s\nsecurity-admin\t%s\naudit-admin\t%s\n",
        founding.clerk_password, founding.approver_password, founding.system_password,
        founding.security_password, founding.audit_password);
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return 0;
    return command_refused(
        "init", RESULT_IO,
        &(struct refusal){.zh = "首批口令未能输出，城市无法登录",
                          .en = "the first passwords could not be printed: nobody could log in to this city",
                          .remedy_zh = "删除 DUKOU_HOME，腾出空间后重新建立",
                          .remedy_en = "remove DUKOU_HOME, make room, and found it again"});
}
