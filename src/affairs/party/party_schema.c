#include "affairs/party/party_schema.h"

#include "http/declare.h"

static const char *const party_roles[] = {"bureau",     "provider", "operator", "developer", "regulator",
                                          "government", "customer", "exchange", NULL};
/* An organisation may register itself as one of these; the bureau is there from the founding of the city. */
static const char *const joining_roles[] = {"provider",   "operator", "developer", "regulator",
                                            "government", "customer", "exchange",  NULL};
/* In the order of their bits (base/role.h), as which the store holds them. */
static const char *const duties[] = {"clerk", "approver", "reviewer", NULL};

#define DUTIES_FIELD                                                                                         \
    {                                                                                                        \
        "duties", FIELD_LIST, REQUIRED, .max = 3, .item = FIELD_CHOICE, .choices = duties,                   \
                                        DOC("职责：经办、审批、审查", "duties of the account")               \
    }
#define LOGIN_FIELD                                                                                          \
    {                                                                                                        \
        "login", FIELD_TEXT, REQUIRED, .max = 64, DOC("登录名", "log-in name")                               \
    }
#define NEW_LOGIN_FIELD                                                                                      \
    {                                                                                                        \
        "login", FIELD_LOGIN, REQUIRED,                                                                      \
            .max = 64, DOC("登录名，小写英文字母和数字", "log-in name, of lower-case letters and digits")    \
    }
#define PASSWORD_FIELD                                                                                       \
    {                                                                                                        \
        "password", FIELD_TEXT, REQUIRED, .max = 256,                                                        \
                                          DOC("口令，至少 10 个字符", "password, at least 10 characters")    \
    }

const struct schema login_token_schema = {
    .name = "LoginToken",
    FIELDS(LOGIN_FIELD, PASSWORD_FIELD,
           {"title", FIELD_TEXT, REQUIRED, .max = 100, DOC("用途", "what it is for")},
           {"days", FIELD_INTEGER, REQUIRED, .low = 1, .high = 366, DOC("有效天数", "days it is valid")}),
};

const struct schema login_schema = {.name = "Login", FIELDS(LOGIN_FIELD, PASSWORD_FIELD)};

static const struct schema acting_for_schema = {
    .name = "ActingFor",
    FIELDS({"delegation", FIELD_ID, REQUIRED, DOC("委托编号", "number of the delegation")},
           {"party", FIELD_ID, REQUIRED, DOC("委托单位", "the party that delegates")},
           {"name", FIELD_TEXT, REQUIRED, DOC("单位名称", "its name")},
           {"role", FIELD_CHOICE, REQUIRED, .choices = party_roles, DOC("单位角色", "its role")}),
};

const struct schema session_schema = {
    .name = "Session",
    FIELDS(
        {"account", FIELD_ID, REQUIRED, DOC("账号", "the account")},
        {"party", FIELD_INTEGER, REQUIRED,
         DOC("所代表单位，管理员为 0", "the party acted for, 0 for administrators")},
        {"role", FIELD_TEXT, REQUIRED, DOC("角色", "role")}, DUTIES_FIELD,
        {"hand_over_only", FIELD_BOOLEAN, REQUIRED, DOC("仅限交接", "sees the hand-over only")},
        {"csrf", FIELD_TEXT, DOC("改变状态的请求须以 X-CSRF-Token 送回", "to be sent back as X-CSRF-Token")},
        {"acting_for", FIELD_LIST, REQUIRED, .of = &acting_for_schema,
         DOC("可代行的委托", "delegations that this account may take up")}),
};

const struct schema acting_schema = {
    .name = "Acting",
    FIELDS({"delegation", FIELD_ID, REQUIRED, .nullable = true,
            DOC("代行哪项委托，空为恢复本人", "the delegation to act under, null to be oneself again")}),
};

const struct schema password_schema = {
    .name = "PasswordChange",
    FIELDS({"old", FIELD_TEXT, REQUIRED, .max = 256, DOC("原口令", "old password")}, PASSWORD_FIELD),
};

const struct schema party_new_schema = {
    .name = "PartyNew",
    FIELDS(
        {"role", FIELD_CHOICE, REQUIRED, .choices = joining_roles,
         DOC("以何身份加入", "in what role it joins")},
        {"name", FIELD_NAME, REQUIRED, .max = 200, DOC("单位名称", "name of the organisation")},
        {"credit_code", FIELD_CREDIT_CODE, REQUIRED, DOC("统一社会信用代码", "unified social credit code")},
        {"region", FIELD_NAME, .max = 100, DOC("所在区", "district")}, NEW_LOGIN_FIELD, PASSWORD_FIELD,
        {"account_name", FIELD_NAME, REQUIRED, .max = 100,
         DOC("首个账号的称谓", "how the first account is called")}),
};

const struct schema party_schema = {
    .name = "Party",
    FIELDS(
        ID_FIELD, {"role", FIELD_CHOICE, REQUIRED, .choices = party_roles, DOC("角色", "role")},
        {"name", FIELD_TEXT, REQUIRED, DOC("单位名称", "name")},
        {"credit_code", FIELD_CREDIT_CODE, REQUIRED, DOC("统一社会信用代码", "unified social credit code")},
        {"region", FIELD_TEXT, DOC("所在区", "district")},
        {"created_at", FIELD_INSTANT, REQUIRED, DOC("登记时间", "registered at")},
        {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema party_query_schema = {
    .name = "PartyQuery",
    FIELDS({"role", FIELD_CHOICE, .choices = party_roles, DOC("只列此角色", "only this role")}),
};

const struct schema account_new_schema = {
    .name = "AccountNew",
    FIELDS(NEW_LOGIN_FIELD, PASSWORD_FIELD,
           {"name", FIELD_NAME, REQUIRED, .max = 100, DOC("称谓", "how it is called")}, DUTIES_FIELD,
           {"source_agent", FIELD_BOOLEAN,
            DOC("数据提供单位的源端代理账号", "an account for a provider's source agent")}),
};

const struct schema account_schema = {
    .name = "Account",
    FIELDS(ID_FIELD, {"party_id", FIELD_ID, DOC("所属单位", "its party")},
           {"role", FIELD_TEXT, REQUIRED, DOC("角色", "role")},
           {"login", FIELD_TEXT, REQUIRED, DOC("登录名", "log-in name")},
           {"name", FIELD_TEXT, REQUIRED, DOC("称谓", "how it is called")}, DUTIES_FIELD,
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")},
           {"created_at", FIELD_INSTANT, DOC("建立时间", "made at")}, ENTRY_FIELD),
};

const struct schema account_duties_schema = {.name = "AccountDuties", FIELDS(DUTIES_FIELD)};

const struct schema token_new_schema = {
    .name = "TokenNew",
    FIELDS({"title", FIELD_TEXT, REQUIRED, .max = 100, DOC("用途", "what it is for")},
           {"days", FIELD_INTEGER, REQUIRED, .low = 1, .high = 366, DOC("有效天数", "days it is valid")}),
};

const struct schema token_schema = {
    .name = "Token",
    FIELDS(ID_FIELD, {"title", FIELD_TEXT, REQUIRED, DOC("用途", "what it is for")},
           {"created_at", FIELD_INSTANT, REQUIRED, DOC("建立时间", "made at")},
           {"ends_at", FIELD_INSTANT, REQUIRED, DOC("失效时间", "valid until")}),
};

const struct schema token_made_schema = {
    .name = "TokenMade",
    FIELDS(ID_FIELD, {"token", FIELD_TEXT, REQUIRED, DOC("令牌，只显示这一次", "the token, shown this once")},
           ENTRY_FIELD),
};

const struct schema delegation_new_schema = {
    .name = "DelegationNew",
    FIELDS({"to_login", FIELD_TEXT, REQUIRED, .max = 64,
            DOC("受托账号的登录名", "log-in name of the account that shall act")},
           DUTIES_FIELD, {"from_day", FIELD_DATE, REQUIRED, DOC("起", "from")},
           {"until_day", FIELD_DATE, REQUIRED, DOC("止", "until, that day included")},
           {"basis", FIELD_TEXT, REQUIRED, .max = 1000, DOC("依据", "on what basis")}),
};

const struct schema delegation_schema = {
    .name = "Delegation",
    FIELDS(ID_FIELD, {"party_id", FIELD_ID, REQUIRED, DOC("委托单位", "the party")},
           {"to_account_id", FIELD_ID, REQUIRED, DOC("受托账号", "who may act")},
           {"to_login", FIELD_TEXT, DOC("受托账号的登录名", "its log-in name")}, DUTIES_FIELD,
           {"from_day", FIELD_DATE, REQUIRED, DOC("起", "from")},
           {"until_day", FIELD_DATE, REQUIRED, DOC("止", "until")},
           {"basis", FIELD_TEXT, REQUIRED, DOC("依据", "basis")},
           {"state", FIELD_TEXT, REQUIRED, DOC("状态", "state")}, ENTRY_FIELD),
};

const struct schema holding_new_schema = {
    .name = "HoldingNew",
    FIELDS({"holder_code", FIELD_CREDIT_CODE, REQUIRED, DOC("持股方", "who holds")},
           {"held_code", FIELD_CREDIT_CODE, REQUIRED, DOC("被持股方", "who is held")},
           {"share_bp", FIELD_INTEGER, REQUIRED, .low = 1, .high = 10000,
            DOC("比例，万分之一", "share, in 1/10000")},
           {"from_day", FIELD_DATE, REQUIRED, DOC("起", "from")},
           {"until_day", FIELD_DATE, DOC("止", "until")},
           {"source", FIELD_TEXT, REQUIRED, .max = 500, DOC("来源", "where this is known from")}),
};

const struct schema holding_schema = {
    .name = "Holding",
    FIELDS(ID_FIELD, {"holder_code", FIELD_CREDIT_CODE, REQUIRED, DOC("持股方", "who holds")},
           {"held_code", FIELD_CREDIT_CODE, REQUIRED, DOC("被持股方", "who is held")},
           {"share_bp", FIELD_INTEGER, REQUIRED, DOC("比例，万分之一", "share, in 1/10000")},
           {"from_day", FIELD_DATE, REQUIRED, DOC("起", "from")},
           {"until_day", FIELD_DATE, DOC("止", "until")},
           {"source", FIELD_TEXT, REQUIRED, DOC("来源", "source")}, ENTRY_FIELD),
};

const struct schema holding_query_schema = {
    .name = "HoldingQuery",
    FIELDS({"code", FIELD_CREDIT_CODE, DOC("涉及此代码", "that concern this code")}),
};
