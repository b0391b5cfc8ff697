/* One entry out of the log, with all that an outsider needs to check it: no file, no store, no network. */
#include "audit/entry.h"
#include "audit/log.h"
#include "audit/merkle.h"
#include "audit/note.h"
#include "base/json.h"

#include <string.h>

static const char format[] = "dukou-audit-proof@1";

static json_t *path_to_json(struct arena *arena, const struct digest *path, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_string(note_base64_print(arena, path[i].bytes, DIGEST_SIZE)));
    return array;
}

static json_t *keys_to_json(struct arena *arena, const struct note_key *keys, size_t count)
{
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(array, json_string(note_key_print(arena, &keys[i])));
    return array;
}

enum result audit_prove(const char *log_folder, int64_t entry, struct arena *arena, char **ret_proof)
{
    CLEANUP_LOG struct sealed_log log = {.folder = -1};
    const char *bytes;
    size_t size;
    TRY(sealed_log_open(log_folder, arena, &log));
    TRY(sealed_log_entry(&log, entry, arena, &bytes, &size));
    struct note_key keys[NOTE_KEYS_MAX];
    size_t key_count;
    TRY(note_keys_read(arena_printf(arena, "%s/keys", log_folder), keys, &key_count));
    const struct merkle_source source = {sealed_log_node, &log};
    struct digest path[MERKLE_PROOF_MAX];
    size_t path_count;
    TRY(merkle_prove_inclusion(&source, (uint64_t)entry, (uint64_t)log.checkpoint.size, path, &path_count));
    struct digest leaf = merkle_leaf(bytes, size);
    TRY(merkle_check_inclusion(&leaf, (uint64_t)entry, (uint64_t)log.checkpoint.size, path, path_count,
                               &log.checkpoint.root));
    CLEANUP_JSON json_t *proof =
        json_pack("{s:s, s:I, s:s, s:o, s:s, s:o}", "format", format, "index", (json_int_t)entry, "entry",
                  bytes, "path", path_to_json(arena, path, path_count), "checkpoint", log.note, "keys",
                  keys_to_json(arena, keys, key_count));
    if (proof == NULL)
        return RESULT_CORRUPT;
    *ret_proof = json_print(arena, proof);
    return RESULT_OK;
}

/* ---- checking ---- */

static enum result refuse_proof(struct refusal *ret_refusal, const char *field, const char *zh,
                                const char *en)
{
    return refuse(ret_refusal, (struct refusal){.result = RESULT_CORRUPT,
                                                .field = field,
                                                .zh = zh,
                                                .en = en,
                                                .remedy_zh = "请向出具方重新索取证明。",
                                                .remedy_en = "Ask whoever gave you the proof for another."});
}

static enum result read_path(const json_t *array, struct digest *ret_path, size_t *ret_count)
{
    *ret_count = json_array_size(array);
    if (!json_is_array(array) || *ret_count > MERKLE_PROOF_MAX)
        return RESULT_MALFORMED;
    for (size_t i = 0; i < *ret_count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        size_t size;
        if (text == NULL ||
            note_base64_parse(text, strlen(text), ret_path[i].bytes, DIGEST_SIZE, &size) != RESULT_OK ||
            size != DIGEST_SIZE)
            return RESULT_MALFORMED;
    }
    return RESULT_OK;
}

/* The keys in the proof, each of which must be one that is trusted where `trusted` is not NULL. */
static enum result read_keys(const json_t *array, const struct note_key *trusted, size_t trusted_count,
                             struct note_key *ret_keys, size_t *ret_count)
{
    *ret_count = json_array_size(array);
    if (*ret_count == 0 || *ret_count > NOTE_KEYS_MAX || (trusted != NULL && *ret_count != trusted_count))
        return RESULT_MALFORMED;
    for (size_t i = 0; i < *ret_count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text == NULL || note_key_parse(text, strlen(text), &ret_keys[i]) != RESULT_OK)
            return RESULT_MALFORMED;
        if (trusted != NULL && (ret_keys[i].kind != trusted[i].kind || ret_keys[i].id != trusted[i].id ||
                                strcmp(ret_keys[i].name, trusted[i].name) != 0 ||
                                memcmp(ret_keys[i].public, trusted[i].public, trusted[i].public_size) != 0))
            return RESULT_CORRUPT;
    }
    return RESULT_OK;
}

static bool is_entry(const char *bytes, size_t size, int64_t number)
{
    struct entry_reader reader;
    struct entry_head head;
    struct entry_change change;
    if (entry_read(&reader, bytes, size, &head) != RESULT_OK || head.number != number)
        return false;
    enum result result;
    do
        result = entry_next(&reader, &change);
    while (result == RESULT_OK);
    return result == RESULT_NOT_FOUND;
}

/* Entry, position and path against the checkpoint. */
static enum result check_inclusion(const json_t *proof, const struct checkpoint *checkpoint,
                                   struct refusal *ret_refusal)
{
    const char *entry = json_text(proof, "entry");
    int64_t index = json_integer_or(proof, "index", -1);
    struct digest path[MERKLE_PROOF_MAX];
    size_t count;
    if (entry == NULL || index < 0 || !is_entry(entry, strlen(entry), index))
        return refuse_proof(ret_refusal, "/entry", "不是该位置的审计记录。",
                            "This is no audit entry of that position.");
    struct digest leaf = merkle_leaf(entry, strlen(entry));
    if (read_path(json_object_get(proof, "path"), path, &count) != RESULT_OK ||
        merkle_check_inclusion(&leaf, (uint64_t)index, (uint64_t)checkpoint->size, path, count,
                               &checkpoint->root) != RESULT_OK)
        return refuse_proof(ret_refusal, "/path", "路径不能把记录连到检查点。",
                            "The path does not lead from the entry to the checkpoint.");
    return RESULT_OK;
}

static enum result check_checkpoint(const json_t *proof, const char *keys_path, struct arena *arena,
                                    struct checkpoint *ret_checkpoint, struct refusal *ret_refusal)
{
    struct note_key trusted[NOTE_KEYS_MAX];
    struct note_key keys[NOTE_KEYS_MAX];
    size_t trusted_count = 0;
    size_t count;
    if (keys_path != NULL)
        TRY(note_keys_read(keys_path, trusted, &trusted_count));
    if (read_keys(json_object_get(proof, "keys"), keys_path != NULL ? trusted : NULL, trusted_count, keys,
                  &count) != RESULT_OK)
        return refuse_proof(ret_refusal, "/keys", "公钥不可信或无法读取。",
                            "The keys are not the trusted ones, or cannot be read.");
    const char *text = json_text(proof, "checkpoint");
    struct note note;
    if (text == NULL || note_parse(arena, text, strlen(text), &note) != RESULT_OK ||
        checkpoint_parse(arena, note.text, ret_checkpoint) != RESULT_OK ||
        note_verify(&note, keys, count) != RESULT_OK || note.count != count)
        return refuse_proof(ret_refusal, "/checkpoint", "检查点或其签名无效。",
                            "The checkpoint or one of its signatures does not hold.");
    for (size_t i = 0; i < count; i++)
        if (strcmp(keys[i].name, ret_checkpoint->origin) != 0)
            return refuse_proof(ret_refusal, "/keys", "公钥属于另一日志。", "The keys are of another log.");
    return RESULT_OK;
}

enum result audit_check_proof(const char *proof_text, const char *keys_path, struct arena *arena,
                              struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *proof = NULL;
    size_t size = strlen(proof_text);
    TRY(json_read(arena, proof_text, size, &proof, ret_refusal));
    const char *stated = json_text(proof, "format");
    /* Printed again it must be the same bytes: no other spelling, no further member. */
    if (stated == NULL || strcmp(stated, format) != 0 || json_object_size(proof) != 6 ||
        strcmp(json_print(arena, proof), proof_text) != 0)
        return refuse_proof(ret_refusal, "", "不是本平台的审计证明。", "This is no audit proof of Dukou.");
    struct checkpoint checkpoint = {0};
    TRY(check_checkpoint(proof, keys_path, arena, &checkpoint, ret_refusal));
    return check_inclusion(proof, &checkpoint, ret_refusal);
}
