/* Who acts: the plan's parties, and the duties that staff hold within one. */
#pragma once

/* X(symbol, name in the API, Chinese) */
#define ROLE_LIST(X)                                                                                         \
    X(PUBLIC, "public", "公众") /* nobody logged in */                                                       \
    X(BUREAU, "bureau", "市数据局")                                                                          \
    X(PROVIDER, "provider", "数据提供单位")                                                                  \
    X(OPERATOR, "operator", "授权运营主体") /* also the candidates of a selection */                         \
    X(DEVELOPER, "developer", "开发利用主体")                                                                \
    X(REGULATOR, "regulator", "监管部门")                                                                    \
    X(GOVERNMENT, "government", "市政府")                                                                    \
    X(CUSTOMER, "customer", "产品使用方")                                                                    \
    X(EXCHANGE, "exchange", "数据流通交易平台")                                                              \
    X(SOURCE, "source", "源端代理") /* a provider's source agent */                                          \
    X(SYSTEM_ADMIN, "system_admin", "系统管理员")                                                            \
    X(SECURITY_ADMIN, "security_admin", "安全管理员")                                                        \
    X(AUDIT_ADMIN, "audit_admin", "审计管理员")                                                              \
    X(SYSTEM, "system", "系统") /* the platform itself: timers, expiry */

enum role {
#define X(symbol, name, zh) ROLE_##symbol,
    ROLE_LIST(X)
#undef X
        ROLE_COUNT
};

/* X(symbol, name, Chinese). A set of bits: one account may hold several. */
#define DUTY_LIST(X)                                                                                         \
    X(CLERK, "clerk", "经办")                                                                                \
    X(APPROVER, "approver", "审批")                                                                          \
    X(REVIEWER, "reviewer", "审查")

enum duty_bit {
#define X(symbol, name, zh) DUTY_BIT_##symbol,
    DUTY_LIST(X)
#undef X
        DUTY_COUNT
};

enum duty {
    DUTY_ANY = 0,
#define X(symbol, name, zh) DUTY_##symbol = 1 << DUTY_BIT_##symbol,
    DUTY_LIST(X)
#undef X
};

const char *role_name(enum role role);
const char *role_chinese(enum role role);
/* ROLE_COUNT when there is none of that name. */
enum role role_by_name(const char *name);
const char *duty_name(enum duty_bit bit);
const char *duty_chinese(enum duty_bit bit);
