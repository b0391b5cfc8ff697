"""Runs one fuzz target on its kept corpus for DUKOU_FUZZ_SECONDS (60), and says in TAP whether anything fell over.

usage: fuzz_one.py PROGRAM PACK

Inputs that make it fall over stay in build-fuzz/found/. With DUKOU_FUZZ_KEEP=1 the corpus, reduced to what covers most in fewest
inputs, is written back to PACK: for whoever wants to commit it.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

import corpus

SECONDS = os.environ.get("DUKOU_FUZZ_SECONDS", "60")
LIMITS = ["-timeout=20", "-rss_limit_mb=4096", "-max_len=65536", "-verbosity=0", "-print_final_stats=1"]
KEPT_BYTES = 16384  # a kept input is small


def main():
    program, pack = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    found = pathlib.Path("build-fuzz/found").resolve()
    found.mkdir(parents=True, exist_ok=True)
    name = program.name
    with tempfile.TemporaryDirectory() as scratch:
        seeds, grown = pathlib.Path(scratch) / "seeds", pathlib.Path(scratch) / "grown"
        corpus.unpack_to(pack, seeds)
        grown.mkdir()
        ran = subprocess.run([program, *LIMITS, f"-max_total_time={SECONDS}", f"-artifact_prefix={found}/{name}-", grown, seeds],
                             stderr=subprocess.PIPE, text=True, errors="replace", cwd=scratch)
        print("1..1")
        for line in ran.stderr.splitlines()[-60 if ran.returncode else -8:]:
            print("# " + line)
        print(f"{'ok' if ran.returncode == 0 else 'not ok'} 1 - {name}")
        if ran.returncode == 0 and os.environ.get("DUKOU_FUZZ_KEEP") == "1":
            kept = pathlib.Path(scratch) / "kept"
            kept.mkdir()
            subprocess.run([program, "-merge=1", f"-max_len={KEPT_BYTES}", "-verbosity=0", kept, seeds, grown], check=True,
                           stderr=subprocess.DEVNULL, cwd=scratch)
            corpus.pack_from(kept, pack)
    return ran.returncode


if __name__ == "__main__":
    sys.exit(main())
