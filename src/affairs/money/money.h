/* Prices, bills and the sharing of revenue (二(六)5), in fen.
 *
 * Tables: price, bill, bill_line, journal, posting, reversal. Workflow reversal: requested → booked |
 * dropped.
 *
 * Rules
 * 1. A price is set by the product's owner from a day on, and never backwards. A waived price is shown on the
 *    bill, and nothing is due.
 * 2. A bill holds the calls of an order metered since the last bill that stands, each at the price in force
 *    on its day.
 * 3. It is shared by the rule of kind "revenue" in force on the day of the bill: {"provider", "bureau",
 *    "operator", "developer"} as weights. A product of the operator itself has no developer: that part is the
 *    operator's. Several providers share theirs by the number of their resources in the product.
 * 4. Each journal's postings add up to zero, to the fen: above zero is owed by the party, below zero to it.
 * 5. Nothing is erased: a bill is booked back by a journal that names it, once, by two persons. Its calls may
 *    then be billed again; so the last bill of an order is reversed first. */
#pragma once

#include "http/app.h"

extern const struct route money_routes[];
extern const struct workflow reversal_workflow;

/* The price in force: columns id, per_call_fen, waived; RESULT_NOT_FOUND when none is set. */
enum result money_price(struct work *work, row_id product, day day, struct store_row *ret_price);

/* Books the bill of an order's metered calls up to now and shares it out. Refuses when nothing is to be
 * billed, or no formula is in force. */
enum result money_bill_order(struct work *work, row_id order, row_id *ret_bill);
