/* Of the processes that serve a city one leads: it seals the log and runs the timers. */
#pragma once

#include "command/city.h"

/* Leads unless another does (RESULT_BUSY): opens the log as whoever led before has left it.
 * Otherwise as audit_sealer_open(). */
enum result city_lead(struct arena *arena, struct city *city, struct refusal *ret_refusal);
/* Whether this process leads, asked anew; once it does no more it follows. */
bool city_leads(struct city *city);
/* Lets another lead. */
void city_follow(struct city *city);
