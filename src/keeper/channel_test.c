/* Messages as another hand would send them. */
#include "keeper/channel.h"
#include "support/attack.h"
#include "support/test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MANY = 16 };

static size_t open_descriptors(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/fd");
    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    (void)closedir(folder);
    return count;
}

/* A message with `count` descriptors of one file, in `groups` groups. */
static enum result receive_with(size_t count, struct channel_message *ret_message)
{
    int pair[2];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(MANY * sizeof(int))];
    } control = {0};
    struct channel_head head = {.id = 7};
    struct iovec part = {&head, sizeof head};
    struct msghdr sent = {.msg_iov = &part, .msg_iovlen = 1};
    int fd = channel_memory("x", 1);
    assert_true(fd >= 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    if (count > 0) {
        sent.msg_control = control.bytes;
        sent.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *first = CMSG_FIRSTHDR(&sent);
        if (first == NULL)
            abort();
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(count * sizeof(int));
        for (size_t i = 0; i < count; i++)
            memcpy(CMSG_DATA(first) + i * sizeof fd, &fd, sizeof fd);
    }
    assert_int_equal(sendmsg(pair[0], &sent, 0), sizeof head);
    enum result result = channel_receive(pair[1], ret_message);
    (void)close(pair[0]);
    (void)close(pair[1]);
    (void)close(fd);
    return result;
}

/* Found by the fuzzer: the room for control data held one descriptor more than the array behind it. */
TEST(a_message_with_more_descriptors_than_any_has_is_no_message_and_leaves_none_open)
{
    size_t before = open_descriptors();
    for (size_t count = 0; count <= MANY; count++) {
        struct channel_message message = {0};
        enum result result = receive_with(count, &message);
        if (count <= CHANNEL_DESCRIPTORS) {
            assert_ok(result);
            assert_int_equal(message.descriptor_count, count);
            channel_message_free(&message);
        } else {
            assert_int_equal(result, RESULT_MALFORMED);
            assert_int_equal(message.head.id, 7);
        }
        assert_int_equal(open_descriptors(), before);
    }
    attack_stopped(
        &(struct attack){"keeper", "descriptors_too_many",
                         "sends more descriptors than a message may have, past the end of their array",
                         "keeper: messages are read strictly", "RESULT_MALFORMED"});
}
