#include "engine/duckdb/library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__aarch64__)
#define NPM_ARCHITECTURE "arm64"
#else
#define NPM_ARCHITECTURE "x64"
#endif

static const char *const places[] = {
    "node_modules/@duckdb/node-bindings-linux-" NPM_ARCHITECTURE "/libduckdb.so",
    "lib/dukou/libduckdb.so",
};

bool duckdb_library_open(const char *path, struct duckdb_library *ret_library)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return false;
    void *symbol;
#define X(name)                                                                                              \
    symbol = dlsym(handle, "duckdb_" #name);                                                                 \
    if (symbol == NULL)                                                                                      \
        return false;                                                                                        \
    memcpy(&ret_library->name, &symbol, sizeof symbol);
    DUCKDB_FUNCTIONS(X)
#undef X
    symbol = dlsym(handle, "duckdb_je_mallctl");
    memcpy(&ret_library->allocator_control, &symbol, sizeof symbol);
    return true;
}

static bool readable(const char *folder, const char *place, char *ret_path)
{
    int length = snprintf(ret_path, PATH_MAX, "%s/%s", folder, place);
    return length > 0 && length < PATH_MAX && access(ret_path, R_OK) == 0;
}

enum result library_find(char *ret_path)
{
    const char *named = getenv("DUKOU_DUCKDB");
    if (named != NULL && named[0] != '\0') {
        int length = snprintf(ret_path, PATH_MAX, "%s", named);
        return length < PATH_MAX && access(named, R_OK) == 0 ? RESULT_OK : RESULT_NOT_FOUND;
    }
    char folder[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0)
        return RESULT_NOT_FOUND;
    folder[length] = '\0';
    for (char *slash = strrchr(folder, '/'); slash != NULL; slash = strrchr(folder, '/')) {
        *slash = '\0';
        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
            if (readable(folder, places[i], ret_path))
                return RESULT_OK;
    }
    return RESULT_NOT_FOUND;
}
