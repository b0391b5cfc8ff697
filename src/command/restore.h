/* A restore in two parts. `dukou restore` puts store, log and vault in their places, while nothing serves and
 * perhaps before the keys are there; the next start finishes it, before anything is served.
 *
 * HOME/restoring says how far it is, durably, before each step:
 *   begun    the command was cut off: a start is refused, the command goes on where it was
 *   placed   all is in its place: the next start replays what the log knows and the store does not, records
 * the restore in the log, and removes the file. Each step may run again. */
#pragma once

#include "command/city.h"

/* Whether HOME/restoring allows a start: RESULT_CONFLICT, with the way out, when the command was cut off.
 * *ret_placed: a restore waits to be finished. */
enum result restore_allows_start(const struct settings *settings, struct arena *arena, bool *ret_placed,
                                 struct refusal *ret_refusal);

/* Before the store is opened: no id that the log has seen is given again. `city` has settings and keeper. */
enum result restore_reserve(const struct city *city, struct arena *arena, struct refusal *ret_refusal);

/* Why the log's sealer may have found that store and log do not go together: the words, when the store ends
 * before the log; else nothing. */
void restore_explain(const struct city *city, struct arena *arena, struct refusal *ret_refusal);

/* The rest, with everything open but the sealer. */
enum result restore_finish(const struct city *city, struct arena *arena, struct refusal *ret_refusal);
