#include "load.h"

#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 1024 * 1024, EVENTS = 64, LATENCIES = 8 * 1024 * 1024 };

struct connection {
    int fd;
    size_t next; /* request */
    double sent;
    size_t have;
    char bytes[ANSWER_BYTES];
};

struct running {
    const struct load *load;
    size_t sent;        /* requests, where none is sent twice */
    double from, until; /* measured between */
    double *latencies;
    struct load_result result;
    int poll;
    struct connection **idle; /* with a rate */
    size_t idle_count;
    size_t due; /* requests that should have been sent by now */
};

static int open_connection(int port, int address_number)
{
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + (uint32_t)address_number)};
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (address_number > 0 && bind(fd, (struct sockaddr *)&from, sizeof from) != 0)
        bench_die("no address: %s", strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        bench_die("no connection to port %d: %s", port, strerror(errno));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Small enough for the socket's buffer. */
static void send_all(int fd, const char *text)
{
    size_t size = strlen(text);
    if (send(fd, text, size, MSG_NOSIGNAL) != (ssize_t)size)
        bench_die("cannot send: %s", strerror(errno));
}

/* Bytes of the first answer in the buffer, 0 while it is not whole. */
static size_t whole_answer(const char *bytes, size_t have)
{
    const char *end = memmem(bytes, have, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - bytes) + 4, length = 0;
    for (const char *at = bytes; at < end; at = (const char *)memchr(at, '\n', head) + 1)
        if (strncasecmp(at, "Content-Length:", 15) == 0)
            length = strtoul(at + 15, NULL, 10);
    return have >= head + length ? head + length : 0;
}

static void send_next(struct running *running, struct connection *connection)
{
    const struct load *load = running->load;
    size_t next = load->once ? running->sent++ : connection->next++ % load->request_count;
    if (next >= load->request_count)
        bench_die("%zu requests are not enough", load->request_count);
    connection->sent = bench_now();
    connection->have = 0;
    send_all(connection->fd, load->requests[next]);
}

/* 429 or 503 with a word on when to come back. */
static bool is_shed(const char *answer)
{
    return (strncmp(answer, "HTTP/1.1 429", 12) == 0 || strncmp(answer, "HTTP/1.1 503", 12) == 0) &&
           strcasestr(answer, "\r\nRetry-After: ") != NULL;
}

static void note(struct running *running, const struct connection *connection)
{
    double now = bench_now();
    if (now < running->from || now > running->until)
        return;
    struct load_result *result = &running->result;
    if (strncmp(connection->bytes, "HTTP/1.1 2", 10) == 0) {
        if (result->answers - result->failures < LATENCIES)
            running->latencies[result->answers - result->failures] = (now - connection->sent) * 1000;
    } else if (is_shed(connection->bytes)) {
        result->failures++;
        result->shed++;
    } else if (result->failures++ == result->shed) {
        bench_say("an answer that failed: %.600s", connection->bytes);
    }
    result->answers++;
}

static void plug_in(struct running *running, struct connection *connection)
{
    const struct load *load = running->load;
    int number = load->addresses > 0 ? (int)(connection->next % (size_t)(load->addresses + 1)) : 0;
    connection->fd = open_connection(load->port, number);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    (void)epoll_ctl(running->poll, EPOLL_CTL_ADD, connection->fd, &event);
    if (load->rate > 0)
        running->idle[running->idle_count++] = connection;
    else
        send_next(running, connection);
}

static void read_some(struct running *running, struct connection *connection)
{
    ssize_t got = recv(connection->fd, connection->bytes + connection->have,
                       sizeof connection->bytes - 1 - connection->have, 0);
    if (got <= 0 && running->load->rate > 0 && connection->have == 0) {
        running->result.dropped++;
        (void)close(connection->fd);
        for (size_t i = 0; i < running->idle_count; i++)
            if (running->idle[i] == connection)
                running->idle[i--] = running->idle[--running->idle_count];
        plug_in(running, connection);
        return;
    }
    if (got <= 0)
        bench_die("the server hung up: %s", got < 0 ? strerror(errno) : "end of stream");
    connection->have += (size_t)got;
    connection->bytes[connection->have] = '\0';
    if (whole_answer(connection->bytes, connection->have) == 0)
        return;
    note(running, connection);
    connection->have = 0;
    if (running->load->rate > 0)
        running->idle[running->idle_count++] = connection;
    else
        send_next(running, connection);
}

/* Sends what is due by now; what finds no free connection is not sent later. */
static void send_due(struct running *running, double start)
{
    size_t due = (size_t)((bench_now() - start) * running->load->rate);
    for (; running->due < due; running->due++) {
        if (running->idle_count > 0)
            send_next(running, running->idle[--running->idle_count]);
        else
            running->result.held++;
    }
}

static void turn(struct running *running)
{
    struct epoll_event events[EVENTS];
    double start = bench_now();
    while (bench_now() < running->until) {
        if (running->load->rate > 0)
            send_due(running, start);
        int count = epoll_wait(running->poll, events, EVENTS, running->load->rate > 0 ? 1 : 100);
        for (int i = 0; i < count; i++)
            read_some(running, events[i].data.ptr);
    }
}

static struct load_result sum_up(struct running *running)
{
    struct load_result result = running->result;
    size_t good = result.answers - result.failures, known = good < LATENCIES ? good : LATENCIES;
    if (result.answers == 0)
        bench_die("port %d gave no answer", running->load->port);
    result.per_second = (double)result.answers / running->load->seconds;
    result.good_per_second = (double)good / running->load->seconds;
    if (known > 0) {
        result.p50_ms = bench_percentile(running->latencies, known, 50);
        result.p99_ms = bench_percentile(running->latencies, known, 99);
    }
    return result;
}

struct load_result load_run(const struct load *load)
{
    size_t count = (size_t)load->connections;
    struct connection *connections = calloc(count, sizeof *connections);
    struct running running = {.load = load,
                              .latencies = calloc(LATENCIES, sizeof(double)),
                              .idle = calloc(count, sizeof(struct connection *)),
                              .poll = epoll_create1(EPOLL_CLOEXEC)};
    if (connections == NULL || running.latencies == NULL || running.idle == NULL || running.poll < 0)
        bench_die("no memory");
    running.from = bench_now() + load->seconds / 10;
    running.until = running.from + load->seconds;
    for (size_t i = 0; i < count; i++) {
        connections[i].next = i;
        plug_in(&running, &connections[i]);
    }
    turn(&running);
    for (size_t i = 0; i < count; i++)
        (void)close(connections[i].fd);
    (void)close(running.poll);
    struct load_result result = sum_up(&running);
    free(running.latencies);
    free(running.idle);
    free(connections);
    return result;
}

char *load_once(int port, const char *request, size_t *ret_size, const char **ret_body)
{
    struct connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL)
        bench_die("no memory");
    connection->fd = open_connection(port, 0);
    send_all(connection->fd, request);
    while (whole_answer(connection->bytes, connection->have) == 0) {
        ssize_t got = recv(connection->fd, connection->bytes + connection->have,
                           sizeof connection->bytes - 1 - connection->have, 0);
        if (got <= 0)
            bench_die("no answer to %.200s", request);
        connection->have += (size_t)got;
    }
    (void)close(connection->fd);
    char *answer = malloc(connection->have + 1);
    if (answer == NULL)
        bench_die("no memory");
    memcpy(answer, connection->bytes, connection->have + 1);
    *ret_size = connection->have;
    *ret_body = strstr(answer, "\r\n\r\n") + 4;
    free(connection);
    return answer;
}
