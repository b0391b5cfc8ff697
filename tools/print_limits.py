"""Prints docs/limits.md from src/base/limits.h.

usage: print_limits.py [--check]    with --check: says whether docs/limits.md is what would be printed
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
HEADER = ROOT / "src" / "base" / "limits.h"
PAGE = ROOT / "docs" / "limits.md"

HEADING = re.compile(r"^/\* (.*?) \*/$")
DEFINITION = re.compile(r"^#define (LIMIT_\w+) (.*?)\s*(?:/\* (.*?) \*/)?$")

INTRODUCTION = """# Limits

What passes one of these is refused with a reason, and changes nothing. Printed by `make docs` from
`src/base/limits.h`, the one place where they stand."""


def amount(name, expression):
    """`((size_t)32 * 1024)` of bytes is 32 KiB."""
    factors = re.findall(r"\d+", expression.replace("size_t", ""))
    number = 1
    for factor in factors:
        number *= int(factor)
    if not name.endswith("_BYTES"):
        return f"{number:,}"
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if number >= size and number % size == 0:
            return f"{number // size:,} {unit}"
    return f"{number:,} bytes"


def page(header):
    lines = [INTRODUCTION]
    for line in header.splitlines()[1:]:  # after the line that says what the file is
        heading = HEADING.match(line)
        definition = DEFINITION.match(line)
        if definition:
            name, expression, note = definition.groups()
            lines.append(f"| `{name}` | {amount(name, expression)} | {note or '-'} |")
        elif heading and "clang-format" not in line:
            lines.append(f"\n## {heading.group(1)}\n\n| limit | value | |\n|---|---|---|")
    return "\n".join(lines) + "\n"


def main(arguments):
    text = page(HEADER.read_text(encoding="utf-8"))
    if arguments != ["--check"]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/limits.md is not what src/base/limits.h says: run make docs")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
