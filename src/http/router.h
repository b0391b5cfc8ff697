/* Finds the route of a path: a tree of path segments, built once from the tables.
 *
 * Strict about paths: no empty, "." or ".." segment, no slash at the end, no encoded slash, backslash or NUL,
 * escapes well-formed and UTF-8. What is not strict has no route, so that one object has one path. */
#pragma once

#include "base/arena.h"
#include "http/route.h"

struct router;

enum { ROUTER_SEGMENTS = 12, ROUTER_PARAMETERS = 6 };

struct path_parameter {
    const char *name; /* as in the route's path */
    size_t name_length;
    const char *text; /* decoded, in the arena */
    row_id id;        /* 0 for text */
};

struct router_match {
    const struct route *route;
    unsigned methods; /* bits of enum http_method that the path has */
    size_t count;
    struct path_parameter parameters[ROUTER_PARAMETERS];
};

/* Asserts that paths are well-formed and that no two routes have the same method and path. */
struct router *router_new(const struct route_table *tables);
void router_free(struct router *router);

/* `path` without "/api" and query. RESULT_NOT_FOUND with methods 0: no such path, or with the methods that
 * exist. */
enum result router_find(const struct router *router, struct arena *arena, enum http_method method,
                        const char *path, struct router_match *ret_match);

/* The route of a GET whose path is the longest prefix of `path`, itself included; NOT_FOUND when there is
 * none. */
enum result router_find_object(const struct router *router, struct arena *arena, const char *path,
                               struct router_match *ret_match);

/* "GET", …, "OPTIONS"; "?" for others. */
const char *http_method_name(enum http_method method);
enum http_method http_method_by_name(const char *name);

/* Decodes percent-escapes of `length` bytes into the arena; NULL when they are not well-formed, not UTF-8 or
 * hold a control character. `plus` makes '+' a space. */
char *percent_decode(struct arena *arena, const char *text, size_t length, bool plus);

/* A parameter whose value is a row's number: "id" and "…_id". */
bool path_parameter_is_id(const char *name, size_t length);
