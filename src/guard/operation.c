#include "guard/operation.h"

#include <string.h>
#include <strings.h>

#define ANY OPERATION_ARGUMENTS_ANY

/* clang-format off */
static const struct operation functions[] = {
    {"+",           "+",           true,  RULE_ARITHMETIC, 2, 2},
    {"-",           "-",           true,  RULE_ARITHMETIC, 2, 2},
    {"*",           "*",           true,  RULE_ARITHMETIC, 2, 2},
    {"-",           "-",           false, RULE_NEGATE,     1, 1},
    {"/",           "/",           true,  RULE_DIVIDE,     2, 2},
    {"//",          "//",          true,  RULE_MODULO,     2, 2},
    {"%",           "%",           true,  RULE_MODULO,     2, 2},
    {"^",           "power",       false, RULE_REAL,       2, 2},
    {"**",          "power",       false, RULE_REAL,       2, 2},
    {"power",       "power",       false, RULE_REAL,       2, 2},
    {"pow",         "power",       false, RULE_REAL,       2, 2},
    {"exp",         "exp",         false, RULE_REAL,       1, 1},
    {"ln",          "ln",          false, RULE_LOGARITHM,  1, 1},
    {"log10",       "log10",       false, RULE_LOGARITHM,  1, 1},
    {"log2",        "log2",        false, RULE_LOGARITHM,  1, 1},
    {"sqrt",        "sqrt",        false, RULE_ROOT,       1, 1},
    {"round",       "round",       false, RULE_ROUND,      1, 2},
    {"abs",         "abs",         false, RULE_NUMBER,     1, 1},
    {"floor",       "floor",       false, RULE_NUMBER,     1, 1},
    {"ceil",        "ceil",        false, RULE_NUMBER,     1, 1},
    {"ceiling",     "ceil",        false, RULE_NUMBER,     1, 1},
    {"greatest",    "greatest",    false, RULE_COALESCE,   1, ANY},
    {"least",       "least",       false, RULE_COALESCE,   1, ANY},
    {"nullif",      "nullif",      false, RULE_NULLIF,     2, 2},
    {"date_trunc",  "date_trunc",  false, RULE_DATE_TRUNC, 2, 2},
    {"date_part",   "date_part",   false, RULE_EXTRACT,    2, 2},
    {"date_diff",   "date_diff",   false, RULE_DATE_DIFF,  3, 3},
    {"datediff",    "date_diff",   false, RULE_DATE_DIFF,  3, 3},
    {"year",        "year",        false, RULE_DATE_PART,  1, 1},
    {"quarter",     "quarter",     false, RULE_DATE_PART,  1, 1},
    {"month",       "month",       false, RULE_DATE_PART,  1, 1},
    {"day",         "day",         false, RULE_DATE_PART,  1, 1},
    {"substr",      "substr",      false, RULE_SLICE,      2, 3},
    {"substring",   "substr",      false, RULE_SLICE,      2, 3},
    {"left",        "left",        false, RULE_SLICE,      2, 2},
    {"right",       "right",       false, RULE_SLICE,      2, 2},
    {"~~",          "LIKE",        true,  RULE_LIKE,       2, 2},
    {"!~~",         "NOT LIKE",    true,  RULE_LIKE,       2, 2},
};

static const struct operation nodes[] = {
    {"CONJUNCTION_AND",               "AND",                  true,  RULE_LOGIC,    2, ANY},
    {"CONJUNCTION_OR",                "OR",                   true,  RULE_LOGIC,    2, ANY},
    {"OPERATOR_NOT",                  "NOT",                  false, RULE_LOGIC,    1, 1},
    {"COMPARE_EQUAL",                 "=",                    true,  RULE_COMPARE,  2, 2},
    {"COMPARE_NOTEQUAL",              "<>",                   true,  RULE_COMPARE,  2, 2},
    {"COMPARE_LESSTHAN",              "<",                    true,  RULE_COMPARE,  2, 2},
    {"COMPARE_GREATERTHAN",           ">",                    true,  RULE_COMPARE,  2, 2},
    {"COMPARE_LESSTHANOREQUALTO",     "<=",                   true,  RULE_COMPARE,  2, 2},
    {"COMPARE_GREATERTHANOREQUALTO",  ">=",                   true,  RULE_COMPARE,  2, 2},
    {"COMPARE_DISTINCT_FROM",         "IS DISTINCT FROM",     true,  RULE_COMPARE,  2, 2},
    {"COMPARE_NOT_DISTINCT_FROM",     "IS NOT DISTINCT FROM", true,  RULE_COMPARE,  2, 2},
    {"COMPARE_BETWEEN",               "BETWEEN",              false, RULE_BETWEEN,  3, 3},
    {"COMPARE_IN",                    "IN",                   false, RULE_IN,       2, ANY},
    {"COMPARE_NOT_IN",                "NOT IN",               false, RULE_IN,       2, ANY},
    {"OPERATOR_IS_NULL",              "IS NULL",              false, RULE_IS_NULL,  1, 1},
    {"OPERATOR_IS_NOT_NULL",          "IS NOT NULL",          false, RULE_IS_NULL,  1, 1},
    {"OPERATOR_COALESCE",             "coalesce",             false, RULE_COALESCE, 1, ANY},
};
/* clang-format on */

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

const struct operation *operation_function(const char *name, size_t arguments)
{
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (strcasecmp(functions[i].tree, name) == 0 && arguments >= functions[i].least &&
            arguments <= functions[i].most)
            return &functions[i];
    return NULL;
}

const struct operation *operation_node(const char *type)
{
    for (size_t i = 0; i < COUNT_OF(nodes); i++)
        if (strcmp(nodes[i].tree, type) == 0)
            return &nodes[i];
    return NULL;
}

const char *operation_names(struct arena *arena)
{
    const char *text = "+ - * / // %";
    for (size_t i = 0; i < COUNT_OF(functions); i++)
        if (!functions[i].infix && functions[i].rule != RULE_NEGATE && strcmp(functions[i].tree, "^") != 0 &&
            strcmp(functions[i].tree, "**") != 0)
            text = arena_printf(arena, "%s, %s", text, functions[i].tree);
    return text;
}
