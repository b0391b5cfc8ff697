#include "engine/duckdb/spaces.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

static void assert_becomes(const char *sql, const char *expected)
{
    char text[200];
    (void)snprintf(text, sizeof text, "%s", sql);
    spaces_widen(text);
    assert_string_equal(text, expected);
}

TEST(a_full_width_space_becomes_three_spaces)
{
    assert_becomes("SELECT\u3000a\u00A0, b", "SELECT   a  , b");
    assert_becomes("\uFEFFSELECT a\u2003b\u2060c", "   SELECT a   b   c");
}

TEST(quoted_text_and_comments_keep_their_spaces)
{
    assert_becomes("'a\u3000b' \"c\u3000d\"\u3000e", "'a\u3000b' \"c\u3000d\"   e");
    assert_becomes("'it''s\u3000' \u3000", "'it''s\u3000'    ");
    assert_becomes("$$a\u3000'$$\u3000$t$ \u3000$$ $t$\u3000", "$$a\u3000'$$   $t$ \u3000$$ $t$   ");
    assert_becomes("-- a\u3000b '\n\u3000'", "-- a\u3000b '\n   '");
    assert_becomes("$1\u3000'x", "$1   'x");
}

TEST(what_is_not_closed_stays_as_it_is)
{
    assert_becomes("'a\u3000", "'a\u3000");
    assert_becomes("$x$ \u3000", "$x$ \u3000");
    assert_becomes("", "");
}
