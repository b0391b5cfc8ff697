/* The keeper: the process that holds the keys and the vault, checks queries with the guard and has them run by jailed
 * workers. These functions are its client side, called by the serving process, which holds no data key and hands no bytes from the
 * network to any parser but the keeper's jail.
 *
 * Every function may be called from several threads. RESULT_UNAVAILABLE when the keeper is gone.
 * Objects in the vault have names such as "slice/17", "import/3", "result/9", "product/4", "document/12"; keys have names
 * too: "grant/17", "import/3", "room/2", "product/4", "document/12".
 */
#pragma once

#include "audit/audit.h"
#include "base/json.h"

struct keeper;

struct keeper_options {
    const char *home;          /* vault/ and keys/ are below it */
    const char *master_key;    /* path of the master key file; made on first use; NULL: home/keys/master */
    const char *origin;        /* name of the audit log */
};

/* Forks the keeper (and its workers' zygote) off the calling process, which must still be single-threaded. */
enum result keeper_start(const struct keeper_options *options, struct keeper **ret_keeper);
void keeper_stop(struct keeper *keeper);

/* {"log_ed25519","log_sm2","order_ed25519": public keys as text, "jail": layers that are active, "pid"}. */
enum result keeper_status(struct keeper *keeper, json_t **ret_status);

/* Signs checkpoints with keys that never leave the keeper. */
struct audit_signer keeper_signer(struct keeper *keeper);

/* ---- grants and slices ---- */

#define KEEPER_KEY_TEXT_SIZE 65

/* Makes the grant's key pair (X25519); the public half as hexadecimal. */
enum result keeper_grant_open(struct keeper *keeper, row_id grant, char *ret_public_key);

/* Signs an order for a source agent: canonical JSON bytes, Ed25519, hexadecimal. */
enum result keeper_order_sign(struct keeper *keeper, struct arena *arena, const json_t *order, char **ret_signature);

/* Takes a delivery that a source encrypted to the grant's key: decrypts in memory, checks it in the jail against `expected`
 * ({"columns":[{"name","type","nullable",…}],"subject":column or null,"rows_max"}), re-encodes, encrypts into the vault as
 * slice/GRANT. *ret_report: {"rows","columns","violations":[…],"digest"}. */
enum result keeper_slice_receive(struct keeper *keeper, struct arena *arena, row_id grant, int sealed_fd,
                                 const json_t *expected, json_t **ret_report, struct refusal *ret_refusal);

/* The same for a developer's own data: CSV or Parquet in clear in a memory file; becomes import/IMPORT. */
enum result keeper_import(struct keeper *keeper, struct arena *arena, row_id import, int fd, const json_t *expected,
                          json_t **ret_report, struct refusal *ret_refusal);

/* Column names and types of an upload, found in the jail: {"format","columns":[{"name","type"}],"rows"}. */
enum result keeper_describe(struct keeper *keeper, struct arena *arena, int fd, json_t **ret_description,
                            struct refusal *ret_refusal);

/* ---- queries in rooms ---- */

/* `policy`: guard/policy.h as JSON, tables with "file": their vault names. */
enum result keeper_query_check(struct keeper *keeper, struct arena *arena, const json_t *policy, const char *sql,
                               struct refusal *ret_refusal);

/* Runs it and seals the result as result/RESULT under key room/ROOM. *ret_shape: {"rows","columns":[{"name","type"}]}: all that the
 * developer may learn. Blocks; ended early by keeper_cancel(). */
enum result keeper_query_run(struct keeper *keeper, struct arena *arena, row_id result, row_id room,
                             const json_t *policy, const char *sql, json_t **ret_shape, struct refusal *ret_refusal);

/* 0 … 100, −1 unknown. */
int keeper_query_progress(struct keeper *keeper, row_id result);

/* Stops what runs for a room ("room/2"), on a grant ("grant/17") or one query ("result/9"), within a second. */
enum result keeper_cancel(struct keeper *keeper, const char *scope);

/* For the egress reviewer: {"columns","rows":[[…]],"report":{…}} as guard/release.h makes it. */
enum result keeper_result_open(struct keeper *keeper, struct arena *arena, row_id result, json_t **ret_result);

/* ---- products ---- */

/* Fixes the bytes of a reviewed table (CSV, UTF-8, LF) from a sealed result with the release rules applied, as product/PRODUCT.
 * Making it again from the same result gives the same bytes. */
enum result keeper_product_table(struct keeper *keeper, struct arena *arena, row_id product, row_id result,
                                 const json_t *release, struct digest *ret_digest, json_t **ret_report,
                                 struct refusal *ret_refusal);

/* Builds the keyed-token index of a verification ("predicate": boolean SQL expression) or score ("expression", "low", "high")
 * over one resource table. *ret_report: {"subjects","yes","no"…} for the reviewer only. */
enum result keeper_product_index(struct keeper *keeper, struct arena *arena, row_id product, const json_t *policy,
                                 const json_t *spec, struct digest *ret_digest, json_t **ret_report,
                                 struct refusal *ret_refusal);

/* The digest of what is stored now: an approval holds for these bytes only. */
enum result keeper_product_digest(struct keeper *keeper, row_id product, struct digest *ret_digest);

/* The bytes of a reviewed table, in the arena. */
enum result keeper_product_read(struct keeper *keeper, struct arena *arena, row_id product, const void **ret_bytes,
                                size_t *ret_size);

/* One call: *ret_known false when the subject is not in the index; *ret_value: 0/1 or the score. Microseconds. */
enum result keeper_product_call(struct keeper *keeper, row_id product, const char *subject, bool *ret_known,
                                int64_t *ret_value);

/* The keyed token of a subject, for consent records: hexadecimal, the same for the same subject, useless without the key. */
enum result keeper_subject_token(struct keeper *keeper, const char *subject, struct digest *ret_token);

/* ---- documents ---- */

enum result keeper_document_put(struct keeper *keeper, row_id document, int fd, struct digest *ret_digest);
enum result keeper_document_get(struct keeper *keeper, struct arena *arena, row_id document, const void **ret_bytes,
                                size_t *ret_size);

/* ---- keys ---- */

/* Destroys a key and its wrapped copies; what was encrypted under it is gone for good. *ret_certificate: {"key","digest" of the
 * key's public identifier,"at","files":[…],"backups":[{"path","until"}]}. Destroying a destroyed key is RESULT_NOT_FOUND. */
enum result keeper_key_destroy(struct keeper *keeper, const char *key, json_t **ret_certificate);

/* A new master key wraps all keys; the old one is destroyed. */
enum result keeper_master_rotate(struct keeper *keeper);
