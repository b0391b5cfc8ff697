/* What the measuring programs share: time, statistics, and the line in which a figure is reported. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* Seconds, monotonic. */
double bench_now(void);

/* The `percent`th percentile (nearest rank); sorts `values`. count > 0. */
double bench_percentile(double *values, size_t count, double percent);
double bench_median(double *values, size_t count);

/* One figure: what Dukou does and what its limit does, measured in the same run. */
struct figure {
    const char *name;
    double value;
    const char *unit;
    double limit;       /* the stand-alone program's, in the same unit; 0: it has none */
    double ratio;       /* value to limit, the way the target means it; 0: none */
    const char *target; /* "ratio >= 0.5"; "" for what is told beside a figure and has none */
    bool ok;
};

/* A line on standard output for report.c; names hold no tabs. */
void bench_tell(struct figure figure);

/* Says on standard error what is being done. */
void bench_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, and ends the program with failure. */
void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- other processes ---- */

struct child {
    pid_t pid;
    FILE *to;   /* its standard input */
    FILE *from; /* its standard output */
};

/* Starts `arguments[0]` with the environment `variables` ("NAME=value", NULL at the end) added; its standard
 * error is ours. It leads a process group of its own. Ends the program when that fails. */
struct child bench_spawn(const char *const *arguments, const char *const *variables);
/* Sends SIGTERM and waits. */
void bench_end(struct child *child);
/* One line to it, and the number that it answers. Ends the program when there is none. */
double bench_ask(struct child *child, const char *line);

/* A port of 127.0.0.1 that nobody listens on. */
int bench_port(void);
/* Waits until somebody listens there; seconds waited. Ends the program after 30 seconds. */
double bench_wait_for_port(int port);
