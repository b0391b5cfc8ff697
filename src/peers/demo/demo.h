/* The demo: plays the nine steps of the main job through the public HTTP API, each party with its own
 * credentials, on real processes (serve with its keeper and workers, a source agent for each provider, the
 * data exchange). Nothing in it has a way round the API.
 *
 * Person-level tables are synthetic and say so; with --data the CSV files of a folder become resources. The
 * clock of a demo city is driven (it stands in HOME/clock), so that publicity periods pass at once. */
#pragma once

/* `dukou demo [--seed N] [--data DIR] [--rows N] [--keep HOME]`: in a temporary home on free ports. Prints
 * one line a step with its clause and audit entry. 0 only if every step worked and the log then verifies. */
int demo_main(int argc, char **argv);

/* `dukou city`: the same, kept in DUKOU_HOME with cases in every stage, and the log-ins in HOME/accounts.tsv.
 * Does nothing where a city is. */
int demo_city_main(int argc, char **argv);
