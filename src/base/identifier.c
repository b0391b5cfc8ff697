#include "base/identifier.h"

#include "base/calendar.h"

#include <stddef.h>
#include <string.h>

enum { LENGTH = 18, CHECKED = LENGTH - 1 };

char identifier_credit_code_check(const char *first17)
{
    static const char alphabet[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    enum { BASE = sizeof alphabet - 1 };
    int sum = 0;
    int weight = 1;
    for (int i = 0; i < CHECKED; i++) {
        const char *at = first17[i] != '\0' ? strchr(alphabet, first17[i]) : NULL;
        if (at == NULL)
            return '\0';
        sum += (int)(at - alphabet) * weight;
        weight = weight * 3 % BASE;
    }
    /* The outer remainder matters: a sum divisible by 31 has the check 0, not 31. */
    return alphabet[(BASE - sum % BASE) % BASE];
}

bool identifier_is_credit_code(const char *text)
{
    if (text == NULL || strnlen(text, LENGTH + 1) != LENGTH)
        return false;
    char check = identifier_credit_code_check(text);
    return check != '\0' && check == text[CHECKED];
}

char identifier_citizen_number_check(const char *first17)
{
    static const int weights[CHECKED] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    int sum = 0;
    for (int i = 0; i < CHECKED; i++) {
        if (first17[i] < '0' || first17[i] > '9')
            return '\0';
        sum += (first17[i] - '0') * weights[i];
    }
    return "10X98765432"[sum % 11];
}

bool identifier_is_citizen_number(const char *text)
{
    if (text == NULL || strnlen(text, LENGTH + 1) != LENGTH)
        return false;
    char check = identifier_citizen_number_check(text);
    if (check == '\0' || check != text[CHECKED])
        return false;
    const char *d = text + 6;
    const char date[DAY_TEXT_SIZE] = {d[0], d[1], d[2], d[3], '-', d[4], d[5], '-', d[6], d[7], '\0'};
    day born;
    return day_parse(date, &born) == RESULT_OK;
}
