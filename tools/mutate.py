"""Takes out, one at a time, every check that law/wuhan.tsv says enforces a clause, and expects a test of that clause to
fail; without anything taken out all of them must pass (law/README.md).

usage: mutate.py BUILD_FOLDER [--tap] [CLAUSE…]

BUILD_FOLDER is set up with -Dmutation=true; only the executables that the table cites are built and only the tests
that it cites are run. Prints a table (clause, name, killed by) and ends with status 1 when a check survives, a cited
test does not exist or fails by itself. --tap prints the same as TAP, for `meson test`.
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

SECONDS_PER_TEST = 120
FOLDER = pathlib.Path(__file__).resolve().parent.parent


def rows(text):
    """The clauses that name what enforces them and what proves it: (clause, names, tests)."""
    lines = text.splitlines()
    columns = lines[0].split("\t")
    for line in lines[1:]:
        row = dict(zip(columns, line.split("\t")))
        if row["state"] == "open":
            continue
        names = [name for name in row["where"].split() if name != "-"]
        tests = [test for test in row["test"].split() if test != "-"]
        yield row["clause"], names, tests


def introspect(build, what):
    return json.loads(subprocess.run(["meson", "introspect", str(build), "--" + what], capture_output=True,
                                     text=True, check=True).stdout)


class Tests:
    """The test executables of the build, by name, with the environment that Meson gives them."""

    def __init__(self, build):
        self.paths, self.environments = {}, {}
        for test in introspect(build, "tests"):
            path = pathlib.Path(test["cmd"][0])
            self.paths[path.name] = path
            self.environments[path.name] = test["env"]

    def build(self, build, executables):
        paths = [str(self.paths[name].relative_to(build)) for name in sorted(executables)]
        subprocess.run(["ninja", "--quiet", "-C", str(build), *paths], check=True, stdout=sys.stderr)

    def names(self, executable):
        listed = subprocess.run([self.paths[executable], "--list"], capture_output=True, text=True, check=True)
        return set(listed.stdout.split())

    def passes(self, test, without=""):
        executable, name = test.split(":", 1)
        environment = {**os.environ, **self.environments[executable], "DUKOU_WITHOUT": without}
        try:
            run = subprocess.run([self.paths[executable], name], env=environment, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL, timeout=SECONDS_PER_TEST, check=False)
        except subprocess.TimeoutExpired:
            return False
        return run.returncode == 0


def missing(tests, cited):
    """What the table cites and the build does not have."""
    known = {}
    for test in sorted(cited):
        executable, _, name = test.partition(":")
        if executable not in tests.paths:
            yield test
            continue
        if executable not in known:
            known[executable] = tests.names(executable)
        if name not in known[executable]:
            yield test


def killer(tests, cited, name):
    """The first of the clause's tests that fails without `name`."""
    return next((test for test in cited if not tests.passes(test, name)), None)


def examine(build, wanted):
    """Yields (clause, name, killed by); `killed by` is None where nothing failed that should have."""
    table = [row for row in rows((FOLDER / "law/wuhan.tsv").read_text(encoding="utf-8"))
             if not wanted or row[0] in wanted]
    tests = Tests(build)
    cited = {test for _, _, own in table for test in own}
    tests.build(build, {test.split(":")[0] for test in cited} & set(tests.paths))
    absent = set(missing(tests, cited))
    with concurrent.futures.ThreadPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
        sound = dict(zip(sorted(cited - absent), pool.map(tests.passes, sorted(cited - absent))))
        for test in sorted(absent):
            yield "-", test + " (does not exist)", None
        for test, passes in sound.items():
            if not passes:
                yield "-", test + " (fails by itself)", None
        usable = [(clause, name, [test for test in own if sound.get(test)])
                  for clause, names, own in table for name in names]
        killers = pool.map(lambda row: killer(tests, row[2], row[1]), usable)
        for (clause, name, _), killed_by in zip(usable, killers):
            yield clause, name, killed_by


def main(arguments):
    tap = "--tap" in arguments
    folder, *wanted = [argument for argument in arguments if argument != "--tap"]
    total = survivors = 0
    for clause, name, killed_by in examine(pathlib.Path(folder).resolve(), set(wanted)):
        total += 1
        survivors += killed_by is None
        if tap:
            print(f"{'ok' if killed_by else 'not ok'} {total} - {clause} without {name}", flush=True)
        else:
            print(f"{clause}\t{name}\t{killed_by or 'SURVIVES'}", flush=True)
    print(f"1..{total}" if tap else f"{total} taken out, {survivors} survive")
    return 0 if total > 0 and survivors == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
