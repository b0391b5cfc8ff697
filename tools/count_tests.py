"""Counts single tests, not executables, and closes with one line: N passed, N failed, N skipped.

usage: count_tests.py BUILD_FOLDER…

Reads what `meson test` logged in each folder (TAP where a test speaks it) and the log and exit status of the
black-box tests. An executable that crashes, stops short of its plan or ends with an error after its last test
counts as failed, and so does a run without a single test.
"""
import json
import pathlib
import re
import sys


class Count:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def line(self):
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def count_tap(text):
    """TAP of cmocka, whose skipped tests read `not ok 3 # SKIP name`; None when there is no plan in it."""
    plan = re.search(r"^1\.\.(\d+)", text, re.M)
    if plan is None:
        return None
    count = Count()
    for ok, rest in re.findall(r"^(not ok|ok) \d+(.*)$", text, re.M):
        if "# SKIP" in rest:
            count.skipped += 1
        elif ok == "ok":
            count.passed += 1
        else:
            count.failed += 1
    done = count.passed + count.failed + count.skipped
    count.failed += max(0, int(plan.group(1)) - done)
    return count


def count_unittest(text):
    """What Python's unittest says at its end; None when it is not there."""
    ran = re.search(r"^Ran (\d+) tests? in .*\n\n(?:OK|FAILED)(.*)$", text, re.M)
    if ran is None:
        return None
    count = Count()
    for kind, number in re.findall(r"(failures|errors|skipped)=(\d+)", ran.group(2)):
        if kind == "skipped":
            count.skipped += int(number)
        else:
            count.failed += int(number)
    count.passed = int(ran.group(1)) - count.failed - count.skipped
    return count


def count_executable(entry):
    """One line of Meson's testlog.json."""
    text = entry.get("stdout", "") + entry.get("stderr", "")
    count = count_tap(entry.get("stdout", "")) or count_unittest(text)
    result = entry["result"]
    if count is None:
        count = Count()
        if result == "SKIP":
            count.skipped = 1
        elif result in ("OK", "EXPECTEDFAIL"):
            count.passed = 1
        else:
            count.failed = 1
    elif result not in ("OK", "SKIP") and count.failed == 0:
        count.failed = 1
    return count


def show(entry, count):
    print(f"--- {entry['name']}: {entry['result']}, {count.line()}")
    lines = (entry.get("stdout", "") + entry.get("stderr", "")).splitlines()
    for line in [line for line in lines if not re.match(r"ok \d+ - ", line)][-120:]:
        print("    " + line)


def count_log(path):
    total = Count()
    for text in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        entry = json.loads(text)
        count = count_executable(entry)
        total.add(count)
        if count.failed:
            show(entry, count)
    return total


def count_black_box(text, status):
    """What node:test (`# pass 12`, `ℹ pass 12`) and Playwright (`  12 passed (3s)`) say at the end of a run."""
    text = re.sub(r"\033\[[0-9;]*m", "", text)
    count = Count()
    for word, name in (("pass", "passed"), ("fail", "failed"), ("cancelled", "failed"), ("skipped", "skipped")):
        for number in re.findall(rf"^(?:#|ℹ) {word} (\d+)\s*$", text, re.M):
            setattr(count, name, getattr(count, name) + int(number))
    for number, name in re.findall(r"^  (\d+) (passed|failed|skipped)\b", text, re.M):
        setattr(count, name, getattr(count, name) + int(number))
    if count.failed == 0 and (status != 0 or count.passed == 0):
        print(f"--- the black-box tests ended with status {status} and {count.line()}")
        count.failed = 1
    return count


def main(folders):
    total = Count()
    for folder in folders:
        total.add(count_log(pathlib.Path(folder) / "meson-logs" / "testlog.json"))
        status = pathlib.Path(folder) / "black-box.status"
        if status.exists():
            log = (pathlib.Path(folder) / "black-box.log").read_text(encoding="utf-8", errors="replace")
            total.add(count_black_box(log, int(status.read_text())))
    print(total.line())
    return 0 if total.failed == 0 and total.passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
