/* Check digits of Chinese identifiers. */
#pragma once

#include <stdbool.h>

/* Unified social credit code of organisations, GB 32100-2015: 18 characters, capital letters. */
bool identifier_is_credit_code(const char *text);
/* The check character for the first 17 characters, 0 when one of them is outside the alphabet. */
char identifier_credit_code_check(const char *first17);

/* Citizen identity number, GB 11643-1999: 18 characters with a date of birth that exists, from 1900 on. */
bool identifier_is_citizen_number(const char *text);
char identifier_citizen_number_check(const char *first17);
