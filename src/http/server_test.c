#include "base/limits.h"
#include "http/fixture.h"
#include "http/server.h"
#include "http/traffic.h"
#include "support/attack.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bench {
    struct city *city;
    struct server *server;
    int port;
    const char *scheme;
};

static void bench_open_with(struct bench *bench, const char *certificate, const char *key, int seconds)
{
    bench->city = landing_city();
    bench->scheme = certificate != NULL ? "https" : "http";
    city_app(bench->city)->secure_cookies = certificate != NULL;
    assert_int_equal(landing_made(bench->city), 1);
    struct server_options options = {.address = "127.0.0.1",
                                     .certificate = certificate,
                                     .key = key,
                                     .threads = 2,
                                     .head_seconds = seconds,
                                     .reply_seconds = seconds};
    assert_ok(server_start(city_app(bench->city), &options, &bench->server));
    bench->port = server_port(bench->server);
    assert_true(bench->port > 0);
}

static void bench_open(struct bench *bench)
{
    bench_open_with(bench, NULL, NULL, 0);
}

static void bench_close(struct bench *bench)
{
    assert_ok(server_stop(bench->server, 5));
    city_free(bench->city);
}

/* ---- by curl ---- */

struct answer {
    long status;
    long connects; /* connections that this request had to open */
    char text[8192];
    char head[4096];
    size_t size;
    size_t head_size;
};

static size_t keep(char *bytes, size_t one, size_t count, void *argument)
{
    struct answer *answer = argument;
    size_t size = one * count;
    if (answer->size + size < sizeof answer->text)
        memcpy(answer->text + answer->size, bytes, size);
    answer->size += size;
    return size;
}

static size_t keep_head(char *bytes, size_t one, size_t count, void *argument)
{
    struct answer *answer = argument;
    size_t size = one * count;
    if (answer->head_size + size < sizeof answer->head)
        memcpy(answer->head + answer->head_size, bytes, size);
    answer->head_size += size;
    return size;
}

struct call {
    const char *method;
    const char *path;
    const char *who;
    const char *body;
    size_t size; /* 0: strlen(body) */
    bool chunked;
};

static CURLcode send_call(CURL *curl, const struct bench *bench, const struct call *call,
                          struct answer *ret_answer)
{
    char url[512];
    char bearer[256];
    struct curl_slist *headers = NULL;
    (void)snprintf(url, sizeof url, "%s://127.0.0.1:%d%s", bench->scheme, bench->port, call->path);
    memset(ret_answer, 0, sizeof *ret_answer);
    curl_easy_reset(curl);
    if (call->who != NULL) {
        (void)snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", call->who);
        headers = curl_slist_append(headers, bearer);
    }
    headers = curl_slist_append(headers, "Content-Type: application/json");
    if (call->chunked)
        headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_answer);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_head);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, ret_answer);
    if (call->body != NULL) {
        size_t size = call->size > 0 ? call->size : strlen(call->body);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)size);
        (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
    }
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
    if (strcmp(call->method, "HEAD") == 0)
        (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    CURLcode code = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &ret_answer->status);
    (void)curl_easy_getinfo(curl, CURLINFO_NUM_CONNECTS, &ret_answer->connects);
    curl_slist_free_all(headers);
    return code;
}

static long status_of(const struct bench *bench, const struct call *call, struct answer *ret_answer)
{
    CURL *curl = curl_easy_init();
    assert_int_equal(send_call(curl, bench, call, ret_answer), CURLE_OK);
    curl_easy_cleanup(curl);
    return ret_answer->status;
}

TEST(one_connection_carries_many_requests_whatever_their_answers)
{
    struct bench bench;
    struct answer answer;
    bench_open(&bench);
    const char *clerk = landing_clerk(bench.city);
    const struct {
        struct call call;
        long status;
    } steps[] = {{{.method = "GET", .path = "/api/landings/1"}, 200},
                 {{.method = "GET", .path = "/api/landings/2"}, 404},
                 {{.method = "POST", .path = "/api/landings", .body = LANDING_BODY}, 401},
                 {{.method = "POST", .path = "/api/landings", .body = LANDING_BODY, .who = clerk}, 409},
                 {{.method = "PATCH", .path = "/api/landings/1", .body = "{\"seats\":9}", .who = clerk}, 200},
                 {{.method = "POST", .path = "/api/landings/1/survey", .who = clerk}, 200},
                 {{.method = "HEAD", .path = "/api/landings/1"}, 200},
                 {{.method = "OPTIONS", .path = "/api/landings/1"}, 204},
                 {{.method = "GET", .path = "/health"}, 200},
                 {{.method = "GET", .path = "/api/landings/%31"}, 200},
                 {{.method = "GET", .path = "/api/landings%2f1"}, 404},
                 {{.method = "GET", .path = "/api/landings/../landings/1"}, 404},
                 {{.method = "GET", .path = "//api/landings/1"}, 404}};
    CURL *curl = curl_easy_init();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        assert_int_equal(send_call(curl, &bench, &steps[i].call, &answer), CURLE_OK);
        assert_int_equal(answer.status, steps[i].status);
        assert_int_equal(answer.connects, i == 0);
    }
    curl_easy_cleanup(curl);
    bench_close(&bench);
}

TEST(a_body_over_the_limit_is_answered_and_not_cut_off)
{
    enum { SIZE = 1024 * 1024 + 100 };
    struct bench bench;
    struct answer answer;
    bench_open(&bench);
    char *body = malloc(SIZE);
    assert_non_null(body);
    memset(body, ' ', SIZE);
    struct call call = {.method = "POST",
                        .path = "/api/landings",
                        .who = landing_clerk(bench.city),
                        .body = body,
                        .size = SIZE};
    assert_int_equal(status_of(&bench, &call, &answer), 413);
    assert_non_null(strstr(answer.text, "urn:dukou:problem:too_large"));
    assert_non_null(strstr(answer.text, "The body is over 1048576 bytes."));
    free(body);
    bench_close(&bench);
}

TEST(a_body_that_does_not_tell_its_length_is_refused)
{
    struct bench bench;
    struct answer answer;
    bench_open(&bench);
    struct call call = {.method = "POST",
                        .path = "/api/landings",
                        .who = landing_clerk(bench.city),
                        .body = LANDING_BODY,
                        .chunked = true};
    assert_int_equal(status_of(&bench, &call, &answer), 411);
    assert_non_null(strstr(answer.text, "\"field\":\"Transfer-Encoding\""));
    call.chunked = false;
    assert_int_equal(status_of(&bench, &call, &answer), 409); /* it is there already */
    bench_close(&bench);
}

TEST(an_upload_goes_to_memory_and_its_cap_holds)
{
    enum { SIZE = 1000001 };
    struct bench bench;
    struct answer answer;
    bench_open(&bench);
    char *body = malloc(SIZE);
    assert_non_null(body);
    memset(body, 'x', SIZE);
    struct call call = {.method = "PUT",
                        .path = "/api/landings/1/chart",
                        .who = landing_clerk(bench.city),
                        .body = body,
                        .size = SIZE - 1};
    assert_int_equal(status_of(&bench, &call, &answer), 200);
    assert_string_equal(answer.text, "{\"size\":1000000}");
    call.size = SIZE;
    assert_int_equal(status_of(&bench, &call, &answer), 413);
    free(body);
    bench_close(&bench);
}

TEST(events_reach_the_client_over_the_wire)
{
    struct bench bench;
    struct answer answer;
    bench_open(&bench);
    assert_int_equal(
        status_of(&bench, &(struct call){.method = "GET", .path = "/api/landings/1/ferries"}, &answer), 200);
    assert_string_equal(answer.text, "event: ferry\ndata: {\"at\":0}\n\nevent: ferry\ndata: {\"at\":1}\n\n"
                                     "event: ferry\ndata: {\"at\":2}\n\n");
    assert_non_null(strstr(answer.head, "text/event-stream"));
    assert_int_equal(
        status_of(&bench, &(struct call){.method = "GET", .path = "/api/landings/9/ferries"}, &answer), 404);
    bench_close(&bench);
}

/* ---- many at once ---- */

enum { CLIENTS = 48, EACH = 10 };

struct client {
    struct bench *bench;
    const char *who;
    int number;
    int made;
};

static void *make_many(void *argument)
{
    struct client *client = argument;
    struct answer *answer = malloc(sizeof *answer);
    CURL *curl = curl_easy_init();
    for (int i = 0; i < EACH; i++) {
        char body[256];
        (void)snprintf(
            body, sizeof body,
            "{\"title\":\"%d-%d\",\"seats\":1,\"price\":1,\"opened\":\"2026-03-01\",\"kind\":\"cargo\"}",
            client->number, i);
        struct call call = {.method = "POST", .path = "/api/landings", .who = client->who, .body = body};
        if (send_call(curl, client->bench, &call, answer) == CURLE_OK && answer->status == 201)
            client->made++;
    }
    curl_easy_cleanup(curl);
    free(answer);
    return NULL;
}

TEST(what_many_clients_write_at_once_is_all_there)
{
    struct bench bench;
    struct client clients[CLIENTS];
    pthread_t threads[CLIENTS];
    int made = 0;
    bench_open(&bench);
    const char *who = landing_clerk(bench.city);
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct client){&bench, who, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, make_many, &clients[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        made += clients[i].made;
    }
    assert_int_equal(made, CLIENTS * EACH);
    city_expect(bench.city, 200, NULL, city_format(bench.city, "GET /landings/%d", CLIENTS * EACH + 1), NULL);
    bench_close(&bench);
}

/* ---- by hand ---- */

/* From one of the addresses of this host, 0 to 254: each may have only so many connections. */
static int dial_from(const struct bench *bench, unsigned number)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number)};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)bench->port)};
    struct timeval limit = {10, 0};
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
    int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(line >= 0);
    (void)setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    assert_int_equal(bind(line, (const struct sockaddr *)&from, sizeof from), 0);
    if (connect(line, (const struct sockaddr *)&address, sizeof address) == 0)
        return line;
    (void)close(line);
    return -1;
}

static int dial(const struct bench *bench)
{
    return dial_from(bench, 0);
}

static void say(int line, const char *text)
{
    (void)send(line, text, strlen(text), MSG_NOSIGNAL);
}

/* Reads until `mark` has come or the other side closes, for at most ten seconds; tells how much came. */
static size_t hear(int line, char *text, size_t size, const char *mark)
{
    enum { PATIENCE = 10000 };
    size_t heard = 0;
    struct pollfd ready = {.fd = line, .events = POLLIN};
    text[0] = '\0';
    while (heard + 1 < size && strstr(text, mark) == NULL && poll(&ready, 1, PATIENCE) == 1) {
        ssize_t got = read(line, text + heard, size - heard - 1);
        if (got <= 0)
            break;
        heard += (size_t)got;
        text[heard] = '\0';
    }
    return heard;
}

TEST(a_slow_body_is_waited_for_and_holds_nobody_up)
{
    struct bench bench;
    struct answer answer;
    char text[4096];
    bench_open(&bench);
    int line = dial(&bench);
    char head[512];
    (void)snprintf(
        head, sizeof head,
        "POST /api/landings HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json"
        "\r\nContent-Length: 98\r\n\r\n{\"title\":\"",
        landing_clerk(bench.city));
    say(line, head);
    static const char rest[] = "slow\",\"seats\":1,\"price\":1,\"opened\":\"2026-03-01\",\"kind\":\"ferry\","
                               "\"depth\":1,\"covered\":true}";
    assert_int_equal(10 + strlen(rest), 98);
    for (size_t i = 0; i < strlen(rest); i += 20) {
        assert_int_equal(
            status_of(&bench, &(struct call){.method = "GET", .path = "/api/landings/1"}, &answer), 200);
        (void)usleep(30000);
        (void)send(line, rest + i, strlen(rest) - i < 20 ? strlen(rest) - i : 20, MSG_NOSIGNAL);
    }
    (void)hear(line, text, sizeof text, "HTTP/1.1 201 ");
    assert_non_null(strstr(text, "HTTP/1.1 201 "));
    (void)close(line);
    bench_close(&bench);
}

TEST(an_upload_that_may_not_be_is_refused_before_its_body)
{
    struct bench bench;
    char text[4096];
    bench_open(&bench);
    int line = dial(&bench);
    say(line, "PUT /api/landings/1/chart HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\nExpect: "
              "100-continue\r\n\r\n");
    (void)hear(line, text, sizeof text, "HTTP/1.1 401 ");
    assert_ptr_equal(strstr(text, "HTTP/1.1 401 "), text);
    (void)close(line);
    line = dial(&bench);
    say(line,
        "POST /api/landings HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\nExpect: 100-continue\r\n\r\n");
    (void)hear(line, text, sizeof text, "HTTP/1.1 413 ");
    assert_ptr_equal(strstr(text, "HTTP/1.1 413 "), text);
    (void)close(line);
    bench_close(&bench);
}

TEST(what_is_no_http_is_not_served_and_does_no_harm)
{
    static const char *const odd[] = {
        "GARBAGE\r\n\r\n",
        "GET\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        "GET /api/landings/1 HTTP/9.9\r\n\r\n",
        "GET /api/landings/1 HTTP/1.1\r\n\r\n", /* no Host */
        "POST /api/landings HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /api/landings HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST /api/landings HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n",
        "GET /api/landings/1 HTTP/1.1\nHost: x\n\n",
        "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\nA: b\nC: d\r\n\r\n",
        "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\nA: b\rC: d\r\n\r\n",
        "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
        "GET /api/landings/1 HTTP/1.1\r\nHost: x/y\r\n\r\n",
        "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\nA : b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"};
    struct bench bench;
    struct answer answer;
    char text[4096];
    bench_open(&bench);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0]; i++) {
        int line = dial(&bench);
        say(line, odd[i]);
        (void)shutdown(line, SHUT_WR);
        (void)hear(line, text, sizeof text, "\x01");
        assert_null(strstr(text, " 200 "));
        assert_null(strstr(text, " 500 "));
        (void)close(line);
    }
    assert_int_equal(status_of(&bench, &(struct call){.method = "GET", .path = "/api/landings/1"}, &answer),
                     200);
    bench_close(&bench);
}

TEST(a_head_over_the_limit_is_refused)
{
    struct bench bench;
    struct answer answer;
    char text[4096];
    bench_open(&bench);
    enum { SIZE = 60000 };
    static const char begin[] = "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\nX-Long: ";
    char *head = calloc(1, SIZE + 1);
    assert_non_null(head);
    memset(head, 'a', SIZE);
    memcpy(head, begin, strlen(begin));
    memcpy(head + SIZE - 4, "\r\n\r\n", 4);
    int line = dial(&bench);
    say(line, head);
    (void)hear(line, text, sizeof text, "\x01");
    assert_null(strstr(text, " 200 "));
    (void)close(line);
    free(head);
    assert_int_equal(status_of(&bench, &(struct call){.method = "GET", .path = "/api/landings/1"}, &answer),
                     200);
    bench_close(&bench);
}

TEST(a_sound_head_is_read_in_whatever_pieces_it_comes)
{
    enum { FIELDS = 200, ROUNDS = 3 };
    struct bench bench;
    char text[4096];
    bench_open(&bench);
    char *head = calloc(1, FIELDS * 64 + 256);
    assert_non_null(head);
    size_t size = (size_t)sprintf(head, "GET /api/landings/1?a=%s HTTP/1.1\r\nHost: [::1]:80\r\n", "");
    for (int i = 0; i < FIELDS; i++)
        size += (size_t)sprintf(head + size, "X-Field-%d: \t %*s value  \t \r\n", i, i % 7, "");
    size += (size_t)sprintf(head + size, "Accept:\r\n\r\n");
    int line = dial(&bench);
    for (int round = 0; round < ROUNDS; round++) {
        size_t piece = round == 0 ? size : round == 1 ? 7 : 1000;
        for (size_t at = 0; at < size; at += piece)
            assert_true(send(line, head + at, size - at < piece ? size - at : piece, MSG_NOSIGNAL) > 0);
        (void)hear(line, text, sizeof text, "no such query parameter");
        assert_ptr_equal(strstr(text, "HTTP/1.1 422 "), text); /* it was read to its end */
    }
    (void)close(line);
    free(head);
    bench_close(&bench);
}

TEST(who_dawdles_over_a_head_loses_the_connection)
{
    enum { LINES = 3, TRIES = 100 };
    struct bench bench;
    struct answer answer;
    char text[512];
    int lines[LINES];
    bench_open_with(&bench, NULL, NULL, 1);
    for (int i = 0; i < LINES; i++)
        lines[i] = dial(&bench);
    say(lines[1], "GET /health HTTP/1.1\r\nHost: x\r\n");
    say(lines[2], "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    (void)hear(lines[2], text, sizeof text, "\"ok\"}");
    assert_non_null(strstr(text, " 200 "));
    instant began = clock_monotonic();
    /* A byte now and then keeps the idle time from passing, but not the head's. */
    int alive = LINES;
    for (int i = 0; i < TRIES && alive > 0; i++) {
        alive = 0;
        for (int each = 0; each < LINES; each++) {
            char byte;
            bool open = send(lines[each], each == 1 ? "A" : "G", 1, MSG_NOSIGNAL) == 1;
            alive += open && recv(lines[each], &byte, 1, MSG_DONTWAIT) != 0;
        }
        (void)usleep(100000);
    }
    assert_int_equal(alive, 0);
    assert_true(clock_monotonic() - began < LIMIT_IDLE_SECONDS * INSTANT_SECOND / 2);
    attack_stopped(&(struct attack){
        .chapter = "http",
        .name = "slow heads",
        .tried = "Connections send nothing, half a head, or a byte now and then after a served request.",
        .stopped = "http: watch.c, LIMIT_HEAD_SECONDS",
        .seen = "each is closed when the time of its head is over; others are served"});
    for (int i = 0; i < LINES; i++)
        (void)close(lines[i]);
    /* Whose head comes in time is served, again and again. */
    CURL *curl = curl_easy_init();
    struct call health = {.method = "GET", .path = "/health"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(send_call(curl, &bench, &health, &answer), CURLE_OK);
        assert_int_equal(answer.status, 200);
    }
    curl_easy_cleanup(curl);
    bench_close(&bench);
}

TEST(who_does_not_read_a_reply_loses_the_connection)
{
    enum { REQUESTS = 4000, TRIES = 200 };
    static const char request[] = "GET /api HTTP/1.1\r\nHost: x\r\n\r\n";
    struct bench bench;
    bench_open_with(&bench, NULL, NULL, 1);
    int line = dial(&bench);
    /* More replies than the machine's buffers take. */
    for (int i = 0; i < REQUESTS && send(line, request, strlen(request), MSG_DONTWAIT | MSG_NOSIGNAL) > 0;
         i++)
        (void)usleep(i % 100 == 0 ? 1000 : 0);
    bool open = true;
    for (int i = 0; i < TRIES && open; i++) {
        char byte;
        struct pollfd ended = {.fd = line};
        (void)recv(line, &byte, 1, MSG_DONTWAIT); /* not idle, but slow */
        (void)poll(&ended, 1, 50);
        open = (ended.revents & (POLLHUP | POLLERR)) == 0;
    }
    assert_false(open);
    (void)close(line);
    bench_close(&bench);
    attack_stopped(&(struct attack){
        .chapter = "http",
        .name = "slow readers of small replies",
        .tried = "A client sends thousands of requests at once and reads a byte now and then.",
        .stopped = "http: watch.c, LIMIT_REPLY_SECONDS",
        .seen = "the connection is closed when the time of a reply is over"});
}

TEST(requests_sent_at_once_on_one_connection_are_answered_in_their_order)
{
    struct bench bench;
    char text[8192];
    bench_open(&bench);
    int line = dial(&bench);
    say(line, "GET /api/landings/1 HTTP/1.1\r\nHost: x\r\n\r\nGET /api/landings/2 HTTP/1.1\r\nHost: x\r\n\r\n"
              "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    (void)hear(line, text, sizeof text, "\"ok\"}");
    const char *first = strstr(text, "HTTP/1.1 200 ");
    assert_non_null(first);
    const char *second = strstr(first, "HTTP/1.1 404 ");
    assert_non_null(second);
    assert_non_null(strstr(second, "{\"status\":\"ok\"}"));
    (void)close(line);
    bench_close(&bench);
}

TEST(one_address_holds_only_so_many_connections)
{
    enum { LINES = 320, ALLOWED = 256 };
    struct bench bench;
    struct answer answer;
    char text[512];
    int lines[LINES];
    int served = 0;
    bench_open(&bench);
    for (int i = 0; i < LINES; i++) {
        lines[i] = dial(&bench);
        assert_true(lines[i] >= 0);
        say(lines[i], "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    for (int i = 0; i < LINES; i++) {
        ssize_t got = read(lines[i], text, sizeof text - 1); /* the reply, or the end */
        text[got > 0 ? got : 0] = '\0';
        served += strstr(text, " 200 ") != NULL;
    }
    assert_int_equal(served, ALLOWED);
    for (int i = 0; i < LINES; i++)
        (void)close(lines[i]);
    /* Soon the places are free again. */
    CURL *curl = curl_easy_init();
    struct call health = {.method = "GET", .path = "/health"};
    CURLcode code = CURLE_COULDNT_CONNECT;
    for (int i = 0; i < 100 && code != CURLE_OK; i++) {
        (void)usleep(50000);
        code = send_call(curl, &bench, &health, &answer);
    }
    curl_easy_cleanup(curl);
    assert_int_equal(code, CURLE_OK);
    assert_int_equal(answer.status, 200);
    bench_close(&bench);
}

/* ---- too many ---- */

static void hear_busy(int line, const char *language)
{
    char text[4096];
    (void)hear(line, text, sizeof text, "}}");
    assert_ptr_equal(strstr(text, "HTTP/1.1 503 "), text);
    assert_non_null(strstr(text, "\r\nRetry-After: 1\r\n"));
    assert_non_null(strstr(text, "\r\nContent-Type: application/problem+json\r\n"));
    assert_non_null(strstr(text, "\r\nCache-Control: no-store\r\n"));
    assert_null(strstr(text, "Connection: close"));
    assert_non_null(strstr(text, language));
    assert_non_null(strstr(text, "Too many requests are waiting"));
}

/* The handler has judged it: done, or in conflict with so many seats. */
static void hear_served(int line)
{
    char text[4096];
    (void)hear(line, text, sizeof text, "}");
    assert_true(strstr(text, "HTTP/1.1 200 ") == text || strstr(text, "HTTP/1.1 409 ") == text);
}

TEST(when_all_places_are_taken_the_next_are_turned_away_and_everyone_before_is_served)
{
    enum { PLACES = LIMIT_WORKERS + LIMIT_WORK_QUEUE, MORE = 20 };
    struct bench bench;
    int lines[PLACES + MORE];
    char calls[2][512];
    bench_open(&bench);
    for (int english = 0; english < 2; english++)
        (void)snprintf(calls[english], sizeof calls[english],
                       "POST /api/landings/1/dredge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"
                       "Accept-Language: %s\r\nContent-Length: 0\r\n\r\n",
                       landing_clerk(bench.city), english ? "en" : "zh-CN");
    int before = landing_runs();
    landing_hold(true);
    for (int i = 0; i < PLACES; i++) {
        lines[i] = dial_from(&bench, (unsigned)i % 4);
        say(lines[i], calls[0]);
        /* The places of the queue are all there once no worker is left to take one out. */
        while (i == LIMIT_WORKERS - 1 && landing_runs() - before < LIMIT_WORKERS)
            (void)usleep(1000);
    }
    while (traffic_now(dispatch_traffic(city_app(bench.city))).working < PLACES)
        (void)usleep(1000);
    for (int i = PLACES; i < PLACES + MORE; i++) {
        lines[i] = dial_from(&bench, (unsigned)i % 4);
        say(lines[i], calls[i % 2]);
        hear_busy(lines[i], i % 2 ? "\r\nContent-Language: en\r\n" : "\r\nContent-Language: zh-CN\r\n");
    }
    assert_int_equal(landing_runs() - before, LIMIT_WORKERS);
    landing_hold(false);
    for (int i = 0; i < PLACES; i++)
        hear_served(lines[i]);
    say(lines[PLACES], calls[0]); /* on the same connection */
    hear_served(lines[PLACES]);
    for (int i = 0; i < PLACES + MORE; i++)
        (void)close(lines[i]);
    bench_close(&bench);
}

/* ---- stopping ---- */

TEST(stopping_lets_what_runs_end_and_takes_nothing_new)
{
    struct bench bench;
    char text[4096];
    char call[512];
    bench_open(&bench);
    int before = landing_runs();
    int idle = dial(&bench);
    int busy = dial(&bench);
    (void)snprintf(call, sizeof call,
                   "POST /api/landings/1/dredge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                   "%s\r\nContent-Length: 0\r\n\r\n",
                   landing_clerk(bench.city));
    say(busy, call);
    for (int i = 0; i < 1000 && landing_runs() == before; i++)
        (void)usleep(10000);
    assert_ok(server_stop(bench.server, 5));
    (void)hear(busy, text, sizeof text, "}");
    assert_ptr_equal(strstr(text, "HTTP/1.1 200 "), text);
    assert_non_null(strstr(text, "{\"size\":121}"));
    assert_int_equal(hear(idle, text, sizeof text, "\x01"), 0);
    assert_int_equal(dial(&bench), -1);
    (void)close(idle);
    (void)close(busy);
    city_free(bench.city);
}

static void *stop_server(void *server)
{
    return (void *)(intptr_t)server_stop(server, 20);
}

TEST(while_it_waits_for_what_runs_nobody_connects)
{
    struct bench bench;
    char call[512];
    pthread_t stopper;
    void *result;
    bench_open(&bench);
    (void)snprintf(call, sizeof call,
                   "POST /api/landings/1/dredge HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "
                   "%s\r\nContent-Length: 0\r\n\r\n",
                   landing_clerk(bench.city));
    int before = landing_runs();
    int busy = dial(&bench);
    landing_hold(true);
    say(busy, call);
    while (landing_runs() == before)
        (void)usleep(1000);
    assert_int_equal(pthread_create(&stopper, NULL, stop_server, bench.server), 0);
    int line = dial(&bench);
    for (int i = 0; i < 500 && line >= 0; i++) {
        (void)close(line);
        (void)usleep(10000);
        line = dial(&bench);
    }
    assert_int_equal(line, -1);
    landing_hold(false);
    hear_served(busy);
    assert_int_equal(pthread_join(stopper, &result), 0);
    assert_ok((enum result)(intptr_t)result);
    (void)close(busy);
    city_free(bench.city);
}

TEST(stopping_ends_streams_and_half_sent_requests)
{
    struct bench bench;
    char text[4096];
    bench_open(&bench);
    city_expect(bench.city, 200, landing_clerk(bench.city), "PATCH /landings/1", "{\"seats\":500}");
    int watching = dial(&bench);
    say(watching, "GET /api/landings/1/ferries HTTP/1.1\r\nHost: x\r\n\r\n");
    (void)hear(watching, text, sizeof text, "{\"at\":0}");
    assert_non_null(strstr(text, "{\"at\":0}"));
    int half = dial(&bench);
    say(half, "POST /api/landings HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{");
    (void)usleep(50000);
    instant before = clock_monotonic();
    assert_ok(server_stop(bench.server, 1));
    assert_true(clock_monotonic() - before < 3 * INSTANT_SECOND);
    (void)close(watching);
    (void)close(half);
    city_free(bench.city);
}

TEST(a_client_that_leaves_ends_its_stream)
{
    struct bench bench;
    char text[4096];
    bench_open(&bench);
    for (int i = 0; i < 100; i++) {
        int watching = dial(&bench);
        say(watching, "GET /api/landings/1/ferries HTTP/1.1\r\nHost: x\r\n\r\n");
        if (i % 2 == 0)
            (void)hear(watching, text, sizeof text, "event:");
        (void)close(watching);
    }
    (void)usleep(100000);
    int watching = dial(&bench);
    say(watching, "GET /api/landings/1/ferries HTTP/1.1\r\nHost: x\r\n\r\n");
    (void)hear(watching, text, sizeof text, "{\"at\":2}");
    assert_non_null(strstr(text, "{\"at\":2}"));
    (void)close(watching);
    bench_close(&bench);
}

/* ---- the log ---- */

TEST(a_failure_leaves_one_line_that_tells_nothing_about_anybody)
{
    struct bench bench;
    struct answer answer;
    char line[1024] = "";
    bench_open(&bench);
    struct capture capture = capture_begin(bench.city);
    long status = status_of(&bench,
                            &(struct call){.method = "POST",
                                           .path = "/api/landings/1/break?who=zhang",
                                           .who = landing_clerk(bench.city)},
                            &answer);
    long failed = status_of(
        &bench,
        &(struct call){.method = "POST", .path = "/api/landings/1/break", .who = landing_clerk(bench.city)},
        &answer);
    capture_end(&capture, line, sizeof line);
    assert_int_equal(status, 422);
    assert_int_equal(failed, 500);
    assert_null(strstr(line, "zhang"));
    assert_null(strstr(line, "landings/1"));
    assert_null(strstr(line, "127.0.0.1"));
    assert_null(strstr(line, "secret"));
    json_error_t error;
    CLEANUP_JSON json_t *json = json_loads(line, 0, &error); /* one line, one object */
    assert_string_equal(json_text(json, "route"), "/landings/{id}/break");
    assert_string_equal(json_text(json, "result"), "IO");
    assert_int_equal(json_integer_or(json, "status", 0), 500);
    bench_close(&bench);
}

/* ---- TLS ---- */

static void make_certificate(const char *certificate_path, const char *key_path)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    assert_non_null(key);
    assert_non_null(certificate);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -60);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    (void)X509_set_pubkey(certificate, key);
    X509_NAME *name = X509_get_subject_name(certificate);
    (void)X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1, 0);
    (void)X509_set_issuer_name(certificate, name);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(certificate_path, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    (void)fclose(file);
    file = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    (void)fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

TEST(tls_is_spoken_when_a_certificate_is_given)
{
    struct bench bench;
    struct answer answer;
    char certificate[256];
    char key[256];
    const char *folder = test_folder();
    (void)snprintf(certificate, sizeof certificate, "%s/certificate.pem", folder);
    (void)snprintf(key, sizeof key, "%s/key.pem", folder);
    make_certificate(certificate, key);
    bench_open_with(&bench, certificate, key, 0);
    assert_int_equal(status_of(&bench, &(struct call){.method = "GET", .path = "/api/landings/1"}, &answer),
                     200);
    assert_int_equal(status_of(&bench, &(struct call){.method = "POST", .path = "/api/session"}, &answer),
                     204);
    assert_non_null(strstr(answer.head, "; Secure"));
    bench.scheme = "http";
    CURL *curl = curl_easy_init();
    assert_int_not_equal(
        send_call(curl, &bench, &(struct call){.method = "GET", .path = "/api/landings/1"}, &answer),
        CURLE_OK);
    curl_easy_cleanup(curl);
    bench_close(&bench);
}

static CURLcode greet(const struct bench *bench, long version)
{
    char url[64];
    CURL *curl = curl_easy_init();
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%d/health", bench->port);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, version);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST,
                           "DEFAULT@SECLEVEL=0"); /* the client would take them */
    CURLcode code = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return code;
}

static void bench_open_tls(struct bench *bench, int seconds)
{
    char certificate[256];
    char key[256];
    const char *folder = test_folder();
    (void)snprintf(certificate, sizeof certificate, "%s/certificate.pem", folder);
    (void)snprintf(key, sizeof key, "%s/key.pem", folder);
    make_certificate(certificate, key);
    bench_open_with(bench, certificate, key, seconds);
}

TEST(tls_older_than_1_2_is_not_spoken)
{
    struct bench bench;
    bench_open_tls(&bench, 0);
    assert_int_not_equal(greet(&bench, CURL_SSLVERSION_TLSv1_0 | CURL_SSLVERSION_MAX_TLSv1_0), CURLE_OK);
    assert_int_not_equal(greet(&bench, CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1), CURLE_OK);
    assert_int_equal(greet(&bench, CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2), CURLE_OK);
    assert_int_equal(greet(&bench, CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3), CURLE_OK);
    bench_close(&bench);
    attack_stopped(&(struct attack){.chapter = "http",
                                    .name = "old TLS",
                                    .tried = "A client speaks TLS 1.0 or 1.1 and takes any cipher.",
                                    .stopped = "http: server.c, GnuTLS priorities",
                                    .seen = "the handshake fails; 1.2 and 1.3 work"});
}

TEST(what_is_no_tls_does_no_harm_where_tls_is_spoken)
{
    enum { LONG = 20000, TRIES = 100 };
    static const struct {
        const char *bytes;
        size_t size;
    } odd[] = {
        {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 27},
        {"\x16\x03\x01\xff\xff\x01\x00\xff\xfc\x03\x03", 11}, /* a record over its limit */
        {"\x16\x03\x01\x00\x00", 5},                          /* an empty one */
        {"\x16\x03\x01\x00\x04\x01\xff\xff\xff", 9},          /* a greeting of 16 MB */
        {"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10", 11}, /* SSL 2 */
        {"\x15\x03\x03\x00\x02\x02\x28", 7},                  /* an alert first */
        {"\x18\x03\x03\x00\x03\x01\x40\x00", 8},              /* a heartbeat that asks for more */
        {"\x17\x03\x03\x00\x01\x00", 6},                      /* data first */
        {"\x14\x03\x03\x00\x01\x01", 6},                      /* a change of ciphers first */
        {"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03", 10},     /* a greeting of one byte */
        {"\x00", 1},
    };
    struct bench bench;
    char text[512];
    bench_open_tls(&bench, 1);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        int line = dial(&bench);
        (void)send(line, odd[i].bytes, odd[i].size, MSG_NOSIGNAL);
        (void)shutdown(line, SHUT_WR);
        (void)hear(line, text, sizeof text, "\x01\x02\x03\x04");
        assert_null(strstr(text, " 200 "));
        (void)close(line);
    }
    char *noise = malloc(LONG);
    assert_non_null(noise);
    for (int i = 0; i < LONG; i++)
        noise[i] = (char)(i * 7919 % 251);
    noise[0] = '\x16';
    int line = dial(&bench);
    (void)send(line, noise, LONG, MSG_NOSIGNAL);
    (void)close(line);
    free(noise);
    /* A handshake that does not go on is cut like a head that does not. */
    int slow = dial(&bench);
    bool open = true;
    for (int i = 0; i < TRIES && open; i++) {
        char byte;
        (void)send(slow, i == 0 ? "\x16" : i == 1 ? "\x03" : "", i < 2, MSG_NOSIGNAL);
        (void)usleep(50000);
        open = recv(slow, &byte, 1, MSG_DONTWAIT) != 0;
    }
    assert_false(open);
    (void)close(slow);
    assert_int_equal(greet(&bench, CURL_SSLVERSION_DEFAULT), CURLE_OK);
    bench_close(&bench);
    attack_stopped(&(struct attack){
        .chapter = "http",
        .name = "malformed TLS",
        .tried = "12 beginnings that are no handshake: other protocols, records and greetings of wrong "
                 "length, alerts, heartbeats and data first, noise; and a handshake that stops.",
        .stopped = "GnuTLS; http: watch.c",
        .seen = "the connection ends; the next handshake is served"});
}

TEST(a_server_that_cannot_start_says_why)
{
    struct city *city = landing_city();
    struct server *server = NULL;
    const struct {
        struct server_options options;
        enum result result;
    } cases[] = {{{.address = "nowhere"}, RESULT_INVALID},
                 {{.address = "127.0.0.1", .port = 70000}, RESULT_INVALID},
                 {{.address = "127.0.0.1", .certificate = "/dev/null"}, RESULT_INVALID},
                 {{.address = "127.0.0.1", .certificate = "/dev/null", .key = "/dev/null"}, RESULT_MALFORMED},
                 {{.address = "127.0.0.1", .certificate = "/nowhere", .key = "/dev/null"}, RESULT_NOT_FOUND},
                 {{.address = "192.0.2.1", .port = 0}, RESULT_IO}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(server_start(city_app(city), &cases[i].options, &server), cases[i].result);
    assert_null(server);
    city_free(city);
}

TEST(a_port_that_another_server_uses_is_refused)
{
    struct bench bench;
    struct server *second = NULL;
    bench_open(&bench);
    struct server_options options = {.address = "127.0.0.1", .port = bench.port, .threads = 2};
    assert_int_equal(server_start(city_app(bench.city), &options, &second), RESULT_IO);
    assert_null(second);
    bench_close(&bench);
}
