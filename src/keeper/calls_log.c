/* The client side of the log: the signer that a sealer is given. */
#include "audit/merkle.h"
#include "base/clock.h"
#include "keeper/channel.h"
#include "keeper/keeper.h"
#include "keeper/keeper_inner.h"
#include "vault/disk.h"

#include <string.h>
#include <unistd.h>

static enum result ask_log(struct keeper *keeper, enum keeper_verb verb, json_t *arguments, int fd,
                           json_t **ret_reply)
{
    if (keeper->log_arena == NULL)
        keeper->log_arena = arena_new(0);
    arena_reset(keeper->log_arena);
    keeper->log_refusal = (struct refusal){0};
    instant began = clock_monotonic();
    return asked_note(&keeper->asked[verb], began,
                      keeper_link_call(keeper, keeper->log_arena, verb, arguments, fd, ret_reply, NULL,
                                       &keeper->log_refusal));
}

enum result keeper_log_state(struct keeper *keeper, json_t **ret_state)
{
    return keeper_link_call(keeper, NULL, VERB_LOG_STATE, NULL, -1, ret_state, NULL, NULL);
}

static enum result sign(void *state, const char *text, struct arena *arena, const char **ret_signature_lines)
{
    struct keeper *keeper = state;
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask_log(keeper, VERB_SIGN, json_pack("{s:s}", "text", text), -1, &reply));
    if (json_text(reply, "lines") == NULL)
        return RESULT_UNAVAILABLE;
    *ret_signature_lines = arena_strdup(arena, json_text(reply, "lines"));
    return RESULT_OK;
}

/* Where the log is ahead of what the keeper remembers, the proof that it goes on from there. */
static enum result prove(struct keeper *keeper, const struct audit_standing *standing, json_t *ret_proof)
{
    CLEANUP_JSON json_t *known = NULL;
    struct digest path[2 * MERKLE_PROOF_MAX];
    size_t count = 0;
    TRY(keeper_log_state(keeper, &known));
    int64_t last = json_integer_or(known, "last", 0);
    if (last == 0 || last >= standing->size)
        return RESULT_OK;
    TRY(merkle_prove_consistency(standing->tiles, (uint64_t)last, (uint64_t)standing->size, path, &count));
    for (size_t i = 0; i < count; i++) {
        char hex[DIGEST_TEXT_SIZE];
        hex_print(path[i].bytes, DIGEST_SIZE, hex);
        (void)json_array_append_new(ret_proof, json_string(hex));
    }
    return RESULT_OK;
}

static enum result resume(void *state, const struct audit_standing *standing)
{
    struct keeper *keeper = state;
    CLEANUP_JSON json_t *proof = json_array();
    CLEANUP_JSON json_t *reply = NULL;
    CLEANUP_FD int edges = channel_memory(standing->edges, standing->edges_size);
    TRY(edges >= 0 ? RESULT_OK : RESULT_MEMORY);
    TRY(prove(keeper, standing, proof));
    TRY(ask_log(keeper, VERB_LOG_RESUME, json_pack("{s:s*, s:O}", "note", standing->note, "proof", proof),
                edges, &reply));
    if (json_boolean_or(reply, "taken", false))
        keeper->log_taken = standing->size;
    return RESULT_OK;
}

static enum result extend(void *state, int64_t from, const void *entries, size_t size)
{
    CLEANUP_FD int bytes = channel_memory(entries, size);
    TRY(bytes >= 0 ? RESULT_OK : RESULT_MEMORY);
    return ask_log(state, VERB_LOG_EXTEND, json_pack("{s:I}", "from", (json_int_t)from), bytes, NULL);
}

struct audit_signer keeper_signer(struct keeper *keeper)
{
    return (struct audit_signer){.sign = sign, .state = keeper, .resume = resume, .extend = extend};
}

const struct refusal *keeper_log_refusal(const struct keeper *keeper)
{
    return keeper->log_refusal.en != NULL ? &keeper->log_refusal : NULL;
}

int64_t keeper_log_taken(const struct keeper *keeper)
{
    return keeper->log_taken;
}
