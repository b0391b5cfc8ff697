/* Closing an agreement (二(四)2, EXIT_CLOSE): log-ins and tokens end, running work stops within a second, the
 * grants' keys are destroyed, certificates are kept; other grants of the same resources and all logs stay. It
 * may be asked again after a failure in the middle: each part finds what is left to do. */
#include "affairs/agreement/agreement_close.h"

#include "affairs/agreement/agreement_inner.h"
#include "affairs/agreement/agreement_schema.h"
#include "affairs/notice/notice.h"
#include "affairs/party/party.h"
#include "base/mutation.h"
#include "http/rows.h"

static enum result begin_exit(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_row *row = argument, others;
    TRY(agreement_by_id(work, request_id(request, "id"), row));
    TRY(workflow_step(work, request->app->workflows, &agreement_workflow, request_id(request, "id"), "close",
                      json_text(request->body, "reason"), request->body, NULL, NULL));
    TRY(store_one(work->tx, work->arena, SQL_AGREEMENT_OTHERS_OF_OPERATOR,
                  STORE_BINDS({"operator", store_integer(row_integer(row, "operator_id"))},
                              {"agreement", store_integer(row_integer(row, "id"))},
                              {"today", store_integer(work_today(work))}),
                  &others));
    /* An operator with another agreement in force keeps its log-ins: they serve that one. */
    if (row_integer(&others, "others") > 0 || mutation_without("exit_closes_accounts"))
        return RESULT_OK;
    TRY(party_close_accounts(work, row_integer(row, "operator_id")));
    return work_record(work, "close_accounts", "party", row_integer(row, "operator_id"), LAW(EXIT_CLOSE),
                       NULL);
}

static enum result end_exit(struct request *request, void *argument)
{
    struct work *work = &request->work;
    struct store_row row, kept;
    row_id id = request_id(request, "id");
    (void)argument;
    TRY(store_exec(work->tx, SQL_AGREEMENT_SET_CLOSED,
                   STORE_BINDS({"id", store_integer(id)}, {"at", store_integer(work_now(work))}), NULL));
    TRY(workflow_step(work, request->app->workflows, &agreement_workflow, id, "end", NULL, NULL, NULL, NULL));
    TRY(agreement_by_id(work, id, &row));
    TRY(store_one(work->tx, work->arena, SQL_DELETION_CERTIFICATE_COUNT,
                  STORE_BINDS({"agreement", store_integer(id)}), &kept));
    json_t *body = json_pack("{s:I, s:I}", "agreement_id", (json_int_t)id, "keys_destroyed",
                             (json_int_t)row_integer(&kept, "certificates"));
    json_keep(work->arena, body);
    TRY(notice_publish(work, "agreement_closed", "agreement", id, row_text(&row, "operator"), body, 0,
                       LAW(EXIT_CLOSE), NULL));
    return reply_row(request, &row);
}

enum result agreement_close(struct request *request)
{
    struct store_row row;
    row_id id = request_id(request, "id");
    const struct agreement_exit *exits = request->app->agreement_exits;
    TRY(request_write(request, begin_exit, &row));
    for (const struct agreement_exit *exit = exits; exit != NULL && exit->stop != NULL; exit++)
        if (!mutation_without("exit_stops_work"))
            TRY(exit->stop(request, id));
    for (const struct agreement_exit *exit = exits; exit != NULL && exit->stop != NULL; exit++)
        if (exit->end != NULL && !mutation_without("exit_destroys_keys"))
            TRY(exit->end(request, id));
    return request_write(request, end_exit, NULL);
}

/* ---- hand-over ---- */

enum result agreement_hand_over(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    struct store_rows rows;
    TRY(agreement_by_id(work, request_id(request, "id"), &row));
    TRY(store_many(work->tx, work->arena, SQL_DELETION_CERTIFICATE_LIST,
                   STORE_BINDS({"agreement", store_integer(request_id(request, "id"))},
                               {"after", store_integer(0)}, {"limit", store_integer(1000)}),
                   &rows));
    json_t *certificates = json_array();
    for (size_t i = 0; i < rows.count; i++)
        json_array_append_new(certificates, row_to_json(work->arena, &certificate_schema, &rows.rows[i]));
    request->reply = json_pack("{s:o, s:o}", "agreement", row_to_json(work->arena, &agreement_schema, &row),
                               "certificates", certificates);
    return RESULT_OK;
}

/* ---- logs ---- */

enum { LOG_MONTHS = 12 };

/* Logs are kept at least twelve months (二(四)2); Dukou keeps them for good, since the log's positions must
 * never change. */
enum result log_purge(struct request *request)
{
    struct work *work = &request->work;
    struct store_value before = body_day(request, "before_day");
    if (!mutation_without("logs_are_kept_twelve_months") &&
        before.integer > day_add_months(work_today(work), -LOG_MONTHS))
        return REFUSE(work, .result = RESULT_FORBIDDEN, .law = LAW(EXIT_CLOSE), .field = "/before_day",
                      .zh = "日志至少保存十二个月", .en = "logs are kept for at least twelve months",
                      .remedy_zh = "不早于十二个月前的日志不得清除",
                      .remedy_en = "logs of the last twelve months cannot be purged");
    return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(EXIT_CLOSE), .field = "/before_day",
                  .zh = "审计日志只增不减，平台长期保存",
                  .en = "the audit log only grows: Dukou keeps it for good",
                  .remedy_zh = "无需清除；存储不足时扩容",
                  .remedy_en = "nothing needs purging; add storage when it runs short");
}
