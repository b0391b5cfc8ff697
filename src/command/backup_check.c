#include "audit/audit.h"
#include "base/digest.h"
#include "command/backup.h"
#include "command/folder.h"
#include "store/store.h"
#include "vault/disk.h"
#include "vault/vault.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum result refuse_backup(struct arena *arena, struct refusal *ret_refusal, const char *what,
                                 const char *zh, const char *en)
{
    return refuse(ret_refusal, (struct refusal){.result = RESULT_CORRUPT,
                                                .field = arena_strdup(arena, what),
                                                .zh = zh,
                                                .en = en,
                                                .remedy_zh = "不要使用这份备份；请重新备份，并检查磁盘",
                                                .remedy_en = "do not use this backup; make another, and look "
                                                             "at the disk"});
}

/* ---- the list ---- */

/* SHA-256 of a file of any size. */
static enum result file_digest(const char *path, struct digest *ret_digest)
{
    enum { PIECE = 1 << 20 };
    FILE *file = fopen(path, "rbe");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t *piece = malloc(PIECE);
    enum result result = file != NULL && context != NULL && piece != NULL ? RESULT_OK : RESULT_IO;
    if (result == RESULT_OK)
        (void)EVP_DigestInit_ex(context, EVP_sha256(), NULL);
    for (size_t got; result == RESULT_OK && (got = fread(piece, 1, PIECE, file)) > 0;)
        (void)EVP_DigestUpdate(context, piece, got);
    if (result == RESULT_OK && ferror(file))
        result = RESULT_IO;
    if (result == RESULT_OK)
        (void)EVP_DigestFinal_ex(context, ret_digest->bytes, NULL);
    free(piece);
    EVP_MD_CTX_free(context);
    if (file != NULL)
        (void)fclose(file);
    return result;
}

/* nftw() takes no argument of ours. */
static struct {
    size_t skip; /* length of the folder's path and its slash */
    json_t *files;
    enum result result;
} listing;

/* What a process leaves that had the copy open says nothing about it. */
static bool is_passing(const char *name)
{
    return strcmp(name, "vault/lock") == 0 || strcmp(name, "vault/backups.lock") == 0 ||
           strncmp(name, "log/tmp", 7) == 0;
}

static int list_one(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    struct digest digest;
    char text[DIGEST_TEXT_SIZE];
    (void)info;
    (void)walk;
    if (type != FTW_F || is_passing(path + listing.skip))
        return 0;
    listing.result = file_digest(path, &digest);
    if (listing.result != RESULT_OK)
        return 1;
    hex_print(digest.bytes, DIGEST_SIZE, text);
    return json_object_set_new(listing.files, path + listing.skip, json_string(text));
}

/* {"log/checkpoint": digest, …} of log and vault. The store is judged by what it says: SQLite may rewrite its
 * file without a change. */
static enum result list_files(struct arena *arena, const char *folder, json_t **ret_files)
{
    static const char *const parts[] = {"log", "vault"};
    listing.skip = strlen(folder) + 1;
    listing.files = json_keep(arena, json_object());
    listing.result = RESULT_OK;
    for (size_t i = 0; i < 2; i++) {
        const char *path = arena_printf(arena, "%s/%s", folder, parts[i]);
        if (access(path, F_OK) == 0 && nftw(path, list_one, 16, FTW_PHYS) != 0)
            return listing.result != RESULT_OK ? listing.result : RESULT_IO;
    }
    *ret_files = listing.files;
    return RESULT_OK;
}

enum result backup_seal(struct arena *arena, const char *folder)
{
    json_t *files;
    TRY(list_files(arena, folder, &files));
    const char *text = json_print_canonical(arena, files);
    return disk_put(arena_printf(arena, "%s/files", folder), text, strlen(text));
}

static enum result check_files(struct arena *arena, const char *folder, struct refusal *ret_refusal)
{
    enum { LIST_BYTES = 512 * 1024 * 1024 };
    void *bytes;
    size_t size;
    json_t *told = NULL;
    json_t *found;
    const char *name;
    json_t *digest;
    if (disk_get(arena, arena_printf(arena, "%s/files", folder), LIST_BYTES, &bytes, &size) != RESULT_OK)
        return refuse_backup(arena, ret_refusal, "files", "缺少文件清单：备份没有做完，或这不是备份",
                             "the list of files is missing: the backup was cut short, or this is none");
    told = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(json_keep(arena, told)))
        return refuse_backup(arena, ret_refusal, "files", "文件清单已损坏", "the list of files is damaged");
    TRY(list_files(arena, folder, &found));
    json_object_foreach (told, name, digest) {
        const json_t *now = json_object_get(found, name);
        if (now == NULL)
            return refuse_backup(arena, ret_refusal, name, "文件缺失", "this file is missing");
        if (!json_equal(now, digest))
            return refuse_backup(arena, ret_refusal, name, "文件已改变", "this file has changed");
    }
    json_object_foreach (found, name, digest)
        if (json_object_get(told, name) == NULL)
            return refuse_backup(arena, ret_refusal, name, "清单中没有这个文件",
                                 "this file is not in the list");
    return RESULT_OK;
}

/* ---- store and log ---- */

static enum result check_log(struct arena *arena, const char *folder, const char *scratch,
                             struct refusal *ret_refusal)
{
    struct audit_report report = {0};
    const char *store = arena_printf(arena, "%s/dukou.db", scratch);
    TRY(store_restore(arena_printf(arena, "%s/dukou.db", folder), store, false, arena, ret_refusal));
    enum result result =
        audit_verify_copy(arena_printf(arena, "%s/log", folder), store, NULL, arena, &report);
    if (result == RESULT_CORRUPT)
        return refuse_backup(arena, ret_refusal, "log", "日志与存储不符，见 dukou audit verify",
                             report.first != NULL ? report.first : "log and store do not fit");
    return result;
}

/* ---- vault and keys ---- */

struct opening {
    struct vault *vault;
    struct arena *arena;
    struct refusal *ret_refusal;
};

/* Decrypts a file to its end: every tag is checked on the way. */
static enum result open_file(const struct opening *opening, const char *name,
                             const struct vault_file_header *header)
{
    enum { PIECE = 4 * 1024 * 1024 };
    CLEANUP_ARENA struct arena *arena = arena_new(0);
    CLEANUP_VAULT_FILE struct vault_file *file = NULL;
    const char *certificate;
    if (vault_key_certificate(vault_keys_of(opening->vault), arena, header->key, &certificate) == RESULT_OK)
        return RESULT_OK; /* its key is destroyed: nobody is to read it */
    enum result result = vault_get(opening->vault, header->object, &file);
    uint64_t size = result == RESULT_OK ? vault_file_size(file) : 0;
    uint8_t *piece = malloc(PIECE);
    if (piece == NULL)
        abort();
    for (uint64_t at = 0; result == RESULT_OK && at < size; at += PIECE)
        result = vault_file_read(file, at, size - at < PIECE ? (size_t)(size - at) : PIECE, piece);
    explicit_bzero(piece, PIECE);
    free(piece);
    if (result == RESULT_OK)
        return RESULT_OK;
    return refuse_backup(opening->arena, opening->ret_refusal, name, "密钥打不开这个文件，或文件已损坏",
                         "the keys do not open this file, or it is damaged");
}

static enum result open_files(const struct opening *opening, const char *vault)
{
    DIR *folder = opendir(vault);
    if (folder == NULL)
        return RESULT_OK; /* a city without any object */
    enum result result = RESULT_OK;
    for (struct dirent *entry; result == RESULT_OK && (entry = readdir(folder)) != NULL;) {
        char path[PATH_MAX];
        struct vault_file_header header;
        size_t length = strlen(entry->d_name);
        if (length < 6 || strcmp(entry->d_name + length - 6, ".vault") != 0)
            continue;
        (void)snprintf(path, sizeof path, "%s/%s", vault, entry->d_name);
        if (vault_file_peek(path, &header) != RESULT_OK)
            result = refuse_backup(opening->arena, opening->ret_refusal, entry->d_name, "文件已损坏",
                                   "this file is damaged");
        else
            result = open_file(opening, entry->d_name, &header);
    }
    (void)closedir(folder);
    return result;
}

/* On a copy of the keys, which lies in memory: opening a folder of keys may finish a rotation in it. */
static enum result check_keys(struct arena *arena, const char *folder, const char *keys,
                              struct refusal *ret_refusal)
{
    char absolute[PATH_MAX];
    char scratch[] = "/dev/shm/dukou-check.XXXXXX";
    struct clock *clock = clock_system();
    struct opening opening = {.arena = arena, .ret_refusal = ret_refusal};
    const char *vault;
    if (realpath(folder, absolute) == NULL || mkdtemp(scratch) == NULL)
        return RESULT_IO;
    vault = arena_printf(arena, "%s/vault", scratch);
    enum result result = folder_copy(keys, arena_printf(arena, "%s/keys", scratch), FOLDER_REFUSE);
    if (result == RESULT_OK && symlink(arena_printf(arena, "%s/vault", absolute), vault) != 0)
        result = RESULT_IO;
    if (result == RESULT_OK &&
        vault_open(scratch, getenv("DUKOU_MASTER_KEY"), clock, &opening.vault) != RESULT_OK)
        result = refuse_backup(arena, ret_refusal, keys, "主密钥打不开这些密钥，或密钥不全",
                               "the master key does not open these keys, or some are missing");
    if (result == RESULT_OK)
        result = open_files(&opening, vault);
    vault_close(opening.vault);
    clock_free(clock);
    (void)folder_remove(scratch);
    return result;
}

enum result backup_check(struct arena *arena, const char *folder, const char *keys,
                         struct refusal *ret_refusal)
{
    TRY(check_files(arena, folder, ret_refusal));
    char *scratch = arena_printf(arena, "%s/check.XXXXXX", folder);
    if (mkdtemp(scratch) == NULL)
        return RESULT_IO;
    enum result result = check_log(arena, folder, scratch, ret_refusal);
    if (result == RESULT_OK && keys != NULL)
        result = check_keys(arena, folder, keys, ret_refusal);
    (void)folder_remove(scratch);
    return result;
}
