/* The limit of HTTP figures: libmicrohttpd alone, giving every request the same reply.
 *
 * floor_http PORT FILE: FILE holds the reply as it was on the wire. Two epoll threads, a reply made once;
 * queued not in the handler's first call, which would close the connection (libmicrohttpd 0.9.75). */
#include <microhttpd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { REPLY_BYTES = 1024 * 1024, THREADS = 2, CONNECTIONS = 1024 };

static enum MHD_Result answer(void *state, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request)
{
    static int seen;
    (void)url;
    (void)method;
    (void)version;
    (void)upload;
    if (*request == NULL) {
        *request = &seen;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, state);
}

/* Header lines go on as they are, but for those that libmicrohttpd writes itself. */
static void add_headers(struct MHD_Response *response, char *head)
{
    char *line = strtok(head, "\r\n"); /* the status line */
    while ((line = strtok(NULL, "\r\n")) != NULL) {
        char *colon = strchr(line, ':');
        if (colon == NULL || strncasecmp(line, "Date:", 5) == 0 ||
            strncasecmp(line, "Connection:", 11) == 0 || strncasecmp(line, "Content-Length:", 15) == 0)
            continue;
        *colon = '\0';
        (void)MHD_add_response_header(response, line, colon + 2);
    }
}

static struct MHD_Response *read_reply(const char *path)
{
    static char bytes[REPLY_BYTES + 1];
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    size_t size = fread(bytes, 1, REPLY_BYTES, file);
    (void)fclose(file);
    bytes[size] = '\0';
    char *body = strstr(bytes, "\r\n\r\n");
    if (body == NULL)
        return NULL;
    *body = '\0';
    body += 4;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(size - (size_t)(body - bytes), body, MHD_RESPMEM_PERSISTENT);
    add_headers(response, bytes);
    return response;
}

int main(int argc, char **argv)
{
    sigset_t stop;
    int signal_number;
    if (argc != 3)
        return 2;
    struct MHD_Response *response = read_reply(argv[2]);
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigprocmask(SIG_BLOCK, &stop, NULL);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, (uint16_t)strtoul(argv[1], NULL, 10), NULL, NULL,
                         answer, response, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)THREADS,
                         MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS, MHD_OPTION_END);
    if (response == NULL || daemon == NULL)
        return 1;
    (void)sigwait(&stop, &signal_number);
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
