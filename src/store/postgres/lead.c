/* Who leads holds a lock of its session: it is let go with the connection, and with the process. */
#include "store/postgres/postgres.h"

#include <stdio.h>

enum result pg_lead(void *state, int64_t number, void **ret_lead)
{
    struct pg_connection *connection;
    PG_CLEANUP_RESULT PGresult *answer = NULL;
    char text[80];
    (void)snprintf(text, sizeof text, "SELECT pg_try_advisory_lock(%lld)", (long long)number);
    enum result result = pg_connect(state, &connection);
    if (result == RESULT_OK)
        result = pg_ask(connection, text, &answer);
    if (result == RESULT_OK && PQgetvalue(answer, 0, 0)[0] != 't')
        result = RESULT_BUSY;
    if (result != RESULT_OK) {
        pg_disconnect(connection);
        return result;
    }
    *ret_lead = connection;
    return RESULT_OK;
}

/* As long as the session lives, so does its lock. */
bool pg_leads(void *lead)
{
    return !pg_lost(lead) && pg_ask(lead, "SELECT 1", NULL) == RESULT_OK;
}

void pg_lead_end(void *lead)
{
    pg_disconnect(lead);
}
