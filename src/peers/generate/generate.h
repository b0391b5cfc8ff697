/* Synthetic person-level tables for demos, tests and benches: residents, enterprises, social insurance.
 *
 * Nobody in them exists. Names are of the form 合成0001234, each row says synthetic = true, and the command
 * writes only to files whose name says synthetic. Citizen numbers (GB 11643) and credit codes (GB 32100, with
 * the organisation code of GB 11714 inside) have valid check digits and Wuhan's real district codes, so that
 * what finds sensitive items finds them; a number may therefore by chance equal a real one, and means
 * nothing.
 *
 * The same options give the same bytes on every machine: integer arithmetic only, no clock. Resident k and
 * enterprise k of a seed are the same however many rows are asked for, so social insurance rows refer to rows
 * of the other two tables of the same seed. */
#pragma once

#include "base/refusal.h"

#include <stdint.h>

enum generate_kind { GENERATE_RESIDENTS, GENERATE_ENTERPRISES, GENERATE_SOCIAL_INSURANCE, GENERATE_KINDS };

/* "residents", "enterprises", "social_insurance"; GENERATE_KINDS when there is none of that name. */
enum generate_kind generate_kind_by_name(const char *name);
const char *generate_kind_name(enum generate_kind kind);

struct generate_options {
    enum generate_kind kind;
    int64_t rows; /* 1 … LIMIT_GENERATE_ROWS */
    uint64_t seed;
    int64_t
        residents; /* for social insurance: it refers to residents 0 … residents − 1; 0: as many as rows */
    int64_t enterprises; /* likewise; 0: a twentieth of rows, at least 1 */
};

/* Writes CSV (RFC 4180 with LF, UTF-8, a header) to `fd`. RESULT_INVALID for counts outside the limits,
 * RESULT_IO with part of it written. */
enum result generate_write(const struct generate_options *options, int fd, struct refusal *ret_refusal);

/* `dukou generate --kind KIND --rows N [--seed S] [--out FILE]`; see its --help. The file appears whole or
 * not at all. */
int generate_main(int argc, char **argv);
