/* Processes of the demo: this program again, with another command. */
#pragma once

#include "base/arena.h"
#include "base/result.h"

#include <sys/types.h>

struct process {
    pid_t pid;
    int output; /* its standard output; −1 once closed */
};

/* Starts `arguments` (ends with NULL; the first is the command) of this program with further variables
 * ("NAME=value", ends with NULL). */
enum result process_start(const char *const *arguments, const char *const *variables,
                          struct process *ret_process);

/* The first URL that it prints, waited for at most `seconds`. */
enum result process_url(struct arena *arena, struct process *process, int seconds, const char **ret_url);

/* SIGTERM, and SIGKILL after some seconds. */
void process_stop(struct process *process);

/* Runs a command to its end: its exit code, and its standard output in the arena. */
enum result process_run(struct arena *arena, const char *const *arguments, const char *const *variables,
                        int *ret_code, const char **ret_output);
