/* base: instants, days, hexadecimal, identifiers, text. What a parser takes it must give back in the same
 * words. */
#include "base/calendar.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/identifier.h"
#include "base/text.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void try_times(const char *text)
{
    char printed[64];
    instant at, at_again;
    day date, date_again;
    if (instant_parse(text, &at) == RESULT_OK) {
        instant_print(at, printed);
        assert(instant_parse(printed, &at_again) == RESULT_OK && at_again == at);
    }
    if (day_parse(text, &date) == RESULT_OK) {
        day_print(date, printed);
        assert(day_parse(printed, &date_again) == RESULT_OK && date_again == date &&
               strcmp(printed, text) == 0);
    }
}

static void try_hex(const char *text)
{
    uint8_t bytes[32];
    char printed[65];
    if (hex_parse(text, bytes, sizeof bytes) == RESULT_OK) {
        hex_print(bytes, sizeof bytes, printed);
        assert(strcasecmp(printed, text) == 0);
    }
}

static void try_text(const char *bytes, size_t size)
{
    size_t bad_at = 0;
    bool utf8 = text_is_utf8(bytes, size, &bad_at);
    assert(utf8 || bad_at < size);
    assert(utf8 || text_is_utf8(bytes, bad_at, NULL));
    (void)text_has_bom(bytes, size);
    (void)text_looks_gbk(bytes, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    try_text((const char *)bytes, size);
    char *text = fuzz_text(bytes, size);
    try_times(text);
    try_hex(text);
    if (identifier_is_credit_code(text))
        assert(strlen(text) == 18 && identifier_credit_code_check(text) == text[17]);
    if (identifier_is_citizen_number(text))
        assert(strlen(text) == 18 && identifier_citizen_number_check(text) == text[17]);
    if (text_is_utf8(text, strlen(text), NULL)) {
        assert(text_characters(text) <= strlen(text));
        (void)text_is_blank(text);
        (void)text_has_control(text);
        (void)text_has_invisible(text);
    }
    free(text);
    return 0;
}
