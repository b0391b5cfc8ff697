/* Prices, bills and the sharing of revenue (二(六)5): double entry in fen; splits by the formula in force; reversed by a counter-entry, never erased.
 * Tables: price(id, product_id, per_call, per_order, from_day), bill(id, order_id, period, calls, amount), posting(id, journal_id, account, amount), journal(id, at, kind, reverses_id, object…),
 * share formula = rule kind "revenue" {"provider": w, "bureau": w, "operator": w, "developer": w, from_day}. */
#pragma once

#include "http/app.h"

extern const struct route money_routes[];

/* The price in force; RESULT_NOT_FOUND when none is set. */
enum result money_price(struct work *work, row_id product, day day, struct store_row *ret_price);

/* Books the bill of an order's metered calls up to now and shares it out; explains each share. */
enum result money_bill_order(struct work *work, row_id order, row_id *ret_bill);
