#include "guard/reason.h"

#include "guard/query.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

struct reason {
    enum law law;
    enum result result;
    const char *zh;
    const char *en;
    const char *remedy_zh;
    const char *remedy_en;
};

#define INVALID LAW(DATA_UNSEEN), RESULT_INVALID
#define ONE_SELECT_ZH "请提交一条 SELECT：FROM 房间内的表，可带 WHERE、GROUP BY、ORDER BY、LIMIT。"
#define ONE_SELECT_EN                                                                                        \
    "Send one SELECT over tables of the room, with WHERE, GROUP BY, ORDER BY and LIMIT as needed."
#define JOIN_ZH "可用 INNER JOIN 或 LEFT JOIN，ON 中写已声明连接列的等式，如 ON a.k = b.k。"
#define JOIN_EN                                                                                              \
    "INNER JOIN and LEFT JOIN are accepted, ON equalities of declared columns, such as ON a.k = b.k."
#define AGGREGATE_ZH "可用 COUNT(*)、COUNT(x)、COUNT(DISTINCT x)、SUM(x)、AVG(x)，均可带 FILTER。"
#define AGGREGATE_EN                                                                                         \
    "COUNT(*), COUNT(x), COUNT(DISTINCT x), SUM(x) and AVG(x) are accepted, with FILTER if needed."
#define GROUP_ZH "请在 GROUP BY 中列出维度，或把该列放入聚合函数。"
#define GROUP_EN "List dimensions in GROUP BY, or put the column into an aggregate."

static const struct reason reasons[REASON_COUNT] = {
    [REASON_TREE_UNREADABLE] = {INVALID, "语法树无法读取", "the syntax tree cannot be read", ONE_SELECT_ZH,
                                ONE_SELECT_EN},
    [REASON_SYNTAX] = {LAW(DATA_UNSEEN), RESULT_MALFORMED, "SQL 语法错误", "the SQL does not parse",
                       ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_TOO_DEEP] = {LAW(DATA_UNSEEN), RESULT_TOO_LARGE, "表达式嵌套过深", "expressions nest too deeply",
                         "请减少嵌套层数。", "Nest less."},
    [REASON_TOO_LARGE] = {LAW(DATA_UNSEEN), RESULT_TOO_LARGE, "查询过大", "the query is too large",
                          "请拆分为几条查询。", "Split it into several queries."},
    [REASON_STATEMENTS] = {INVALID, "一次只能提交一条语句", "only one statement at a time is accepted",
                           ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_NOT_SELECT] = {INVALID, "不接受集合运算及其他语句形式",
                           "set operations and other kinds of statement are "
                           "not accepted",
                           ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_CTE] = {INVALID, "不接受 WITH", "WITH is not accepted", ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_SUBQUERY] = {INVALID, "不接受子查询", "subqueries are not accepted", ONE_SELECT_ZH,
                         ONE_SELECT_EN},
    [REASON_DESCRIBE] = {INVALID, "不接受 DESCRIBE、SHOW、SUMMARIZE",
                         "DESCRIBE, SHOW and SUMMARIZE are not accepted", "表结构见房间的资源说明。",
                         "The room's resource pages describe its tables."},
    [REASON_VALUES] = {INVALID, "不接受 VALUES", "VALUES is not accepted", ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_NO_FROM] = {INVALID, "缺少 FROM", "there is no FROM", ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_STAR] = {INVALID, "不接受 * 与 COLUMNS()", "* and COLUMNS() are not accepted", GROUP_ZH,
                     GROUP_EN},
    [REASON_TABLE_FUNCTION] = {INVALID, "FROM 中不接受函数", "functions are not accepted in FROM",
                               ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_TABLE_UNKNOWN] = {INVALID, "房间内没有此表", "the room has no such table", "可用的表见房间页面。",
                              "The room's page lists its tables."},
    [REASON_TABLE_QUALIFIED] = {INVALID, "表名不得带库名或模式名", "a table name takes no catalog or schema",
                                "请只写表名。", "Write the table's name alone."},
    [REASON_TABLE_TWICE] = {INVALID, "同一张表只能出现一次", "a table may appear only once", JOIN_ZH,
                            JOIN_EN},
    [REASON_TABLE_ALIASES] = {INVALID, "表别名不得带列名列表", "a table alias takes no column names",
                              "请使用原列名。", "Use the columns' own names."},
    [REASON_TABLE_VERSION] = {INVALID, "不接受 AT 子句", "AT is not accepted", ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_SAMPLE] = {INVALID, "不接受抽样", "SAMPLE is not accepted", ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_JOIN_KIND] = {INVALID, "不接受这种连接", "this kind of join is not accepted", JOIN_ZH, JOIN_EN},
    [REASON_JOIN_USING] = {INVALID, "不接受 USING", "USING is not accepted", JOIN_ZH, JOIN_EN},
    [REASON_JOIN_CONDITION] =
        {LAW(FUSION), RESULT_INVALID, "ON 只接受新表与前面某表的列等式",
         "ON takes equalities between a column of the new table and one of an earlier table", JOIN_ZH,
         JOIN_EN},
    [REASON_JOIN_NESTED] = {INVALID, "连接须逐表向右书写", "joins are written one table after the other",
                            JOIN_ZH, JOIN_EN},
    [REASON_JOIN_UNDECLARED] = {LAW(FUSION), RESULT_INVALID, "这两列不是已声明的连接列",
                                "these columns are not declared as a join", "已声明的连接见房间页面。",
                                "The room's page lists the declared joins."},
    [REASON_GROUPING_SETS] = {INVALID, "不接受 GROUPING SETS、ROLLUP、CUBE",
                              "GROUPING SETS, ROLLUP and CUBE are not accepted", "请使用普通 GROUP BY。",
                              "Use a plain GROUP BY."},
    [REASON_GROUP_ALL] = {INVALID, "不接受 GROUP BY ALL", "GROUP BY ALL is not accepted", GROUP_ZH, GROUP_EN},
    [REASON_GROUP_POSITION] = {INVALID, "GROUP BY 的序号无对应输出列",
                               "this position in GROUP BY names no output column", GROUP_ZH, GROUP_EN},
    [REASON_QUALIFY] = {INVALID, "不接受 QUALIFY", "QUALIFY is not accepted", ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_HAVING] = {INVALID, "不接受 HAVING：结果行数会泄露聚合值",
                       "HAVING is not accepted: the number of rows would tell aggregates",
                       "请用 WHERE；低于阈值的组在出域时自动去除。",
                       "Use WHERE; groups under the threshold are dropped on release."},
    [REASON_DISTINCT] = {INVALID, "不接受 DISTINCT", "SELECT DISTINCT is not accepted", GROUP_ZH, GROUP_EN},
    [REASON_WINDOW] = {INVALID, "不接受窗口函数", "window functions are not accepted", AGGREGATE_ZH,
                       AGGREGATE_EN},
    [REASON_LAMBDA] = {INVALID, "不接受 lambda", "lambdas are not accepted", AGGREGATE_ZH, AGGREGATE_EN},
    [REASON_PARAMETER] = {INVALID, "不接受参数占位符", "parameters are not accepted", "请直接写常量。",
                          "Write the constant."},
    [REASON_POSITIONAL] = {INVALID, "不接受 #n 形式的列引用", "references such as #1 are not accepted",
                           "请写列名。", "Write the column's name."},
    [REASON_COLLATE] = {INVALID, "不接受 COLLATE", "COLLATE is not accepted", "请去掉 COLLATE。",
                        "Leave it out."},
    [REASON_FUNCTION_UNKNOWN] = {INVALID, "此函数不在允许清单内", "this function is not on the allow-list",
                                 NULL, NULL},
    [REASON_FUNCTION_QUALIFIED] = {INVALID, "函数名不得带库名或模式名",
                                   "a function name takes no catalog or schema", "请只写函数名。",
                                   "Write the function's name alone."},
    [REASON_AGGREGATE_UNMEASURED] = {LAW(EGRESS_REVIEW), RESULT_INVALID, "此聚合的单个主体影响无法按桶测量",
                                     "one subject's share in this aggregate cannot be measured by buckets",
                                     AGGREGATE_ZH, AGGREGATE_EN},
    [REASON_AGGREGATE_PLACE] = {INVALID, "此处不能使用聚合函数", "an aggregate cannot stand here", GROUP_ZH,
                                GROUP_EN},
    [REASON_AGGREGATE_DISTINCT] = {INVALID, "DISTINCT 只能用于 COUNT", "DISTINCT fits COUNT only",
                                   AGGREGATE_ZH, AGGREGATE_EN},
    [REASON_AGGREGATE_ORDER] = {INVALID, "聚合内不接受 ORDER BY",
                                "ORDER BY within an aggregate is not accepted", AGGREGATE_ZH, AGGREGATE_EN},
    [REASON_AGGREGATE_TYPE] = {INVALID, "SUM 与 AVG 只接受数", "SUM and AVG take numbers",
                               "计数条件可写 COUNT(*) FILTER (WHERE …)。",
                               "To count a condition, write COUNT(*) FILTER (WHERE …)."},
    [REASON_DISTINCT_COLUMN] =
        {LAW(EGRESS_REVIEW), RESULT_INVALID,
         "COUNT(DISTINCT) 只接受资源的主体列或由维度构成的表达式，且不带 FILTER",
         "COUNT(DISTINCT) takes a resource's subject or an expression of dimensions, without "
         "FILTER",
         AGGREGATE_ZH, AGGREGATE_EN},
    [REASON_DISTINCT_ALONE] =
        {LAW(EGRESS_REVIEW), RESULT_INVALID, "对维度的 COUNT(DISTINCT) 须是查询中唯一的聚合，才能测量",
         "COUNT(DISTINCT) of a dimension can be measured only when it is the query's sole "
         "aggregate",
         "请将其拆成单独一条查询。", "Make it a query of its own."},
    [REASON_SUBJECTS_ALONE] = {LAW(EGRESS_REVIEW), RESULT_INVALID,
                               "查询含多个公共数据资源时不能对主体做 COUNT(DISTINCT)",
                               "COUNT(DISTINCT subject) cannot be measured across several resources",
                               "请只查询一个资源。", "Query one resource."},
    [REASON_COLUMN_UNKNOWN] = {INVALID, "没有此列", "there is no such column", "可用的列见房间页面。",
                               "The room's page lists the columns."},
    [REASON_COLUMN_AMBIGUOUS] = {INVALID, "多张表都有此列", "several tables have this column", "请写 表.列。",
                                 "Write table.column."},
    [REASON_COLUMN_QUALIFIED] = {INVALID, "列引用只能是 列 或 表.列",
                                 "a column is written column or table.column", "请写 表.列。",
                                 "Write table.column."},
    [REASON_COLUMN_RAW] = {LAW(DATA_UNSEEN), RESULT_INVALID, "聚合之外不得输出原始列",
                           "a raw column may not be output outside of an aggregate", GROUP_ZH, GROUP_EN},
    [REASON_NOTHING_AGGREGATED] = {LAW(DATA_UNSEEN), RESULT_INVALID, "查询既无聚合也无 GROUP BY",
                                   "there is neither an aggregate nor a GROUP BY", GROUP_ZH, GROUP_EN},
    [REASON_USE_FORBIDDEN] = {LAW(CALL_REVIEW), RESULT_FORBIDDEN, "此列未获准使用",
                              "this column is not approved for use", "可申请调用该列。",
                              "Request the column."},
    [REASON_USE_KEY] = {LAW(DATA_UNSEEN), RESULT_FORBIDDEN, "连接键只能用于已声明的连接",
                        "a join key serves declared joins only", "主体计数可写 COUNT(DISTINCT 主体列)。",
                        "To count subjects, write COUNT(DISTINCT subject)."},
    [REASON_USE_MEASURE_GROUPED] = {LAW(DATA_UNSEEN), RESULT_FORBIDDEN, "度量列不能直接用于分组",
                                    "a measure cannot be grouped by its value",
                                    "可用 CASE 将可筛选的度量分段后分组。",
                                    "Group by bands: CASE WHEN measure < … over a filterable measure."},
    [REASON_USE_MEASURE_COMPARED] = {LAW(DATA_UNSEEN), RESULT_FORBIDDEN, "此度量列不得用于条件",
                                     "this measure may not be used in a condition", "请只聚合该列。",
                                     "Aggregate it only."},
    [REASON_LEVEL] = {LAW(GRADED_UPDATE), RESULT_FORBIDDEN, "此列的敏感级别高于房间上限",
                      "this column's sensitivity level is above the room's limit", "请改用较低级别的列。",
                      "Use a column of a lower level."},
    [REASON_TYPE] = {INVALID, "类型不符", "types do not fit", "请用 CAST 转换，或改写表达式。",
                     "Convert with CAST, or rewrite the expression."},
    [REASON_CONDITION] = {INVALID, "此处应为条件", "a condition is needed here", "请写比较式。",
                          "Write a comparison."},
    [REASON_CAST_TYPE] = {INVALID, "不能转换为此类型", "casts to this type are not accepted",
                          "可转换为 BOOLEAN、整数、DOUBLE、DECIMAL、VARCHAR、DATE、TIMESTAMP。",
                          "BOOLEAN, integers, DOUBLE, DECIMAL, VARCHAR, DATE and TIMESTAMP are accepted."},
    [REASON_CONSTANT] = {INVALID, "不接受此类常量", "this kind of constant is not accepted",
                         "可用整数、小数、文本、布尔值、NULL 与日期。",
                         "Integers, decimals, text, booleans, NULL and dates are accepted."},
    [REASON_ALIAS] =
        {INVALID, "别名不得以“__”开头、为空、过长或含控制字符",
         "an alias does not begin with \"__\", is not blank, too long or full of control characters",
         "请另取别名。", "Choose another alias."},
    [REASON_ALIAS_TWICE] = {INVALID, "输出列重名", "two output columns have the same name",
                            "请用 AS 另取别名。", "Give one of them another name with AS."},
    [REASON_ORDER] = {INVALID, "ORDER BY 只接受输出列", "ORDER BY takes output columns",
                      "请写输出列的别名或序号。", "Write an output column's alias or position."},
    [REASON_LIMIT] = {INVALID, "LIMIT 应为正整数常量，不接受 OFFSET 与百分比",
                      "LIMIT is a positive whole constant; OFFSET and percentages are not accepted",
                      "请写 LIMIT n，n 不超过 100000。", "Write LIMIT n with n up to 100000."},
    [REASON_UNKNOWN_PART] = {INVALID, "查询含有不支持的部分", "the query holds a part that is not supported",
                             ONE_SELECT_ZH, ONE_SELECT_EN},
    [REASON_NO_AGGREGATE_ARGUMENT] = {INVALID, "聚合函数的参数个数不对", "the aggregate takes one argument",
                                      AGGREGATE_ZH, AGGREGATE_EN},
    [REASON_PREDICATE_SHAPE] =
        {INVALID, "核验与评分应写作 SELECT 表达式 FROM 表，可带 WHERE",
         "a verification or score reads SELECT expression FROM table, with WHERE if needed",
         "请去掉其他子句。", "Leave out everything else."},
    [REASON_PREDICATE_TABLE] = {INVALID, "核验与评分须基于一个公共数据资源",
                                "a verification or score rests on one resource", "请只写一张资源表。",
                                "Name one resource in FROM."},
    [REASON_PREDICATE_TYPE] = {INVALID, "核验表达式应为条件，评分表达式应为数",
                               "a verification is a condition and a score is a number", "请改写表达式。",
                               "Rewrite the expression."},
    [REASON_PREDICATE_MIX] = {INVALID, "同一表达式不能混用聚合与未聚合的列",
                              "aggregates and plain columns cannot be mixed in one expression",
                              "请全部聚合或全部不聚合。", "Aggregate all columns or none."},
};

const char *guard_reason_text(enum guard_reason reason)
{
    assert(reason < REASON_COUNT);
    return reasons[reason].en;
}

/* A few words of the SQL text from `location` on, cut at a line end and between characters. */
static const char *quote(const struct guard_context *context, size_t location)
{
    const char *from = context->sql + location;
    size_t size = 0;
    while (((unsigned char)*from & 0xc0) == 0x80)
        from++;
    while (from[size] != '\0' && from[size] != '\n' && from[size] != '\r' && size < 48)
        size++;
    while (size > 0 && ((unsigned char)from[size] & 0xc0) == 0x80)
        size--;
    return arena_strndup(context->arena, from, size);
}

static void line_and_column(const char *sql, size_t location, size_t *ret_line, size_t *ret_column)
{
    *ret_line = 1;
    *ret_column = 1;
    for (size_t i = 0; i < location; i++) {
        if (sql[i] == '\n') {
            *ret_line += 1;
            *ret_column = 1;
        } else if (((unsigned char)sql[i] & 0xc0) != 0x80) {
            *ret_column += 1;
        }
    }
}

/* ": `sum(x) …`" or "", and the field. */
static const char *place(const struct guard_context *context, size_t location, const char **ret_field)
{
    *ret_field = NULL;
    if (location == LOCATION_NONE)
        return "";
    if (context->sql == NULL || location > strlen(context->sql)) {
        *ret_field = arena_printf(context->arena, "position %zu", location);
        return "";
    }
    size_t line;
    size_t column;
    line_and_column(context->sql, location, &line, &column);
    *ret_field = arena_printf(context->arena, "line %zu, column %zu", line, column);
    return arena_printf(context->arena, " — `%s`", quote(context, location));
}

enum result guard_refuse_in(const struct guard_context *context, enum guard_reason reason, size_t location,
                            const char *detail_zh, const char *detail_en)
{
    assert(reason < REASON_COUNT);
    const struct reason *row = &reasons[reason];
    const char *field;
    const char *quoted = place(context, location, &field);
    struct arena *arena = context->arena;
    const char *zh = detail_zh == NULL ? "" : arena_printf(arena, "（%s）", detail_zh);
    const char *en = detail_en == NULL ? "" : arena_printf(arena, " (%s)", detail_en);
    return refuse(context->refusal, (struct refusal){
                                        .result = row->result,
                                        .law = row->law,
                                        .field = field,
                                        .zh = arena_printf(arena, "%s%s%s。", row->zh, zh, quoted),
                                        .en = arena_printf(arena, "%s%s%s.", row->en, en, quoted),
                                        .remedy_zh = row->remedy_zh,
                                        .remedy_en = row->remedy_en,
                                    });
}

enum result guard_refuse(const struct guard_context *context, enum guard_reason reason, size_t location,
                         const char *detail)
{
    return guard_refuse_in(context, reason, location, detail, detail);
}
