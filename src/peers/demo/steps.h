/* Steps 3 to 8 of the main job. */
#pragma once

#include "peers/demo/play.h"

/* 3: selection, agreement. The agreement's number. */
int64_t choose_operator(struct demo *demo);
/* 4: rules, admission. The admission's number. */
int64_t admit_developer(struct demo *demo, int64_t agreement);
/* 5: a room, and a request that is approved and delivered by the source. */
int64_t open_room(struct demo *demo, int64_t admission);
void call_in(struct demo *demo, int64_t room, int64_t entry, const char *provider, const char *table,
             const char *columns, const char *purpose);
/* 6: an import with its proof, joined; a query. The query's number. */
void bring_own_data(struct demo *demo, int64_t room);
int64_t run_query(struct demo *demo, int64_t room, const char *sql);
/* 7: drafted, submitted, reviewed, filed, listed. The product's number. */
int64_t make_product(struct demo *demo, int64_t room, const char *kind, const char *title,
                     const char *content);
/* 8: ordered at the exchange, called, billed, shared. */
void sell_table(struct demo *demo, int64_t product);
void sell_verification(struct demo *demo, int64_t product, const char *subject);
