/* Booking a bill back: asked for by one person with the reason, booked by another; nothing is erased. */
#include "affairs/money/money_inner.h"
#include "http/rows.h"

static enum result find(struct work *work, row_id reversal, struct store_row *ret_row)
{
    return store_one(work->tx, work->arena, SQL_REVERSAL_BY_ID, STORE_BINDS({"id", store_integer(reversal)}),
                     ret_row);
}

static enum result bill_of(struct move *move, struct store_row *ret_bill)
{
    struct store_row reversal;
    TRY(store_one(move->work->tx, move->work->arena, SQL_REVERSAL_ROW,
                  STORE_BINDS({"id", store_integer(move->object_id)}), &reversal));
    return store_one(move->work->tx, move->work->arena, SQL_BILL_BY_ID,
                     STORE_BINDS({"id", store_integer(row_integer(&reversal, "bill_id"))}), ret_bill);
}

enum result bill_is_of_own_operator(struct move *move)
{
    struct store_row bill;
    TRY(bill_of(move, &bill));
    return row_integer(&bill, "operator_id") == move->work->actor->party ? RESULT_OK : RESULT_NOT_FOUND;
}

/* Not reversed before, and the last of its order: its calls may be billed again afterwards. */
enum result bill_stands(struct move *move)
{
    struct store_row bill, later;
    TRY(bill_of(move, &bill));
    if (!row_is_null(&bill, "reversed_by"))
        return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(REVENUE), .zh = "该账单已冲销",
                      .en = "this bill has been reversed already", .remedy_zh = "无需再次冲销",
                      .remedy_en = "there is nothing left to reverse");
    TRY(store_one(move->work->tx, move->work->arena, SQL_BILL_LATER_ALIVE,
                  STORE_BINDS({"bill", store_integer(row_integer(&bill, "id"))}), &later));
    if (row_integer(&later, "later") > 0)
        return REFUSE(move->work, .result = RESULT_CONFLICT, .law = LAW(REVENUE),
                      .zh = "该订单还有更晚的账单", .en = "the order has a later bill that stands",
                      .remedy_zh = "先冲销更晚的账单", .remedy_en = "reverse the later bill first");
    return RESULT_OK;
}

static enum result show(struct request *request, row_id reversal)
{
    struct store_row row;
    TRY(find(&request->work, reversal, &row));
    return reply_row(request, &row);
}

enum result reversal_request(struct request *request)
{
    struct work *work = &request->work;
    struct store_row bill, row;
    TRY(store_one(work->tx, work->arena, SQL_BILL_BY_ID,
                  STORE_BINDS({"id", store_integer(request_id(request, "id"))}), &bill));
    TRY(store_one(work->tx, work->arena, SQL_REVERSAL_INSERT,
                  STORE_BINDS({"bill", store_integer(request_id(request, "id"))},
                              {"operator", store_integer(request->actor.party)},
                              {"reason", body_text(request, "reason")},
                              {"at", store_integer(work_now(work))}),
                  &row));
    row_id id = row_integer(&row, "id");
    TRY(workflow_open(work, &reversal_workflow, id, "request", request->body, NULL));
    request->status = 201;
    return show(request, id);
}

/* The counter-entry: each posting of the bill's journal with the sign turned. */
static enum result book_back(struct work *work, row_id bill, const char *reason)
{
    struct store_row original;
    struct store_rows rows;
    row_id journal_id;
    TRY(store_one(work->tx, work->arena, SQL_JOURNAL_OF_BILL, STORE_BINDS({"bill", store_integer(bill)}),
                  &original));
    row_id reversed = row_integer(&original, "id");
    TRY(store_many(work->tx, work->arena, SQL_POSTING_OF_JOURNAL,
                   STORE_BINDS({"journal", store_integer(reversed)}), &rows));
    struct posting *postings = arena_new_array(work->arena, struct posting, rows.count);
    for (size_t i = 0; i < rows.count; i++) {
        const struct store_row *row = &rows.rows[i];
        postings[i] = (struct posting){.account = row_text(row, "account"),
                                       .party = row_integer(row, "party_id"),
                                       .amount = -row_integer(row, "amount_fen"),
                                       .part = row_text(row, "part"),
                                       .weight = row_integer(row, "weight"),
                                       .weight_of = row_integer(row, "weight_of"),
                                       .share = row_integer(row, "share"),
                                       .share_of = row_integer(row, "share_of")};
    }
    const struct journal journal = {.kind = "reversal", .bill = bill, .reverses = reversed, .reason = reason};
    TRY(journal_book(work, &journal, postings, rows.count, &journal_id));
    return store_exec(work->tx, SQL_BILL_SET_REVERSED,
                      STORE_BINDS({"bill", store_integer(bill)}, {"journal", store_integer(journal_id)}),
                      NULL);
}

static enum result step(struct request *request, const char *event)
{
    TRY(workflow_step(&request->work, request->app->workflows, &reversal_workflow, request_id(request, "id"),
                      event, json_text(request->body, "reason"), request->body, NULL, NULL));
    return show(request, request_id(request, "id"));
}

enum result reversal_book(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    row_id id = request_id(request, "id");
    TRY(find(work, id, &row));
    /* The step first: its guards must see the bill as it stands. */
    TRY(step(request, "book"));
    TRY(book_back(work, row_integer(&row, "bill_id"), row_text(&row, "reason")));
    TRY(work_record(work, "reverse", "bill", row_integer(&row, "bill_id"), LAW(REVENUE), NULL));
    json_decref(request->reply);
    request->reply = NULL;
    return show(request, id);
}

enum result reversal_drop(struct request *request)
{
    return step(request, "drop");
}

enum result reversal_is_own(struct request *request)
{
    struct store_row row;
    TRY(find(&request->work, request_id(request, "id"), &row));
    return row_integer(&row, "operator_id") == request->actor.party ? RESULT_OK : RESULT_NOT_FOUND;
}

enum result reversal_list(struct request *request)
{
    struct store_rows rows;
    bool all = request->actor.role == ROLE_BUREAU || request->actor.role == ROLE_REGULATOR;
    struct store_value own = all ? store_null() : store_integer(request->actor.party);
    TRY(store_many(request->work.tx, request->work.arena, SQL_REVERSAL_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"own", own}), &rows));
    return reply_page(request, &rows);
}
