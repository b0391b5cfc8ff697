/* Why a worker could not do its job. It sends the number and, where the table has a place for it, a position
 * or a name; the sentences are ours, so that no row's value and no text of a crafted file gets out. */
#pragma once

#include "base/arena.h"
#include "base/refusal.h"

/* X(symbol, result, zh, en, remedy zh, remedy en). "%s" stands for the detail. */
#define FAILURES(X)                                                                                          \
    X(SYNTAX, INVALID, "语句不能解析：%s", "The statement does not parse: %s", "请按 SELECT 语法改正",       \
      "Correct it; only SELECT is read")                                                                     \
    X(SQL_LONG, TOO_LARGE, "语句超过 %s 字节，或数据表过多",                                                 \
      "The SQL has more than %s bytes, or too many tables", "请缩短", "Shorten it")                          \
    X(UNPARSABLE, INVALID, "语句无法解析：嵌套过深或过于复杂",                                               \
      "The statement cannot be parsed: it is nested too deeply or too complex", "请简化语句", "Simplify it") \
    X(NOT_SELECT, INVALID, "只接受一条 SELECT 语句", "Only a SELECT statement is read", "请改写为 SELECT",   \
      "Write it as a SELECT")                                                                                \
    X(BIND, INVALID, "查询引擎不接受该查询：%s", "The engine does not accept the query: %s",                 \
      "请核对表、列与函数", "Check tables, columns and functions")                                           \
    X(COMPUTE, INVALID, "有值无法计算（溢出、除零或类型不符）",                                              \
      "A value cannot be computed (overflow, division by zero or a wrong type)",                             \
      "请用 TRY_CAST、NULLIF 或更宽的类型", "Use TRY_CAST, NULLIF or a wider type")                          \
    X(MEMORY, MEMORY, "超出该任务的内存上限", "The job needs more memory than it may have",                  \
      "请减少分组或列", "Use fewer groups or columns")                                                       \
    X(TIMEOUT, TIMEOUT, "超出该任务的时限", "The job took longer than it may", "请缩小数据范围",             \
      "Ask for less data")                                                                                   \
    X(ANSWER_ROWS, TOO_LARGE, "结果行数超过上限 %s", "The answer has more than %s rows", "请聚合或加 LIMIT", \
      "Aggregate further or add LIMIT")                                                                      \
    X(ANSWER_BYTES, TOO_LARGE, "结果超过 %s 字节", "The answer has more than %s bytes", "请减少行或列",      \
      "Ask for fewer rows or columns")                                                                       \
    X(ANSWER_COLUMNS, TOO_LARGE, "结果列数超过上限 %s", "The answer has more than %s columns", "请减少列",   \
      "Ask for fewer columns")                                                                               \
    X(ANSWER_TYPE, INVALID, "结果列“%s”的类型不能输出",                                                      \
      "The answer's column \"%s\" is of a type that cannot leave", "请转换为文本、数字、日期或布尔",         \
      "Cast it to text, number, date or boolean")                                                            \
    X(NOT_PARQUET, MALFORMED, "不是可读的 Parquet 文件", "The file is not readable Parquet",                 \
      "请重新导出文件", "Export the file again")                                                             \
    X(CHUNK_ABSENT, CORRUPT, "数据表“%s”不可读", "The table \"%s\" cannot be read", "请联系运营方",          \
      "Tell the operator")                                                                                   \
    X(COLUMN_TYPE, INVALID, "列“%s”的类型不能接收", "The column \"%s\" is of a type that is not taken in",   \
      "请改为文本、整数、小数、日期、时间或布尔",                                                            \
      "Store it as text, integer, double, date, timestamp or boolean")                                       \
    X(COLUMN_ABSENT, INVALID, "文件缺少列“%s”", "The file lacks the column \"%s\"", "请按约定的列提供文件",  \
      "Supply the agreed columns")                                                                           \
    X(COLUMN_EXTRA, INVALID, "文件多出列“%s”", "The file has a column \"%s\" that was not agreed",           \
      "请删去该列", "Leave the column out")                                                                  \
    X(COLUMNS_MANY, TOO_LARGE, "列数超过上限 %s", "There are more than %s columns", "请拆分文件",            \
      "Split the file")                                                                                      \
    X(COLUMN_TWICE, MALFORMED, "列名“%s”重复", "The column name \"%s\" stands twice", "请使列名各不相同",    \
      "Give each column its own name")                                                                       \
    X(COLUMN_NAMELESS, MALFORMED, "有列没有名称", "A column has no name", "请为每列命名",                    \
      "Name each column")                                                                                    \
    X(COLUMN_NAME, MALFORMED, "列名过长或含控制字符", "A column name is too long or has control characters", \
      "请使用不超过 128 字节的列名", "Use names of at most 128 bytes")                                       \
    X(EMPTY, MALFORMED, "文件是空的", "The file is empty", "请提供带表头的文件",                             \
      "Supply a file with a header")                                                                         \
    X(MARK, MALFORMED, "文件带有字节序标记（BOM）", "The file begins with a byte order mark",                \
      "请另存为不带 BOM 的 UTF-8", "Save it as UTF-8 without the mark")                                      \
    X(ARCHIVE, MALFORMED, "文件是压缩包或归档（%s），不是数据文件",                                          \
      "The file is compressed or an archive (%s), not a data file",                                          \
      "请解压后提供其中的 CSV 或 Parquet 文件", "Unpack it and supply the CSV or Parquet file inside")       \
    X(SPREADSHEET, MALFORMED, "文件是电子表格（%s）", "The file is a spreadsheet (%s)",                      \
      "请另存为 CSV（UTF-8）", "Save it as CSV in UTF-8")                                                    \
    X(FOREIGN, MALFORMED, "文件是 %s，不是 CSV 或 Parquet", "The file is %s, not CSV or Parquet",            \
      "请导出为 CSV（UTF-8）或 Parquet", "Export it as CSV in UTF-8 or as Parquet")                          \
    X(PARQUET_ENCRYPTED, MALFORMED, "Parquet 文件已加密", "The Parquet file is encrypted",                   \
      "请不使用 Parquet 自带的加密重新导出", "Export it without Parquet's own encryption")                   \
    X(UTF16, MALFORMED, "文件是 UTF-16 编码", "The file is in UTF-16", "请另存为 UTF-8", "Save it as UTF-8") \
    X(GBK, MALFORMED, "文件似为 GBK 编码，而非 UTF-8", "The file seems to be in GBK, not UTF-8",             \
      "请另存为 UTF-8", "Save it as UTF-8")                                                                  \
    X(UTF8, MALFORMED, "此处不是 UTF-8", "The bytes here are not UTF-8", "请另存为 UTF-8",                   \
      "Save it as UTF-8")                                                                                    \
    X(NUL, MALFORMED, "此处有 NUL 字节", "There is a NUL byte here", "请删去", "Take it out")                \
    X(RAGGED, MALFORMED, "该行字段数与表头不同", "The row has another number of fields than the header",     \
      "请补齐或删去字段", "Complete the row or take the surplus out")                                        \
    X(BLANK_LINE, MALFORMED, "有空行", "There is an empty line", "请删去空行", "Take it out")                \
    X(QUOTE, MALFORMED, "引号位置不合 RFC 4180", "A quotation mark stands where RFC 4180 allows none",       \
      "请将字段整体加引号，其中的引号写两次", "Quote the whole field and double the marks inside")           \
    X(QUOTE_OPEN, MALFORMED, "引号未闭合", "A quotation mark is never closed", "请闭合引号", "Close it")     \
    X(BARE_RETURN, MALFORMED, "回车符后没有换行符", "A carriage return stands without a line feed",          \
      "请使用 LF 或 CRLF 换行", "End lines with LF or CRLF")                                                 \
    X(NEWLINES, MALFORMED, "换行方式前后不一", "Lines end in two different ways",                            \
      "请统一使用 LF 或 CRLF 换行", "Use LF or CRLF throughout")                                             \
    X(RECORD_LONG, TOO_LARGE, "该行超过 %s 字节", "The row has more than %s bytes", "请缩短", "Shorten it")  \
    X(SCHEMA, INVALID, "字段“%s”的规则不能使用", "The rule of the field \"%s\" cannot be used",              \
      "请核对最小值、最大值与正则", "Check its minimum, maximum and pattern")                                \
    X(OUTPUT, TOO_LARGE, "输出文件过大", "The file would become too large", "请分批提供",                    \
      "Supply it in parts")                                                                                  \
    X(DIED, UNAVAILABLE, "执行该任务的进程已中止", "The query's worker died", "请改写查询或文件后重试",      \
      "Change the query or the file and try again")                                                          \
    X(FORBIDDEN_CALL, UNAVAILABLE, "执行该任务的进程试图越界，已被中止",                                     \
      "The query's worker tried what no query needs, and was stopped", "请联系运营方", "Tell the operator")  \
    X(GARBLED, CORRUPT, "执行该任务的进程答复不可读", "The worker's answer does not read", "请重试",         \
      "Try again")                                                                                           \
    X(CANCELLED, CANCELLED, "任务已被停止", "The job was stopped", "如仍需要请重新提交",                     \
      "Submit it again if it is still needed")                                                               \
    X(MACHINE, UNAVAILABLE, "服务器暂时不能启动新任务", "The server cannot start a job now", "请稍后重试",   \
      "Try again later")                                                                                     \
    X(UNKNOWN, UNAVAILABLE, "查询引擎内部错误", "The engine failed", "请联系运营方", "Tell the operator")

enum failure {
    FAILURE_NONE,
#define X(symbol, result, zh, en, remedy_zh, remedy_en) FAILURE_##symbol,
    FAILURES(X)
#undef X
        FAILURE_COUNT
};

/* Returns the result that belongs to `failure`. `where` becomes .field and `detail` replaces "%s"; both may
 * be NULL and may come from a worker: what is not plain, short text is left out. */
enum result failure_refuse(enum failure failure, struct arena *arena, const char *where, const char *detail,
                           struct refusal *ret_refusal);
