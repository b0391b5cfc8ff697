"""Tests of the checks themselves: each must find what it is for."""
import json
import pathlib
import subprocess
import tempfile
import unittest

import check_includes
import check_text
import count_tests
import mutate
import print_limits
import report_attacks


class Includes(unittest.TestCase):
    def allowed(self, path, include):
        self.assertIsNone(check_includes.complaint(path, include))

    def refused(self, path, include, why):
        self.assertIn(why, check_includes.complaint(path, include))

    def test_a_folder_may_use_itself_and_those_above_it(self):
        self.allowed("audit/seal.c", "base/text.h")
        self.allowed("audit/seal.c", "audit/audit.h")
        self.allowed("main.c", "affairs/product/product.h")
        self.allowed("base/refusal.h", "law.h")
        self.allowed("base/json_test.c", "support/test.h")

    def test_an_arrow_downwards_is_refused(self):
        self.refused("base/text.c", "store/store.h", "below")
        self.refused("guard/check.c", "http/server.h", "below")
        self.refused("http/gate.c", "affairs/party/party.h", "below")
        self.refused("affairs/room/room.c", "main.c/x.h", "below")

    def test_a_folder_outside_the_order_is_refused(self):
        self.refused("misc/x.c", "base/text.h", "no place")
        self.refused("http/gate.c", "misc/x.h", "no known folder")

    def test_a_concept_shows_its_public_header_only(self):
        self.allowed("affairs/room/room.c", "affairs/product/product.h")
        self.allowed("affairs/product/product_routes.c", "affairs/product/product_schema.h")
        self.refused("affairs/room/room.c", "affairs/product/product_schema.h", "for other concepts")
        self.refused("peers/exchange/exchange.c", "affairs/product/product_schema.h", "for other concepts")

    def test_a_header_may_say_that_it_is_for_other_concepts(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder)
            (source / "affairs/product").mkdir(parents=True)
            header = source / "affairs/product/product_schema.h"
            header.write_text("/* Bodies,\n * for other\n * concepts too. */\n")
            self.assertIsNone(check_includes.complaint("affairs/room/room.c", "affairs/product/product_schema.h", source))
            header.write_text("/* Bodies. */\n/* for other concepts */\n")
            self.refused("affairs/room/room.c", "affairs/product/product_schema.h", "for other concepts")

    def test_only_main_and_tests_name_a_back_end(self):
        self.allowed("main.c", "store/sqlite/sqlite_store.h")
        self.allowed("store/sqlite/pool.c", "store/sqlite/sqlite_store.h")
        self.allowed("audit/audit_test.c", "store/sqlite/sqlite_store.h")
        self.refused("audit/audit.c", "store/sqlite/sqlite_store.h", "back-end")
        self.refused("keeper/keeper.c", "engine/duckdb/duckdb_engine.h", "back-end")

    def test_a_tree_with_one_wrong_arrow_fails(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder)
            (source / "base").mkdir()
            (source / "base/a.c").write_text('#include "base/a.h"\n')
            self.assertEqual(check_includes.main([folder]), 0)
            (source / "base/b.c").write_text('#  include "http/server.h"\n')
            self.assertEqual(check_includes.main([folder]), 1)

    def test_a_tree_without_includes_proves_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(check_includes.main([folder]), 1)

    def test_the_project_keeps_the_rule(self):
        self.assertEqual(check_includes.main([]), 0)


class Text(unittest.TestCase):
    def found(self, data):
        return check_text.complaints_of("x", data, check_text.MACHINE_PATH)

    def test_plain_text_in_both_languages_passes(self):
        self.assertEqual(self.found("渡口: a ferry landing\n\tindented\n".encode()), [])
        self.assertEqual(self.found(b"#!/usr/bin/env bash\nGET /rooms/{id}/work\n"), [])
        self.assertEqual(self.found(b""), [])

    def test_hidden_characters_are_found(self):
        for hidden in ("\x00", "\x1b", "\r", "\x85", "\u200b", "\u202e", "\u2066", "\ufeff"):
            self.assertEqual(len(self.found(f"a{hidden}b\n".encode())), 1)

    def test_paths_of_a_machine_are_found(self):
        for folder in ("home", "root", "Users"):
            self.assertEqual(len(self.found(f"see /{folder}/someone\n".encode())), 1)

    def test_hosts_of_registries_are_found(self):
        self.assertEqual(len(self.found(b'"resolved": "https://registry.' + b'npmjs.org/x"\n')), 1)

    def test_untidy_files_are_found(self):
        self.assertEqual(len(self.found(b"a \n")), 1)
        self.assertEqual(len(self.found(b"a")), 1)
        self.assertEqual(len(self.found(b"\xca\xfd\n")), 1)

    def test_only_committed_files_are_read(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["git", "init", "-q", folder], check=True)
            self.assertEqual(check_text.main([folder]), 1)
            path = pathlib.Path(folder) / "a"
            path.write_text("fine\n")
            subprocess.run(["git", "-C", folder, "add", "a"], check=True)
            self.assertEqual(check_text.main([folder]), 0)
            path.write_text("not fine \n")
            self.assertEqual(check_text.main([folder]), 1)


class Counting(unittest.TestCase):
    def counted(self, stdout, result="OK"):
        count = count_tests.count_executable({"name": "x", "stdout": stdout, "result": result})
        return count.passed, count.failed, count.skipped

    def test_single_tests_are_counted(self):
        self.assertEqual(self.counted("1..3\nok 1 - a\nnot ok 2 - b\nnot ok 3 # SKIP c\n", "FAIL"), (1, 1, 1))

    def test_a_crash_counts_the_tests_that_did_not_come(self):
        self.assertEqual(self.counted("1..5\nok 1 - a\n", "FAIL"), (1, 4, 0))

    def test_an_error_after_the_last_test_counts(self):
        self.assertEqual(self.counted("1..1\nok 1 - a\n", "FAIL"), (1, 1, 0))
        self.assertEqual(self.counted("1..1\nok 1 - a\n", "TIMEOUT"), (1, 1, 0))

    def test_an_executable_that_says_nothing_is_one_test(self):
        self.assertEqual(self.counted(""), (1, 0, 0))
        self.assertEqual(self.counted("", "FAIL"), (0, 1, 0))
        self.assertEqual(self.counted("", "SKIP"), (0, 0, 1))

    def test_tests_of_these_tools_are_counted(self):
        self.assertEqual(self.counted("Ran 5 tests in 0.1s\n\nOK (skipped=1)\n"), (4, 0, 1))
        self.assertEqual(self.counted("Ran 1 test in 0.1s\n\nOK\n"), (1, 0, 0))
        self.assertEqual(self.counted("Ran 5 tests in 0.1s\n\nFAILED (failures=1, errors=1)\n", "FAIL"), (3, 2, 0))

    def test_black_box_runs_are_counted(self):
        text = "ℹ tests 5\nℹ pass 3\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\n  2 passed (3.1s)\n"
        count = count_tests.count_black_box(text, 1)
        self.assertEqual((count.passed, count.failed, count.skipped), (5, 1, 1))

    def test_a_black_box_run_that_ends_badly_or_empty_has_failed(self):
        self.assertEqual(count_tests.count_black_box("# pass 3\n# fail 0\n", 1).failed, 1)
        self.assertEqual(count_tests.count_black_box("", 0).failed, 1)

    def run_with(self, entries):
        with tempfile.TemporaryDirectory() as folder:
            logs = pathlib.Path(folder) / "meson-logs"
            logs.mkdir()
            (logs / "testlog.json").write_text("".join(json.dumps(entry) + "\n" for entry in entries))
            tool = pathlib.Path(count_tests.__file__)
            done = subprocess.run(["python3", str(tool), folder], capture_output=True, text=True, check=False)
            return done.returncode, done.stdout.splitlines()[-1]

    def test_the_closing_line_and_the_exit_code(self):
        good = {"name": "x", "stdout": "1..2\nok 1 - a\nok 2 - b\n", "result": "OK"}
        bad = {"name": "y", "stdout": "1..1\nnot ok 1 - a\n", "result": "FAIL"}
        self.assertEqual(self.run_with([good]), (0, "2 passed, 0 failed"))
        self.assertEqual(self.run_with([good, bad]), (1, "2 passed, 1 failed"))
        self.assertEqual(self.run_with([]), (1, "0 passed, 0 failed"))


class Limits(unittest.TestCase):
    def test_amounts_are_told_in_their_unit(self):
        self.assertEqual(print_limits.amount("LIMIT_X_BYTES", "((size_t)256 * 1024 * 1024)"), "256 MiB")
        self.assertEqual(print_limits.amount("LIMIT_X_BYTES", "(32 * 1024)"), "32 KiB")
        self.assertEqual(print_limits.amount("LIMIT_X_BYTES", "65535"), "65,535 bytes")
        self.assertEqual(print_limits.amount("LIMIT_X_ROWS", "20000000"), "20,000,000")

    def test_every_limit_is_on_the_page(self):
        header = print_limits.HEADER.read_text(encoding="utf-8")
        self.assertEqual(print_limits.page(header).count("| `LIMIT_"), header.count("#define LIMIT_"))

    def test_headings_and_notes_are_kept(self):
        text = print_limits.page("/* This file. */\n/* Log-in */\n#define LIMIT_TRIES 5   /* in a row */\n#define LIMIT_X 1\n")
        self.assertIn("## Log-in", text)
        self.assertIn("| `LIMIT_TRIES` | 5 | in a row |", text)
        self.assertIn("| `LIMIT_X` | 1 | - |", text)


class Attacks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        (pathlib.Path(self.folder.name) / "jail.tsv").write_text(
            "open_shadow\topens /etc/shadow\tseccomp\tEACCES\nfork\tforks\tseccomp\tkilled\n")

    def test_the_page_names_what_was_tried(self):
        chapters = report_attacks.read(self.folder.name)
        page = report_attacks.page(chapters)
        self.assertIn("| `open_shadow` | opens /etc/shadow | seccomp | EACCES |", page)
        self.assertEqual(report_attacks.complaints(chapters, page), [])

    def test_an_attack_on_one_side_only_is_named(self):
        chapters = report_attacks.read(self.folder.name)
        page = report_attacks.page(chapters)
        del chapters["jail"]["fork"]
        self.assertEqual(report_attacks.complaints(chapters, page), ["on the page, not tried: jail/fork"])
        self.assertEqual(report_attacks.complaints({"jail": {"ptrace": []}}, ""), ["not on the page: jail/ptrace"])


class Mutation(unittest.TestCase):
    TABLE = ("clause\tsymbol\tlocator\tzh\ten\tstate\twhere\ttest\n"
             "1a\tGOALS\t一\t目标\tGoals\topen\t-\t-\n"
             "2a\tTERM\t二\t期限\tTerm\tenforced\tterm_is_short term_is_whole\tx_test:one x_test:two\n")

    class Tests:
        """`one` fails without term_is_short, `two` always passes."""
        paths = {"x_test": "x_test"}

        def names(self, executable):
            return {"one", "two"}

        def passes(self, test, without=""):
            return test == "x_test:two" or without != "term_is_short"

    def test_open_clauses_name_nothing(self):
        self.assertEqual(list(mutate.rows(self.TABLE)),
                         [("2a", ["term_is_short", "term_is_whole"], ["x_test:one", "x_test:two"])])

    def test_the_killer_is_the_test_that_fails_without_the_check(self):
        cited = ["x_test:two", "x_test:one"]
        self.assertEqual(mutate.killer(self.Tests(), cited, "term_is_short"), "x_test:one")
        self.assertIsNone(mutate.killer(self.Tests(), cited, "term_is_whole"))

    def test_a_cited_test_that_does_not_exist_is_told(self):
        self.assertEqual(list(mutate.missing(self.Tests(), {"x_test:one", "x_test:three", "y_test:one"})),
                         ["x_test:three", "y_test:one"])


if __name__ == "__main__":
    unittest.main()
