/* `dukou source`: the agent at a data provider's side. README.md beside this file is its manual. */
#pragma once

#include "base/result.h"

struct engine;

/* `start_engine` starts the back-end that reads the rows; it is called first of all, and not for commands
 * that read none. `dukou source [--config FILE] run | once | describe [RESOURCE] [--dry-run] | approve ORDER
 * | refuse ORDER --reason TEXT`. 0 when it went well, 1 when not, 2 for a wrong command line. */
int source_main(int argc, char **argv, enum result (*start_engine)(struct engine **ret_engine));
