#include "keeper/channel.h"

#include "base/limits.h"
#include "vault/disk.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { DESCRIPTORS_MAX = CHANNEL_DESCRIPTORS + 1 };

union control {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

int channel_memory(const void *bytes, size_t size)
{
    int fd = memfd_create("dukou", MFD_CLOEXEC);
    if (fd >= 0 && (disk_write_all(fd, bytes, size) != RESULT_OK || lseek(fd, 0, SEEK_SET) != 0)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

static enum result send_packet(int socket, struct msghdr *message)
{
    for (;;) {
        if (sendmsg(socket, message, MSG_NOSIGNAL) >= 0)
            return RESULT_OK;
        if (errno == EAGAIN)
            return RESULT_TIMEOUT;
        if (errno != EINTR)
            return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? RESULT_UNAVAILABLE
                                                                              : RESULT_IO;
    }
}

static void attach(struct msghdr *message, union control *control, const int *descriptors, size_t count)
{
    if (count == 0)
        return;
    message->msg_control = control->bytes;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    assert(header != NULL);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

enum result channel_send(int socket, const struct channel_head *head, const char *json,
                         const int *descriptors, size_t descriptor_count)
{
    struct channel_head sent = *head;
    size_t size = json != NULL ? strlen(json) : 0;
    int all[DESCRIPTORS_MAX];
    CLEANUP_FD int memory = -1;
    if (size > LIMIT_JSON_BYTES || descriptor_count > CHANNEL_DESCRIPTORS)
        return RESULT_TOO_LARGE;
    if (descriptor_count > 0)
        memcpy(all, descriptors, descriptor_count * sizeof *all);
    sent.size = (uint32_t)size;
    sent.in_memory = size > CHANNEL_INLINE_BYTES;
    if (sent.in_memory) {
        memory = channel_memory(json, size);
        if (memory < 0)
            return RESULT_MEMORY;
        all[descriptor_count++] = memory;
    }
    struct iovec parts[2] = {{&sent, sizeof sent}, {(void *)(uintptr_t)json, sent.in_memory ? 0 : size}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    union control control = {0};
    attach(&message, &control, all, descriptor_count);
    return send_packet(socket, &message);
}

/* At most DESCRIPTORS_MAX; false when more came (the room for control data, being aligned, may hold more),
 * which are closed. */
static bool take_descriptors(struct msghdr *message, int *descriptors, size_t *ret_count)
{
    bool fits = true;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
            if (*ret_count < DESCRIPTORS_MAX) {
                descriptors[(*ret_count)++] = fd;
                continue;
            }
            (void)close(fd);
            fits = false;
        }
    }
    return fits;
}

static void close_all(const int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++)
        (void)close(descriptors[i]);
}

/* The sender could change the memory file meanwhile, so it is read, not mapped. */
static bool read_memory(int fd, char *json, size_t size)
{
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && disk_read_at(fd, json, size, 0) == RESULT_OK;
}

static bool take_json(const struct channel_head *head, const char *body, size_t body_size,
                      const int *descriptors, size_t *count, char **ret_json)
{
    bool fits = head->in_memory == 0
                    ? head->size == body_size && head->size <= CHANNEL_INLINE_BYTES
                    : head->in_memory == 1 && body_size == 0 && *count > 0 && head->size <= LIMIT_JSON_BYTES;
    if (!fits)
        return false;
    char *json = head->size > 0 ? malloc((size_t)head->size + 1) : NULL;
    if (head->size > 0 && json == NULL)
        return false;
    if (json != NULL)
        json[head->size] = '\0';
    if (head->in_memory == 0) {
        if (json != NULL)
            memcpy(json, body, body_size);
    } else {
        int memory = descriptors[--*count];
        bool read = read_memory(memory, json, head->size);
        (void)close(memory);
        if (!read) {
            free(json);
            return false;
        }
    }
    *ret_json = json;
    return true;
}

enum result channel_receive(int socket, struct channel_message *ret_message)
{
    struct channel_message received = {0};
    char body[CHANNEL_INLINE_BYTES];
    int descriptors[DESCRIPTORS_MAX];
    size_t count = 0;
    struct iovec parts[2] = {{&received.head, sizeof received.head}, {body, sizeof body}};
    union control control;
    struct msghdr message = {.msg_iov = parts,
                             .msg_iovlen = 2,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t got;
    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return RESULT_UNAVAILABLE;
    bool few = take_descriptors(&message, descriptors, &count);
    if ((size_t)got < sizeof received.head)
        received.head.id = 0;
    if ((size_t)got < sizeof received.head || !few || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
        !take_json(&received.head, body, (size_t)got - sizeof received.head, descriptors, &count,
                   &received.json) ||
        count > CHANNEL_DESCRIPTORS) {
        close_all(descriptors, count);
        free(received.json);
        ret_message->head = received.head;
        return RESULT_MALFORMED;
    }
    received.descriptor_count = count;
    memcpy(received.descriptors, descriptors, count * sizeof *descriptors);
    *ret_message = received;
    return RESULT_OK;
}

void channel_message_free(struct channel_message *message)
{
    free(message->json);
    close_all(message->descriptors, message->descriptor_count);
    *message = (struct channel_message){0};
}
