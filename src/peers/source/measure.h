/* What a source tells of a resource, measured where its rows live. No cell's value is in it but the newest
 * date.
 *
 *   {"rows": 19599, "measured_at": RFC 3339,
 *    "items": [{"name": source column, "type": "text|integer|double|date|boolean", "nullable": bool,
 *               "length": longest text in characters, for text only}],
 *    "quality": {"completeness": [{"column","share"}],        share of rows with a value
 *                "uniqueness": [{"columns": […],"share"}],    distinct values / rows with a value, of
 * candidate keys "validity": [{"column","share","violations"}], of columns with declared rules "newest_day":
 * "YYYY-MM-DD", "newest_column"},  absent where there is no date "sensitive":
 * [{"column","kind","share","level","personal","reason_zh","reason_en"}]}
 *
 * `kind`: citizen_number (GB 11643 check digit), bank_card (Luhn), credit_code (GB 32100 check),
 * mobile_number, person_name, address, embedded_number (such numbers inside longer text), birth_date. `share`
 * is the share of values that match, `level` the proposed level 1 to 4 within general data; a proposal only,
 * which people confirm. */
#pragma once

#include "peers/source/rows.h"

/* A new reference in *ret_description. Refusals as of rows_of_resource(). */
enum result source_measure(struct engine *engine, struct arena *arena, const struct source_resource *resource,
                           instant now, json_t **ret_description, struct refusal *ret_refusal);
