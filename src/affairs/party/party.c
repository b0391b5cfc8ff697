#include "affairs/party/party.h"

#include "affairs/party/party_inner.h"

#include <string.h>

enum result party_by_id(struct work *work, row_id party, struct store_row *ret_party)
{
    return store_one(work->tx, work->arena, SQL_PARTY_BY_ID, STORE_BINDS({"id", store_integer(party)}),
                     ret_party);
}

enum result party_by_credit_code(struct work *work, const char *credit_code, struct store_row *ret_party)
{
    return store_one(work->tx, work->arena, SQL_PARTY_BY_CREDIT_CODE,
                     STORE_BINDS({"credit_code", store_text(credit_code)}), ret_party);
}

/* A breadth-first walk over holdings: codes reached so far, each with the path that led to it. */
enum { MAX_LINKS = 6, MAX_REACHED = 2000 };

struct reached {
    const char *code;
    const char *path;
    int links;
};

static bool is_reached(const struct reached *reached, size_t count, const char *code)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(reached[i].code, code) == 0)
            return true;
    return false;
}

/* *ret_path is NULL when there is no chain of holdings from one code to the other. */
static enum result holding_path(struct work *work, const char *from, const char *to, const char **ret_path)
{
    struct reached *reached = arena_new_array(work->arena, struct reached, MAX_REACHED);
    size_t count = 1;
    reached[0] = (struct reached){from, from, 0};
    *ret_path = NULL;
    for (size_t next = 0; next < count && reached[next].links < MAX_LINKS; next++) {
        struct store_rows rows;
        TRY(store_many(
            work->tx, work->arena, SQL_HOLDING_NEIGHBOURS,
            STORE_BINDS({"code", store_text(reached[next].code)}, {"today", store_integer(work_today(work))}),
            &rows));
        for (size_t i = 0; i < rows.count && count < MAX_REACHED; i++) {
            const char *code = row_text(&rows.rows[i], "code");
            if (is_reached(reached, count, code))
                continue;
            bool holds = strcmp(row_text(&rows.rows[i], "holder_code"), code) != 0;
            int64_t share = row_integer(&rows.rows[i], "share_bp");
            const char *path = arena_printf(work->arena, "%s %s(%d.%02d%%) %s", reached[next].path,
                                            holds ? "→" : "←", (int)(share / 100), (int)(share % 100), code);
            if (strcmp(code, to) == 0) {
                *ret_path = path;
                return RESULT_OK;
            }
            reached[count++] = (struct reached){code, path, reached[next].links + 1};
        }
    }
    return RESULT_OK;
}

enum result party_is_no_affiliate(struct work *work, row_id party, row_id candidate, enum law law)
{
    struct store_row own, other;
    TRY(party_by_id(work, party, &own));
    TRY(party_by_id(work, candidate, &other));
    const char *own_code = row_text(&own, "credit_code");
    const char *other_code = row_text(&other, "credit_code");
    const char *path = own_code;
    if (strcmp(own_code, other_code) != 0)
        TRY(holding_path(work, own_code, other_code, &path));
    if (path == NULL)
        return RESULT_OK;
    if (law != LAW(NO_REDEVELOPMENT))
        return REFUSE(work, .result = RESULT_FORBIDDEN, .law = law, .field = "credit_code",
                      .zh = arena_printf(work->arena, "两单位有持股关联：%s", path),
                      .en = arena_printf(work->arena, "the two parties are linked by holdings: %s", path),
                      .remedy_zh = "由无关联的单位办理；持股记录有误的，请市数据局更正",
                      .remedy_en = "let a party that is not linked do it; ask the bureau to correct a wrong "
                                   "record of holdings");
    return REFUSE(
        work, .result = RESULT_FORBIDDEN, .law = law, .field = "credit_code",
        .zh = arena_printf(work->arena, "运营主体不得直接或通过关联方再开发：%s", path),
        .en = arena_printf(work->arena, "the operator may not re-develop, directly or through affiliates: %s",
                           path),
        .remedy_zh = "由与运营主体无持股关联的单位申请；持股记录有误的，请市数据局更正",
        .remedy_en =
            "let a party without holdings to or from the operator apply; ask the bureau to correct a wrong "
            "record of holdings");
}

enum result party_close_accounts(struct work *work, row_id party)
{
    const struct store_bind *binds = STORE_BINDS({"party", store_integer(party)});
    TRY(store_exec(work->tx, SQL_SESSION_DELETE_PARTY, binds, NULL));
    TRY(store_exec(work->tx, SQL_TOKEN_DELETE_PARTY, binds, NULL));
    TRY(store_exec(work->tx, SQL_DELEGATION_END_PARTY, binds, NULL)); /* nobody acts for it either */
    return store_exec(work->tx, SQL_ACCOUNT_CLOSE_PARTY, binds, NULL);
}

unsigned party_duties(const json_t *names)
{
    unsigned duties = 0;
    size_t i;
    json_t *name;
    json_array_foreach (names, i, name)
        for (enum duty_bit bit = 0; bit < DUTY_COUNT; bit++)
            if (strcmp(json_string_value(name), duty_name(bit)) == 0)
                duties |= 1u << bit;
    return duties;
}

enum result party_account_insert(struct work *work, const struct account_new *account, row_id *ret_account)
{
    struct store_row row;
    enum result result = store_one(
        work->tx, work->arena, SQL_ACCOUNT_INSERT,
        STORE_BINDS({"party", account->party == 0 ? store_null() : store_integer(account->party)},
                    {"role", store_text(role_name(account->role))}, {"login", store_text(account->login)},
                    {"name", store_text(account->name)}, {"password", store_text(account->password_hash)},
                    {"duties", store_integer(account->duties)}, {"state", store_text(account->state)},
                    {"at", store_integer(work_now(work))}),
        &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .field = "/login", .zh = "该登录名已被使用",
                      .en = "this log-in name is taken", .remedy_zh = "换一个登录名",
                      .remedy_en = "choose another name");
    TRY(result);
    *ret_account = row_integer(&row, "id");
    return RESULT_OK;
}

enum result party_insert(struct work *work, enum role role, const char *name, const char *credit_code,
                         const char *region, row_id *ret_party)
{
    struct store_row row;
    enum result result =
        store_one(work->tx, work->arena, SQL_PARTY_INSERT,
                  STORE_BINDS({"role", store_text(role_name(role))}, {"name", store_text(name)},
                              {"credit_code", store_text(credit_code)}, {"region", store_text(region)},
                              {"at", store_integer(work_now(work))}),
                  &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(ONE_CHANNEL), .field = "/credit_code",
                      .zh = "该统一社会信用代码已登记",
                      .en = "an organisation with this credit code is registered already",
                      .remedy_zh = "请本单位已有账号增设人员，或联系市数据局",
                      .remedy_en = "have an account of your organisation add staff, or ask the bureau");
    TRY(result);
    *ret_party = row_integer(&row, "id");
    return RESULT_OK;
}

static enum result found_account(struct work *work, row_id party, enum role role, unsigned duties,
                                 const char *login, const char *password, const char *name)
{
    struct account_new account = {
        .party = party, .role = role, .login = login, .name = name, .duties = duties, .state = "active"};
    TRY(party_password_hash(work->arena, password, &account.password_hash));
    row_id id;
    return party_account_insert(work, &account, &id);
}

enum result party_found_city(struct work *work, const struct party_founding *f, row_id *ret_bureau)
{
    row_id bureau = 0;
    TRY(party_insert(work, ROLE_BUREAU, f->bureau_name, f->bureau_credit_code, NULL, &bureau));
    TRY(found_account(work, bureau, ROLE_BUREAU, DUTY_CLERK | DUTY_REVIEWER, f->clerk_login,
                      f->clerk_password, "经办"));
    TRY(found_account(work, bureau, ROLE_BUREAU, DUTY_APPROVER, f->approver_login, f->approver_password,
                      "审批"));
    TRY(found_account(work, 0, ROLE_SYSTEM_ADMIN, 0, f->system_login, f->system_password, "系统管理员"));
    TRY(found_account(work, 0, ROLE_SECURITY_ADMIN, 0, f->security_login, f->security_password,
                      "安全管理员"));
    TRY(found_account(work, 0, ROLE_AUDIT_ADMIN, 0, f->audit_login, f->audit_password, "审计管理员"));
    TRY(workflow_open(work, &party_workflow, bureau, "found", NULL, NULL));
    *ret_bureau = bureau;
    return RESULT_OK;
}
