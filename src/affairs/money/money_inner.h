/* Shared by the files of this concept. */
#pragma once

#include "affairs/money/money.h"
#include "base/money.h"

/* One line of a journal. Above zero: owed by the party; below: owed to it. */
struct posting {
    const char *account; /* "receivable", "share" */
    row_id party;
    money amount;
    const char *part; /* of a share, NULL otherwise */
    int64_t weight, weight_of;
    int64_t share, share_of;
};

struct journal {
    const char *kind; /* "bill", "reversal" */
    row_id bill;
    row_id reverses; /* 0: none */
    const char *reason;
};

/* Books a journal; refuses one whose amounts do not add up to zero (RESULT_CORRUPT), and one that reverses
 * what has been reversed (RESULT_CONFLICT). */
enum result journal_book(struct work *work, const struct journal *journal, const struct posting *postings,
                         size_t count, row_id *ret_journal);
/* The same without bringing the balances up to date, as a program of before migration 0064 does beside this
 * one: readers and the next booking of the party make up for it. For journal_book() and tests. */
enum result journal_write(struct work *work, const struct journal *journal, const struct posting *postings,
                          size_t count, row_id *ret_journal);

/* Who shares in the revenue of a product. */
struct sharers {
    row_id bureau;
    row_id operator_party;
    row_id developer; /* the operator itself for its own products */
    const row_id *providers;
    const int64_t *provider_weights;
    size_t provider_count;
};

enum { SHARE_PARTS = 4 };

/* Splits `due` by the formula {"provider","bureau","operator","developer"}: one posting a share, together
 * exactly −due. `ret_postings` holds provider_count + SHARE_PARTS − 1 of them. Without a provider that part
 * goes to the bureau. */
enum result revenue_split(struct arena *arena, money due, const json_t *formula,
                          const struct sharers *sharers, struct posting *ret_postings, size_t *ret_count);

/* Guards of reversals; context: NULL. */
enum result bill_is_of_own_operator(struct move *move);
enum result bill_stands(struct move *move);

/* Handlers (money_reversal.c). */
enum result reversal_request(struct request *request);
enum result reversal_book(struct request *request);
enum result reversal_drop(struct request *request);
enum result reversal_list(struct request *request);
enum result reversal_is_own(struct request *request);
