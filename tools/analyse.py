"""Runs clang-tidy, cppcheck and GCC's analyser over every C file of src/, tests/ and bench/, two at once.
(tools/embed.c is left out: it lives for a moment of the build and frees nothing on purpose.)

usage: analyse.py BUILD_FOLDER [PATH PREFIX…]

What passed is remembered under BUILD_FOLDER/lint by a digest of everything that the verdict depends on: the tool and
its settings, and the file with all that it includes. Only what has changed is looked at again.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tests", "bench")

CPPCHECK = ["cppcheck", "--quiet", "--std=c11", "--language=c", "--enable=warning,performance,portability",
            "--inline-suppr", "--error-exitcode=1", "--template={file}:{line}: {severity}: {message} [{id}]",
            "--suppress=missingIncludeSystem",
            # Headers of other projects are theirs to check.
            "--suppress=*:*/node_modules/*",
            # The macros of cmocka and of the workflow tables are beyond its preprocessor; the compilers check them.
            "--suppress=unknownMacro", "--suppress=preprocessorErrorDirective",
            # It takes an array member that is handed over to be filled for one that is read; the others know better.
            "--suppress=uninitvar", "--suppress=legacyUninitvar", "--suppress=uninitStructMember",
            # Its data flow does not know that assert() ends the process.
            "--suppress=nullPointerArithmeticRedundantCheck"]

GCC_ANALYSER = ["-fanalyzer", "-Wno-error", "-fdiagnostics-plain-output",
                # GCC 12 loses sight of memory that is stored in a grown array; LeakSanitizer watches every test.
                "-Wno-analyzer-malloc-leak",
                # GCC 12 does not see that a callee filled an array; clang-tidy's analyser looks for the same.
                "-Wno-analyzer-use-of-uninitialized-value"]

# Tests may read numbers with atoi, run commands, and trust that there is memory.
TIDY_OF_TESTS = ["--checks=-cert-err34-c,-cert-env33-c"]
GCC_ANALYSER_OF_TESTS = ["-Wno-analyzer-possible-null-argument", "-Wno-analyzer-possible-null-dereference"]


def compile_arguments(entry):
    """The compiler's own arguments, without ccache, output and dependency files."""
    words = shlex.split(entry["command"])
    words = words[1:] if words[0].endswith("ccache") else words
    kept, skip = [], 0
    for word in words:
        if skip:
            skip -= 1
        elif word in ("-o", "-MF", "-MQ"):
            skip = 1
        elif word not in ("-MD", "-c") and word != entry["file"]:
            kept.append(word)
    return kept


def run(command, folder):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)
    return done.returncode, done.stdout + done.stderr


def findings(text):
    """The verdicts without the paths that lead to them; run the tool by itself to see those."""
    return "\n".join(line for line in text.splitlines() if ": warning: " in line or "error: " in line)


class File:
    def __init__(self, entry, build):
        self.folder = entry["directory"]
        self.path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        self.name = self.path.relative_to(ROOT).as_posix()
        self.is_test = self.name.endswith("_test.c") or self.name.startswith("tests/")
        self.arguments = compile_arguments(entry)
        self.build = build

    def digest(self):
        """Of the file after its preprocessor, comments kept: they hold the inline suppressions."""
        command = self.arguments + ["-E", "-C", str(self.path)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, check=False)
        return hashlib.sha256(" ".join(self.arguments).encode() + done.stdout + self.path.read_bytes()).hexdigest()

    def clang_tidy(self):
        of_tests = TIDY_OF_TESTS if self.is_test else []
        status, text = run(["clang-tidy-14", "--quiet", "-p", str(self.build), *of_tests, str(self.path)], ROOT)
        return status == 0, findings(text)

    def cppcheck(self):
        command = CPPCHECK + [f"-I{ROOT / 'src'}", f"-I{ROOT / 'tests'}", f"-I{self.build}", "-D_GNU_SOURCE",
                              f"-I{self.build / 'src/base'}", str(self.path)]
        status, text = run(command, ROOT)
        return status == 0, text

    def gcc_analyser(self):
        extra = GCC_ANALYSER + (GCC_ANALYSER_OF_TESTS if self.is_test else [])
        status, text = run(self.arguments + extra + ["-c", "-o", "/dev/null", str(self.path)], self.folder)
        return status == 0 and "-Wanalyzer" not in text, findings(text)


def settings_digest():
    parts = [json.dumps([CPPCHECK, GCC_ANALYSER, TIDY_OF_TESTS, GCC_ANALYSER_OF_TESTS]), (ROOT / ".clang-tidy").read_text(encoding="utf-8")]
    for tool in (["clang-tidy-14", "--version"], ["cppcheck", "--version"], ["cc", "--version"]):
        parts.append(run(tool, ROOT)[1])
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def look_at(file, settings, memory):
    """Every complaint about one file; what passes is remembered."""
    digest = file.digest()
    complaints = []
    for tool in (file.clang_tidy, file.cppcheck, file.gcc_analyser):
        key = hashlib.sha256(f"{settings} {tool.__name__} {file.name} {digest}".encode()).hexdigest()
        if (memory / key).exists():
            continue
        start = time.monotonic()
        passed, text = tool()
        if passed:
            (memory / key).touch()
        else:
            complaints.append(f"--- {file.name}: {tool.__name__} ({time.monotonic() - start:.1f} s)\n{text.strip()}")
    return complaints


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    memory = build / "lint"
    memory.mkdir(exist_ok=True)
    only = arguments[1:]
    entries = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    files = {}
    for entry in entries:
        path = (pathlib.Path(entry["directory"]) / entry["file"]).resolve()
        if any(path.is_relative_to(ROOT / folder) for folder in FOLDERS) and path.exists():
            file = File(entry, build)
            if not only or any(file.name.startswith(start) for start in only):
                files.setdefault(file.name, file)
    settings = settings_digest()
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(max_workers=min(2, os.cpu_count() or 1)) as pool:
        for complaints in pool.map(lambda file: look_at(file, settings, memory), files.values()):
            failed += bool(complaints)
            for complaint in complaints:
                print(complaint, flush=True)
    if not files:
        print("no file to analyse")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
