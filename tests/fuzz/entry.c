/* audit/entry: the bytes of an entry, one spelling only. */
#include "audit/entry.h"

#include "fuzz.h"

static void stays_inside(const uint8_t *bytes, size_t size, struct piece piece)
{
    assert(piece.size == 0 ||
           (piece.at >= (const char *)bytes && piece.at + piece.size <= (const char *)bytes + size));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct entry_reader reader;
    struct entry_head head;
    struct entry_change change;
    if (entry_read(&reader, bytes, size, &head) != RESULT_OK)
        return 0;
    stays_inside(bytes, size, head.event);
    stays_inside(bytes, size, head.object);
    stays_inside(bytes, size, head.to);
    enum result result;
    while ((result = entry_next(&reader, &change)) == RESULT_OK)
        stays_inside(bytes, size, change.table);
    assert(result == RESULT_NOT_FOUND || result == RESULT_MALFORMED);
    return 0;
}
