#include "base/role.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    const char *zh;
} roles[] = {
#define X(symbol, name, zh) [ROLE_##symbol] = {name, zh},
    ROLE_LIST(X)
#undef X
};

static const struct {
    const char *name;
    const char *zh;
} duties[] = {
#define X(symbol, name, zh) [DUTY_BIT_##symbol] = {name, zh},
    DUTY_LIST(X)
#undef X
};

const char *role_name(enum role role)
{
    assert(role < ROLE_COUNT);
    return roles[role].name;
}

const char *role_chinese(enum role role)
{
    assert(role < ROLE_COUNT);
    return roles[role].zh;
}

enum role role_by_name(const char *name)
{
    enum role role = ROLE_PUBLIC;
    while (role < ROLE_COUNT && (name == NULL || strcmp(roles[role].name, name) != 0))
        role++;
    return role;
}

const char *duty_name(enum duty_bit bit)
{
    assert(bit < DUTY_COUNT);
    return duties[bit].name;
}

const char *duty_chinese(enum duty_bit bit)
{
    assert(bit < DUTY_COUNT);
    return duties[bit].zh;
}
