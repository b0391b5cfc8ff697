#include "peers/source/fixture.h"
#include "peers/source/journal.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct book {
    const char *folder;
    const char *path;
    struct arena *arena;
    struct journal *journal;
    struct refusal refusal;
};

static struct book open_book(void)
{
    struct book book = {.arena = arena_new(0)};
    book.folder = arena_strdup(book.arena, test_folder());
    book.path = arena_printf(book.arena, "%s/journal.jsonl", book.folder);
    assert_ok(journal_open(book.arena, book.folder, &book.journal, &book.refusal));
    return book;
}

static void close_book(struct book *book)
{
    journal_close(book->journal);
    arena_free(book->arena);
}

static enum result reopen(struct book *book)
{
    journal_close(book->journal);
    book->journal = NULL;
    return journal_open(book->arena, book->folder, &book->journal, &book->refusal);
}

static void add(struct book *book, const char *event, int64_t order, json_t *more)
{
    assert_ok(journal_add(book->journal, book->arena, FIXTURE_NOW, event, order, more, &book->refusal));
}

static const char digest_text[] = "00000000000000000000000000000000000000000000000000000000000000ff";

TEST(what_was_noted_is_known_after_a_restart)
{
    struct book book = open_book();
    add(&book, "delayed", 9,
        json_pack("{s:s, s:s, s:s}", "digest", digest_text, "until", "2026-11-24T00:00:00Z", "reason", "等"));
    add(&book, "approved", 9, NULL);
    add(&book, "delivered", 3, json_pack("{s:s}", "digest", digest_text));
    add(&book, "stopped", 5, json_pack("{s:s}", "reason", "不符"));
    assert_ok(reopen(&book));
    struct journal_order nine = journal_of(book.journal, 9);
    assert_int_equal(nine.state, JOURNAL_APPROVED);
    assert_true(nine.approved && nine.known);
    assert_int_equal(nine.digest.bytes[31], 0xFF);
    assert_int_equal(nine.delayed_until, FIXTURE_NOW + INSTANT_DAY);
    assert_int_equal(journal_of(book.journal, 3).state, JOURNAL_DELIVERED);
    assert_string_equal(journal_of(book.journal, 5).reason, "不符");
    assert_int_equal(journal_of(book.journal, 4).state, JOURNAL_NEW);
    close_book(&book);
}

TEST(delivered_and_refused_are_for_good)
{
    struct book book = open_book();
    add(&book, "delivered", 3, NULL);
    assert_false(journal_of(book.journal, 3).refused_again);
    add(&book, "refused", 3, json_pack("{s:s}", "reason", "重复"));
    assert_true(journal_of(book.journal, 3).refused_again);
    add(&book, "sending", 3, NULL);
    assert_int_equal(journal_of(book.journal, 3).state, JOURNAL_DELIVERED);
    close_book(&book);
}

TEST(a_torn_last_line_is_cut_off_and_the_rest_stays)
{
    struct book book = open_book();
    add(&book, "delivered", 3, NULL);
    int fd = open(book.path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "{\"at\":\"2026", 11), 11);
    (void)close(fd);
    assert_ok(reopen(&book));
    assert_int_equal(journal_of(book.journal, 3).state, JOURNAL_DELIVERED);
    add(&book, "delivered", 4, NULL);
    assert_ok(reopen(&book));
    assert_int_equal(journal_of(book.journal, 4).state, JOURNAL_DELIVERED);
    close_book(&book);
}

/* Replaces `from` by `to` (as long) in the file, and expects the next start to name `field`. */
static void expect_corrupt(struct book *book, const char *from, const char *to, const char *field)
{
    size_t size;
    char *text = fixture_read(book->path, &size);
    char *at = strstr(text, from);
    assert_non_null(at);
    memcpy(at, to, strlen(to));
    fixture_write_bytes(book->path, text, size);
    free(text);
    assert_int_equal(reopen(book), RESULT_CORRUPT);
    assert_string_equal(book->refusal.field, field);
}

TEST(a_changed_line_shows_in_the_next)
{
    struct book book = open_book();
    add(&book, "delivered", 3, json_pack("{s:i}", "rows", 10));
    add(&book, "delivered", 4, NULL);
    expect_corrupt(&book, "\"rows\":10", "\"rows\":99", "line 2");
    close_book(&book);
}

TEST(an_unknown_event_is_refused_by_line)
{
    struct book book = open_book();
    add(&book, "delivered", 3, NULL);
    expect_corrupt(&book, "delivered", "delivorod", "line 1");
    close_book(&book);
}

TEST(a_removed_line_shows)
{
    struct book book = open_book();
    add(&book, "delivered", 3, NULL);
    add(&book, "delivered", 4, NULL);
    size_t size;
    char *text = fixture_read(book.path, &size);
    fixture_write(book.path, strchr(text, '\n') + 1);
    free(text);
    assert_int_equal(reopen(&book), RESULT_CORRUPT);
    assert_string_equal(book.refusal.field, "line 1");
    close_book(&book);
}

TEST(two_processes_may_write_in_turn)
{
    struct book book = open_book();
    struct journal *other = NULL;
    add(&book, "delayed", 3, json_pack("{s:s}", "until", "2026-11-24T00:00:00Z"));
    assert_ok(journal_open(book.arena, book.folder, &other, &book.refusal));
    assert_ok(journal_add(other, book.arena, FIXTURE_NOW, "approved", 3, NULL, &book.refusal));
    add(&book, "sending", 4, NULL);
    assert_true(journal_of(book.journal, 3).approved);
    assert_ok(journal_refresh(other, book.arena, &book.refusal));
    assert_int_equal(journal_of(other, 4).state, JOURNAL_SENDING);
    journal_close(other);
    assert_ok(reopen(&book));
    close_book(&book);
}

TEST(a_journal_cut_short_while_it_is_open_is_noticed)
{
    struct book book = open_book();
    add(&book, "delivered", 3, NULL);
    fixture_write(book.path, "");
    assert_int_equal(journal_refresh(book.journal, book.arena, &book.refusal), RESULT_CORRUPT);
    close_book(&book);
}
