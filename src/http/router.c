#include "http/router.h"

#include "base/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct segment {
    const char *text;
    size_t length;
};

struct node {
    struct segment segment;
    struct node *children; /* fixed segments; a list through `next` */
    struct node *next;
    struct node *parameter; /* any segment */
    const struct route *routes[HTTP_ROUTE_METHODS];
};

struct router {
    struct node root;
};

static const char *const method_names[] = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "?"};

const char *http_method_name(enum http_method method)
{
    return method_names[method];
}

enum http_method http_method_by_name(const char *name)
{
    int method = HTTP_GET;
    while (method < HTTP_OTHER && strcmp(name, method_names[method]) != 0)
        method++;
    return (enum http_method)method;
}

bool path_parameter_is_id(const char *name, size_t length)
{
    return (length == 2 && memcmp(name, "id", 2) == 0) ||
           (length > 3 && memcmp(name + length - 3, "_id", 3) == 0);
}

/* ---- building ---- */

static struct node *node_new(struct segment segment)
{
    struct node *node = calloc(1, sizeof *node);
    if (node == NULL)
        abort();
    node->segment = segment;
    return node;
}

static bool is_parameter(struct segment segment)
{
    return segment.length > 2 && segment.text[0] == '{' && segment.text[segment.length - 1] == '}';
}

static struct node *child_of(const struct node *node, struct segment segment)
{
    for (struct node *child = node->children; child != NULL; child = child->next)
        if (child->segment.length == segment.length &&
            memcmp(child->segment.text, segment.text, segment.length) == 0)
            return child;
    return NULL;
}

static struct node *child_made(struct node *node, struct segment segment)
{
    if (is_parameter(segment)) {
        if (node->parameter == NULL)
            node->parameter = node_new(segment);
        return node->parameter;
    }
    struct node *child = child_of(node, segment);
    if (child == NULL) {
        child = node_new(segment);
        child->next = node->children;
        node->children = child;
    }
    return child;
}

/* The segments of a path that begins with a slash; −1 when it is not strict or has too many. */
static int split(const char *path, struct segment segments[ROUTER_SEGMENTS])
{
    int count = 0;
    if (*path != '/')
        return -1;
    while (*path == '/') {
        const char *from = ++path;
        while (*path != '\0' && *path != '/')
            path++;
        if (path == from || count == ROUTER_SEGMENTS)
            return -1;
        segments[count++] = (struct segment){from, (size_t)(path - from)};
    }
    return count;
}

static void insert(struct router *router, const struct route *route)
{
    struct segment segments[ROUTER_SEGMENTS];
    int count = split(route->path, segments);
    assert(count > 0 && "a route's path begins with a slash and has no empty segment");
    assert(route->method < HTTP_ROUTE_METHODS);
    struct node *node = &router->root;
    int parameters = 0;
    for (int i = 0; i < count; i++) {
        parameters += is_parameter(segments[i]);
        node = child_made(node, segments[i]);
    }
    assert(parameters <= ROUTER_PARAMETERS);
    assert(node->routes[route->method] == NULL && "two routes with the same method and path");
    node->routes[route->method] = route;
}

struct router *router_new(const struct route_table *tables)
{
    struct router *router = calloc(1, sizeof *router);
    if (router == NULL)
        abort();
    for (const struct route_table *table = tables; table->routes != NULL; table++)
        for (const struct route *route = table->routes; route->run != NULL; route++)
            insert(router, route);
    return router;
}

static void node_free(struct node *node)
{
    while (node != NULL) {
        struct node *next = node->next;
        node_free(node->children);
        node_free(node->parameter);
        free(node);
        node = next;
    }
}

void router_free(struct router *router)
{
    if (router == NULL)
        return;
    node_free(router->root.children);
    node_free(router->root.parameter);
    free(router);
}

/* ---- finding ---- */

static int hexadecimal(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

char *percent_decode(struct arena *arena, const char *text, size_t length, bool plus)
{
    char *decoded = arena_alloc(arena, length + 1);
    size_t size = 0;
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '%') {
            int high = i + 2 < length ? hexadecimal(text[i + 1]) : -1;
            int low = high >= 0 ? hexadecimal(text[i + 2]) : -1;
            if (low < 0)
                return NULL;
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        decoded[size++] = c;
    }
    if (!text_is_utf8(decoded, size, NULL) || text_has_control(decoded))
        return NULL;
    return decoded;
}

/* Makes a raw segment plain; false when no route may have it. */
static bool decode_segment(struct arena *arena, struct segment *segment)
{
    if (memchr(segment->text, '%', segment->length) != NULL) {
        const char *decoded = percent_decode(arena, segment->text, segment->length, false);
        if (decoded == NULL || strpbrk(decoded, "/\\\n\t") != NULL)
            return false;
        *segment = (struct segment){decoded, strlen(decoded)};
    } else if (!text_is_utf8(segment->text, segment->length, NULL)) {
        return false;
    }
    bool dots = segment->text[0] == '.' &&
                (segment->length == 1 || (segment->length == 2 && segment->text[1] == '.'));
    return !dots && memchr(segment->text, '\\', segment->length) == NULL;
}

/* The node of all `count` segments; a fixed segment goes before a parameter. */
static const struct node *walk(const struct node *node, const struct segment *segments, int count)
{
    if (count == 0)
        return node;
    const struct node *child = child_of(node, segments[0]);
    const struct node *found = child != NULL ? walk(child, segments + 1, count - 1) : NULL;
    if (found == NULL && node->parameter != NULL)
        found = walk(node->parameter, segments + 1, count - 1);
    return found;
}

static unsigned methods_of(const struct node *node)
{
    unsigned methods = 0;
    for (unsigned method = 0; method < HTTP_ROUTE_METHODS; method++)
        if (node->routes[method] != NULL)
            methods |= 1u << method;
    return methods;
}

/* A row's number as it is printed: no sign, no zero in front; 0 when it is none. */
static row_id read_id(const char *text)
{
    row_id id = 0;
    if (*text < '1' || *text > '9')
        return 0;
    for (; *text != '\0'; text++)
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(id, 10, &id) ||
            __builtin_add_overflow(id, *text - '0', &id))
            return 0;
    return id;
}

/* Fills the parameters of match->route; false when an id is none. */
static bool take_parameters(struct arena *arena, const struct segment *segments, int count,
                            struct router_match *match)
{
    struct segment names[ROUTER_SEGMENTS];
    (void)split(match->route->path, names);
    for (int i = 0; i < count; i++) {
        if (!is_parameter(names[i]))
            continue;
        struct path_parameter *parameter = &match->parameters[match->count++];
        parameter->name = names[i].text + 1;
        parameter->name_length = names[i].length - 2;
        parameter->text = arena_strndup(arena, segments[i].text, segments[i].length);
        if (path_parameter_is_id(parameter->name, parameter->name_length)) {
            parameter->id = read_id(parameter->text);
            if (parameter->id == 0)
                return false;
        }
    }
    return true;
}

static enum result find(const struct router *router, struct arena *arena, enum http_method method,
                        const struct segment *segments, int count, struct router_match *ret_match)
{
    const struct node *node = walk(&router->root, segments, count);
    struct router_match match = {.methods = node != NULL ? methods_of(node) : 0};
    enum http_method as = method == HTTP_HEAD ? HTTP_GET : method;
    if (match.methods != 0 && as < HTTP_ROUTE_METHODS)
        match.route = node->routes[as];
    if (match.route != NULL && !take_parameters(arena, segments, count, &match))
        match = (struct router_match){0};
    *ret_match = match;
    return match.route != NULL ? RESULT_OK : RESULT_NOT_FOUND;
}

static int split_and_decode(struct arena *arena, const char *path, struct segment segments[ROUTER_SEGMENTS])
{
    int count = split(path, segments);
    for (int i = 0; i < count; i++)
        if (!decode_segment(arena, &segments[i]))
            return -1;
    return count;
}

enum result router_find(const struct router *router, struct arena *arena, enum http_method method,
                        const char *path, struct router_match *ret_match)
{
    struct segment segments[ROUTER_SEGMENTS];
    int count = split_and_decode(arena, path, segments);
    if (count < 0) {
        *ret_match = (struct router_match){0};
        return RESULT_NOT_FOUND;
    }
    return find(router, arena, method, segments, count, ret_match);
}

enum result router_find_object(const struct router *router, struct arena *arena, const char *path,
                               struct router_match *ret_match)
{
    struct segment segments[ROUTER_SEGMENTS];
    for (int count = split_and_decode(arena, path, segments); count > 0; count--) {
        struct router_match match;
        if (find(router, arena, HTTP_GET, segments, count, &match) != RESULT_OK)
            continue;
        const struct route *route = match.route;
        if (route->reply == NULL || route->list || route->bytes || route->style != ROUTE_IN_TRANSACTION)
            continue;
        *ret_match = match;
        return RESULT_OK;
    }
    return RESULT_NOT_FOUND;
}
