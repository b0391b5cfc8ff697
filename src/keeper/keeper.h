/* The keeper: the process that holds the keys and the vault, checks queries with the guard and has them run
 * by jailed workers. These functions are its client side, called by the serving process, which holds no data
 * key and hands no bytes from the network to any parser but the keeper's jail.
 *
 * Every function may be called from several threads. RESULT_UNAVAILABLE when the keeper is gone, RESULT_BUSY
 * when too many calls wait already. Objects in the vault have names such as "slice/17", "import/3",
 * "result/9", "product/4", "document/12"; keys have names too: "grant/17", "import/3", "room/2", "product/4",
 * "document/12".
 */
#pragma once

#include "audit/audit.h"
#include "base/json.h"
#include "base/spread.h"

struct keeper;
struct engine;

struct keeper_options {
    const char *home;       /* vault/ and keys/ are below it; must exist */
    const char *master_key; /* path of the master key file; made on first use; NULL: home/keys/master */
    const char *origin;     /* name of the audit log */
    const char *clock;      /* file of a shared clock (base/clock.h); NULL: the machine's */
    /* Starts the back-end in the keeper, before any key is read, with the library at this path or (NULL)
     * where it finds it. */
    enum result (*start_engine)(const char *library, struct engine **ret_engine);
    const char *engine_library;
};

/* Forks the keeper (and its workers' zygote) off the calling process, which must still be single-threaded,
 * and returns when it serves. RESULT_FORBIDDEN when swap is active or the master key is open to others,
 * RESULT_CORRUPT when the master key is not the right one, RESULT_NOT_FOUND without the engine's library,
 * RESULT_BUSY when another keeper works on this home. From then on the calling process has threads of its
 * own. */
enum result keeper_start(const struct keeper_options *options, struct keeper **ret_keeper,
                         struct refusal *ret_refusal);

/* Connects to a keeper that is a process of its own and listens at `path` (keeper_listen()), waiting a little
 * for one that is just starting. Whenever it goes, calls give RESULT_UNAVAILABLE until it is back and the
 * connection has been made anew, which happens by itself. RESULT_UNAVAILABLE when nobody listens,
 * RESULT_FORBIDDEN when this process's user may not come in, RESULT_BUSY when as many as
 * LIMIT_KEEPER_CONNECTIONS have. */
enum result keeper_connect(const char *path, struct keeper **ret_keeper, struct refusal *ret_refusal);

#define KEEPER_NOBODY UINT32_MAX

struct keeper_door {
    const char *path; /* of the socket that it makes; its mode is 0600, wider only for the two below */
    uint32_t user;    /* beside the keeper's own: a user id that may come in, or KEEPER_NOBODY */
    uint32_t group;   /* whose members may, or KEEPER_NOBODY */
};

/* Is a keeper for any number of serving processes, until SIGTERM or SIGINT; then RESULT_OK. The calling
 * process, single-threaded, becomes its door, and has the keeper for its child. `ready` is called when it
 * serves. Otherwise as keeper_start(), RESULT_BUSY also when another listens at the path, RESULT_UNAVAILABLE
 * when the keeper ended by itself. */
enum result keeper_listen(const struct keeper_options *options, const struct keeper_door *door,
                          void (*ready)(const char *path), struct refusal *ret_refusal);

/* Ends what keeper_start() began or lets go of the connection, and frees `keeper`; NULL is allowed. What
 * still ran for this process is lost; no other thread may be in a call. */
void keeper_stop(struct keeper *keeper);

/* {"log_ed25519","log_sm2","order_ed25519": public keys as text, "jail":[names of the layers that are
 * active], "master_version","pid"}. */
enum result keeper_status(struct keeper *keeper, json_t **ret_status);

/* What the keeper does now, asked of it: {"workers","workers_able": 0 or 1,"workers_waiting","jobs",
 * "jobs_killed","calls_waiting","memory_bytes"}, numbers all. Waits for no worker: its answer shows that the
 * keeper is alive. */
enum result keeper_ask_figures(struct keeper *keeper, json_t **ret_figures);

/* What this process has asked of it, a row a verb; the calls of products by themselves. Nothing here waits.
 */
struct keeper_asked {
    const char *verb;
    struct spread_reading seconds; /* by keeper_second_bounds; calls that have ended, well or not */
    uint64_t failed;               /* of those: UNAVAILABLE, BUSY, IO, CORRUPT, MEMORY */
};
extern const struct spread_bounds keeper_second_bounds; /* microseconds, coarse on purpose */
/* Calls `each` for every verb. */
void keeper_asked(struct keeper *keeper, void (*each)(const struct keeper_asked *asked, void *argument),
                  void *argument);

/* Signs checkpoints of this origin, and nothing else, with keys that never leave the keeper: only of entries
 * that it was shown and has hashed itself, and only such as go on from the checkpoint that it signed last
 * (authority.h). One sealer at a time. */
struct audit_signer keeper_signer(struct keeper *keeper);

/* Why the signer refused last, in words, until its next call; NULL when it did not. */
const struct refusal *keeper_log_refusal(const struct keeper *keeper);

/* The size of a checkpoint that the keeper had no record of and took, since its own keys had signed it; 0:
 * none. */
int64_t keeper_log_taken(const struct keeper *keeper);

/* {"known": whether it has signed one, "base","last": sizes of the last two checkpoints}. */
enum result keeper_log_state(struct keeper *keeper, json_t **ret_state);

/* ---- grants and slices ---- */

#define KEEPER_KEY_TEXT_SIZE 65

/* Makes the grant's key pair (X25519) unless it is there; the public half as hexadecimal. RESULT_CONFLICT
 * when it was destroyed. */
enum result keeper_grant_open(struct keeper *keeper, row_id grant, char *ret_public_key);

/* Signs an order for a source agent: canonical JSON bytes, Ed25519, hexadecimal. Its "grant" and "public_key"
 * must be those of a grant that is open. The latest order of a grant is remembered: only its delivery will be
 * taken. */
enum result keeper_order_sign(struct keeper *keeper, struct arena *arena, const json_t *order,
                              char **ret_signature);

/* Takes a delivery (a regular or memory file as vault/delivery.h has it) that a source sealed to the grant's
 * key on the order signed last: decrypts in memory, checks it in the jail against `expected`, re-encodes,
 * encrypts into the vault as slice/GRANT.
 *
 * expected: {"columns":[{"name","type"[,"nullable","minimum","maximum","pattern","max_characters"]}],
 *            "subject": column or null, "subject_kind": text or absent, "rows_max": number or absent,
 *            "room": number or absent}
 *   a column may further have "use", "level" and "filterable" (guard/policy.h): the most that policies may
 * say of it later (bound.h); "room": the only one in which it may be used. types: text, integer, double,
 * boolean, date, timestamp, or DuckDB's names; minimum and maximum are text. Subjects of one kind (default
 * "subject") get the same hidden tokens in every table. *ret_report:
 * {"accepted","rows","columns":[{"name","type","nulls","violations"}],
 *               "violations":[{"line","column","reason"}],"violation_total","digest"}.
 * RESULT_OK with "accepted" false, and no "digest", when rows break the schema: then nothing has been stored.
 */
enum result keeper_slice_receive(struct keeper *keeper, struct arena *arena, row_id grant, int sealed_fd,
                                 const json_t *expected, json_t **ret_report, struct refusal *ret_refusal);

/* The same for a developer's own data: CSV or Parquet in clear in a memory file; becomes import/IMPORT under
 * a key of that name. */
enum result keeper_import(struct keeper *keeper, struct arena *arena, row_id import, int fd,
                          const json_t *expected, json_t **ret_report, struct refusal *ret_refusal);

/* Column names and types of an upload, found in the jail:
 * {"format":"csv" or "parquet","columns":[{"name","type","nulls"}],"rows"}. */
enum result keeper_describe(struct keeper *keeper, struct arena *arena, int fd, json_t **ret_description,
                            struct refusal *ret_refusal);

/* ---- queries in rooms ---- */

/* `policy`: guard/policy.h as JSON, tables with "file": their vault names ("slice/17", "import/3").
 * RESULT_FORBIDDEN when it goes below the floors or beyond what a table was bound to when it came in. */
enum result keeper_query_check(struct keeper *keeper, struct arena *arena, const json_t *policy,
                               const char *sql, struct refusal *ret_refusal);

/* Runs it and seals the result as result/RESULT under key room/ROOM. *ret_shape:
 * {"rows","columns":[{"name","type"}]}: all that the developer may learn. Blocks; ended early by
 * keeper_cancel(). */
enum result keeper_query_run(struct keeper *keeper, struct arena *arena, row_id result, row_id room,
                             const json_t *policy, const char *sql, json_t **ret_shape,
                             struct refusal *ret_refusal);

/* 0 … 100, −1 unknown. */
int keeper_query_progress(struct keeper *keeper, row_id result);

/* Stops what runs for a room ("room/2"), on a grant ("grant/17"), an import ("import/3"), for a product
 * ("product/4") or one query ("result/9"), within a second. What starts afterwards is not stopped: destroy
 * the key for that. */
enum result keeper_cancel(struct keeper *keeper, const char *scope);

/* For the egress reviewer of a product that was made of this result:
 * {"columns","rows":[[…]],"sql","report":{…}} as guard/release.h makes them, and "withheld":{"rows","cells"}:
 * how many are missing since they lie below the floors (LIMIT_RELEASE_…), which nobody sees. RESULT_FORBIDDEN
 * for another result. */
enum result keeper_result_open(struct keeper *keeper, struct arena *arena, row_id product, row_id result,
                               json_t **ret_result, struct refusal *ret_refusal);

/* ---- products ---- */

/* Fixes the bytes of a reviewed table (CSV, UTF-8, LF) from a sealed result with the release rules applied,
 * as product/PRODUCT; text that a spreadsheet would compute begins with an apostrophe
 * (keeper/csv.h). Making it again from the same result gives the same bytes. `release` (NULL: the
 * policy's own rules) may tighten them: {"rule","version","threshold","p_percent","k_percent","rounding"},
 * each optional. */
enum result keeper_product_table(struct keeper *keeper, struct arena *arena, row_id product, row_id result,
                                 const json_t *release, struct digest *ret_digest, json_t **ret_report,
                                 struct refusal *ret_refusal);

/* Builds the keyed-token index of a verification {"table","predicate": boolean SQL expression[,"where"]} or a
 * score
 * {"table","expression","low","high"[,"where"]} over one resource table, as guard/predicate.h explains.
 * *ret_report, for the reviewer only: {"sql","subjects","unknown"} with "yes","no" or "least","most","mean".
 */
enum result keeper_product_index(struct keeper *keeper, struct arena *arena, row_id product,
                                 const json_t *policy, const json_t *spec, struct digest *ret_digest,
                                 json_t **ret_report, struct refusal *ret_refusal);

/* The digest of what is stored now: an approval holds for these bytes only. */
enum result keeper_product_digest(struct keeper *keeper, row_id product, struct digest *ret_digest);

/* The bytes of a reviewed table, in the arena. */
enum result keeper_product_read(struct keeper *keeper, struct arena *arena, row_id product,
                                const void **ret_bytes, size_t *ret_size);

/* One call: *ret_known false when the subject is not in the index (unknown); *ret_value: 0/1 or the score.
 * Microseconds, but for the first, which loads the index. RESULT_CONFLICT for a reviewed table,
 * RESULT_INVALID for a subject over 256 bytes. */
enum result keeper_product_call(struct keeper *keeper, row_id product, const char *subject, bool *ret_known,
                                int64_t *ret_value);

/* The same, with the subject's token as keeper_subject_token() gives it: both in one round trip. */
enum result keeper_product_ask(struct keeper *keeper, row_id product, const char *subject, bool *ret_known,
                               int64_t *ret_value, struct digest *ret_token);

/* The keyed token of a subject, for consent records: the same for the same subject, useless without the key.
 */
enum result keeper_subject_token(struct keeper *keeper, const char *subject, struct digest *ret_token);

/* ---- documents ---- */

/* Storing the same bytes again is fine, storing others under the same number is RESULT_CONFLICT. */
enum result keeper_document_put(struct keeper *keeper, row_id document, int fd, struct digest *ret_digest);
enum result keeper_document_get(struct keeper *keeper, struct arena *arena, row_id document,
                                const void **ret_bytes, size_t *ret_size);

/* ---- keys ---- */

/* Destroys a key and its wrapped copies; what was encrypted under it is gone for good, what runs on it is
 * stopped. *ret_certificate: {"key","digest" of the key's public
 * identifier,"at","files":[{"object","bytes"}], "backups":[{"path","made","until"}]}. Destroying a destroyed
 * key is RESULT_NOT_FOUND. */
enum result keeper_key_destroy(struct keeper *keeper, const char *key, json_t **ret_certificate);

/* The certificate of a key destroyed before, for a caller that went down before it had noted it. */
enum result keeper_key_certificate(struct keeper *keeper, const char *key, json_t **ret_certificate);

/* After a restore: removes the files of destroyed keys that it brought back; *ret_keys names all destroyed
 * keys, an array. */
enum result keeper_sweep_destroyed(struct keeper *keeper, json_t **ret_keys);

/* A new master key wraps all keys; the old one is destroyed. */
enum result keeper_master_rotate(struct keeper *keeper);
