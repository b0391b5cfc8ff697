/* Makes a city large: rows as years of work leave them, and the log that goes with them. */
#pragma once

#include "affairs/product/product_fixture.h"

/* The city's entries that the fill adds have numbers from here on. */
enum { FILL_FIRST_ENTRY = 1000 };

/* `count` listed entries of registered resources, named with the words of words.h, put into HOME/city.db
 * directly. */
void fill_catalogue(const char *home, int count);

/* `count` requests of many developers, a hundred each, like the market's own request `like`; of every other
 * table that a request brings along, its rows. */
void fill_requests(const char *home, int count, row_id like);

/* `count` bills of the order `order` with their lines, journals, postings and balances, as many queries in
 * the room `room`, and as many notices whose time has run out, with thirty behind them that are open. */
void fill_books(const char *home, int count, row_id order, row_id room);

/* Appends audit entries dated `from` on, each with a covered row of the store as it is, until there are
 * `count`, and seals them under the keeper's keys: every covered row ends up in the log, so that the city
 * verifies. */
void fill_log(const char *home, const char *library, int64_t count, instant from);
