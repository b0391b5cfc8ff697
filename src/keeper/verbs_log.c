/* The log: where it stands, its new entries, its checkpoints. */
#include "base/limits.h"
#include "keeper/claims.h"
#include "keeper/serving.h"

#include <string.h>

enum result keeper_verb_LOG_STATE(struct serving *serving, struct call *call)
{
    bool known = false;
    int64_t base = 0;
    int64_t last = 0;
    authority_sizes(&serving->authority, &known, &base, &last);
    (void)json_object_set_new(call->reply, "known", json_boolean(known));
    (void)json_object_set_new(call->reply, "base", json_integer(base));
    (void)json_object_set_new(call->reply, "last", json_integer(last));
    return RESULT_OK;
}

static enum result read_proof(struct call *call, struct digest *ret_proof, size_t *ret_count)
{
    const json_t *hashes = json_object_get(call->arguments, "proof");
    size_t count = json_array_size(hashes);
    if (count > 2 * MERKLE_PROOF_MAX)
        return RESULT_MALFORMED;
    for (size_t i = 0; i < count; i++) {
        const char *hex = json_string_value(json_array_get(hashes, i));
        if (hex == NULL || hex_parse(hex, ret_proof[i].bytes, DIGEST_SIZE) != RESULT_OK)
            return RESULT_MALFORMED;
    }
    *ret_count = count;
    return RESULT_OK;
}

enum result keeper_verb_LOG_RESUME(struct serving *serving, struct call *call)
{
    const void *edges = NULL;
    size_t size = 0;
    size_t count = 0;
    bool taken = false;
    struct digest *proof = arena_new_array(call->arena, struct digest, 2 * MERKLE_PROOF_MAX);
    const char *note = NULL;
    TRY(read_proof(call, proof, &count));
    if (json_object_get(call->arguments, "note") != NULL)
        TRY(argument_text(call, "note", NOTE_BYTES_MAX, &note));
    TRY(read_descriptor(call, AUTHORITY_EDGE_BYTES, &edges, &size));
    (void)pthread_mutex_lock(&serving->log);
    bool first = !serving->authority.known;
    enum result result = authority_resume(&serving->authority, call->arena, note, edges, size, proof, count,
                                          &taken, &call->refusal);
    if (result == RESULT_OK)
        claims_resume(serving, call, first);
    (void)pthread_mutex_unlock(&serving->log);
    TRY(result);
    (void)json_object_set_new(call->reply, "taken", json_boolean(taken));
    return RESULT_OK;
}

enum result keeper_verb_LOG_EXTEND(struct serving *serving, struct call *call)
{
    int64_t from;
    const void *bytes = NULL;
    size_t size = 0;
    TRY(argument_id(call, "from", &from));
    TRY(read_descriptor(call, LIMIT_LOG_SHOW_BYTES, &bytes, &size));
    struct claims_call state = {serving, call};
    const struct authority_judge judge = {.entry = claims_judge, .state = &state};
    (void)pthread_mutex_lock(&serving->log);
    enum result result =
        authority_extend(&serving->authority, call->arena, from, bytes, size, &judge, &call->refusal);
    (void)pthread_mutex_unlock(&serving->log);
    return result;
}

enum result keeper_verb_SIGN(struct serving *serving, struct call *call)
{
    const struct signing *signing = serving->signing;
    const char *text;
    const char *ed25519;
    const char *sm2;
    struct checkpoint checkpoint;
    TRY(argument_text(call, "text", NOTE_BYTES_MAX, &text));
    /* The keys sign this log's checkpoints and nothing else. */
    if (checkpoint_parse(call->arena, text, &checkpoint) != RESULT_OK ||
        strcmp(checkpoint.origin, serving->origin) != 0)
        return RESULT_INVALID;
    (void)pthread_mutex_lock(&serving->log);
    enum result marked = authority_mark(&serving->authority, call->arena, &checkpoint, &call->refusal);
    if (marked == RESULT_OK)
        claims_settle(serving);
    (void)pthread_mutex_unlock(&serving->log);
    TRY(marked);
    TRY(note_sign(call->arena, &signing->log_ed25519, signing->log_ed25519_secret, text, &ed25519));
    TRY(note_sign(call->arena, &signing->log_sm2, signing->log_sm2_secret, text, &sm2));
    (void)json_object_set_new(call->reply, "lines",
                              json_string(arena_printf(call->arena, "%s%s", ed25519, sm2)));
    return RESULT_OK;
}
