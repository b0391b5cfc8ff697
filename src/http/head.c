/* What the server refuses of a head although MHD reads it: whatever two readers of HTTP could understand
 * differently (RFC 9112). A front end and this server must never disagree about where a request ends or whose
 * it is. */
#include "base/limits.h"
#include "http/server_inner.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* Fields that say how long a request is, whose it is or what it means: once, or not at all. */
static const char *const singular[] = {"Host",          "Content-Length", "Content-Type", "Content-Encoding",
                                       "Authorization", "Cookie",         "X-CSRF-Token", "Idempotency-Key",
                                       "Expect",        "If-Match",       "If-None-Match"};
enum { SINGULAR = sizeof singular / sizeof *singular };

struct reading {
    const char *end; /* of the part before: request line or field, without its line end */
    unsigned seen;   /* bits of `singular` */
    int hosts;
    int lengths;
    bool coded;
    bool bad;
};

/* The `token` of RFC 9110, section 5.6.2. */
static bool is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!letter && (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
            return false;
    }
    return size > 0;
}

static bool is_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

/* A name, an address, an IPv6 address in brackets; and a port. */
static bool is_host(const char *text)
{
    size_t length = strlen(text);
    bool plain =
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:[]") == length;
    return length > 0 && length < 300 && plain;
}

/* MHD splits the head in place and puts a NUL over each of the bytes that end a part. CR LF is two of them;
 * one is a bare CR or a bare LF, and something else in between was cut off by a NUL. Where the parts do not
 * lie behind each other (a line that was folded is moved) this tells nothing. */
static bool ends_badly(const char *end, const char *next)
{
    if (end == NULL || (uintptr_t)next <= (uintptr_t)end ||
        (uintptr_t)next - (uintptr_t)end > LIMIT_HEADER_BYTES)
        return false;
    size_t gap = (size_t)((uintptr_t)next - (uintptr_t)end);
    for (size_t i = 0; i < gap; i++)
        if (end[i] != '\0' && end[i] != ' ' && end[i] != '\t')
            return true;
    return gap == 1;
}

static void count(struct reading *reading, const char *name, const char *value)
{
    for (unsigned i = 0; i < SINGULAR; i++) {
        if (strcasecmp(name, singular[i]) != 0)
            continue;
        reading->bad = reading->bad || (reading->seen & (1u << i)) != 0;
        reading->seen |= 1u << i;
    }
    if (strcasecmp(name, "Host") == 0) {
        reading->hosts++;
        reading->bad = reading->bad || !is_host(value);
    } else if (strcasecmp(name, "Content-Length") == 0) {
        reading->lengths++;
        reading->bad = reading->bad || *value == '\0' || strspn(value, "0123456789") != strlen(value);
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        reading->coded = true;
    }
}

static enum MHD_Result read_field(void *argument, enum MHD_ValueKind kind, const char *name, size_t name_size,
                                  const char *value, size_t value_size)
{
    struct reading *reading = argument;
    (void)kind;
    if (value == NULL)
        value = "";
    reading->bad = reading->bad || ends_badly(reading->end, name) || !is_token(name, name_size) ||
                   !is_value(value, value_size);
    reading->end = value + value_size;
    count(reading, name, value);
    return MHD_YES;
}

/* A NUL inside the target hides what follows it: then the version does not begin where the target ends. */
static bool target_is_cut(const struct call *call, const char *target, const char *version)
{
    uintptr_t from = (uintptr_t)target;
    uintptr_t to = (uintptr_t)version;
    return to > from && to - from <= LIMIT_HEADER_BYTES && to - from != call->uri_length + 1;
}

/* Behind the last field stand the ends of its line and of the head, CR LF twice, with MHD's NULs over them,
 * and nothing else: a NUL of the caller's own would have cut the value. */
static bool ends_wholly(const struct call *call, const char *end, const char *method)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info == NULL || info->header_size > LIMIT_HEADER_BYTES)
        return false;
    uintptr_t finish = (uintptr_t)method + info->header_size;
    if ((uintptr_t)end < (uintptr_t)method || (uintptr_t)end > finish)
        return false;
    size_t gap = finish - (uintptr_t)end;
    while (gap > 0 && (*end == ' ' || *end == '\t')) {
        end++;
        gap--;
    }
    return gap == 4 && memcmp(end, "\0\0\0\0", 4) == 0;
}

enum head_fault head_check(const struct call *call, const char *target, const char *method,
                           const char *version)
{
    struct reading reading = {.end = version + strlen(version)};
    if (!is_token(method, strlen(method)) || target_is_cut(call, target, version))
        return HEAD_AMBIGUOUS;
    (void)MHD_get_connection_values_n(call->connection, MHD_HEADER_KIND, read_field, &reading);
    if (reading.bad || !ends_wholly(call, reading.end, method) || (reading.coded && reading.lengths > 0) ||
        (reading.hosts == 0 && strcmp(version, "HTTP/1.0") != 0))
        return HEAD_AMBIGUOUS;
    return reading.coded ? HEAD_WITHOUT_LENGTH : HEAD_SOUND;
}
