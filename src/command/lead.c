#include "command/lead.h"

#include "command/restore.h"

#include <stdio.h>

/* ---- the signer ---- */

/* Between two checkpoints this process may have been held up, and another have taken over. */
static enum result sign(void *state, const char *text, struct arena *arena, const char **ret_signature_lines)
{
    struct city *city = state;
    if (!store_leads(city->sealing))
        return RESULT_STALE;
    return city->keeper_signer.sign(city->keeper_signer.state, text, arena, ret_signature_lines);
}

static enum result resume(void *state, const struct audit_standing *standing)
{
    struct city *city = state;
    return city->keeper_signer.resume(city->keeper_signer.state, standing);
}

static enum result extend(void *state, int64_t from, const void *entries, size_t size)
{
    struct city *city = state;
    return city->keeper_signer.extend(city->keeper_signer.state, from, entries, size);
}

static struct audit_signer leading_signer(struct city *city)
{
    city->keeper_signer = keeper_signer(city->keeper);
    return (struct audit_signer){.sign = sign, .state = city, .resume = resume, .extend = extend};
}

/* ---- leading ---- */

/* A keeper without a record of what it signed, or with an older one, says so when it takes the log's word. */
static enum result open_log(struct arena *arena, struct city *city, struct refusal *ret_refusal)
{
    enum result result = audit_sealer_open(city->store, city->settings.log, city->settings.origin,
                                           leading_signer(city), &city->sealer);
    const struct refusal *refusal = keeper_log_refusal(city->keeper);
    if (result != RESULT_OK && refusal != NULL && ret_refusal != NULL)
        *ret_refusal = refusal_copy(arena, refusal);
    if (result == RESULT_CORRUPT)
        restore_explain(city, arena, ret_refusal);
    if (result == RESULT_OK && keeper_log_taken(city->keeper) > 0)
        (void)fprintf(
            stderr,
            "保管进程没有最近检查点的记录，已核验签名并采用日志的 the keeper had no record of its last "
            "checkpoint; it took the log's, whose signatures it verified: %lld\n",
            (long long)keeper_log_taken(city->keeper));
    return result;
}

enum result city_lead(struct arena *arena, struct city *city, struct refusal *ret_refusal)
{
    if (city->sealer != NULL)
        return RESULT_OK;
    TRY(store_lead(city->store, "sealer", &city->sealing));
    enum result result = open_log(arena, city, ret_refusal);
    if (result != RESULT_OK)
        city_follow(city);
    return result;
}

bool city_leads(struct city *city)
{
    if (city->sealer == NULL)
        return false;
    if (store_leads(city->sealing))
        return true;
    city_follow(city);
    return false;
}

void city_follow(struct city *city)
{
    if (city->sealer != NULL)
        audit_sealer_close(city->sealer);
    city->sealer = NULL;
    store_lead_end(city->sealing);
    city->sealing = NULL;
}
