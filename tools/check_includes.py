"""The dependency rule of ARCHITECTURE.md: a folder of src/ uses only itself and those above it in ORDER.

usage: check_includes.py [SOURCE_FOLDER]

Further: a concept under affairs/ shows others its public header (affairs/NAME/NAME.h) and those headers whose first
comment says "for other concepts"; only main.c and the back-end itself name a back-end. Tests and their fixtures are free of
these two.
"""
import pathlib
import re
import sys

SOURCE = pathlib.Path(__file__).resolve().parent.parent / "src"

# The one place where the order stands: each may use those before it.
ORDER = ["base", "store", "audit", "workflow", "vault", "engine", "guard", "keeper", "http", "affairs", "peers", "command", "main.c"]
BACK_ENDS = ["store/sqlite", "store/postgres", "engine/duckdb", "engine/trino"]

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def folder_of(path):
    """The concept folder of `affairs/product/product.c` is affairs/product."""
    return "/".join(path.split("/")[:-1])


def is_offered(source, header):
    """Says the header's first comment that it is for other concepts?"""
    file = source / header
    comment = re.match(r"/\*(.*?)\*/", file.read_text(encoding="utf-8"), re.S) if file.exists() else None
    return comment is not None and "for other concepts" in " ".join(re.split(r"[\s*]+", comment.group(1)))


def complaint(path, include, source=SOURCE):
    """Why the file `path` may not include `include` (both relative to src), or None."""
    user, used = path.split("/")[0], include.split("/")[0]
    if user not in ORDER:
        return f"{user} has no place in the order of the folders"
    if "/" not in include:
        return None  # made by the build (sql.h, law.h) or beside the file
    if used not in ORDER:
        return None if used == "support" else f"{include} is of no known folder"
    if ORDER.index(used) > ORDER.index(user):
        return f"{user} may not use {used}, which stands below it"
    if folder_of(path) == folder_of(include):
        return None
    is_test = path.endswith("_test.c") or path.rsplit("/", 1)[-1].endswith(("fixture.c", "fixture.h"))
    if used == "affairs" and include.count("/") > 1 and not is_test:
        concept = include.split("/")[1]
        if include != f"affairs/{concept}/{concept}.h" and not is_offered(source, include):
            return f"only affairs/{concept}/{concept}.h, or a header that says so, is for other concepts"
    for back_end in BACK_ENDS:
        if include.startswith(back_end + "/") and not path.startswith(back_end + "/"):
            if path != "main.c" and not is_test:
                return f"only main.c names the back-end {back_end}"
    return None


def check(source):
    complaints = []
    count = 0
    for file in sorted(source.rglob("*.[ch]")):
        path = file.relative_to(source).as_posix()
        for include in INCLUDE.findall(file.read_text(encoding="utf-8")):
            count += 1
            why = complaint(path, include, source)
            if why is not None:
                complaints.append(f"src/{path}: #include \"{include}\": {why}")
    return complaints, count


def main(arguments):
    source = pathlib.Path(arguments[0]) if arguments else SOURCE
    complaints, count = check(source)
    for line in complaints:
        print(line)
    if count == 0:
        print("no include was read")
    return 1 if complaints or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
