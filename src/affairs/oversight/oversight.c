#include "affairs/oversight/oversight.h"

#include "affairs/document/document.h"
#include "http/rows.h"

#include <string.h>

enum { CLEAN_MONTHS = 36 };

static const char *describe(struct arena *arena, const struct store_row *row, const char *before, bool zh)
{
    char occurred[DAY_TEXT_SIZE];
    day_print((day)row_integer(row, "occurred_day"), occurred);
    bool violation = strcmp(row_text(row, "kind"), "violation") == 0;
    bool serious = row_integer(row, "serious") != 0;
    bool unit = strcmp(row_text(row, "about"), "unit") == 0;
    if (zh)
        return arena_printf(arena, "%s%s%s的%s%s（%s）", before, before[0] != '\0' ? "、" : "",
                            unit ? "单位" : "法定代表人", serious ? "严重" : "",
                            violation ? "违法失信" : "安全事件", occurred);
    return arena_printf(arena, "%s%s%s%s of the %s on %s", before, before[0] != '\0' ? ", " : "",
                        serious ? "a serious " : "a ", violation ? "violation" : "security incident",
                        unit ? "unit" : "legal representative", occurred);
}

enum result oversight_is_clean(struct work *work, const char *credit_code, day applied, enum law law)
{
    struct store_rows rows;
    TRY(store_many(work->tx, work->arena, SQL_CREDIT_ENTRY_STANDING,
                   STORE_BINDS({"credit_code", store_text(credit_code)}, {"applied", store_integer(applied)},
                               {"since", store_integer(day_add_months(applied, -CLEAN_MONTHS))}),
                   &rows));
    if (rows.count == 0)
        return RESULT_OK;
    const char *zh = "", *en = "";
    for (size_t i = 0; i < rows.count; i++) {
        zh = describe(work->arena, &rows.rows[i], zh, true);
        en = describe(work->arena, &rows.rows[i], en, false);
    }
    return REFUSE(
        work, .result = RESULT_FORBIDDEN, .law = law, .field = "credit_code",
        .zh = arena_printf(work->arena, "申请日前三年内有记录：%s", zh),
        .en = arena_printf(work->arena, "not clean for the three years before the application: %s", en),
        .remedy_zh = "待记录满三年、失效，或经监管部门登记修复、更正后再申请",
        .remedy_en = "apply when the entries are three years old, expired, or repaired or corrected by a "
                     "regulator's entry");
}

/* ---- routes ---- */

static const char *const abouts[] = {"unit", "representative", NULL};
static const char *const kinds[] = {"incident", "violation", "repair", "correction", NULL};

#define CREDIT_FIELDS                                                                                        \
    {"credit_code", FIELD_CREDIT_CODE, .required = true, .zh = "统一社会信用代码", .en = "credit code"},     \
        {"about",                                                                                            \
         FIELD_CHOICE,                                                                                       \
         .required = true,                                                                                   \
         .choices = abouts,                                                                                  \
         .zh = "关于单位或其法定代表人",                                                                     \
         .en = "about the unit or its legal representative"},                                                \
        {"kind", FIELD_CHOICE, .required = true, .choices = kinds, .zh = "种类", .en = "kind"},              \
        {"serious", FIELD_BOOLEAN, .required = true, .zh = "是否严重", .en = "whether it is serious"},       \
        {"occurred_day", FIELD_DATE, .required = true, .zh = "发生或生效日",                                 \
         .en = "the day it happened or takes effect"},                                                       \
        {"expires_day", FIELD_DATE, .zh = "失效日", .en = "the last day it counts"},                         \
        {"about_id", FIELD_ID, .zh = "修复或更正的是哪条记录",                                               \
         .en = "the entry that is repaired or corrected"},                                                   \
        {"summary",                                                                                          \
         FIELD_TEXT,                                                                                         \
         .required = true,                                                                                   \
         .max = 1000,                                                                                        \
         .zh = "摘要，不写个人信息",                                                                         \
         .en = "summary, without personal data"},                                                            \
    {                                                                                                        \
        "document_id", FIELD_ID, .zh = "依据文件", .en = "the document it rests on"                          \
    }

static const struct schema credit_new_schema = {.name = "CreditEntryNew",
                                                .fields = (const struct field[]){CREDIT_FIELDS, {0}}};

static const struct schema credit_schema = {
    .name = "CreditEntry",
    .fields =
        (const struct field[]){
            {"id", FIELD_ID, .required = true, .zh = "编号", .en = "number"},
            CREDIT_FIELDS,
            {"party_id", FIELD_ID, .required = true, .zh = "登记的监管部门",
             .en = "the regulator that entered it"},
            {"at", FIELD_INSTANT, .required = true, .zh = "登记时间", .en = "entered at"},
            {"entry", FIELD_INTEGER, .zh = "审计记录编号", .en = "number of the audit entry"},
            {0},
        },
};

static const struct schema credit_query_schema = {
    .name = "CreditQuery",
    .fields =
        (const struct field[]){
            {"credit_code", FIELD_CREDIT_CODE, .zh = "只列此单位", .en = "only this unit"},
            {0},
        },
};

/* A repair or correction names the entry it is about, of the same unit; others name none. */
static enum result about_fits(struct request *request)
{
    struct work *work = &request->work;
    struct store_value about = body_integer(request, "about_id");
    const char *kind = json_text(request->body, "kind");
    bool amends = strcmp(kind, "repair") == 0 || strcmp(kind, "correction") == 0;
    struct store_row row;
    bool found = about.type == STORE_INTEGER &&
                 store_one(work->tx, work->arena, SQL_CREDIT_ENTRY_BY_ID, STORE_BINDS({"id", about}), &row) ==
                     RESULT_OK &&
                 strcmp(row_text(&row, "credit_code"), json_text(request->body, "credit_code")) == 0;
    if (amends == found && (amends || about.type == STORE_NULL))
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_INVALID, .law = LAW(CREDIT_FILE), .field = "/about_id",
                  .zh = "修复与更正须指明同一单位的原记录，其他记录不得指明",
                  .en = "a repair or correction names the unit's entry it is about; other kinds name none",
                  .remedy_zh = "填写或去掉 about_id", .remedy_en = "fill in or leave out about_id");
}

static enum result show(struct request *request, row_id id)
{
    struct store_row row;
    TRY(store_one(request->work.tx, request->work.arena, SQL_CREDIT_ENTRY_BY_ID,
                  STORE_BINDS({"id", store_integer(id)}), &row));
    return reply_row(request, &row);
}

static enum result credit_enter(struct request *request)
{
    struct work *work = &request->work;
    struct store_row row;
    struct store_value document = body_integer(request, "document_id");
    TRY(about_fits(request));
    if (document.type == STORE_INTEGER)
        TRY(document_belongs(work, document.integer, request->actor.party, "/document_id", NULL));
    TRY(store_one(
        work->tx, work->arena, SQL_CREDIT_ENTRY_INSERT,
        STORE_BINDS(
            {"credit_code", body_text(request, "credit_code")}, {"about", body_text(request, "about")},
            {"kind", body_text(request, "kind")}, {"serious", body_integer(request, "serious")},
            {"occurred", body_day(request, "occurred_day")}, {"expires", body_day(request, "expires_day")},
            {"about_id", body_integer(request, "about_id")}, {"summary", body_text(request, "summary")},
            {"document", document}, {"party", store_integer(request->actor.party)},
            {"at", store_integer(work_now(work))}),
        &row));
    TRY(work_record(work, "enter", "credit_entry", row_integer(&row, "id"), LAW(CREDIT_FILE), NULL));
    request->status = 201;
    return show(request, row_integer(&row, "id"));
}

/* The file of others is for the bureau, regulators and operators (who review applications); a unit reads its
 * own. */
static enum result credit_list(struct request *request)
{
    struct store_rows rows;
    TRY(store_many(request->work.tx, request->work.arena, SQL_CREDIT_ENTRY_LIST,
                   STORE_BINDS(PAGE_BINDS(request), {"credit_code", query_text(request, "credit_code")}),
                   &rows));
    return reply_page(request, &rows);
}

const struct route oversight_routes[] = {
    {.method = HTTP_POST,
     .path = "/credit-entries",
     .law = LAW(CREDIT_FILE),
     .needs = PERMISSION_CREDIT_WRITE,
     .body = &credit_new_schema,
     .reply = &credit_schema,
     .summary = "Enter an incident, violation, repair or correction in the credit file",
     .summary_zh = "登记信用记录",
     .run = credit_enter},
    {.method = HTTP_GET,
     .path = "/credit-entries",
     .law = LAW(CREDIT_FILE),
     .needs = PERMISSION_CREDIT_READ,
     .query = &credit_query_schema,
     .reply = &credit_schema,
     .list = true,
     .summary = "Read the credit file",
     .summary_zh = "查询信用记录",
     .run = credit_list},
    {0},
};
