#include "store/fixture.h"
#include "support/test.h"

#include <stdio.h>
#include <unistd.h>

TEST(a_lead_whose_file_was_taken_away_holds_no_more)
{
    struct store *store = fixture_open();
    struct store_lead *lead = NULL;
    struct store_lead *other = NULL;
    char path[256];
    assert_ok(store_lead(store, "sealer", &lead));
    (void)snprintf(path, sizeof path, "%s-leads", fixture_path());
    assert_int_equal(unlink(path), 0);
    assert_false(store_leads(lead));
    assert_ok(store_lead(store, "sealer", &other));
    assert_false(store_leads(lead));
    assert_true(store_leads(other));
    store_lead_end(lead);
    store_lead_end(other);
    store_close(store);
}
