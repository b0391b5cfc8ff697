"""What no committed text file may hold: bytes that are not UTF-8, control and invisible characters, white space at
the end of a line, paths of the machine it was written on, and hosts of package registries.

usage: check_text.py [FOLDER]
"""
import pathlib
import re
import subprocess
import sys

BINARY = {".png", ".jpg", ".ico", ".woff2", ".parquet", ".gz", ".zip", ".bin", ".pack"}

# C0 but for tab and line feed, DEL and C1, zero-width characters, directional marks and overrides, byte order mark.
INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
MACHINE_PATH = re.compile(r"(?:^|[^\w.}~-])/(?:work|root|home|farm|Users)/\w")

REGISTRY = re.compile(r"registry\.npmjs|registry\.yarnpkg|deb\.debian\.org|files\.pythonhosted|pypi\.org|proxy\.golang")


def machine_paths(folder):
    """The checkout's own path and the patterns of others; a checkout right below the root would match too much."""
    own = str(folder.resolve())
    return re.compile(MACHINE_PATH.pattern + "|" + re.escape(own) + r"\b") if own.count("/") > 1 else MACHINE_PATH


def complaints_of(name, data, paths):
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return [f"{name}: byte {error.start} is not UTF-8"]
    found = []
    for number, line in enumerate(text.split("\n"), 1):
        hidden = INVISIBLE.search(line)
        if hidden:
            found.append(f"{name}:{number}: the character U+{ord(hidden.group()):04X}")
        if line != line.rstrip():
            found.append(f"{name}:{number}: white space at the end of the line")
        if paths.search(line):
            found.append(f"{name}:{number}: a path of one machine")
        if REGISTRY.search(line):
            found.append(f"{name}:{number}: the host of a registry")
    if text and not text.endswith("\n"):
        found.append(f"{name}: no line feed at its end")
    return found


def check(folder):
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=folder, check=True, capture_output=True).stdout
    names = [name for name in listed.decode().split("\0") if name and (folder / name).is_file()]
    paths = machine_paths(folder)
    found = []
    for name in names:
        if pathlib.PurePath(name).suffix not in BINARY:
            found += complaints_of(name, (folder / name).read_bytes(), paths)
    return found, len(names)


def main(arguments):
    folder = pathlib.Path(arguments[0] if arguments else pathlib.Path(__file__).parent.parent)
    found, count = check(folder)
    for line in found:
        print(line)
    if count == 0:
        print("git lists no file")
    return 1 if found or count == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
