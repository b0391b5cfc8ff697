/* Double entry, and how revenue is split. */
#include "affairs/money/money_inner.h"
#include "base/mutation.h"

static enum result journal_is_balanced(struct work *work, const struct posting *postings, size_t count)
{
    money total = 0;
    for (size_t i = 0; i < count; i++)
        TRY(money_add(total, postings[i].amount, &total));
    if (total == 0 || mutation_without("journal_is_balanced"))
        return RESULT_OK;
    return REFUSE(work, .result = RESULT_CORRUPT, .law = LAW(REVENUE), .zh = "借贷不平，未入账",
                  .en = "the postings do not add up to zero; nothing was booked",
                  .remedy_zh = "请联系系统管理员", .remedy_en = "tell the system administrator");
}

static enum result insert_posting(struct work *work, row_id journal, const struct posting *posting)
{
    bool share = posting->part != NULL;
    return store_exec(
        work->tx, SQL_POSTING_INSERT,
        STORE_BINDS({"journal", store_integer(journal)}, {"account", store_text(posting->account)},
                    {"party", store_integer(posting->party)}, {"amount", store_integer(posting->amount)},
                    {"part", store_text(posting->part)},
                    {"weight", share ? store_integer(posting->weight) : store_null()},
                    {"weight_of", share ? store_integer(posting->weight_of) : store_null()},
                    {"share", share ? store_integer(posting->share) : store_null()},
                    {"share_of", share ? store_integer(posting->share_of) : store_null()}),
        NULL);
}

enum result journal_write(struct work *work, const struct journal *journal, const struct posting *postings,
                          size_t count, row_id *ret_journal)
{
    struct store_row row;
    TRY(journal_is_balanced(work, postings, count));
    enum result result = store_one(
        work->tx, work->arena, SQL_JOURNAL_INSERT,
        STORE_BINDS({"kind", store_text(journal->kind)}, {"bill", store_integer(journal->bill)},
                    {"reverses", journal->reverses != 0 ? store_integer(journal->reverses) : store_null()},
                    {"reason", store_text(journal->reason)}, {"day", store_integer(work_today(work))},
                    {"at", store_integer(work_now(work))}),
        &row);
    if (result == RESULT_CONFLICT)
        return REFUSE(work, .result = RESULT_CONFLICT, .law = LAW(REVENUE), .zh = "该笔账已冲销",
                      .en = "this journal has been reversed already", .remedy_zh = "无需再次冲销",
                      .remedy_en = "there is nothing left to reverse");
    TRY(result);
    row_id id = row_integer(&row, "id");
    for (size_t i = 0; i < count; i++)
        TRY(insert_posting(work, id, &postings[i]));
    *ret_journal = id;
    return RESULT_OK;
}

/* Twice for a party with two postings: the second finds nothing to add. */
enum result journal_book(struct work *work, const struct journal *journal, const struct posting *postings,
                         size_t count, row_id *ret_journal)
{
    TRY(journal_write(work, journal, postings, count, ret_journal));
    for (size_t i = 0; i < count; i++)
        TRY(store_exec(work->tx, SQL_BALANCE_ADVANCE,
                       STORE_BINDS({"party", store_integer(postings[i].party)}), NULL));
    return RESULT_OK;
}

/* ---- the split ---- */

static enum result add_providers(struct arena *arena, money part, const struct sharers *sharers,
                                 struct posting share, struct posting *postings, size_t *count)
{
    money *parts = arena_new_array(arena, money, sharers->provider_count);
    int64_t total = 0;
    TRY(money_split(part, sharers->provider_weights, sharers->provider_count, parts));
    for (size_t i = 0; i < sharers->provider_count; i++)
        total += sharers->provider_weights[i];
    for (size_t i = 0; i < sharers->provider_count; i++) {
        share.party = sharers->providers[i];
        share.amount = -parts[i];
        share.share = sharers->provider_weights[i];
        share.share_of = total;
        postings[(*count)++] = share;
    }
    return RESULT_OK;
}

enum result revenue_split(struct arena *arena, money due, const json_t *formula,
                          const struct sharers *sharers, struct posting *ret_postings, size_t *ret_count)
{
    static const char *const names[SHARE_PARTS] = {"provider", "bureau", "operator", "developer"};
    const row_id parties[SHARE_PARTS] = {sharers->bureau, sharers->bureau, sharers->operator_party,
                                         sharers->developer};
    int64_t weights[SHARE_PARTS];
    money parts[SHARE_PARTS];
    int64_t total = 0;
    size_t count = 0;
    for (size_t i = 0; i < SHARE_PARTS; i++) {
        weights[i] = json_integer_or(formula, names[i], 0);
        total += weights[i];
    }
    TRY(money_split(due, weights, SHARE_PARTS, parts));
    for (size_t i = 0; i < SHARE_PARTS; i++) {
        struct posting share = {.account = "share",
                                .party = parties[i],
                                .amount = -parts[i],
                                .part = names[i],
                                .weight = weights[i],
                                .weight_of = total,
                                .share = 1,
                                .share_of = 1};
        if (i == 0 && sharers->provider_count > 0)
            TRY(add_providers(arena, parts[i], sharers, share, ret_postings, &count));
        else
            ret_postings[count++] = share;
    }
    *ret_count = count;
    return RESULT_OK;
}
