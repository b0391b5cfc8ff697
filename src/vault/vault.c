#include "vault/vault.h"

#include "base/limits.h"
#include "vault/disk.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { PATH_BYTES = 1024, HOME_BYTES = 900, REGISTER_BYTES = 4 * 1024 * 1024 };

struct vault {
    char folder[PATH_BYTES];
    const struct clock *clock;
    struct vault_keys *keys;
    int lock; /* held as long as the vault is open */
};

/* What a crash left half written; ciphertext only. */
static enum result sweep_temporaries(const struct vault *vault)
{
    DIR *folder = opendir(vault->folder);
    if (folder == NULL)
        return RESULT_IO;
    struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        size_t length = strlen(entry->d_name);
        if (length > 4 && strcmp(entry->d_name + length - 4, ".tmp") == 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0);
    }
    (void)closedir(folder);
    return RESULT_OK;
}

/* One process at a time: another one's rotation would leave this one with a master key that opens nothing. A
 * predecessor that was killed may take a moment to go. */
static enum result take_lock(struct vault *vault)
{
    char path[PATH_BYTES + 8];
    (void)snprintf(path, sizeof path, "%s/lock", vault->folder);
    vault->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (vault->lock < 0)
        return RESULT_IO;
    for (int tries = 0; tries < 150; tries++) {
        if (flock(vault->lock, LOCK_EX | LOCK_NB) == 0)
            return RESULT_OK;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return RESULT_IO;
        (void)usleep(20 * 1000);
    }
    return RESULT_BUSY;
}

static enum result open_keys(struct vault *vault, const char *home, const char *master)
{
    char keys[PATH_BYTES];
    char tombstones[PATH_BYTES];
    (void)snprintf(keys, sizeof keys, "%s/keys", home);
    (void)snprintf(tombstones, sizeof tombstones, "%s/vault/destroyed", home);
    TRY(disk_folder(vault->folder));
    TRY(take_lock(vault));
    TRY(sweep_temporaries(vault));
    return vault_keys_open(keys, master, tombstones, &vault->keys);
}

enum result vault_open(const char *home, const char *master, const struct clock *clock,
                       struct vault **ret_vault)
{
    if (strlen(home) > HOME_BYTES)
        return RESULT_TOO_LARGE;
    struct vault *vault = calloc(1, sizeof *vault);
    if (vault == NULL)
        return RESULT_MEMORY;
    vault->clock = clock;
    vault->lock = -1;
    (void)snprintf(vault->folder, sizeof vault->folder, "%s/vault", home);
    enum result result = open_keys(vault, home, master);
    if (result != RESULT_OK) {
        vault_close(vault);
        return result;
    }
    *ret_vault = vault;
    return RESULT_OK;
}

void vault_close(struct vault *vault)
{
    if (vault == NULL)
        return;
    vault_keys_close(vault->keys);
    if (vault->lock >= 0)
        (void)close(vault->lock);
    free(vault);
}

struct vault_keys *vault_keys_of(struct vault *vault)
{
    return vault->keys;
}

static void object_path(const struct vault *vault, const char *object, char *ret_path)
{
    assert(vault_name_is_valid(object));
    int length = (int)(strchr(object, '/') - object);
    int size = snprintf(ret_path, PATH_BYTES, "%s/%.*s-%s.vault", vault->folder, length, object,
                        object + length + 1);
    assert(size < PATH_BYTES);
}

enum result vault_put(struct vault *vault, const char *object, const char *key, enum suite suite,
                      const char *layout, const void *plain, size_t size, struct digest *ret_digest)
{
    uint8_t bytes[VAULT_KEY_SIZE];
    char path[PATH_BYTES];
    if (!vault_name_is_valid(object) || !vault_name_is_valid(key))
        return RESULT_INVALID;
    TRY(vault_key_ensure(vault->keys, key, bytes));
    sodium_memzero(bytes, sizeof bytes);
    object_path(vault, object, path);
    const struct vault_file_spec spec = {
        .object = object, .key = key, .suite = suite, .made = clock_now(vault->clock), .layout = layout};
    return vault_file_write(vault->keys, path, &spec, plain, size, ret_digest);
}

enum result vault_get(struct vault *vault, const char *object, struct vault_file **ret_file)
{
    char path[PATH_BYTES];
    if (!vault_name_is_valid(object))
        return RESULT_NOT_FOUND;
    object_path(vault, object, path);
    return vault_file_open(vault->keys, path, object, ret_file);
}

enum result vault_get_bytes(struct vault *vault, struct arena *arena, const char *object, size_t limit,
                            void **ret_bytes, size_t *ret_size)
{
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    TRY(vault_get(vault, object, &file));
    uint64_t size = vault_file_size(file);
    if (size > limit || size >= arena_room(arena))
        return RESULT_TOO_LARGE;
    uint8_t *bytes = arena_alloc(arena, (size_t)size + 1);
    TRY(vault_file_read(file, 0, (size_t)size, bytes));
    *ret_bytes = bytes;
    *ret_size = (size_t)size;
    return RESULT_OK;
}

bool vault_has(struct vault *vault, const char *object)
{
    char path[PATH_BYTES];
    if (!vault_name_is_valid(object))
        return false;
    object_path(vault, object, path);
    return disk_exists(path);
}

/* ---- lists ---- */

static bool certificate_names(const char *path, const char *object)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *certificate = NULL;
    void *bytes = NULL;
    size_t size = 0;
    size_t index;
    json_t *file;
    if (disk_get(arena, path, REGISTER_BYTES, &bytes, &size) != RESULT_OK ||
        json_read(arena, bytes, size, &certificate, NULL) != RESULT_OK)
        return false;
    json_array_foreach (json_object_get(certificate, "files"), index, file) {
        const char *name = json_text(file, "object");
        if (name != NULL && strcmp(name, object) == 0)
            return true;
    }
    return false;
}

bool vault_was_destroyed(struct vault *vault, const char *object)
{
    char path[PATH_BYTES + NAME_MAX + 16];
    bool named = false;
    (void)snprintf(path, sizeof path, "%s/destroyed", vault->folder);
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && !named && (entry = readdir(folder)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/destroyed/%s", vault->folder, entry->d_name);
        named = entry->d_name[0] != '.' && certificate_names(path, object);
    }
    if (folder != NULL)
        (void)closedir(folder);
    return named;
}

size_t vault_list(struct vault *vault, struct arena *arena, const char *kind, int64_t **ret_ids)
{
    enum { MORE = 256 };
    size_t count = 0;
    int64_t *ids = NULL;
    size_t length = strlen(kind);
    DIR *folder = opendir(vault->folder);
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        char *end = NULL;
        const char *name = entry->d_name;
        if (strncmp(name, kind, length) != 0 || name[length] != '-')
            continue;
        int64_t id = strtoll(name + length + 1, &end, 10);
        if (end == name + length + 1 || strcmp(end, ".vault") != 0)
            continue;
        if (count % MORE == 0) {
            int64_t *larger = arena_new_array(arena, int64_t, count + MORE);
            if (count > 0)
                memcpy(larger, ids, count * sizeof *ids);
            ids = larger;
        }
        ids[count++] = id;
    }
    if (folder != NULL)
        (void)closedir(folder);
    *ret_ids = ids;
    return count;
}

/* ---- the register of backups ---- */

static enum result register_read(struct arena *arena, const char *path, json_t **ret_register)
{
    void *bytes = NULL;
    size_t size = 0;
    enum result result = disk_get(arena, path, REGISTER_BYTES, &bytes, &size);
    if (result == RESULT_NOT_FOUND) {
        *ret_register = json_array();
        return RESULT_OK;
    }
    TRY(result);
    json_t *json = NULL;
    if (json_read(arena, bytes, size, &json, NULL) != RESULT_OK)
        return RESULT_CORRUPT;
    if (!json_is_array(json)) {
        json_decref(json);
        return RESULT_CORRUPT;
    }
    *ret_register = json;
    return RESULT_OK;
}

static enum result register_add(const char *path, const char *backup, instant made, instant until)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *list = NULL;
    char made_text[INSTANT_TEXT_SIZE];
    char until_text[INSTANT_TEXT_SIZE];
    TRY(register_read(arena, path, &list));
    instant_print(made, made_text);
    instant_print(until, until_text);
    json_t *entry = json_pack("{s:s, s:s, s:s}", "path", backup, "made", made_text, "until", until_text);
    if (entry == NULL || json_array_append_new(list, entry) != 0)
        return RESULT_INVALID;
    const char *text = json_print(arena, list);
    return disk_put(path, text, strlen(text));
}

struct register_paths {
    char folder[PATH_BYTES];
    char list[PATH_BYTES];
    char lock[PATH_BYTES];
};

static enum result register_open(const char *home, struct register_paths *paths, int *ret_lock)
{
    if (strlen(home) > HOME_BYTES)
        return RESULT_TOO_LARGE;
    (void)snprintf(paths->folder, sizeof paths->folder, "%s/vault", home);
    (void)snprintf(paths->list, sizeof paths->list, "%s/vault/backups.json", home);
    (void)snprintf(paths->lock, sizeof paths->lock, "%s/vault/backups.lock", home);
    TRY(disk_folder(paths->folder));
    *ret_lock = open(paths->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return *ret_lock >= 0 && flock(*ret_lock, LOCK_EX) == 0 ? RESULT_OK : RESULT_IO;
}

enum result vault_backup_register(const char *home, const char *path, instant made, instant until)
{
    struct register_paths paths;
    CLEANUP_FD int lock = -1;
    TRY(register_open(home, &paths, &lock));
    return register_add(paths.list, path, made, until);
}

enum result vault_backup_verified(const char *home, const char *path, instant at)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *list = NULL;
    struct register_paths paths;
    CLEANUP_FD int lock = -1;
    char text[INSTANT_TEXT_SIZE];
    instant_print(at, text);
    TRY(register_open(home, &paths, &lock));
    TRY(register_read(arena, paths.list, &list));
    for (size_t i = json_array_size(list); i-- > 0;) {
        json_t *entry = json_array_get(list, i);
        const char *name = json_text(entry, "path");
        if (name == NULL || strcmp(name, path) != 0)
            continue;
        (void)json_object_set_new(entry, "verified", json_string(text));
        const char *all = json_print(arena, list);
        return disk_put(paths.list, all, strlen(all));
    }
    return RESULT_NOT_FOUND;
}

enum result vault_backup_newest(const char *home, instant *ret_made, instant *ret_verified)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *list = NULL;
    instant made = 0;
    instant verified = 0;
    size_t index;
    json_t *entry;
    TRY(register_read(arena, arena_printf(arena, "%s/vault/backups.json", home), &list));
    json_array_foreach (list, index, entry) {
        instant at;
        if (json_text(entry, "made") == NULL || instant_parse(json_text(entry, "made"), &at) != RESULT_OK)
            return RESULT_CORRUPT;
        made = at > made ? at : made;
        if (json_text(entry, "verified") != NULL && at > verified)
            verified = at;
    }
    *ret_made = made;
    *ret_verified = verified;
    return RESULT_OK;
}

/* Backups made since the first of the files was written, and not yet expired. */
static enum result backups_since(struct vault *vault, struct arena *arena, instant first, instant now,
                                 json_t *ret_backups)
{
    char path[PATH_BYTES + 16];
    CLEANUP_JSON json_t *list = NULL;
    (void)snprintf(path, sizeof path, "%s/backups.json", vault->folder);
    TRY(register_read(arena, path, &list));
    size_t index;
    json_t *entry;
    json_array_foreach (list, index, entry) {
        instant made;
        instant until;
        if (instant_parse(json_text(entry, "made"), &made) != RESULT_OK ||
            instant_parse(json_text(entry, "until"), &until) != RESULT_OK)
            return RESULT_CORRUPT;
        if (made >= first && until > now)
            (void)json_array_append_new(ret_backups,
                                        json_pack("{s:O, s:O, s:O}", "path", json_object_get(entry, "path"),
                                                  "made", json_object_get(entry, "made"), "until",
                                                  json_object_get(entry, "until")));
    }
    return RESULT_OK;
}

/* ---- destruction ---- */

static bool is_object_file(const char *name)
{
    size_t length = strlen(name);
    return length > 6 && strcmp(name + length - 6, ".vault") == 0;
}

/* Calls `each` with the headers of all files under `key`. */
typedef enum result each_file(const char *path, const struct vault_file_header *header, void *argument);

static enum result walk_files(const struct vault *vault, const char *key, each_file *each, void *argument)
{
    DIR *folder = opendir(vault->folder);
    if (folder == NULL)
        return RESULT_IO;
    enum result result = RESULT_OK;
    struct dirent *entry;
    while (result == RESULT_OK && (entry = readdir(folder)) != NULL) {
        char path[PATH_BYTES + NAME_MAX + 2];
        struct vault_file_header header;
        (void)snprintf(path, sizeof path, "%s/%s", vault->folder, entry->d_name);
        /* A file whose header does not read belongs to no key that could be told. */
        if (is_object_file(entry->d_name) && vault_file_peek(path, &header) == RESULT_OK &&
            strcmp(header.key, key) == 0)
            result = each(path, &header, argument);
    }
    (void)closedir(folder);
    return result;
}

struct listing {
    json_t *files;
    instant first;
};

static enum result list_one(const char *path, const struct vault_file_header *header, void *argument)
{
    struct listing *listing = argument;
    (void)path;
    if (header->made < listing->first)
        listing->first = header->made;
    json_t *file = json_pack("{s:s, s:I}", "object", header->object, "bytes", (json_int_t)header->size);
    return json_array_append_new(listing->files, file) == 0 ? RESULT_OK : RESULT_MEMORY;
}

static enum result remove_one(const char *path, const struct vault_file_header *header, void *argument)
{
    (void)header;
    (void)argument;
    return unlink(path) == 0 ? RESULT_OK : RESULT_IO;
}

static enum result certificate_of(struct vault *vault, struct arena *arena, const char *key,
                                  const uint8_t *bytes, json_t *ret_certificate)
{
    char at[INSTANT_TEXT_SIZE];
    char digest[DIGEST_TEXT_SIZE];
    struct digest identifier = vault_key_identifier(bytes);
    instant now = clock_now(vault->clock);
    struct listing listing = {json_array(), INT64_MAX};
    json_t *backups = json_array();
    instant_print(now, at);
    hex_print(identifier.bytes, DIGEST_SIZE, digest);
    (void)json_object_set_new(ret_certificate, "key", json_string(key));
    (void)json_object_set_new(ret_certificate, "digest", json_string(digest));
    (void)json_object_set_new(ret_certificate, "at", json_string(at));
    (void)json_object_set_new(ret_certificate, "files", listing.files);
    (void)json_object_set_new(ret_certificate, "backups", backups);
    TRY(walk_files(vault, key, list_one, &listing));
    return backups_since(vault, arena, listing.first, now, backups);
}

enum result vault_destroy(struct vault *vault, const char *key, json_t **ret_certificate)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_JSON json_t *certificate = json_object();
    uint8_t bytes[VAULT_KEY_SIZE];
    enum result result = vault_key_get(vault->keys, key, bytes);
    if (result == RESULT_NOT_FOUND)
        TRY(vault_key_bury(vault->keys, key)); /* an earlier call may have failed half-way */
    TRY(result);
    result = certificate_of(vault, arena, key, bytes, certificate);
    sodium_memzero(bytes, sizeof bytes);
    TRY(result);
    TRY(vault_key_destroy(vault->keys, key, json_print(arena, certificate)));
    /* The bytes are noise from here on; a file that cannot be removed does no harm. */
    (void)walk_files(vault, key, remove_one, NULL);
    *ret_certificate = json_incref(certificate);
    return RESULT_OK;
}

enum result vault_certificate(struct vault *vault, const char *key, json_t **ret_certificate)
{
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    const char *text = NULL;
    TRY(vault_key_certificate(vault->keys, arena, key, &text));
    return json_read(arena, text, strlen(text), ret_certificate, NULL) == RESULT_OK ? RESULT_OK
                                                                                    : RESULT_CORRUPT;
}

/* ---- after a restore ---- */

static enum result add_name(const char *name, void *argument)
{
    return json_array_append_new(argument, json_string(name)) == 0 ? RESULT_OK : RESULT_MEMORY;
}

enum result vault_sweep_destroyed(struct vault *vault, json_t *ret_names)
{
    DIR *folder = opendir(vault->folder);
    if (folder == NULL)
        return RESULT_IO;
    enum result result = RESULT_OK;
    for (struct dirent *entry; result == RESULT_OK && (entry = readdir(folder)) != NULL;) {
        CLEANUP_ARENA struct arena *arena = arena_new(0);
        char path[PATH_BYTES + NAME_MAX + 2];
        struct vault_file_header header;
        const char *certificate;
        (void)snprintf(path, sizeof path, "%s/%s", vault->folder, entry->d_name);
        if (is_object_file(entry->d_name) && vault_file_peek(path, &header) == RESULT_OK &&
            vault_key_certificate(vault->keys, arena, header.key, &certificate) == RESULT_OK &&
            unlink(path) != 0)
            result = RESULT_IO;
    }
    (void)closedir(folder);
    return result == RESULT_OK ? vault_keys_destroyed(vault->keys, add_name, ret_names) : result;
}
