#include "engine/wire.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint32_t no_text = UINT32_MAX;

void wire_out_free(struct wire_out *out)
{
    free(out->bytes);
    *out = (struct wire_out){0};
}

void wire_put(struct wire_out *out, const void *bytes, size_t size)
{
    if (size > out->room - out->size) {
        size_t room = out->room * 2 > out->size + size ? out->room * 2 : out->size + size + 256;
        uint8_t *grown = realloc(out->bytes, room);
        if (grown == NULL)
            abort();
        out->bytes = grown;
        out->room = room;
    }
    if (size > 0)
        memcpy(out->bytes + out->size, bytes, size);
    out->size += size;
}

void wire_put_u32(struct wire_out *out, uint32_t value)
{
    wire_put(out, &value, sizeof value);
}

void wire_put_u64(struct wire_out *out, uint64_t value)
{
    wire_put(out, &value, sizeof value);
}

void wire_put_text(struct wire_out *out, const char *text)
{
    if (text == NULL) {
        wire_put_u32(out, no_text);
        return;
    }
    size_t length = strlen(text);
    assert(length < no_text);
    wire_put_u32(out, (uint32_t)length);
    wire_put(out, text, length + 1);
}

const uint8_t *wire_get(struct wire_in *in, size_t size)
{
    if (in->bad || size > in->size - in->at) {
        in->bad = true;
        return NULL;
    }
    const uint8_t *at = in->bytes + in->at;
    in->at += size;
    return at;
}

uint32_t wire_get_u32(struct wire_in *in)
{
    uint32_t value = 0;
    const uint8_t *at = wire_get(in, sizeof value);
    if (at != NULL)
        memcpy(&value, at, sizeof value);
    return value;
}

uint64_t wire_get_u64(struct wire_in *in)
{
    uint64_t value = 0;
    const uint8_t *at = wire_get(in, sizeof value);
    if (at != NULL)
        memcpy(&value, at, sizeof value);
    return value;
}

const char *wire_get_text(struct wire_in *in)
{
    uint32_t length = wire_get_u32(in);
    if (in->bad || length == no_text)
        return NULL;
    const char *text = (const char *)wire_get(in, (size_t)length + 1);
    if (text != NULL && memchr(text, '\0', (size_t)length + 1) != text + length) {
        in->bad = true;
        return NULL;
    }
    return text;
}

bool wire_at_end(const struct wire_in *in)
{
    return !in->bad && in->at == in->size;
}

static enum result send_first(int fd, const void *bytes, size_t size, const int *descriptors, size_t count)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(WIRE_DESCRIPTORS_MAX * sizeof(int))];
    } control = {0};
    assert(count <= WIRE_DESCRIPTORS_MAX);
    struct iovec part = {(void *)(uintptr_t)bytes, size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (count > 0) {
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(count * sizeof(int));
        struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
        assert(rights != NULL);
        rights->cmsg_level = SOL_SOCKET;
        rights->cmsg_type = SCM_RIGHTS;
        rights->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(rights), descriptors, count * sizeof(int));
    }
    ssize_t sent;
    do
        sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size ? RESULT_OK : RESULT_UNAVAILABLE;
}

enum result frame_send(int fd, enum frame_kind kind, const void *bytes, size_t size, const int *descriptors,
                       size_t descriptor_count)
{
    struct frame_header header = {(uint32_t)kind, (uint32_t)size};
    TRY(send_first(fd, &header, sizeof header, descriptors, descriptor_count));
    for (size_t at = 0; at < size;) {
        ssize_t sent = send(fd, (const uint8_t *)bytes + at, size - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return RESULT_UNAVAILABLE;
        at += (size_t)sent;
    }
    return RESULT_OK;
}

static enum result write_all(int fd, const void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t written = write(fd, (const uint8_t *)bytes + at, size - at);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return RESULT_UNAVAILABLE;
        at += (size_t)written;
    }
    return RESULT_OK;
}

enum result frame_write(int fd, enum frame_kind kind, const void *bytes, size_t size)
{
    struct frame_header header = {(uint32_t)kind, (uint32_t)size};
    TRY(write_all(fd, &header, sizeof header));
    return write_all(fd, bytes, size);
}

static enum result receive_first(int fd, struct frame_header *ret_header, int *ret_descriptors,
                                 size_t *ret_count)
{
    union {
        struct cmsghdr header;
        char room[CMSG_SPACE(WIRE_DESCRIPTORS_MAX * sizeof(int))];
    } control = {0};
    struct iovec part = {ret_header, sizeof *ret_header};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t got;
    do
        got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof *ret_header || (message.msg_flags & MSG_CTRUNC) != 0)
        return RESULT_UNAVAILABLE;
    *ret_count = 0;
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    if (rights != NULL && rights->cmsg_type == SCM_RIGHTS) {
        *ret_count = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(ret_descriptors, CMSG_DATA(rights), *ret_count * sizeof(int));
    }
    return RESULT_OK;
}

enum result frame_receive(int fd, size_t limit, struct frame_header *ret_header, uint8_t **ret_bytes,
                          int *ret_descriptors, size_t *ret_descriptor_count)
{
    TRY(receive_first(fd, ret_header, ret_descriptors, ret_descriptor_count));
    if (ret_header->size > limit)
        return RESULT_TOO_LARGE;
    uint8_t *bytes = malloc((size_t)ret_header->size + 1);
    if (bytes == NULL)
        return RESULT_MEMORY;
    for (size_t at = 0; at < ret_header->size;) {
        ssize_t got = read(fd, bytes + at, ret_header->size - at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            free(bytes);
            return RESULT_UNAVAILABLE;
        }
        at += (size_t)got;
    }
    *ret_bytes = bytes;
    return RESULT_OK;
}
