#include "affairs/fixture.h"

#include "affairs/agreement/agreement.h"
#include "affairs/catalogue/catalogue.h"
#include "affairs/developer/developer.h"
#include "affairs/document/document.h"
#include "affairs/money/money.h"
#include "affairs/notice/notice.h"
#include "affairs/oversight/oversight.h"
#include "affairs/party/party.h"
#include "affairs/party/party_inner.h"
#include "affairs/product/product.h"
#include "affairs/request/request.h"
#include "affairs/resource/resource.h"
#include "affairs/room/room.h"
#include "affairs/rule/rule.h"
#include "affairs/selection/selection.h"
#include "base/identifier.h"

#include <stdio.h>
#include <string.h>

static const struct route_table tables[] = {
    {"party", party_routes},         {"document", document_routes},   {"rule", rule_routes},
    {"notice", notice_routes},       {"oversight", oversight_routes}, {"resource", resource_routes},
    {"catalogue", catalogue_routes}, {"selection", selection_routes}, {"agreement", agreement_routes},
    {"developer", developer_routes}, {"request", request_routes},     {"room", room_routes},
    {"product", product_routes},     {"money", money_routes},         {0},
};

static const struct workflow *const workflows[] = {
    &party_workflow,       &rule_workflow,          &resource_workflow,
    &entry_workflow,       &authorisation_workflow, &selection_workflow,
    &application_workflow, &agreement_workflow,     &admission_workflow,
    &request_workflow,     &room_workflow,          &import_workflow,
    &product_workflow,     &reversal_workflow,      NULL,
};

struct newcomer {
    enum role role;
    row_id party;
    const char *name;
    const char *credit_code;
    const char *login;
    unsigned duties;
    row_id account;
};

static enum result insert_party(struct work *work, void *argument)
{
    struct newcomer *newcomer = argument;
    TRY(party_insert(work, newcomer->role, newcomer->name, newcomer->credit_code, NULL, &newcomer->party));
    return workflow_open(work, &party_workflow, newcomer->party, "found", NULL, NULL);
}

static enum result insert_account(struct work *work, void *argument)
{
    struct newcomer *newcomer = argument;
    struct account_new account = {.party = newcomer->party,
                                  .role = newcomer->role,
                                  .login = newcomer->login,
                                  .name = newcomer->login,
                                  .password_hash = "*",
                                  .duties = newcomer->duties,
                                  .state = "active"};
    TRY(party_account_insert(work, &account, &newcomer->account));
    return work_record(work, "add_account", "account", newcomer->account, LAW_NONE, NULL);
}

static const char *system_actor(struct city *city)
{
    return city_actor(city, ROLE_SYSTEM, 0, 0, 0);
}

const char *fixture_account(struct city *city, row_id party, enum role role, const char *login,
                            unsigned duties)
{
    struct newcomer newcomer = {.role = role, .party = party, .login = login, .duties = duties};
    assert_ok(city_write(city, system_actor(city), insert_account, &newcomer, NULL));
    return city_actor(city, role, newcomer.account, party, duties);
}

const char *fixture_party(struct city *city, enum role role, const char *name, const char *credit_code,
                          row_id *ret_party)
{
    struct newcomer newcomer = {.role = role, .name = name, .credit_code = credit_code};
    assert_ok(city_write(city, system_actor(city), insert_party, &newcomer, NULL));
    if (ret_party != NULL)
        *ret_party = newcomer.party;
    return fixture_account(city, newcomer.party, role,
                           city_format(city, "%s-%lld", role_name(role), (long long)newcomer.party),
                           DUTY_CLERK | DUTY_APPROVER | DUTY_REVIEWER);
}

const char *fixture_credit_code(struct city *city, int number)
{
    char *code = city_format(city, "914201%011d?", number);
    code[17] = identifier_credit_code_check(code);
    return code;
}

struct city *fixture_city(struct people *ret_people)
{
    struct city *city = city_new(tables, workflows);
    struct people *p = ret_people;
    memset(p, 0, sizeof *p);
    (void)fixture_party(city, ROLE_BUREAU, "市数据局", fixture_credit_code(city, 1), &p->bureau);
    p->clerk = fixture_account(city, p->bureau, ROLE_BUREAU, "bureau-clerk", DUTY_CLERK | DUTY_REVIEWER);
    p->approver = fixture_account(city, p->bureau, ROLE_BUREAU, "bureau-approver", DUTY_APPROVER);
    (void)fixture_party(city, ROLE_PROVIDER, "市人社局", fixture_credit_code(city, 2), &p->provider);
    p->provider_clerk = fixture_account(city, p->provider, ROLE_PROVIDER, "provider-clerk", DUTY_CLERK);
    p->provider_approver =
        fixture_account(city, p->provider, ROLE_PROVIDER, "provider-approver", DUTY_APPROVER);
    p->source = fixture_account(city, p->provider, ROLE_SOURCE, "provider-source", 0);
    (void)fixture_party(city, ROLE_OPERATOR, "运营公司", fixture_credit_code(city, 3), &p->candidate);
    p->operator_clerk = fixture_account(city, p->candidate, ROLE_OPERATOR, "operator-clerk", DUTY_CLERK);
    p->operator_reviewer =
        fixture_account(city, p->candidate, ROLE_OPERATOR, "operator-reviewer", DUTY_REVIEWER);
    p->operator_approver =
        fixture_account(city, p->candidate, ROLE_OPERATOR, "operator-approver", DUTY_APPROVER);
    p->developer_clerk =
        fixture_party(city, ROLE_DEVELOPER, "开发公司", fixture_credit_code(city, 4), &p->developer);
    p->regulator_clerk =
        fixture_party(city, ROLE_REGULATOR, "市场监管局", fixture_credit_code(city, 5), &p->regulator);
    p->government_clerk =
        fixture_party(city, ROLE_GOVERNMENT, "市政府", fixture_credit_code(city, 6), &p->government);
    p->customer_clerk =
        fixture_party(city, ROLE_CUSTOMER, "某银行", fixture_credit_code(city, 7), &p->customer);
    return city;
}

struct document_new {
    row_id party;
    row_id document;
};

static enum result insert_document(struct work *work, void *argument)
{
    struct document_new *document = argument;
    struct digest digest = digest_sha256("文件", 6);
    return document_insert(work, document->party, "文件", "material", 6, &digest, &document->document);
}

row_id fixture_document(struct city *city, row_id party)
{
    struct document_new document = {.party = party};
    assert_ok(city_write(city, system_actor(city), insert_document, &document, NULL));
    return document.document;
}

void fixture_days(struct city *city, int days)
{
    city_advance(city, days * INSTANT_DAY);
}

int64_t fixture_number(const json_t *reply, const char *member)
{
    const json_t *number = json_object_get(reply, member);
    assert_true(json_is_integer(number));
    return json_integer_value(number);
}

void fixture_refused(const json_t *problem, const char *field, const char *clause, const char *words)
{
    if (field != NULL)
        assert_string_equal(json_text(problem, "field"), field);
    if (clause != NULL)
        assert_string_equal(json_text(json_object_get(problem, "clause"), "clause"), clause);
    const char *reason = json_text(json_object_get(problem, "en"), "reason");
    assert_non_null(reason);
    if (words != NULL && strstr(reason, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", reason, words);
    assert_non_null(json_text(json_object_get(problem, "zh"), "reason"));
    assert_non_null(json_text(json_object_get(problem, "zh"), "remedy"));
}

row_id fixture_credit(struct city *city, const struct people *people, const char *code, const char *kind,
                      const char *about, bool serious, const char *occurred)
{
    const json_t *made =
        city_expect(city, 201, people->regulator_clerk, "POST /credit-entries",
                    city_format(city,
                                "{\"credit_code\":\"%s\",\"kind\":\"%s\",\"about\":\"%s\",\"serious\":%s,"
                                "\"occurred_day\":\"%s\",\"summary\":\"记录\"}",
                                code, kind, about, serious ? "true" : "false", occurred));
    return fixture_number(made, "id");
}

/* ---- steps ---- */

row_id fixture_resource(struct city *city, const struct people *people, const char *code)
{
    const json_t *made = city_expect(
        city, 201, people->provider_clerk, "POST /resources",
        city_format(
            city,
            "{\"code\":\"%s\",\"title\":\"社会保险参保信息\",\"abstract\":\"参保单位与缴费基数\","
            "\"category\":\"社会保障/社会保险/参保\","
            "\"industry\":\"社会保障\",\"region\":\"全市\",\"format\":\"数据库\",\"share_type\":"
            "\"conditional\",\"openness\":\"有条件开放\","
            "\"share_mode\":\"查询核验\",\"update_cycle_days\":30,\"personal\":true,\"origin\":\"original\","
            "\"subject_item\":\"citizen\","
            "\"subject_kind\":\"resident\",\"updated_day\":\"2026-03-01\",\"items\":["
            "{\"name\":\"citizen\",\"title\":\"公民身份号码\",\"type\":\"text\",\"use\":\"key\",\"level\":4,"
            "\"sensitive\":\"citizen_number\"},"
            "{\"name\":\"district\",\"title\":\"区\",\"type\":\"text\",\"use\":\"dimension\",\"level\":1},"
            "{\"name\":\"base\",\"title\":\"缴费基数\",\"type\":\"integer\",\"use\":\"measure\",\"level\":3,"
            "\"low\":0,\"filterable\":true},"
            "{\"name\":\"phone\",\"title\":\"电话\",\"type\":\"text\",\"use\":\"forbidden\",\"level\":4}]}",
            code));
    row_id id = fixture_number(made, "id");
    (void)city_expect(city, 201, people->source, "POST /source/descriptions",
                      city_format(city,
                                  "{\"resource\":\"%s\",\"description\":{\"rows\":1000,\"quality\":{},"
                                  "\"sensitive\":[{\"column\":\"citizen\","
                                  "\"level\":4}]}}",
                                  code));
    (void)city_expect(city, 200, people->provider_clerk,
                      city_format(city, "POST /resources/%lld/register", (long long)id), "{}");
    (void)city_expect(city, 200, people->provider_approver,
                      city_format(city, "POST /resources/%lld/grade", (long long)id),
                      "{\"grade\":\"general\",\"level\":3}");
    return id;
}

row_id fixture_entry(struct city *city, const struct people *people, const char *code)
{
    row_id resource = fixture_resource(city, people, code);
    const json_t *made = city_expect(city, 201, people->clerk, "POST /entries",
                                     city_format(city, "{\"resource_id\":%lld}", (long long)resource));
    row_id id = fixture_number(made, "id");
    (void)city_expect(city, 200, people->provider_clerk,
                      city_format(city, "POST /entries/%lld/concur", (long long)id), "{}");
    (void)city_expect(city, 200, people->approver,
                      city_format(city, "POST /entries/%lld/list", (long long)id), "{}");
    made = city_expect(city, 201, people->provider_clerk, "POST /authorisations",
                       city_format(city, "{\"entry_id\":%lld,\"from_day\":\"2026-03-01\"}", (long long)id));
    (void)city_expect(
        city, 200, people->provider_approver,
        city_format(city, "POST /authorisations/%lld/approve", (long long)fixture_number(made, "id")), "{}");
    return id;
}

static void score(struct city *city, const char *scorer, row_id selection, row_id application)
{
    (void)city_expect(city, 200, scorer,
                      city_format(city, "POST /selections/%lld/declaration", (long long)selection),
                      "{\"interest\":false}");
    (void)city_expect(
        city, 200, scorer, city_format(city, "POST /selections/%lld/scores", (long long)selection),
        city_format(city, "{\"application_id\":%lld,\"points\":[{\"criterion\":\"能力\",\"points\":90}]}",
                    (long long)application));
}

static row_id run_selection(struct city *city, const struct people *people)
{
    const json_t *made =
        city_expect(city, 201, people->clerk, "POST /selections",
                    "{\"title\":\"整体授权遴选\",\"mode\":\"whole\",\"scope\":{},\"conditions\":\"具备条件\","
                    "\"criteria\":[{\"name\":"
                    "\"能力\",\"weight\":100}],\"open\":true,\"applications_until\":\"2026-03-10\"}");
    long long id = (long long)fixture_number(made, "id");
    (void)city_expect(city, 200, people->approver, city_format(city, "POST /selections/%lld/publish", id),
                      "{}");
    made = city_expect(
        city, 201, people->operator_clerk, city_format(city, "POST /selections/%lld/applications", id),
        city_format(city,
                    "{\"capability\":\"能\",\"ecosystem\":\"能\",\"security\":\"能\",\"document_id\":%lld}",
                    (long long)fixture_document(city, people->candidate)));
    row_id application = fixture_number(made, "id");
    (void)city_expect(city, 201, people->clerk, city_format(city, "POST /selections/%lld/scorers", id),
                      "{\"login\":\"bureau-clerk\"}");
    (void)city_expect(city, 201, people->clerk, city_format(city, "POST /selections/%lld/scorers", id),
                      "{\"login\":\"provider-clerk\"}");
    fixture_days(city, 9);
    (void)city_expect(city, 200, people->clerk, city_format(city, "POST /selections/%lld/close", id), "{}");
    score(city, people->clerk, id, application);
    score(city, people->provider_clerk, id, application);
    (void)city_expect(city, 200, people->clerk, city_format(city, "POST /selections/%lld/end-review", id),
                      "{}");
    (void)city_expect(city, 200, people->approver, city_format(city, "POST /selections/%lld/decide", id),
                      city_format(city, "{\"application_id\":%lld}", (long long)application));
    (void)city_expect(city, 200, people->clerk, city_format(city, "POST /selections/%lld/publicise", id),
                      "{\"working_days\":5}");
    fixture_days(city, 8);
    (void)city_expect(city, 200, people->clerk, city_format(city, "POST /selections/%lld/file", id), "{}");
    return id;
}

row_id fixture_agreement(struct city *city, const struct people *people)
{
    row_id selection = run_selection(city, people);
    const json_t *made = city_expect(
        city, 201, people->clerk, "POST /agreements",
        city_format(
            city,
            "{\"selection_id\":%lld,\"document_id\":%lld,\"from_day\":\"2026-03-19\",\"trial_months\":6}",
            (long long)selection, (long long)fixture_document(city, people->bureau)));
    long long id = (long long)fixture_number(made, "id");
    (void)city_expect(city, 200, people->operator_clerk, city_format(city, "POST /agreements/%lld/sign", id),
                      "{}");
    (void)city_expect(city, 200, people->approver, city_format(city, "POST /agreements/%lld/countersign", id),
                      "{}");
    return id;
}

static void put_rule_in_force(struct city *city, const struct people *people, const char *who,
                              const char *body)
{
    const json_t *made = city_expect(city, 201, who, "POST /rules", body);
    long long id = (long long)fixture_number(made, "id");
    (void)city_expect(city, 200, who, city_format(city, "POST /rules/%lld/submit", id), "{}");
    (void)city_expect(city, 200, people->approver, city_format(city, "POST /rules/%lld/consent", id), "{}");
}

void fixture_release_rule(struct city *city, const struct people *people)
{
    put_rule_in_force(city, people, people->clerk,
                      "{\"kind\":\"release\",\"title\":\"出域阈值\",\"from_day\":\"2026-03-31\","
                      "\"parameters\":{\"threshold\":10,\"p_percent\":10,"
                      "\"n\":2,\"k_percent\":85,\"rounding\":0}}");
}

row_id fixture_admission(struct city *city, const struct people *people, row_id agreement)
{
    put_rule_in_force(city, people, people->operator_clerk,
                      "{\"kind\":\"admission\",\"title\":\"准入退出规则\",\"from_day\":\"2026-03-19\","
                      "\"parameters\":{\"materials\":[\"营业执照\"],"
                      "\"report_months\":3,\"exit\":\"清退\"}}");
    const json_t *made = city_expect(
        city, 201, people->developer_clerk, "POST /admissions",
        city_format(city,
                    "{\"agreement_id\":%lld,\"management\":\"能\",\"security\":\"能\",\"document_id\":%lld}",
                    (long long)agreement, (long long)fixture_document(city, people->developer)));
    long long id = (long long)fixture_number(made, "id");
    (void)city_expect(city, 200, people->operator_reviewer,
                      city_format(city, "POST /admissions/%lld/approve", id), "{}");
    (void)city_expect(
        city, 200, people->operator_clerk, city_format(city, "POST /admissions/%lld/offer", id),
        city_format(city, "{\"document_id\":%lld,\"from_day\":\"2026-03-19\",\"until_day\":\"2027-03-18\"}",
                    (long long)fixture_document(city, people->candidate)));
    (void)city_expect(city, 200, people->developer_clerk, city_format(city, "POST /admissions/%lld/sign", id),
                      "{}");
    return id;
}

row_id fixture_room(struct city *city, const struct people *people, row_id admission)
{
    const json_t *made =
        city_expect(city, 201, people->operator_clerk, "POST /rooms",
                    city_format(city, "{\"admission_id\":%lld,\"title\":\"房价研究\",\"quota_seconds\":600}",
                                (long long)admission));
    return fixture_number(made, "id");
}
