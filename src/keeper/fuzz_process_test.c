/* Mutated messages with random descriptors against a live keeper: it never dies, hangs or grows. */
#include "base/clock.h"
#include "base/random.h"
#include "keeper/fixture.h"
#include "keeper/keeper_inner.h"
#include "support/attack.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ROUNDS = 16000, ROUNDS_LONG = 400 * 1000, MESSAGE_MAX = 4096, KINDS = 5 };

/* What each verb takes, for the mutations to begin with. */
#define EXPECTED "\"expected\":{\"columns\":[{\"name\":\"id\",\"type\":\"integer\"}]}"
#define POLICY "\"policy\":{\"rule\":\"r\",\"version\":1,\"tables\":[]}"
#define CHECKPOINT "dukou.test/log\\n0\\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\\n"

static const char *const seeds[VERB_COUNT] = {
    [VERB_LOG_RESUME] = "{\"proof\":[]}",
    [VERB_LOG_EXTEND] = "{\"from\":0}",
    [VERB_SIGN] = "{\"text\":\"" CHECKPOINT "\"}",
    [VERB_GRANT_OPEN] = "{\"grant\":17}",
    [VERB_ORDER_SIGN] = "{\"order\":{\"order\":1,\"grant\":17,\"public_key\":\"ab\"}}",
    [VERB_SLICE_RECEIVE] = "{\"grant\":17," EXPECTED "}",
    [VERB_IMPORT] = "{\"import\":3," EXPECTED "}",
    [VERB_QUERY_CHECK] = "{" POLICY ",\"sql\":\"SELECT 1\"}",
    [VERB_QUERY_RUN] = "{\"result\":9,\"room\":2," POLICY ",\"sql\":\"SELECT 1\"}",
    [VERB_QUERY_PROGRESS] = "{\"result\":9}",
    [VERB_CANCEL] = "{\"scope\":\"room/2\"}",
    [VERB_RESULT_OPEN] = "{\"product\":4,\"result\":9}",
    [VERB_PRODUCT_TABLE] = "{\"product\":4,\"result\":9,\"release\":{\"threshold\":10}}",
    [VERB_PRODUCT_INDEX] = "{\"product\":5," POLICY ",\"spec\":{\"table\":\"a\",\"predicate\":\"b\"}}",
    [VERB_PRODUCT_DIGEST] = "{\"product\":4}",
    [VERB_PRODUCT_READ] = "{\"product\":4}",
    [VERB_DOCUMENT_PUT] = "{\"document\":12}",
    [VERB_DOCUMENT_GET] = "{\"document\":12}",
    [VERB_KEY_DESTROY] = "{\"key\":\"product/77\"}",
    [VERB_KEY_CERTIFICATE] = "{\"key\":\"product/77\"}",
};

struct bombardment {
    int calls;
    struct random *random;
    int files[KINDS]; /* of several kinds, to be sent along */
    size_t refused;   /* replies that came */
};

static uint32_t below(struct bombardment *bombardment, uint64_t limit)
{
    return (uint32_t)random_below(bombardment->random, limit);
}

/* Changes some bytes: flips, numbers at their ends, pieces taken out or doubled. */
static size_t mutate(struct bombardment *bombardment, char *bytes, size_t size)
{
    static const char *const pieces[] = {
        "-1",   "9223372036854775807",  "1e308",   "null", "[]", "{}",   "\"\"",
        "true", "18446744073709551616", "\\u0000", ",",    "\"", "[[[[", "\xff"};
    for (uint32_t changes = below(bombardment, 4); changes > 0 && size > 0; changes--) {
        size_t at = below(bombardment, (uint32_t)size);
        const char *piece = pieces[below(bombardment, sizeof pieces / sizeof *pieces)];
        size_t length = strlen(piece);
        switch (below(bombardment, 4)) {
        case 0:
            bytes[at] = (char)(bytes[at] ^ (char)(1U << below(bombardment, 8)));
            break;
        case 1:
            size = at;
            break;
        case 2:
            if (size + length < MESSAGE_MAX) {
                memmove(bytes + at + length, bytes + at, size - at);
                memcpy(bytes + at, piece, length);
                size += length;
            }
            break;
        default:
            memcpy(bytes + at, piece, length < size - at ? length : size - at);
        }
    }
    return size;
}

static void set_descriptors(struct bombardment *bombardment, struct msghdr *message, void *room, size_t count)
{
    if (count == 0)
        return;
    message->msg_control = room;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (head == NULL)
        abort();
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(count * sizeof(int));
    for (size_t i = 0; i < count; i++) {
        int fd = bombardment->files[below(bombardment, KINDS)];
        memcpy(CMSG_DATA(head) + i * sizeof fd, &fd, sizeof fd);
    }
}

static void send_one(struct bombardment *bombardment, uint64_t id)
{
    char json[MESSAGE_MAX + 32] = "";
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(8 * sizeof(int))];
    } control = {0};
    uint32_t verb = below(bombardment, VERB_COUNT + 1);
    const char *seed = verb < VERB_COUNT && seeds[verb] != NULL ? seeds[verb] : "{}";
    if (verb == VERB_MASTER_ROTATE) /* a hundred rotations a run would test the disk */
        verb = VERB_LOG_STATE;
    (void)snprintf(json, sizeof json, "%s", seed);
    size_t size = mutate(bombardment, json, strlen(seed));
    struct channel_head head = {.id = id, .verb = verb, .size = (uint32_t)size};
    if (below(bombardment, 16) == 0)
        head.size = below(bombardment, UINT32_MAX);
    if (below(bombardment, 16) == 0)
        head.in_memory = below(bombardment, 3);
    struct iovec parts[2] = {
        {&head, below(bombardment, 32) == 0 ? 1 + below(bombardment, sizeof head) : sizeof head},
        {json, size}};
    /* Never empty: on such a socket an empty message is the end. */
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    static const size_t counts[] = {0, 0, 0, 1, 1, 1, 2, 3, 4, 8};
    set_descriptors(bombardment, &message, control.bytes, counts[below(bombardment, 10)]);
    ssize_t sent = sendmsg(bombardment->calls, &message, MSG_NOSIGNAL);
    assert_true(sent >= 0);
}

/* Pages that the process holds, in KiB. */
static long resident(pid_t pid)
{
    char path[64];
    char line[256];
    long size = -1;
    (void)snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmRSS: %ld", &size) == 1)
            break;
    if (file != NULL)
        (void)fclose(file);
    return size;
}

static void open_files(struct bombardment *bombardment, int pipe_ends[2])
{
    assert_int_equal(pipe(pipe_ends), 0);
    bombardment->files[0] = fixture_file("id\n1\n2\n", 7);
    bombardment->files[1] = fixture_file("PAR1 and no more", 16);
    bombardment->files[2] = pipe_ends[0];
    bombardment->files[3] = eventfd(0, EFD_CLOEXEC);
    bombardment->files[4] = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void assert_answers(struct fixture *fixture)
{
    instant begun = clock_monotonic();
    CLEANUP_JSON json_t *state = NULL;
    assert_ok(keeper_log_state(fixture->keeper, &state));
    assert_true(clock_monotonic() - begun < 20 * INSTANT_SECOND);
    assert_int_equal(kill(fixture->keeper->process, 0), 0);
}

static void bombard(struct bombardment *bombardment, struct fixture *fixture, int rounds, uint64_t first)
{
    enum { TOGETHER = 32 }; /* fewer than may wait for a thread */
    for (int i = 0; i < rounds; i++) {
        send_one(bombardment, first + (uint64_t)i);
        if (i % TOGETHER == TOGETHER - 1)
            assert_answers(fixture);
    }
    assert_answers(fixture);
}

TEST(mutated_messages_with_any_descriptors_neither_end_nor_hang_nor_fatten_the_keeper)
{
    CLEANUP_FIXTURE struct fixture fixture = fixture_new();
    const char *given = getenv("DUKOU_FUZZ_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock_monotonic();
    struct bombardment bombardment = {.calls = *(int *)(void *)fixture.keeper->client, /* its first member */
                                      .random = random_seeded(seed)};
    int ends[2];
    int rounds = getenv("DUKOU_TEST_LONG") != NULL ? ROUNDS_LONG : ROUNDS;
    print_message("DUKOU_FUZZ_SEED=%llu\n", (unsigned long long)seed);
    open_files(&bombardment, ends);
    bombard(&bombardment, &fixture, rounds / 2, 1000 * 1000);
    long before = resident(fixture.keeper->process);
    bombard(&bombardment, &fixture, rounds / 2, 1000 * 1000 * 1000);
    long after = resident(fixture.keeper->process);
    print_message("resident: %ld, then %ld KiB\n", before, after);
    if (before > 0)
        assert_true(after < before + before / 4 + 8 * 1024);
    for (size_t i = 0; i < KINDS; i++)
        (void)close(bombardment.files[i]);
    (void)close(ends[1]);
    random_free(bombardment.random);
    attack_stopped(&(struct attack){
        "keeper", "fuzz_messages", "sends thousands of mutated messages with pipes, folders and broken files",
        "keeper: messages are read strictly", "it serves on"});
}
