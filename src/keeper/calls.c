/* The client side of every verb but the log's: arguments in, reply out. */
#include "base/clock.h"
#include "base/limits.h"
#include "keeper/keeper.h"
#include "keeper/keeper_inner.h"
#include "vault/disk.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- helpers ---- */

static enum result ask(struct keeper *keeper, struct arena *arena, enum keeper_verb verb, json_t *arguments,
                       int fd, json_t **ret_reply, struct refusal *ret_refusal)
{
    instant began = clock_monotonic();
    return asked_note(&keeper->asked[verb], began,
                      keeper_link_call(keeper, arena, verb, arguments, fd, ret_reply, NULL, ret_refusal));
}

static enum result ask_hot(struct keeper *keeper, enum hot_verb verb, row_id product, const char *subject,
                           struct hot_reply *ret_reply)
{
    instant began = clock_monotonic();
    return asked_note(&keeper->hot, began, keeper_link_hot(keeper, verb, product, subject, ret_reply));
}

/* The bytes that came back in a memory file. */
static enum result ask_bytes(struct keeper *keeper, struct arena *arena, enum keeper_verb verb,
                             json_t *arguments, const void **ret_bytes, size_t *ret_size)
{
    CLEANUP_FD int fd = -1;
    struct stat status;
    instant began = clock_monotonic();
    TRY(asked_note(&keeper->asked[verb], began,
                   keeper_link_call(keeper, arena, verb, arguments, -1, NULL, &fd, NULL)));
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < 0)
        return RESULT_UNAVAILABLE;
    if ((uint64_t)status.st_size >= arena_room(arena))
        return RESULT_TOO_LARGE;
    void *bytes = arena_alloc(arena, (size_t)status.st_size + 1);
    TRY(disk_read_at(fd, bytes, (size_t)status.st_size, 0));
    *ret_bytes = bytes;
    *ret_size = (size_t)status.st_size;
    return RESULT_OK;
}

static enum result read_digest(const json_t *reply, struct digest *ret_digest)
{
    return hex_parse(json_text(reply, "digest"), ret_digest->bytes, DIGEST_SIZE) == RESULT_OK
               ? RESULT_OK
               : RESULT_UNAVAILABLE;
}

/* A part of the reply, handed to the caller. */
static enum result give(const json_t *reply, const char *key, json_t **ret_part)
{
    json_t *part = json_object_get(reply, key);
    if (part == NULL)
        return RESULT_UNAVAILABLE;
    *ret_part = json_incref(part);
    return RESULT_OK;
}

static json_t *shared(const json_t *json)
{
    return json_incref((json_t *)(uintptr_t)json);
}

/* ---- status ---- */

enum result keeper_status(struct keeper *keeper, json_t **ret_status)
{
    return ask(keeper, NULL, VERB_STATUS, NULL, -1, ret_status, NULL);
}

enum result keeper_ask_figures(struct keeper *keeper, json_t **ret_figures)
{
    return ask(keeper, NULL, VERB_FIGURES, NULL, -1, ret_figures, NULL);
}

/* ---- grants and slices ---- */

enum result keeper_grant_open(struct keeper *keeper, row_id grant, char *ret_public_key)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask(keeper, NULL, VERB_GRANT_OPEN, json_pack("{s:I}", "grant", (json_int_t)grant), -1, &reply, NULL));
    const char *key = json_text(reply, "public_key");
    if (key == NULL || strlen(key) >= KEEPER_KEY_TEXT_SIZE)
        return RESULT_UNAVAILABLE;
    memcpy(ret_public_key, key, strlen(key) + 1);
    return RESULT_OK;
}

enum result keeper_order_sign(struct keeper *keeper, struct arena *arena, const json_t *order,
                              char **ret_signature)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask(keeper, arena, VERB_ORDER_SIGN, json_pack("{s:o}", "order", shared(order)), -1, &reply, NULL));
    if (json_text(reply, "signature") == NULL)
        return RESULT_UNAVAILABLE;
    *ret_signature = arena_strdup(arena, json_text(reply, "signature"));
    return RESULT_OK;
}

enum result keeper_slice_receive(struct keeper *keeper, struct arena *arena, row_id grant, int sealed_fd,
                                 const json_t *expected, json_t **ret_report, struct refusal *ret_refusal)
{
    json_t *arguments = json_pack("{s:I, s:o}", "grant", (json_int_t)grant, "expected", shared(expected));
    return ask(keeper, arena, VERB_SLICE_RECEIVE, arguments, sealed_fd, ret_report, ret_refusal);
}

enum result keeper_import(struct keeper *keeper, struct arena *arena, row_id import, int fd,
                          const json_t *expected, json_t **ret_report, struct refusal *ret_refusal)
{
    json_t *arguments = json_pack("{s:I, s:o}", "import", (json_int_t)import, "expected", shared(expected));
    return ask(keeper, arena, VERB_IMPORT, arguments, fd, ret_report, ret_refusal);
}

enum result keeper_describe(struct keeper *keeper, struct arena *arena, int fd, json_t **ret_description,
                            struct refusal *ret_refusal)
{
    return ask(keeper, arena, VERB_DESCRIBE, NULL, fd, ret_description, ret_refusal);
}

/* ---- queries ---- */

enum result keeper_query_check(struct keeper *keeper, struct arena *arena, const json_t *policy,
                               const char *sql, struct refusal *ret_refusal)
{
    json_t *arguments = json_pack("{s:o, s:s}", "policy", shared(policy), "sql", sql);
    return ask(keeper, arena, VERB_QUERY_CHECK, arguments, -1, NULL, ret_refusal);
}

enum result keeper_query_run(struct keeper *keeper, struct arena *arena, row_id result, row_id room,
                             const json_t *policy, const char *sql, json_t **ret_shape,
                             struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *reply = NULL;
    json_t *arguments = json_pack("{s:I, s:I, s:o, s:s}", "result", (json_int_t)result, "room",
                                  (json_int_t)room, "policy", shared(policy), "sql", sql);
    TRY(ask(keeper, arena, VERB_QUERY_RUN, arguments, -1, &reply, ret_refusal));
    return give(reply, "shape", ret_shape);
}

int keeper_query_progress(struct keeper *keeper, row_id result)
{
    CLEANUP_JSON json_t *reply = NULL;
    if (ask(keeper, NULL, VERB_QUERY_PROGRESS, json_pack("{s:I}", "result", (json_int_t)result), -1, &reply,
            NULL) != RESULT_OK)
        return -1;
    return (int)json_integer_or(reply, "progress", -1);
}

enum result keeper_cancel(struct keeper *keeper, const char *scope)
{
    return ask(keeper, NULL, VERB_CANCEL, json_pack("{s:s}", "scope", scope), -1, NULL, NULL);
}

enum result keeper_result_open(struct keeper *keeper, struct arena *arena, row_id product, row_id result,
                               json_t **ret_result, struct refusal *ret_refusal)
{
    json_t *arguments = json_pack("{s:I, s:I}", "product", (json_int_t)product, "result", (json_int_t)result);
    return ask(keeper, arena, VERB_RESULT_OPEN, arguments, -1, ret_result, ret_refusal);
}

/* ---- products ---- */

/* {"digest","report"} */
static enum result ask_product(struct keeper *keeper, struct arena *arena, enum keeper_verb verb,
                               json_t *arguments, struct digest *ret_digest, json_t **ret_report,
                               struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *reply = NULL;
    struct digest digest;
    TRY(ask(keeper, arena, verb, arguments, -1, &reply, ret_refusal));
    TRY(read_digest(reply, &digest));
    TRY(give(reply, "report", ret_report));
    *ret_digest = digest;
    return RESULT_OK;
}

enum result keeper_product_table(struct keeper *keeper, struct arena *arena, row_id product, row_id result,
                                 const json_t *release, struct digest *ret_digest, json_t **ret_report,
                                 struct refusal *ret_refusal)
{
    json_t *arguments =
        json_pack("{s:I, s:I, s:o}", "product", (json_int_t)product, "result", (json_int_t)result, "release",
                  release != NULL ? shared(release) : json_object());
    return ask_product(keeper, arena, VERB_PRODUCT_TABLE, arguments, ret_digest, ret_report, ret_refusal);
}

enum result keeper_product_index(struct keeper *keeper, struct arena *arena, row_id product,
                                 const json_t *policy, const json_t *spec, struct digest *ret_digest,
                                 json_t **ret_report, struct refusal *ret_refusal)
{
    json_t *arguments = json_pack("{s:I, s:o, s:o}", "product", (json_int_t)product, "policy", shared(policy),
                                  "spec", shared(spec));
    return ask_product(keeper, arena, VERB_PRODUCT_INDEX, arguments, ret_digest, ret_report, ret_refusal);
}

enum result keeper_product_digest(struct keeper *keeper, row_id product, struct digest *ret_digest)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask(keeper, NULL, VERB_PRODUCT_DIGEST, json_pack("{s:I}", "product", (json_int_t)product), -1, &reply,
            NULL));
    return read_digest(reply, ret_digest);
}

enum result keeper_product_read(struct keeper *keeper, struct arena *arena, row_id product,
                                const void **ret_bytes, size_t *ret_size)
{
    return ask_bytes(keeper, arena, VERB_PRODUCT_READ, json_pack("{s:I}", "product", (json_int_t)product),
                     ret_bytes, ret_size);
}

enum result keeper_product_ask(struct keeper *keeper, row_id product, const char *subject, bool *ret_known,
                               int64_t *ret_value, struct digest *ret_token)
{
    struct hot_reply reply;
    TRY(ask_hot(keeper, HOT_PRODUCT_CALL, product, subject, &reply));
    *ret_known = reply.known != 0;
    *ret_value = reply.value;
    *ret_token = reply.token;
    return RESULT_OK;
}

enum result keeper_product_call(struct keeper *keeper, row_id product, const char *subject, bool *ret_known,
                                int64_t *ret_value)
{
    struct digest token;
    return keeper_product_ask(keeper, product, subject, ret_known, ret_value, &token);
}

enum result keeper_subject_token(struct keeper *keeper, const char *subject, struct digest *ret_token)
{
    struct hot_reply reply;
    TRY(ask_hot(keeper, HOT_SUBJECT_TOKEN, 0, subject, &reply));
    *ret_token = reply.token;
    return RESULT_OK;
}

/* ---- documents ---- */

enum result keeper_document_put(struct keeper *keeper, row_id document, int fd, struct digest *ret_digest)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask(keeper, NULL, VERB_DOCUMENT_PUT, json_pack("{s:I}", "document", (json_int_t)document), fd, &reply,
            NULL));
    return read_digest(reply, ret_digest);
}

enum result keeper_document_get(struct keeper *keeper, struct arena *arena, row_id document,
                                const void **ret_bytes, size_t *ret_size)
{
    return ask_bytes(keeper, arena, VERB_DOCUMENT_GET, json_pack("{s:I}", "document", (json_int_t)document),
                     ret_bytes, ret_size);
}

/* ---- keys ---- */

enum result keeper_key_destroy(struct keeper *keeper, const char *key, json_t **ret_certificate)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask(keeper, NULL, VERB_KEY_DESTROY, json_pack("{s:s}", "key", key), -1, &reply, NULL));
    return give(reply, "certificate", ret_certificate);
}

enum result keeper_key_certificate(struct keeper *keeper, const char *key, json_t **ret_certificate)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask(keeper, NULL, VERB_KEY_CERTIFICATE, json_pack("{s:s}", "key", key), -1, &reply, NULL));
    return give(reply, "certificate", ret_certificate);
}

enum result keeper_sweep_destroyed(struct keeper *keeper, json_t **ret_keys)
{
    CLEANUP_JSON json_t *reply = NULL;
    TRY(ask(keeper, NULL, VERB_SWEEP_DESTROYED, NULL, -1, &reply, NULL));
    return give(reply, "keys", ret_keys);
}

enum result keeper_master_rotate(struct keeper *keeper)
{
    return ask(keeper, NULL, VERB_MASTER_ROTATE, NULL, -1, NULL, NULL);
}
