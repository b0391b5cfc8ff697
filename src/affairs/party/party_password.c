#include "affairs/party/party_inner.h"
#include "base/digest.h"
#include "base/text.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum { PASSWORD_CHARACTERS = 10, SECRET_SIZE = 32 };

/* Argon2id takes 64 MiB a time: the machine's memory is one, so this gate is one for the process. */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_free = PTHREAD_COND_INITIALIZER;
static int inside;
static int waiting;

static enum result gate_enter(void)
{
    pthread_mutex_lock(&gate);
    if (waiting >= LIMIT_LOGIN_WAITING) {
        pthread_mutex_unlock(&gate);
        return RESULT_BUSY;
    }
    waiting++;
    while (inside >= LIMIT_LOGIN_AT_ONCE)
        pthread_cond_wait(&gate_free, &gate);
    waiting--;
    inside++;
    pthread_mutex_unlock(&gate);
    return RESULT_OK;
}

static void gate_leave(void)
{
    pthread_mutex_lock(&gate);
    inside--;
    pthread_cond_signal(&gate_free);
    pthread_mutex_unlock(&gate);
}

enum result party_password_hash(struct arena *arena, const char *password, const char **ret_hash)
{
    char *hash = arena_alloc(arena, crypto_pwhash_STRBYTES);
    TRY(gate_enter());
    int failed = crypto_pwhash_str(hash, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                                   crypto_pwhash_MEMLIMIT_INTERACTIVE);
    gate_leave();
    if (failed != 0)
        return RESULT_MEMORY;
    *ret_hash = hash;
    return RESULT_OK;
}

enum result party_password_fits(const char *hash, const char *password, bool *ret_fits)
{
    TRY(gate_enter());
    *ret_fits = crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
    gate_leave();
    return RESULT_OK;
}

enum result party_password_is_strong(struct refusal *refusal, const char *password)
{
    if (text_characters(password) >= PASSWORD_CHARACTERS)
        return RESULT_OK;
    return refuse(refusal, (struct refusal){
                               .result = RESULT_INVALID,
                               .field = "/password",
                               .zh = "口令不足 10 个字符",
                               .en = "the password has fewer than 10 characters",
                               .remedy_zh = "用至少 10 个字符的口令，如几个词连成的短语",
                               .remedy_en = "use at least 10 characters, such as a phrase of several words"});
}

const char *party_secret(struct work *work)
{
    unsigned char bytes[SECRET_SIZE];
    char *text = arena_alloc(work->arena, 2 * SECRET_SIZE + 1);
    random_bytes(work->random, bytes, sizeof bytes);
    hex_print(bytes, sizeof bytes, text);
    return text;
}

const char *party_secret_digest(struct arena *arena, const char *secret)
{
    struct digest digest = digest_sha256(secret, strlen(secret));
    char *text = arena_alloc(arena, DIGEST_TEXT_SIZE);
    hex_print(digest.bytes, DIGEST_SIZE, text);
    return text;
}
