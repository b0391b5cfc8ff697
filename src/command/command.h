/* The commands of `dukou`, one function each; main.c lists them. */
#pragma once

#include "http/app.h"

struct command {
    const char *name;
    const char *arguments; /* as the help shows them */
    const char *zh;
    const char *en;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns the exit code */
};

/* What main.c knows and the commands below it do not: the concepts' tables. */
extern const struct route_table command_tables[];
extern const struct workflow *const command_workflows[];
extern const struct timer command_timers[];
extern const struct agreement_exit *const command_exits;
extern const struct lost_rule command_lost[];
extern const struct destroyed_rule command_destroyed[];
/* And the back-end: starts the engine with its library at that path, or (NULL) where it finds it. */
enum result command_start_engine(const char *library, struct engine **ret_engine);

int command_serve(int argc, char **argv);
int command_keeper(int argc, char **argv);
int command_init(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_store(int argc, char **argv);
int command_audit(int argc, char **argv);
int command_keys(int argc, char **argv);
int command_openapi(int argc, char **argv);
int command_permissions(int argc, char **argv);
int command_clauses(int argc, char **argv);
int command_workflow(int argc, char **argv);
int command_metrics(int argc, char **argv);
int command_api(int argc, char **argv);

/* Prints a refusal in both languages to stderr and returns 1. */
int command_refused(const char *what, enum result result, const struct refusal *refusal);
