#include "affairs/party/party_inner.h"
#include "affairs/party/party_schema.h"
#include "http/declare.h"
#include "http/rows.h"

#include <string.h>

/* ---- parties ---- */

struct joining {
    struct account_new account;
    row_id party;
};

static enum result join(struct request *request, void *argument)
{
    struct joining *joining = argument;
    struct work *work = &request->work;
    row_id account;
    TRY(party_insert(work, joining->account.role, json_text(request->body, "name"),
                     json_text(request->body, "credit_code"), json_text(request->body, "region"),
                     &joining->party));
    joining->account.party = joining->party;
    TRY(party_account_insert(work, &joining->account, &account));
    TRY(workflow_open(work, &party_workflow, joining->party, "apply", request->body, NULL));
    struct store_row row;
    TRY(party_by_id(work, joining->party, &row));
    return reply_row(request, &row);
}

static enum result party_join(struct request *request)
{
    struct joining joining = {.account = {.role = role_by_name(json_text(request->body, "role")),
                                          .login = json_text(request->body, "login"),
                                          .name = json_text(request->body, "account_name"),
                                          .duties = DUTY_CLERK,
                                          .state = "pending"}};
    TRY(party_password_is_strong(request->work.refusal, json_text(request->body, "password")));
    TRY(party_password_hash(request->work.arena, json_text(request->body, "password"),
                            &joining.account.password_hash));
    request->status = 201;
    return request_write(request, join, &joining);
}

static bool sees_all_parties(const struct actor *actor)
{
    return actor->role == ROLE_BUREAU || actor->role == ROLE_REGULATOR || actor->role == ROLE_GOVERNMENT ||
           actor->role == ROLE_SYSTEM_ADMIN || actor->role == ROLE_SECURITY_ADMIN ||
           actor->role == ROLE_AUDIT_ADMIN;
}

static struct store_value own_party(const struct request *request)
{
    return sees_all_parties(&request->actor) ? store_null() : store_integer(request->actor.party);
}

static enum result party_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(
        request->work.tx, request->work.arena, SQL_PARTY_LIST,
        STORE_BINDS(PAGE_BINDS(request), {"role", query_text(request, "role")}, {"own", own_party(request)}),
        &rows));
    return reply_page(request, &rows);
}

/* The party itself, or one who sees all. */
static enum result party_is_seen(struct request *request)
{
    struct store_row row;
    TRY(party_by_id(&request->work, request_id(request, "id"), &row));
    if (sees_all_parties(&request->actor) || request->actor.party == request_id(request, "id"))
        return RESULT_OK;
    return RESULT_NOT_FOUND;
}

static enum result party_show(struct request *request)
{
    struct store_row row;
    TRY(party_by_id(&request->work, request_id(request, "id"), &row));
    return reply_row(request, &row);
}

static enum result party_step(struct request *request, const char *event, const char **ret_state)
{
    int state;
    TRY(workflow_step(&request->work, request->app->workflows, &party_workflow, request_id(request, "id"),
                      event, json_text(request->body, "reason"), request->body, NULL, &state));
    *ret_state = party_workflow.states[state];
    return RESULT_OK;
}

static enum result party_accept(struct request *request)
{
    struct work *work = &request->work;
    row_id party = request_id(request, "id");
    struct store_rows accounts;
    /* Its first account comes alive with it, as a clerk; further duties are the security administrator's to
     * give. */
    TRY(store_many(work->tx, work->arena, SQL_PARTY_ACCOUNTS_OF_NEW,
                   STORE_BINDS({"party", store_integer(party)}), &accounts));
    for (size_t i = 0; i < accounts.count; i++)
        TRY(store_exec(work->tx, SQL_ACCOUNT_SET_STATE,
                       STORE_BINDS({"id", store_integer(row_integer(&accounts.rows[i], "id"))},
                                   {"state", store_text("active")}, {"duties", store_integer(DUTY_CLERK)}),
                       NULL));
    const char *state;
    TRY(party_step(request, "accept", &state));
    return reply_step(request, party, state);
}

static enum result party_refuse(struct request *request)
{
    const char *state;
    TRY(party_step(request, "refuse", &state));
    return reply_step(request, request_id(request, "id"), state);
}

static enum result party_end(struct request *request)
{
    const char *state;
    TRY(party_close_accounts(&request->work, request_id(request, "id")));
    TRY(party_step(request, "end", &state));
    return reply_step(request, request_id(request, "id"), state);
}

static enum result party_history(struct request *request)
{
    return reply_history(request, &party_workflow, request_id(request, "id"));
}

static enum result party_actions(struct request *request)
{
    return reply_actions(request, &party_workflow, request_id(request, "id"), NULL);
}

/* ---- accounts ---- */

static enum result insert_staff(struct request *request, void *argument)
{
    struct account_new *account = argument;
    row_id id;
    TRY(party_account_insert(&request->work, account, &id));
    TRY(work_record(&request->work, "add_account", "account", id, LAW_NONE, NULL));
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_ACCOUNT_BY_ID,
                  STORE_BINDS({"id", store_integer(id)}), &row));
    return reply_row(request, &row);
}

static enum result account_add(struct request *request)
{
    bool agent = json_boolean_or(request->body, "source_agent", false);
    if (agent && request->actor.role != ROLE_PROVIDER)
        return REFUSE(&request->work, .result = RESULT_INVALID, .field = "/source_agent",
                      .zh = "只有数据提供单位有源端代理", .en = "only a provider has a source agent",
                      .remedy_zh = "去掉该字段", .remedy_en = "leave the field out");
    struct account_new account = {.party = request->actor.party,
                                  .role = agent ? ROLE_SOURCE : request->actor.role,
                                  .login = json_text(request->body, "login"),
                                  .name = json_text(request->body, "name"),
                                  .duties = party_duties(json_object_get(request->body, "duties")),
                                  .state = "pending"};
    TRY(party_password_is_strong(request->work.refusal, json_text(request->body, "password")));
    TRY(party_password_hash(request->work.arena, json_text(request->body, "password"),
                            &account.password_hash));
    request->status = 201;
    return request_write(request, insert_staff, &account);
}

static enum result account_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_ACCOUNT_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"party", own_party(request)}), &rows));
    return reply_page(request, &rows);
}

static enum result account_change(struct request *request, const char *state, unsigned duties,
                                  const char *event)
{
    struct work *work = &request->work;
    struct store_value id = store_integer(request_id(request, "id"));
    TRY(store_exec(work->tx, SQL_ACCOUNT_SET_STATE,
                   STORE_BINDS({"id", id}, {"state", store_text(state)}, {"duties", store_integer(duties)}),
                   NULL));
    TRY(store_exec(work->tx, SQL_SESSION_DELETE_ACCOUNT, STORE_BINDS({"account", id}), NULL));
    /* An account that is activated again later must not wake tokens that somebody else may hold. */
    if (strcmp(state, "ended") == 0)
        TRY(store_exec(work->tx, SQL_TOKEN_DELETE_ACCOUNT, STORE_BINDS({"account", id}), NULL));
    TRY(work_record(work, event, "account", request_id(request, "id"), LAW_NONE, NULL));
    return reply_step(request, request_id(request, "id"), state);
}

/* The three administrators are there from the founding and nobody changes them here. */
static enum result account_of_party(struct request *request)
{
    struct store_row row;
    struct store_value id = store_integer(request_id(request, "id"));
    TRY(store_one(request->work.tx, request->work.arena, SQL_ACCOUNT_BY_ID, STORE_BINDS({"id", id}), &row));
    return row_is_null(&row, "party_id") ? RESULT_NOT_FOUND : RESULT_OK;
}

static enum result account_activate(struct request *request)
{
    return account_change(request, "active", party_duties(json_object_get(request->body, "duties")),
                          "activate_account");
}

static enum result account_end(struct request *request)
{
    return account_change(request, "ended", 0, "end_account");
}

static enum result account_hand_over(struct request *request)
{
    return account_change(request, "hand_over", DUTY_CLERK, "name_hand_over_account");
}

static enum result account_unlock(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    struct store_value id = store_integer(request_id(request, "id"));
    TRY(store_one(work->tx, work->arena, SQL_ACCOUNT_BY_ID, STORE_BINDS({"id", id}), &row));
    TRY(store_exec(work->tx, SQL_LOGIN_FAILURE_CLEAR,
                   STORE_BINDS({"login", store_text(row_text(&row, "login"))}), NULL));
    TRY(work_record(work, "unlock_account", "account", request_id(request, "id"), LAW_NONE, NULL));
    return reply_step(request, request_id(request, "id"), NULL);
}

/* ---- tokens ---- */

static enum result token_make(struct request *request)
{
    return token_insert(request, request->actor.account);
}

static enum result token_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_TOKEN_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"account", store_integer(request->actor.account)}),
                   &rows));
    return reply_page(request, &rows);
}

static enum result token_end(struct request *request)
{
    struct work *work = &request->work;
    row_id id = request_id(request, "id");
    int64_t changed;
    TRY(store_exec(work->tx, SQL_TOKEN_DELETE,
                   STORE_BINDS({"id", store_integer(id)}, {"account", store_integer(request->actor.account)}),
                   &changed));
    if (changed == 0)
        return RESULT_NOT_FOUND;
    TRY(work_record(work, "end_token", "token", id, LAW_NONE, NULL));
    return reply_step(request, id, NULL);
}

/* ---- delegations ---- */

static enum result delegation_show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_DELEGATION_BY_ID,
                  STORE_BINDS({"id", store_integer(id)}), &row));
    return reply_row(request, &row);
}

static enum result delegation_make(struct request *request)
{
    struct work *work = &request->work;
    struct store_row to, row;
    if (store_one(work->tx, work->arena, SQL_ACCOUNT_BY_LOGIN,
                  STORE_BINDS({"login", body_text(request, "to_login")}), &to) != RESULT_OK ||
        strcmp(row_text(&to, "state"), "active") != 0 || row_is_null(&to, "party_id"))
        return REFUSE(work, .result = RESULT_INVALID, .field = "/to_login", .zh = "没有这个启用中的账号",
                      .en = "there is no active account of that name", .remedy_zh = "核对登录名",
                      .remedy_en = "check the log-in name");
    struct store_value from = body_day(request, "from_day"), until = body_day(request, "until_day");
    if (until.integer < from.integer || until.integer - from.integer > 366)
        return REFUSE(work, .result = RESULT_INVALID, .field = "/until_day",
                      .zh = "委托期须在起始日之后、一年以内",
                      .en = "a delegation ends after it begins and lasts a year at most",
                      .remedy_zh = "改正截止日期", .remedy_en = "correct the last day");
    TRY(store_one(
        work->tx, work->arena, SQL_DELEGATION_INSERT,
        STORE_BINDS({"party", store_integer(request->actor.party)},
                    {"to", store_integer(row_integer(&to, "id"))},
                    {"duties", store_integer(party_duties(json_object_get(request->body, "duties")))},
                    {"from", from}, {"until", until}, {"basis", body_text(request, "basis")},
                    {"by", store_integer(request->actor.account)}),
        &row));
    TRY(work_record(work, "propose_delegation", "delegation", row_integer(&row, "id"), LAW_NONE, NULL));
    request->status = 201;
    return delegation_show(request, row_integer(&row, "id"));
}

static enum result delegation_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_DELEGATION_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"party", own_party(request)}), &rows));
    return reply_page(request, &rows);
}

static enum result delegation_set(struct request *request, const char *state, const char *event)
{
    struct work *work = &request->work;
    row_id id = request_id(request, "id");
    TRY(store_exec(work->tx, SQL_DELEGATION_SET_STATE,
                   STORE_BINDS({"id", store_integer(id)}, {"state", store_text(state)}), NULL));
    TRY(work_record(work, event, "delegation", id, LAW_NONE, NULL));
    return delegation_show(request, id);
}

static enum result delegation_confirm(struct request *request)
{
    struct store_row row;
    struct store_value id = store_integer(request_id(request, "id"));
    TRY(store_one(request->work.tx, request->work.arena, SQL_DELEGATION_BY_ID, STORE_BINDS({"id", id}),
                  &row));
    if (strcmp(row_text(&row, "state"), "proposed") != 0)
        return REFUSE(&request->work, .result = RESULT_CONFLICT, .zh = "该委托已确认或已结束",
                      .en = "the delegation is confirmed or ended already", .remedy_zh = "需要时另立一项",
                      .remedy_en = "make another one if needed");
    return delegation_set(request, "confirmed", "confirm_delegation");
}

/* The party that delegates ends it; so may the security administrator. */
static enum result delegation_is_own(struct request *request)
{
    struct store_row row;
    struct store_value id = store_integer(request_id(request, "id"));
    TRY(store_one(request->work.tx, request->work.arena, SQL_DELEGATION_BY_ID, STORE_BINDS({"id", id}),
                  &row));
    bool own =
        row_integer(&row, "party_id") == request->actor.party || request->actor.role == ROLE_SECURITY_ADMIN;
    return own ? RESULT_OK : RESULT_NOT_FOUND;
}

static enum result delegation_end(struct request *request)
{
    return delegation_set(request, "ended", "end_delegation");
}

/* ---- holdings ---- */

static enum result holding_add(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    TRY(store_one(
        work->tx, work->arena, SQL_HOLDING_INSERT,
        STORE_BINDS({"holder", body_text(request, "holder_code")}, {"held", body_text(request, "held_code")},
                    {"share", body_integer(request, "share_bp")}, {"from", body_day(request, "from_day")},
                    {"until", body_day(request, "until_day")}, {"source", body_text(request, "source")}),
        &row));
    row_id id = row_integer(&row, "id");
    TRY(work_record(work, "record_holding", "holding", id, LAW(NO_REDEVELOPMENT), NULL));
    request->status = 201;
    return reply_step(request, id, NULL);
}

static enum result holding_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_HOLDING_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"code", query_text(request, "code")}), &rows));
    return reply_page(request, &rows);
}

const struct route party_routes[] = {
    {.method = HTTP_POST,
     .path = "/session",
     .needs = PERMISSION_PUBLIC_READ,
     .body = &login_schema,
     .reply = &session_schema,
     .style = ROUTE_LONG,
     SUMMARY("Log in", "登录"),
     .run = session_log_in},
    {.method = HTTP_GET,
     .path = "/session",
     .needs = PERMISSION_SESSION,
     .reply = &session_schema,
     SUMMARY("Who is logged in", "当前会话"),
     .run = session_show},
    {.method = HTTP_DELETE,
     .path = "/session",
     .needs = PERMISSION_SESSION,
     SUMMARY("Log out", "退出登录"),
     .run = session_log_out},
    {.method = HTTP_POST,
     .path = "/session/acting",
     .needs = PERMISSION_SESSION,
     .body = &acting_schema,
     .reply = &reply_step_schema,
     SUMMARY("Act for a party under a delegation, or as oneself again", "按委托代行，或恢复本人"),
     .run = session_act},
    {.method = HTTP_POST,
     .path = "/session/token",
     .needs = PERMISSION_PUBLIC_READ,
     .body = &login_token_schema,
     .reply = &token_made_schema,
     .style = ROUTE_LONG,
     SUMMARY("Log in as a program: a bearer token", "程序登录，取得令牌"),
     .run = session_token},
    {.method = HTTP_POST,
     .path = "/password",
     .needs = PERMISSION_SESSION,
     .body = &password_schema,
     .reply = &reply_step_schema,
     .style = ROUTE_LONG,
     SUMMARY("Change one's password; all sessions and tokens end", "修改口令，全部会话和令牌随之结束"),
     .run = session_password},
    {.method = HTTP_POST,
     .path = "/parties",
     .law = LAW(ONE_CHANNEL),
     .needs = PERMISSION_PUBLIC_READ,
     .body = &party_new_schema,
     .reply = &party_schema,
     .style = ROUTE_LONG,
     SUMMARY("Register one's organisation", "单位登记"),
     .run = party_join},
    {.method = HTTP_GET,
     .path = "/parties",
     .needs = PERMISSION_PARTY_READ,
     .query = &party_query_schema,
     .reply = &party_schema,
     .list = true,
     SUMMARY("List parties", "单位列表"),
     .run = party_list},
    {.method = HTTP_GET,
     .path = "/parties/{id}",
     .needs = PERMISSION_PARTY_READ,
     .owner = OWNER(party_is_seen),
     .reply = &party_schema,
     SUMMARY("Show a party", "查看单位"),
     .run = party_show},
    {.method = HTTP_POST,
     .path = "/parties/{id}/accept",
     .law = LAW(ONE_CHANNEL),
     .needs = PERMISSION_PARTY_DECIDE,
     .body = &empty_schema,
     .reply = &reply_step_schema,
     SUMMARY("Accept a party", "受理单位"),
     .run = party_accept},
    {.method = HTTP_POST,
     .path = "/parties/{id}/refuse",
     .law = LAW(REASONS),
     .needs = PERMISSION_PARTY_DECIDE,
     .body = &reason_schema,
     .reply = &reply_step_schema,
     SUMMARY("Refuse a party, with the reason", "不予受理并说明理由"),
     .run = party_refuse},
    {.method = HTTP_POST,
     .path = "/parties/{id}/end",
     .law = LAW(REASONS),
     .needs = PERMISSION_PARTY_DECIDE,
     .body = &reason_schema,
     .reply = &reply_step_schema,
     SUMMARY("End a party's membership and its log-ins", "单位退出并关闭其账号"),
     .run = party_end},
    {.method = HTTP_GET,
     .path = "/parties/{id}/history",
     .needs = PERMISSION_PARTY_READ,
     .owner = OWNER(party_is_seen),
     .reply = &history_schema,
     SUMMARY("The history of a party's case", "单位办理经过"),
     .run = party_history},
    {.method = HTTP_GET,
     .path = "/parties/{id}/actions",
     .needs = PERMISSION_PARTY_READ,
     .owner = OWNER(party_is_seen),
     .reply = &actions_schema,
     SUMMARY("What one may do with it now", "当前可办事项"),
     .run = party_actions},
    {.method = HTTP_POST,
     .path = "/accounts",
     .needs = PERMISSION_ACCOUNT_ADD,
     .body = &account_new_schema,
     .reply = &account_schema,
     .style = ROUTE_LONG,
     SUMMARY("Add an account to one's party", "本单位增设账号"),
     .run = account_add},
    {.method = HTTP_GET,
     .path = "/accounts",
     .needs = PERMISSION_PARTY_READ,
     .reply = &account_schema,
     .list = true,
     SUMMARY("List accounts", "账号列表"),
     .run = account_list},
    {.method = HTTP_POST,
     .path = "/accounts/{id}/activate",
     .needs = PERMISSION_ACCOUNT_DECIDE,
     .owner = OWNER(account_of_party),
     .body = &account_duties_schema,
     .reply = &reply_step_schema,
     SUMMARY("Activate an account with its duties", "启用账号并授予职责"),
     .run = account_activate},
    {.method = HTTP_POST,
     .path = "/accounts/{id}/end",
     .needs = PERMISSION_ACCOUNT_DECIDE,
     .owner = OWNER(account_of_party),
     .body = &empty_schema,
     .reply = &reply_step_schema,
     SUMMARY("End an account", "停用账号"),
     .run = account_end},
    {.method = HTTP_POST,
     .path = "/accounts/{id}/hand-over",
     .law = LAW(EXIT_CLOSE),
     .needs = PERMISSION_ACCOUNT_DECIDE,
     .owner = OWNER(account_of_party),
     .body = &empty_schema,
     .reply = &reply_step_schema,
     SUMMARY("Make it the account that sees the hand-over only", "设为仅限交接的账号"),
     .run = account_hand_over},
    {.method = HTTP_POST,
     .path = "/accounts/{id}/unlock",
     .needs = PERMISSION_ACCOUNT_DECIDE,
     .owner = OWNER(account_of_party),
     .body = &empty_schema,
     .reply = &reply_step_schema,
     SUMMARY("Lift a lock after failed log-ins", "解除登录锁定"),
     .run = account_unlock},
    {.method = HTTP_POST,
     .path = "/tokens",
     .needs = PERMISSION_SESSION,
     .body = &token_new_schema,
     .reply = &token_made_schema,
     SUMMARY("Make a bearer token for a program", "为程序生成令牌"),
     .run = token_make},
    {.method = HTTP_GET,
     .path = "/tokens",
     .needs = PERMISSION_SESSION,
     .reply = &token_schema,
     .list = true,
     SUMMARY("List one's tokens", "令牌列表"),
     .run = token_list},
    {.method = HTTP_DELETE,
     .path = "/tokens/{id}",
     .needs = PERMISSION_SESSION,
     .reply = &reply_step_schema,
     SUMMARY("End a token", "废除令牌"),
     .run = token_end},
    {.method = HTTP_POST,
     .path = "/delegations",
     .needs = PERMISSION_DELEGATE,
     .body = &delegation_new_schema,
     .reply = &delegation_schema,
     SUMMARY("Propose who may act for one's party", "提出委托代行"),
     .run = delegation_make},
    {.method = HTTP_GET,
     .path = "/delegations",
     .needs = PERMISSION_PARTY_READ,
     .reply = &delegation_schema,
     .list = true,
     SUMMARY("List delegations", "委托列表"),
     .run = delegation_list},
    {.method = HTTP_POST,
     .path = "/delegations/{id}/confirm",
     .needs = PERMISSION_ACCOUNT_DECIDE,
     .body = &empty_schema,
     .reply = &delegation_schema,
     SUMMARY("Confirm a delegation", "确认委托"),
     .run = delegation_confirm},
    {.method = HTTP_POST,
     .path = "/delegations/{id}/end",
     .needs = PERMISSION_DELEGATION_END,
     .owner = OWNER(delegation_is_own),
     .body = &empty_schema,
     .reply = &delegation_schema,
     SUMMARY("End a delegation", "结束委托"),
     .run = delegation_end},
    {.method = HTTP_POST,
     .path = "/holdings",
     .law = LAW(NO_REDEVELOPMENT),
     .needs = PERMISSION_HOLDING_RECORD,
     .body = &holding_new_schema,
     .reply = &reply_step_schema,
     SUMMARY("Record who holds whom", "登记持股关系"),
     .run = holding_add},
    {.method = HTTP_GET,
     .path = "/holdings",
     .law = LAW(NO_REDEVELOPMENT),
     .needs = PERMISSION_HOLDING_READ,
     .query = &holding_query_schema,
     .reply = &holding_schema,
     .list = true,
     SUMMARY("List recorded holdings", "持股关系列表"),
     .run = holding_list},
    {0},
};
