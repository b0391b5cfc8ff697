/* http and all concepts: a whole request, from its first line to the reply, in a city in memory.
 *
 *   byte 0  who calls
 *   then    METHOD PATH[?QUERY] line feed, headers "Name: value" line feed, an empty line, the body */
#include "affairs/fixture.h"
#include "fuzz.h"
#include "http/dispatch.h"
#include "http/router.h"

#include <stdlib.h>
#include <string.h>

enum { HEADERS = 8 };

const char *test_folder(void)
{
    return fuzz_folder();
}

struct stage {
    struct city *city;
    struct people people;
    const char *callers[8];
};

static struct stage *stage(void)
{
    static struct stage one;
    if (one.city == NULL) {
        one.city = fixture_city(&one.people);
        row_id agreement = fixture_agreement(one.city, &one.people);
        row_id admission = fixture_admission(one.city, &one.people, agreement);
        (void)fixture_room(one.city, &one.people, admission);
        (void)fixture_entry(one.city, &one.people, "R1");
        const struct people *p = &one.people;
        const char *const callers[] = {NULL,
                                       p->clerk,
                                       p->provider_approver,
                                       p->operator_clerk,
                                       p->operator_reviewer,
                                       p->developer_clerk,
                                       p->customer_clerk,
                                       p->source};
        memcpy(one.callers, callers, sizeof callers);
    }
    return &one;
}

/* The text up to the next line feed, which is taken off; NULL at the end. */
static char *next_line(char **at)
{
    char *line = *at;
    if (line == NULL)
        return NULL;
    char *end = strchr(line, '\n');
    *at = end != NULL ? end + 1 : NULL;
    if (end != NULL)
        *end = '\0';
    return line;
}

static size_t read_headers(char **at, struct http_header *headers)
{
    size_t count = 0;
    for (char *line; (line = next_line(at)) != NULL && *line != '\0';) {
        char *colon = strstr(line, ": ");
        if (colon == NULL || count == HEADERS - 1)
            continue;
        *colon = '\0';
        headers[count++] = (struct http_header){line, colon + 2};
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 2)
        return 0;
    struct stage *stage_ = stage();
    const char *who = stage_->callers[bytes[0] % 8];
    char *text = fuzz_text(bytes + 1, size - 1), *at = text;
    struct http_header headers[HEADERS + 1] = {0};
    char *line = next_line(&at);
    char *space = line != NULL ? strchr(line, ' ') : NULL;
    size_t count = read_headers(&at, headers);
    CLEANUP_ARENA struct arena *arena = arena_new((size_t)64 * 1024 * 1024);
    if (who != NULL)
        headers[count++] = (struct http_header){"Authorization", arena_printf(arena, "Bearer %s", who)};
    if (space != NULL) {
        *space = '\0';
        char *query = strchr(space + 1, '?');
        if (query != NULL)
            *query++ = '\0';
        struct http_message message = {.method = http_method_by_name(line),
                                       .path = space + 1,
                                       .query = query,
                                       .headers = headers,
                                       .body = at,
                                       .body_size = at != NULL ? strlen(at) : 0,
                                       .upload = -1,
                                       .address = "192.0.2.7"};
        struct http_reply reply = {0};
        dispatch(city_app(stage_->city), arena, &message, &reply);
        assert(reply.status >= 200 && reply.status < 600 && reply.status != 500);
    }
    free(text);
    return 0;
}
