/* The limit of the audit log: SHA-256 and one file, nothing else.
 *
 * floor_log FILE: for each line of standard input works for a second and prints entries per second.
 *   "append": leaves of 256 entries of ENTRY_BYTES are hashed, written and fsynced together;
 *   "verify": leaves and nodes of a tree (RFC 6962) over entries in memory are hashed, on all processors. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ENTRY_BYTES = 400, BATCH = 256, DIGEST_BYTES = 32, THREADS_MAX = 64 };

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void hash(EVP_MD_CTX *context, unsigned char prefix, const void *bytes, size_t size,
                 unsigned char *ret_digest)
{
    if (EVP_DigestInit_ex2(context, NULL, NULL) != 1 || EVP_DigestUpdate(context, &prefix, 1) != 1 ||
        EVP_DigestUpdate(context, bytes, size) != 1 || EVP_DigestFinal_ex(context, ret_digest, NULL) != 1)
        exit(1);
}

static EVP_MD_CTX *new_context(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_MD *algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (context == NULL || algorithm == NULL || EVP_DigestInit_ex2(context, algorithm, NULL) != 1)
        exit(1);
    EVP_MD_free(algorithm);
    return context;
}

/* A tile's worth of entries: 256 leaves and the 255 nodes above them. */
static void hash_batch(EVP_MD_CTX *context, const unsigned char *entries)
{
    static _Thread_local unsigned char nodes[BATCH * DIGEST_BYTES];
    for (size_t i = 0; i < BATCH; i++)
        hash(context, 0, entries + i * ENTRY_BYTES, ENTRY_BYTES, nodes + i * DIGEST_BYTES);
    for (size_t width = BATCH; width > 1; width /= 2)
        for (size_t i = 0; i < width / 2; i++)
            hash(context, 1, nodes + 2 * i * DIGEST_BYTES, 2 * DIGEST_BYTES, nodes + i * DIGEST_BYTES);
}

static double append(int fd, EVP_MD_CTX *context)
{
    static unsigned char entries[BATCH * ENTRY_BYTES];
    size_t count = 0;
    double start = now();
    while (now() - start < 1) {
        memset(entries, (int)count, sizeof entries);
        hash_batch(context, entries);
        if (write(fd, entries, sizeof entries) != (ssize_t)sizeof entries || fdatasync(fd) != 0)
            exit(1);
        count += BATCH;
    }
    return (double)count / (now() - start);
}

static void *verify(void *ret_rate)
{
    unsigned char *entries = calloc(BATCH, ENTRY_BYTES);
    EVP_MD_CTX *context = new_context();
    size_t count = 0;
    double start = now();
    if (entries == NULL)
        exit(1);
    for (; now() - start < 1; count += BATCH)
        hash_batch(context, entries);
    *(double *)ret_rate = (double)count / (now() - start);
    EVP_MD_CTX_free(context);
    free(entries);
    return NULL;
}

static double verify_on_all(void)
{
    pthread_t threads[THREADS_MAX];
    double rates[THREADS_MAX] = {0}, sum = 0;
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    if (count > THREADS_MAX)
        count = THREADS_MAX;
    for (long i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, verify, &rates[i]) != 0)
            exit(1);
    for (long i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
        sum += rates[i];
    }
    return sum;
}

int main(int argc, char **argv)
{
    char line[64];
    int fd = argc == 2 ? open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        return 2;
    EVP_MD_CTX *context = new_context();
    while (fgets(line, sizeof line, stdin) != NULL) {
        (void)printf("%.0f\n", strncmp(line, "append", 6) == 0 ? append(fd, context) : verify_on_all());
        (void)fflush(stdout);
    }
    EVP_MD_CTX_free(context);
    (void)close(fd);
    return 0;
}
