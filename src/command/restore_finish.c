/* What the next start after `dukou restore` does, before anything is served.
 *
 *   store (as old as the backup)      0 … from−1
 *   log (never shorter than it was)   0 … from−1, from … past−1     the lost entries
 *
 * The log holds digests, not rows: lost rows cannot be made again, and their entries are noted as lost. But
 * what ended stays ended: keys that were destroyed, tokens, consents and whatever else command_lost[] names.
 */
#include "affairs/party/party.h"
#include "audit/audit.h"
#include "command/command.h"
#include "command/restore.h"
#include "command/restore_mark.h"
#include "http/background.h"
#include "vault/disk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is lost ---- */

struct lost {
    struct arena *arena;
    int64_t from;
    int64_t past;
    struct audit_seen *seen;
    size_t count;
    size_t room;
};

static enum result keep_seen(const struct audit_seen *seen, void *argument)
{
    struct lost *lost = argument;
    if (lost->count == lost->room) {
        lost->room = lost->room > 0 ? 2 * lost->room : 256;
        struct audit_seen *grown = arena_new_array(lost->arena, struct audit_seen, lost->room);
        if (lost->count > 0)
            memcpy(grown, lost->seen, lost->count * sizeof *grown);
        lost->seen = grown;
    }
    lost->seen[lost->count] = *seen;
    lost->seen[lost->count++].table = arena_strdup(lost->arena, seen->table);
    return RESULT_OK;
}

static enum result next_entry(struct store_tx *tx, void *argument)
{
    struct lost *lost = argument;
    return audit_next(tx, lost->arena, &lost->from);
}

static enum result find_lost(struct store *store, const char *log, struct arena *arena, struct lost *ret_lost)
{
    *ret_lost = (struct lost){.arena = arena};
    TRY(store_read(store, next_entry, ret_lost));
    TRY(audit_sealed(log, arena, &ret_lost->past));
    if (ret_lost->past <= ret_lost->from) {
        ret_lost->past = ret_lost->from;
        return RESULT_OK;
    }
    return audit_walk(log, ret_lost->from, ret_lost->past, keep_seen, ret_lost);
}

/* ---- before the store is opened ---- */

/* A batch of metering goes on from the one before it, and is named by nothing but its own entry. */
static bool may_be_given_again(const char *table)
{
    return strcmp(table, "meter_batch") == 0;
}

static enum result reserve_ids(const char *url, const struct lost *lost, struct arena *arena)
{
    struct store_reserved *reserved = arena_new_array(arena, struct store_reserved, lost->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < lost->count; i++) {
        size_t at = 0;
        while (at < count && strcmp(reserved[at].table, lost->seen[i].table) != 0)
            at++;
        if (may_be_given_again(lost->seen[i].table))
            continue;
        if (at == count)
            reserved[count++] = (struct store_reserved){lost->seen[i].table, 0};
        if (lost->seen[i].id > reserved[at].last)
            reserved[at].last = lost->seen[i].id;
    }
    return count > 0 ? store_reserve(url, reserved, count) : RESULT_OK;
}

enum result restore_reserve(const struct city *city, struct arena *arena, struct refusal *ret_refusal)
{
    struct store *store;
    struct lost lost;
    const struct settings *s = &city->settings;
    TRY(store_open_explained(s->store, arena, ret_refusal, &store));
    enum result result = find_lost(store, s->log, arena, &lost);
    store_close(store);
    TRY(result);
    return reserve_ids(s->store, &lost, arena);
}

/* ---- with the store open ---- */

struct finishing {
    const struct app *app;
    const struct lost *lost;
    const char *log;
    const char *mark;
    json_t *certificates; /* of destroyed keys, by name */
};

static enum result apply_lost(struct work *work, const struct finishing *finishing)
{
    for (size_t i = 0; i < finishing->lost->count; i++) {
        const struct audit_seen *seen = &finishing->lost->seen[i];
        for (const struct lost_rule *rule = command_lost; rule->table != NULL; rule++)
            if (strcmp(rule->table, seen->table) == 0)
                TRY(rule->lost(work, finishing->app, seen->id, seen->deleted));
    }
    return RESULT_OK;
}

static enum result apply_destroyed(struct work *work, const struct finishing *finishing)
{
    const char *name;
    json_t *certificate;
    json_object_foreach (finishing->certificates, name, certificate) {
        const char *slash = strchr(name, '/');
        for (const struct destroyed_rule *rule = command_destroyed; rule->kind != NULL; rule++)
            if (strncmp(rule->kind, name, (size_t)(slash - name)) == 0 && rule->kind[slash - name] == '\0')
                TRY(rule->destroyed(work, finishing->app, strtoll(slash + 1, NULL, 10), certificate));
    }
    return RESULT_OK;
}

/* The unit that finishes: all of it or nothing. */
static enum result finish(struct work *work, void *argument)
{
    const struct finishing *finishing = argument;
    const struct lost *lost = finishing->lost;
    struct store_row row;
    enum result result = store_one(work->tx, work->arena, SQL_RESTORATION_BY_MARK,
                                   STORE_BINDS({"mark", store_text(finishing->mark)}), &row);
    if (result != RESULT_NOT_FOUND)
        return result; /* recorded; the process went down before it removed the file */
    result = audit_agrees(work->tx, work->arena, finishing->log);
    if (result == RESULT_CORRUPT)
        return REFUSE(work, .result = RESULT_CORRUPT, .field = "log", .zh = "存储与日志不属于同一段历史",
                      .en = "store and log are not of one past",
                      .remedy_zh = "请用同一座城市的备份与最新日志",
                      .remedy_en = "bring the backup and the newest log of one city together");
    TRY(result);
    TRY(audit_skip(work->tx, work->arena, work->random, lost->past));
    TRY(apply_lost(work, finishing));
    TRY(apply_destroyed(work, finishing));
    TRY(party_end_sessions(work));
    TRY(store_one(work->tx, work->arena, SQL_RESTORATION_ADD,
                  STORE_BINDS({"mark", store_text(finishing->mark)}, {"from", store_integer(lost->from)},
                              {"past", store_integer(lost->past)}, {"at", store_integer(work_now(work))}),
                  &row));
    return work_record(work, "restore", "restoration", row_integer(&row, "id"), LAW_NONE, NULL);
}

/* What people may have to do again, in the log's own words. */
static enum result write_report(const struct city *city, struct arena *arena, const struct lost *lost)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL)
        abort();
    for (int64_t entry = lost->from; entry < lost->past; entry++) {
        CLEANUP_ARENA struct arena *turn = arena_new(0);
        const char *words;
        if (audit_words(city->settings.log, entry, turn, &words) == RESULT_OK)
            (void)fprintf(out, "%s\n", words);
    }
    (void)fclose(out);
    const char *path =
        arena_printf(arena, "%s/lost-entries-%lld.txt", city->settings.home, (long long)lost->from);
    enum result result = disk_put(path, text, size);
    free(text);
    if (result == RESULT_OK)
        (void)fprintf(stderr,
                      "备份之后的 %lld 条日志所记的更改已不在存储中，清单见 the changes of %lld entries made "
                      "since the backup "
                      "are not in the store; they are listed in %s\n",
                      (long long)(lost->past - lost->from), (long long)(lost->past - lost->from), path);
    return result;
}

/* An older log would be signed a second time from where it ends. */
static enum result hold_against_keeper(const struct city *city, int64_t sealed, struct arena *arena,
                                       struct refusal *ret_refusal)
{
    CLEANUP_JSON json_t *state = NULL;
    TRY(keeper_log_state(city->keeper, &state));
    long long last = json_integer_or(state, "last", 0);
    if (!json_is_true(json_object_get(state, "known")) || sealed >= last)
        return RESULT_OK;
    return refuse(
        ret_refusal,
        (struct refusal){
            .result = RESULT_CORRUPT,
            .field = "log",
            .zh = arena_printf(arena, "日志止于 %lld 条，而密钥已签到 %lld 条：这是较旧的副本，不会续写",
                               (long long)sealed, last),
            .en = arena_printf(arena,
                               "the log ends at %lld entries, the keys have signed %lld: this is an "
                               "older copy, and is not gone on with",
                               (long long)sealed, last),
            .remedy_zh = "把最新的日志目录放到 HOME/log（任何一份副本都可以），再启动",
            .remedy_en = "put the newest copy of the log's folder, whoever holds it, at HOME/log, and "
                         "start again"});
}

static enum result fetch_certificates(const struct city *city, struct arena *arena,
                                      struct finishing *finishing)
{
    json_t *names = NULL;
    TRY(keeper_sweep_destroyed(city->keeper, &names));
    (void)json_keep(arena, names);
    finishing->certificates = json_keep(arena, json_object());
    for (size_t i = 0; i < json_array_size(names); i++) {
        json_t *certificate = NULL;
        const char *name = json_string_value(json_array_get(names, i));
        TRY(keeper_key_certificate(city->keeper, name, &certificate));
        (void)json_object_set_new(finishing->certificates, name, certificate);
    }
    return RESULT_OK;
}

enum result restore_finish(const struct city *city, struct arena *arena, struct refusal *ret_refusal)
{
    struct restore_mark mark;
    struct lost lost;
    TRY(restore_mark_read(&city->settings, arena, &mark));
    TRY(find_lost(city->store, city->settings.log, arena, &lost));
    struct finishing finishing = {
        .app = &city->app, .lost = &lost, .log = city->settings.log, .mark = mark.id};
    int64_t sealed;
    TRY(audit_sealed(city->settings.log, arena, &sealed));
    TRY(hold_against_keeper(city, sealed, arena, ret_refusal));
    TRY(fetch_certificates(city, arena, &finishing));
    if (lost.past > lost.from)
        TRY(write_report(city, arena, &lost));
    TRY(background_write(&city->app, arena, &background_system, finish, &finishing, ret_refusal));
    return restore_mark_remove(&city->settings, arena);
}
