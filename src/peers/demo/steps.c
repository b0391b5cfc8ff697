#include "peers/demo/steps.h"

#include "peers/demo/supply.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_SECONDS = 60 };

static struct player *of(struct demo *demo, const char *login)
{
    return player_by_login(demo, login);
}

static const json_t *post(struct demo *demo, const char *login, const char *path)
{
    return say(demo, of(demo, login), "POST", path, "{}");
}

/* ---- 3 ---- */

static int64_t apply(struct demo *demo, const char *login, int64_t selection)
{
    int64_t document = upload_text(demo, of(demo, login), "application", "material", "申请材料（演示）");
    return number_of(demo,
                     say(demo, of(demo, login), "POST",
                         path_of(demo, "/selections/%lld/applications", (long long)selection),
                         "{\"capability\":\"三年数据平台运营经验\",\"ecosystem\":\"已联合多家数据企业\","
                         "\"security\":\"等保三级\",\"document_id\":%lld}",
                         (long long)document),
                     "id");
}

static void score(struct demo *demo, const char *login, int64_t selection, const int64_t *applications,
                  const int *points)
{
    const char *path = path_of(demo, "/selections/%lld/scores", (long long)selection);
    (void)say(demo, of(demo, login), "POST",
              path_of(demo, "/selections/%lld/declaration", (long long)selection), "{\"interest\":false}");
    for (int i = 0; i < 2; i++)
        (void)say(demo, of(demo, login), "POST", path,
                  "{\"application_id\":%lld,\"points\":[{\"criterion\":\"运营能力\",\"points\":%d},{"
                  "\"criterion\":\"安全保障\",\"points\":%d}]}",
                  (long long)applications[i], points[i], points[i] - 3);
}

static int64_t run_selection(struct demo *demo)
{
    const json_t *reply = say(demo, of(demo, "bureau-clerk"), "POST", "/selections",
                              "{\"title\":\"公共数据整体授权运营主体遴选\",\"mode\":\"whole\",\"scope\":{},"
                              "\"conditions\":\"近三年无违法失信记录，具备安全保障能力\","
                              "\"criteria\":[{\"name\":\"运营能力\",\"weight\":60},{\"name\":\"安全保障\","
                              "\"weight\":40}],\"open\":true,\"applications_until\":\"%s\"}",
                              day_from_now(demo, 20));
    int64_t id = number_of(demo, reply, "id");
    reply = post(demo, "bureau-approver", path_of(demo, "/selections/%lld/publish", (long long)id));
    tell(3, "发布遴选公告", "selection announced", "二(四)1", reply);
    const int64_t applications[] = {apply(demo, "operator-clerk", id), apply(demo, "candidate-clerk", id)};
    const char *scorers = path_of(demo, "/selections/%lld/scorers", (long long)id);
    (void)say(demo, of(demo, "bureau-clerk"), "POST", scorers, "{\"login\":\"bureau-clerk\"}");
    (void)say(demo, of(demo, "bureau-clerk"), "POST", scorers, "{\"login\":\"hrss-clerk\"}");
    pass_days(demo, 21);
    (void)post(demo, "bureau-clerk", path_of(demo, "/selections/%lld/close", (long long)id));
    score(demo, "bureau-clerk", id, applications, (const int[]){92, 85});
    score(demo, "hrss-clerk", id, applications, (const int[]){88, 86});
    reply = post(demo, "bureau-clerk", path_of(demo, "/selections/%lld/end-review", (long long)id));
    tell(3, "会同提供单位评审", "reviewed jointly, ranked by score", "二(四)1", reply);
    (void)say(demo, of(demo, "bureau-approver"), "POST",
              path_of(demo, "/selections/%lld/decide", (long long)id), "{\"application_id\":%lld}",
              (long long)applications[0]);
    (void)say(demo, of(demo, "bureau-clerk"), "POST",
              path_of(demo, "/selections/%lld/publicise", (long long)id), "{\"working_days\":5}");
    pass_days(demo, 20);
    reply = post(demo, "bureau-clerk", path_of(demo, "/selections/%lld/file", (long long)id));
    tell(3, "公示期满，报市政府备案", "publicised and filed", "二(四)1", reply);
    return id;
}

int64_t choose_operator(struct demo *demo)
{
    int64_t selection = run_selection(demo);
    int64_t document = upload_text(demo, of(demo, "bureau-clerk"), "agreement", "agreement",
                                   "授权运营协议（演示）：期限三年，试运营六个月");
    const json_t *reply =
        say(demo, of(demo, "bureau-clerk"), "POST", "/agreements",
            "{\"selection_id\":%lld,\"document_id\":%lld,\"from_day\":\"%s\",\"trial_months\":6}",
            (long long)selection, (long long)document, day_from_now(demo, 0));
    int64_t id = number_of(demo, reply, "id");
    (void)post(demo, "operator-clerk", path_of(demo, "/agreements/%lld/sign", (long long)id));
    reply = post(demo, "bureau-approver", path_of(demo, "/agreements/%lld/countersign", (long long)id));
    tell(3, arena_printf(demo->arena, "签订协议，至 %s", json_text(reply, "until_day")), "agreement in force",
         "二(四)1", reply);
    return id;
}

/* ---- 4 ---- */

static void put_in_force(struct demo *demo, const char *login, const char *body)
{
    const json_t *reply = say(demo, of(demo, login), "POST", "/rules", "%s", body);
    long long id = (long long)number_of(demo, reply, "id");
    (void)post(demo, login, path_of(demo, "/rules/%lld/submit", id));
    (void)post(demo, "bureau-approver", path_of(demo, "/rules/%lld/consent", id));
}

int64_t admit_developer(struct demo *demo, int64_t agreement)
{
    const char *today = day_from_now(demo, 0);
    put_in_force(demo, "bureau-clerk",
                 arena_printf(demo->arena,
                              "{\"kind\":\"release\",\"title\":\"出域阈值\",\"from_day\":\"%s\","
                              "\"parameters\":{\"threshold\":10,\"p_percent\":10,\"n\":2,"
                              "\"k_percent\":85,\"rounding\":0}}",
                              today));
    put_in_force(demo, "bureau-clerk",
                 arena_printf(demo->arena,
                              "{\"kind\":\"revenue\",\"title\":\"收益分配公式\",\"from_day\":\"%s\","
                              "\"parameters\":{\"provider\":20,\"bureau\":10,"
                              "\"operator\":30,\"developer\":40}}",
                              today));
    put_in_force(demo, "operator-clerk",
                 arena_printf(demo->arena,
                              "{\"kind\":\"admission\",\"title\":\"准入退出规则\",\"from_day\":\"%s\","
                              "\"parameters\":{\"materials\":[\"营业执照\",\"安全方案\"],"
                              "\"report_months\":3,\"exit\":\"协议终止即清退\"}}",
                              today));
    int64_t material =
        upload_text(demo, of(demo, "developer-clerk"), "materials", "material", "数据管理与安全方案（演示）");
    const json_t *reply = say(demo, of(demo, "developer-clerk"), "POST", "/admissions",
                              "{\"agreement_id\":%lld,\"management\":\"设有数据管理岗\",\"security\":"
                              "\"等保二级\",\"document_id\":%lld}",
                              (long long)agreement, (long long)material);
    int64_t id = number_of(demo, reply, "id");
    (void)post(demo, "operator-reviewer", path_of(demo, "/admissions/%lld/approve", (long long)id));
    int64_t contract =
        upload_text(demo, of(demo, "operator-clerk"), "contract", "agreement", "开发利用协议（演示）");
    (void)say(demo, of(demo, "operator-clerk"), "POST",
              path_of(demo, "/admissions/%lld/offer", (long long)id),
              "{\"document_id\":%lld,\"from_day\":\"%s\",\"until_day\":\"%s\"}", (long long)contract, today,
              day_from_now(demo, 365));
    reply = post(demo, "developer-clerk", path_of(demo, "/admissions/%lld/sign", (long long)id));
    tell(4, "开发利用主体准入并签约", "developer admitted by the consented rules", "二(五)2", reply);
    return id;
}

/* ---- 5 ---- */

int64_t open_room(struct demo *demo, int64_t admission)
{
    const json_t *reply = say(demo, of(demo, "operator-clerk"), "POST", "/rooms",
                              "{\"admission_id\":%lld,\"title\":\"数据产品开发\",\"quota_seconds\":3600}",
                              (long long)admission);
    tell(5, "开设安全开发环境", "room opened", "二(三)", reply);
    return number_of(demo, reply, "id");
}

void call_in(struct demo *demo, int64_t room, int64_t entry, const char *provider, const char *table,
             const char *columns, const char *purpose)
{
    const json_t *reply =
        say(demo, of(demo, "developer-clerk"), "POST", "/requests",
            "{\"room_id\":%lld,\"entry_id\":%lld,\"table_name\":\"%s\",\"purpose\":\"%s\",\"columns\":%s}",
            (long long)room, (long long)entry, table, purpose, columns);
    const char *path = path_of(demo, "/requests/%lld", (long long)number_of(demo, reply, "id"));
    reply = say(demo, of(demo, "operator-reviewer"), "POST", path_of(demo, "%s/approve", path), "{}");
    tell(5, "运营主体审核，向源端下达签名指令", "request approved, signed order sent", "二(六)1", reply);
    deliver(demo, provider);
    reply = say(demo, of(demo, "developer-clerk"), "GET", path, NULL);
    if (strcmp(json_text(reply, "state"), "delivered") != 0)
        demo_fail(demo, json_print(demo->arena, reply), RESULT_CONFLICT, NULL);
    int64_t rows = number_of(demo, reply, "row_count");
    const json_t *steps = json_object_get(
        say(demo, of(demo, "developer-clerk"), "GET", path_of(demo, "%s/history", path), NULL), "items");
    reply = json_array_get(steps, json_array_size(steps) - 1);
    tell(5, arena_printf(demo->arena, "源端只交付批准的列，加密入室：%lld 行", (long long)rows),
         "source delivered just the approved columns", "二(六)1", reply);
}

/* ---- 6 ---- */

static void upload_own(struct demo *demo, const char *path, const char *csv)
{
    size_t size = strlen(csv);
    int fd = memfd_create("own", MFD_CLOEXEC);
    if (fd < 0 || write(fd, csv, size) != (ssize_t)size)
        demo_fail(demo, "import", RESULT_IO, NULL);
    (void)upload_file(demo, of(demo, "developer-clerk"), "PUT", path, fd, size);
    (void)close(fd);
}

static const char *own_zones(struct demo *demo)
{
    return arena_printf(demo->arena, "%s",
                        "district,zone\n江岸区,中心城区\n江汉区,中心城区\n硚口区,中心城区\n汉阳区,"
                        "中心城区\n武昌区,中心城区\n青山区,中心城区\n"
                        "洪山区,中心城区\n东西湖区,新城区\n汉南区,新城区\n蔡甸区,新城区\n江夏区,"
                        "新城区\n黄陂区,新城区\n新洲区,新城区\n");
}

/* The developer's own classes of neighbourhoods, by their number. */
static const char *own_classes(struct demo *demo)
{
    static const char *const classes[] = {"A", "B", "C"};
    char *csv = arena_alloc(demo->arena, (size_t)64 * 4000);
    size_t length = (size_t)sprintf(csv, "hood,class\n");
    for (int i = 1; i <= 3000; i++)
        length += (size_t)sprintf(csv + length, "%d,%s\n", i, classes[i % 3]);
    return csv;
}

void bring_own_data(struct demo *demo, int64_t room)
{
    bool real = demo->data != NULL;
    int64_t proof =
        upload_text(demo, of(demo, "developer-clerk"), "proof", "proof", "自有数据采集说明与授权（演示）");
    const char *columns = real ? "[{\"name\":\"hood\",\"type\":\"integer\",\"use\":\"key\"},{\"name\":"
                                 "\"class\",\"type\":\"text\",\"use\":\"dimension\"}]"
                               : "[{\"name\":\"district\",\"type\":\"text\",\"use\":\"key\"},{\"name\":"
                                 "\"zone\",\"type\":\"text\",\"use\":\"dimension\"}]";
    const json_t *reply =
        say(demo, of(demo, "developer-clerk"), "POST", path_of(demo, "/rooms/%lld/imports", (long long)room),
            "{\"title\":\"自有分类表\",\"table_name\":\"own\",\"proof_id\":%lld,\"columns\":%s}",
            (long long)proof, columns);
    long long id = (long long)number_of(demo, reply, "id");
    upload_own(demo, path_of(demo, "/imports/%lld/content", id), real ? own_classes(demo) : own_zones(demo));
    reply = post(demo, "operator-reviewer", path_of(demo, "/imports/%lld/accept", id));
    tell(6, "导入自有合法数据", "own lawful data brought in, with its proof", "二(六)3", reply);
    reply =
        say(demo, of(demo, "developer-clerk"), "POST", path_of(demo, "/rooms/%lld/joins", (long long)room),
            "{\"left_table\":\"%s\",\"left_column\":\"%s\",\"right_table\":\"own\",\"right_column\":\"%s\"}",
            real ? "homes" : "people", real ? "group" : "district", real ? "hood" : "district");
    tell(6, "声明连接键", "join keys declared", "二(六)3", reply);
}

static const json_t *wait_for(struct demo *demo, const char *login, const char *path, const char *waits)
{
    for (int i = 0; i < WAIT_SECONDS * 20; i++) {
        const json_t *reply = say(demo, of(demo, login), "GET", path, NULL);
        if (strcmp(json_text(reply, "state"), waits) != 0)
            return reply;
        (void)nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
    demo_fail(demo, path, RESULT_TIMEOUT, NULL);
}

int64_t run_query(struct demo *demo, int64_t room, const char *sql)
{
    const json_t *reply =
        say(demo, of(demo, "developer-clerk"), "POST", path_of(demo, "/rooms/%lld/queries", (long long)room),
            "{\"sql\":%s}", quoted(demo, sql));
    int64_t id = number_of(demo, reply, "id");
    const json_t *done =
        wait_for(demo, "developer-clerk", path_of(demo, "/queries/%lld", (long long)id), "running");
    if (strcmp(json_text(done, "state"), "done") != 0)
        demo_fail(demo, json_print(demo->arena, done), RESULT_CONFLICT, NULL);
    tell(6,
         arena_printf(demo->arena, "查询完成并封存，只见形状：%s",
                      json_print(demo->arena, json_object_get(done, "shape"))),
         "query ran, result sealed: only its shape is seen", "二(六)3", reply);
    return id;
}

/* ---- 7 ---- */

int64_t make_product(struct demo *demo, int64_t room, const char *kind, const char *title,
                     const char *content)
{
    const json_t *reply = say(demo, of(demo, "developer-clerk"), "POST", "/products",
                              "{\"room_id\":%lld,\"tier\":\"data_product\",\"kind\":\"%s\",\"title\":\"%s\","
                              "\"description\":\"演示产品\",%s}",
                              (long long)room, kind, title, content);
    int64_t id = number_of(demo, reply, "id");
    const char *path = path_of(demo, "/products/%lld", (long long)id);
    (void)say(demo, of(demo, "developer-clerk"), "POST", path_of(demo, "%s/prices", path),
              "{\"per_call_fen\":%d,\"from_day\":\"%s\"}", strcmp(kind, "table") == 0 ? 500000 : 50,
              day_from_now(demo, 0));
    (void)say(demo, of(demo, "developer-clerk"), "POST", path_of(demo, "%s/submit", path), "{}");
    (void)say(demo, of(demo, "operator-reviewer"), "GET", path_of(demo, "%s/review-sheet", path), NULL);
    reply = say(demo, of(demo, "operator-reviewer"), "POST", path_of(demo, "%s/approve", path), "{}");
    tell(7, arena_printf(demo->arena, "出域审核通过：%s", title),
         "egress review passed, bytes bound by digest", "二(六)3", reply);
    reply = say(demo, of(demo, "operator-clerk"), "POST", path_of(demo, "%s/file", path), "{}");
    tell(7, "审核结果报市数据局备案", "result filed with the bureau", "二(六)3", reply);
    reply = say(demo, of(demo, "operator-clerk"), "POST", path_of(demo, "%s/list", path), "{}");
    tell(7, "在数据流通交易平台上架", "listed on the exchange", "二(六)3", reply);
    return id;
}

/* ---- 8 ---- */

static const json_t *exchange_call(struct demo *demo, const char *token, const char *path, const char *body)
{
    CLEANUP_CLIENT struct client *client = NULL;
    struct refusal refusal = {0};
    json_t *json = NULL, *reply = NULL;
    const struct client_options options = {.url = demo->exchange_url, .token = token};
    enum result result = json_read(demo->arena, body, strlen(body), &json, &refusal);
    if (result == RESULT_OK)
        result = client_open(demo->arena, &options, &client, &refusal);
    if (result == RESULT_OK)
        result =
            client_send(client, demo->arena,
                        &(struct client_call){
                            .method = "POST", .path = path, .body = json_keep(demo->arena, json), .fd = -1},
                        &reply, &refusal);
    if (result != RESULT_OK)
        demo_fail(demo, path, result, &refusal);
    return json_keep(demo->arena, reply);
}

/* Placed at the exchange; the platform fetches it. The order's number here. */
static int64_t order_at_exchange(struct demo *demo, int64_t product, int quantity)
{
    struct player *customer = of(demo, "customer-clerk");
    if (customer->exchange_token == NULL)
        customer->exchange_token =
            json_text(exchange_call(demo, NULL, "/customers",
                                    arena_printf(demo->arena, "{\"name\":\"%s\",\"credit_code\":\"%s\"}",
                                                 customer->party_name, customer->credit_code)),
                      "token");
    const json_t *listed =
        say(demo, customer, "GET", path_of(demo, "/products/%lld", (long long)product), NULL);
    (void)exchange_call(
        demo, customer->exchange_token, "/orders",
        arena_printf(demo->arena, "{\"listing\":%lld,\"quantity\":%d,\"purpose\":\"信贷风险评估（演示）\"}",
                     (long long)number_of(demo, listed, "listing"), quantity));
    for (int i = 0; i < WAIT_SECONDS * 10; i++) {
        const json_t *orders =
            say(demo, customer, "GET", path_of(demo, "/orders?product_id=%lld", (long long)product), NULL);
        const json_t *order = json_array_get(json_object_get(orders, "items"), 0);
        if (order != NULL && strcmp(json_text(order, "state"), "granted") == 0) {
            tell(8, "订单来自交易平台，成为调用授权", "ordered at the exchange, granted here", "二(六)3",
                 order);
            return number_of(demo, order, "id");
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 100 * 1000 * 1000}, NULL);
    }
    demo_fail(demo, "order", RESULT_TIMEOUT, NULL);
}

static void bill_and_share(struct demo *demo, int64_t order)
{
    const json_t *bill = post(demo, "operator-clerk", path_of(demo, "/orders/%lld/bill", (long long)order));
    int64_t total = 0;
    const char *parts = "";
    size_t i;
    json_t *share;
    json_array_foreach (json_object_get(bill, "shares"), i, share) {
        int64_t fen = json_integer_or(share, "amount_fen", 0);
        total += fen;
        parts = arena_printf(demo->arena, "%s%s%s %lld", parts, parts[0] != '\0' ? "、" : "",
                             json_text(share, "part"), (long long)fen);
    }
    if (total != json_integer_or(bill, "due_fen", -1))
        demo_fail(demo, json_print(demo->arena, bill), RESULT_CORRUPT, NULL);
    tell(8, arena_printf(demo->arena, "账单 %lld 分，分配：%s", (long long)total, parts),
         "billed, and shared to the fen", "二(六)5", bill);
}

void sell_table(struct demo *demo, int64_t product)
{
    struct player *customer = of(demo, "customer-clerk");
    int64_t order = order_at_exchange(demo, product, 3);
    const char *table = download(demo, customer, path_of(demo, "/products/%lld/table", (long long)product));
    tell(8, arena_printf(demo->arena, "使用方取得产品，先计量：%.*s…", (int)strcspn(table, "\n"), table),
         "delivered once, metered before it left", "二(六)3", NULL);
    bill_and_share(demo, order);
}

void sell_verification(struct demo *demo, int64_t product, const char *subject)
{
    struct player *customer = of(demo, "customer-clerk");
    int64_t order = order_at_exchange(demo, product, 1000);
    int64_t evidence = upload_text(demo, customer, "consent", "proof", "主体授权书（演示）");
    const json_t *reply =
        say(demo, customer, "POST", "/consents",
            "{\"product_id\":%lld,\"subject\":\"%s\",\"until_day\":\"%s\",\"document_id\":%lld}",
            (long long)product, subject, day_from_now(demo, 90), (long long)evidence);
    tell(8, "登记主体同意", "the subject's consent recorded", "二(六)3", reply);
    reply = say(demo, customer, "POST", path_of(demo, "/products/%lld/calls", (long long)product),
                "{\"subject\":\"%s\"}", subject);
    tell(8,
         arena_printf(demo->arena, "核验调用：%s（计量 %lld）", json_text(reply, "answer"),
                      (long long)number_of(demo, reply, "meter")),
         "verification answered, metered first", "二(六)3", reply);
    bill_and_share(demo, order);
}
