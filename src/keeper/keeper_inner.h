/* The serving process's handle of the keeper. */
#pragma once

#include "keeper/client.h"

#include <sys/types.h>

struct keeper {
    pid_t process;
    struct keeper_client *client;
};
