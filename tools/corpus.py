"""Kept inputs of a fuzz target in one file, which git and reviewers stand better than a thousand.

usage: corpus.py pack FOLDER FILE | unpack FILE FOLDER

A pack is, for each input in the order of their digests, its size (4 bytes, little-endian) and its bytes.
"""
import hashlib
import pathlib
import struct
import sys


def unpack(pack):
    """The inputs of a pack's bytes."""
    inputs, at = [], 0
    while at < len(pack):
        (size,) = struct.unpack_from("<I", pack, at)
        inputs.append(pack[at + 4:at + 4 + size])
        if len(inputs[-1]) != size:
            raise ValueError("the pack is cut short")
        at += 4 + size
    return inputs


def pack(inputs):
    ordered = sorted(set(inputs), key=lambda one: hashlib.sha256(one).digest())
    return b"".join(struct.pack("<I", len(one)) + one for one in ordered)


def unpack_to(file, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for one in unpack(file.read_bytes() if file.exists() else b""):
        (folder / hashlib.sha256(one).hexdigest()).write_bytes(one)


def pack_from(folder, file):
    file.write_bytes(pack([path.read_bytes() for path in folder.iterdir() if path.is_file()]))


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ("pack", "unpack"):
        sys.exit(__doc__)
    a, b = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    (pack_from if sys.argv[1] == "pack" else unpack_to)(a, b)


if __name__ == "__main__":
    main()
