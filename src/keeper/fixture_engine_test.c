/* The one file of the keeper's tests that names a back-end; tests of other folders that start a keeper link
 * it too. */
#include "engine/duckdb/duckdb_engine.h"
#include "keeper/fixture.h"

enum result fixture_engine(const char *library, struct engine **ret_engine)
{
    const struct duckdb_engine_options options = {.library = library};
    return duckdb_engine_start(&options, ret_engine);
}
