"""The page docs/security/attacks.md, made of what the attack tests reported in this run.

usage: report_attacks.py FOLDER [--check]

FOLDER holds CHAPTER.tsv files: name, tried, stopped by, seen; a line an attack (tests/support/attack.h). With --check nothing
is written: the attacks named on the page and those of the run must be the same, or the exit status is 1.
"""
import pathlib
import re
import sys

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "security" / "attacks.md"

HEAD = """# Attacks tried, and what stopped them

Made by the tests (`make attacks`); each line is an attack that a test carried out against the real parts and saw stopped. What is
not stopped stands in [threats.md](threats.md). `make test` runs them all, and fails when one of them is missing here.
"""


def read(folder):
    """{chapter: {name: (tried, stopped, seen)}}; an attack reported twice is tried twice and stands once."""
    chapters = {}
    for path in sorted(pathlib.Path(folder).glob("*.tsv")):
        attacks = chapters.setdefault(path.stem, {})
        for line in path.read_text(encoding="utf-8").splitlines():
            name, *columns = line.split("\t")
            if attacks.setdefault(name, columns) != columns:
                sys.exit(f"{path.name}: {name} is reported with two outcomes: {attacks[name]} and {columns}")
    return chapters


def cell(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def page(chapters):
    total = sum(len(attacks) for attacks in chapters.values())
    parts = [HEAD, f"{total} attacks in {len(chapters)} chapters.\n"]
    for chapter, attacks in chapters.items():
        parts.append(f"## {chapter} ({len(attacks)})\n")
        rows = ["| attack | tried | stopped by | seen |", "|---|---|---|---|"]
        for name, columns in sorted(attacks.items()):
            rows.append(f"| `{name}` | " + " | ".join(cell(column) for column in columns) + " |")
        parts.append("\n".join(rows) + "\n")
    return "\n".join(parts)


def names_on_page(text):
    """{(chapter, name)}"""
    found, chapter = set(), None
    for line in text.splitlines():
        if heading := re.match(r"## (\S+) \(", line):
            chapter = heading.group(1)
        elif row := re.match(r"\| `([^`]+)` \|", line):
            found.add((chapter, row.group(1)))
    return found


def complaints(chapters, text):
    tried = {(chapter, name) for chapter, attacks in chapters.items() for name in attacks}
    shown = names_on_page(text)
    return [f"not on the page: {c}/{n}" for c, n in sorted(tried - shown)] + [
        f"on the page, not tried: {c}/{n}" for c, n in sorted(shown - tried)]


def main():
    chapters = read(sys.argv[1])
    if "--check" not in sys.argv:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(page(chapters), encoding="utf-8")
        return 0
    found = complaints(chapters, PAGE.read_text(encoding="utf-8") if PAGE.exists() else "")
    for line in found:
        print(f"attacks: {line}")
    if found:
        print("attacks: `make attacks` prints the page anew")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
