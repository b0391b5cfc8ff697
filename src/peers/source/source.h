/* `dukou source`: the agent at a data provider's side. README.md beside this file is its manual. */
#pragma once

/* `dukou source [--config FILE] run | once | describe [RESOURCE] [--dry-run] | approve ORDER |
 * refuse ORDER --reason TEXT`. 0 when it went well, 1 when not, 2 for a wrong command line. */
int source_main(int argc, char **argv);
