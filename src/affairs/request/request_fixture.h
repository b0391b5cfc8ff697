/* For tests with the real keeper: a city whose room gets rows as a source agent sends them. */
#pragma once

#include "affairs/fixture.h"
#include "keeper/fixture.h"

struct yard {
    struct fixture keeper;
    struct people people;
    struct city *city;
    row_id agreement, admission, room, entry;
};

/* The keeper is started first: before there are threads. Everything is in force, the entry R1 listed and
 * authorised; today is 2026-03-31. */
struct yard yard_new(void);
void yard_free(struct yard *yard);
#define CLEANUP_YARD __attribute__((cleanup(yard_free)))

/* Asks for citizen, district and base of an entry as a table of the room: the request. */
row_id yard_request(struct yard *yard, const char *who, row_id room, row_id entry, const char *table);
const json_t *yard_approve(struct yard *yard, int status, row_id request);

/* The order that waits at the source: its only one. */
const json_t *yard_order(struct yard *yard);

/* Seals the CSV to the order's key and sends it, as the agent of `who`. */
struct city_reply yard_send(struct yard *yard, const char *who, const json_t *order, const char *csv);

/* citizen, district, base: person i lives in district i % 4. */
const char *yard_rows(struct yard *yard, int people);

/* All of it: asked, approved, delivered; the request. */
row_id yard_deliver(struct yard *yard, const char *who, row_id room, row_id entry, const char *table,
                    int people);

/* Runs to its end, since the city has no jobs of its own; the query as it then is. */
const json_t *yard_query(struct yard *yard, int status, const char *who, row_id room, const char *sql);
