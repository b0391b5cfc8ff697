/* The program: its commands, and the tables of the concepts that make up the city. The only file that knows
 * them all. */
#include "affairs/agreement/agreement.h"
#include "affairs/catalogue/catalogue.h"
#include "affairs/developer/developer.h"
#include "affairs/document/document.h"
#include "affairs/money/money.h"
#include "affairs/notice/notice.h"
#include "affairs/oversight/oversight.h"
#include "affairs/party/party.h"
#include "affairs/product/product.h"
#include "affairs/request/request.h"
#include "affairs/resource/resource.h"
#include "affairs/room/room.h"
#include "affairs/rule/rule.h"
#include "affairs/selection/selection.h"
#include "command/command.h"
#include "engine/duckdb/duckdb_engine.h"
#include "http/background.h"
#include "peers/demo/demo.h"
#include "peers/exchange/exchange.h"
#include "peers/generate/generate.h"
#include "peers/source/source.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const struct route_table command_tables[] = {
    {"party", party_routes, "单位与账号"},
    {"document", document_routes, "文件"},
    {"rule", rule_routes, "制度规则"},
    {"notice", notice_routes, "公告公示"},
    {"oversight", oversight_routes, "信用记录"},
    {"resource", resource_routes, "数据资源"},
    {"catalogue", catalogue_routes, "授权目录与授权"},
    {"selection", selection_routes, "遴选"},
    {"agreement", agreement_routes, "授权运营协议"},
    {"developer", developer_routes, "开发利用主体准入"},
    {"request", request_routes, "数据调用"},
    {"room", room_routes, "开发环境"},
    {"product", product_routes, "数据产品"},
    {"money", money_routes, "计费与收益分配"},
    {0},
};

const struct workflow *const command_workflows[] = {
    &party_workflow,       &rule_workflow,          &resource_workflow,
    &entry_workflow,       &authorisation_workflow, &selection_workflow,
    &application_workflow, &agreement_workflow,     &admission_workflow,
    &request_workflow,     &room_workflow,          &import_workflow,
    &product_workflow,     &reversal_workflow,      NULL,
};

static enum result raise_alerts(struct work *work, void *argument)
{
    const struct app *app = argument;
    return resource_raise_alerts(work, app->workflows);
}

static enum result overdue_updates(const struct app *app, struct arena *arena)
{
    return background_write(app, arena, &background_system, raise_alerts, (void *)app, NULL);
}

static enum result flag_reports(struct work *work, void *argument)
{
    const struct app *app = argument;
    return developer_flag_late_reports(work, app->workflows);
}

static enum result late_reports(const struct app *app, struct arena *arena)
{
    return background_write(app, arena, &background_system, flag_reports, (void *)app, NULL);
}

static enum result exchange_orders_timer(const struct app *app, struct arena *arena)
{
    return app->exchange == NULL ? RESULT_OK : product_sync_orders(app, arena);
}

const struct timer command_timers[] = {
    {"interrupted queries", 2, room_end_interrupted},
    {"overdue updates", 60, overdue_updates},
    {"late reports", 60, late_reports},
    {"exchange orders", 1, exchange_orders_timer},
    {0},
};

/* Work stops everywhere before anything is destroyed. */
static const struct agreement_exit exits[] = {
    {room_stop_all, room_end_all},
    {room_stop_all, request_end_grants},
    {0},
};
const struct agreement_exit *const command_exits = exits;

/* What a restore from an older backup does not bring back. */
const struct lost_rule command_lost[] = {
    {"token", party_token_lost},
    {"account", party_account_lost},
    {"delegation", party_delegation_lost},
    {"consent", product_consent_lost},
    {"legal_basis", product_basis_lost},
    {"workflow_case", product_case_lost},
    {0},
};

const struct destroyed_rule command_destroyed[] = {
    {"grant", request_key_destroyed},
    {"room", room_key_destroyed},
    {0},
};

static int run_generate(int argc, char **argv)
{
    return generate_main(argc, argv);
}

enum result command_start_engine(const char *library, struct engine **ret_engine)
{
    const struct duckdb_engine_options options = {.library = library};
    return duckdb_engine_start(&options, ret_engine);
}

static enum result start_engine(struct engine **ret_engine)
{
    return command_start_engine(NULL, ret_engine);
}

static int run_source(int argc, char **argv)
{
    return source_main(argc, argv, start_engine);
}

static int run_man(int argc, char **argv);

static const struct command commands[] = {
    {"serve", "", "运行平台", "serve the city", command_serve},
    {"keeper", "", "单独运行的数据保管进程", "the keeper as a process of its own", command_keeper},
    {"init", "BUREAU_NAME CREDIT_CODE", "建立一座城市", "found a city", command_init},
    {"city", "", "在 DUKOU_HOME 建立演示城市", "set up a demo city in DUKOU_HOME", demo_city_main},
    {"demo", "[--seed N] [--data DIR]", "演示九个步骤并验证日志", "play the nine steps and verify the log",
     demo_main},
    {"source", "run | once | describe | …", "数据提供单位的源端代理", "the agent at a provider's side",
     run_source},
    {"exchange", "--port P --state DIR", "小型数据交易平台（演示与测试用）",
     "a small data exchange, for demos and tests", exchange_main},
    {"generate", "--kind KIND --rows N", "生成合成数据", "make synthetic tables", run_generate},
    {"api", "METHOD PATH [BODY] | login NAME", "调用接口", "call the API", command_api},
    {"audit", "verify | show | prove | check", "离线验证审计日志", "verify the audit log offline",
     command_audit},
    {"keys", "show | rotate", "公钥与主密钥轮换", "public keys, and rotation of the master key",
     command_keys},
    {"backup", "FOLDER | check FOLDER", "在线备份并核验", "back up while it serves, and read it back",
     command_backup},
    {"restore", "FOLDER | --placed", "恢复", "restore", command_restore},
    {"store", "copy FROM TO", "复制存储并核对", "copy the store and prove the copy equal", command_store},
    {"metrics", "", "打印监控指标表", "print what /metrics measures", command_metrics},
    {"openapi", "", "打印 OpenAPI 文档", "print the OpenAPI document", command_openapi},
    {"permissions", "", "打印角色与权限对照表", "print what each role may do", command_permissions},
    {"clauses", "", "打印条款落实表", "print the plan's clauses and what enforces them", command_clauses},
    {"workflow", "NAME", "打印流程图", "print a workflow's diagram", command_workflow},
    {"man", "", "打印手册页", "print the manual page", run_man},
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

/* A hyphen that is typed, not one that a typesetter breaks at. */
static void man_text(const char *text)
{
    for (; *text != '\0'; text++)
        (void)(*text == '-' ? fputs("\\-", stdout) : *text == '\\' ? fputs("\\e", stdout) : putchar(*text));
}

/* The manual page dukou(1), of the table above. */
static int run_man(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    (void)puts(".TH DUKOU 1 \"\" \"dukou " DUKOU_VERSION
               "\"\n.SH NAME\ndukou \\- authorised operation of public data"
               "\n.SH SYNOPSIS\n.B dukou\n.I COMMAND\n[...]\n.SH COMMANDS");
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        (void)fputs(".TP\n.B ", stdout);
        man_text(commands[i].name);
        (void)putchar(' ');
        man_text(commands[i].arguments);
        (void)fputs("\n", stdout);
        man_text(commands[i].en);
        (void)fputs("\n.br\n", stdout);
        man_text(commands[i].zh);
        (void)putchar('\n');
    }
    (void)puts(".SH ENVIRONMENT\nAll settings are variables of the environment: "
               "/usr/share/doc/dukou/install.md explains each."
               "\n.SH FILES\n.TP\n.I /etc/dukou/dukou.conf\nThe settings of the service.\n.TP\n.I "
               "/var/lib/dukou\nThe city."
               "\n.SH EXIT STATUS\n0: done. 1: refused or failed, with the reason and the way out on "
               "standard error. 2: "
               "called wrongly.\n.SH SEE ALSO\n.IR /usr/share/doc/dukou");
    return 0;
}

static int help(FILE *out, int code)
{
    (void)fputs("渡口 Dukou\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        (void)fprintf(out, "  dukou %-12s %-34s %s  %s\n", commands[i].name, commands[i].arguments,
                      commands[i].zh, commands[i].en);
    return code;
}

int main(int argc, char **argv)
{
    (void)umask(077); /* nothing that any command writes is for others to read */
    if (argc < 2)
        return help(stderr, 2);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(stdout, 0);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    (void)fprintf(stderr, "dukou: 没有命令 there is no command '%s'\n\n", argv[1]);
    return help(stderr, 2);
}
