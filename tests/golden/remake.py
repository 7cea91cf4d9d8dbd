"""Computes the golden numbers again and compares them with the committed ones.

    pip install -r requirements.txt
    python3 remake.py [--write] [NAME ...]

Without names, all numbers are compared except those with other requirements:

- map_objective, functions: requirements-botorch.txt
- step_functions: crates/surmise-sagemaker/tests/judges/requirements.txt
- container: --no-deps -r crates/surmise-sagemaker/tests/golden/requirements-toolkit.txt, in a
  separate environment

The exit status is 1 if a number differs by more than 1e-9 of its size (1e-6 for optima and
yeo_johnson), because processors round the last digits differently. With --write the committed
numbers are replaced instead.
"""
import json
import math
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Each package has golden numbers beside its tests.
FOLDERS = [ROOT / "tests/golden", *sorted(ROOT.glob("crates/*/tests/golden"))]
DEFAULT_NAMES = ["gaussian_process", "log_improvement", "optima", "sobol", "statistics", "wilcoxon",
                 "yeo_johnson"]
# A flat maximum determines its position to half the digits only; constraints hold to 1e-9.
TOLERANCE = {"optima": 1e-6, "yeo_johnson": 1e-6}


def differences(computed, committed, tolerance, path=""):
    """Yields a description of each difference between two JSON values."""
    def both(kind):
        return isinstance(computed, kind) and isinstance(committed, kind)

    if both((int, float)):
        if not math.isclose(computed, committed, rel_tol=tolerance):
            yield f"{path}: {computed!r} computed, {committed!r} committed"
    elif both(list) and len(computed) == len(committed):
        for index, pair in enumerate(zip(computed, committed)):
            yield from differences(*pair, tolerance, f"{path}[{index}]")
    elif both(dict) and computed.keys() == committed.keys():
        for key in computed:
            yield from differences(computed[key], committed[key], tolerance, f"{path}.{key}")
    elif computed != committed:
        yield f"{path}: {computed!r} computed, {committed!r} committed"


def main():
    names = [name for name in sys.argv[1:] if name != "--write"] or DEFAULT_NAMES
    different = False
    for name in names:
        folder = next(folder for folder in FOLDERS if (folder / f"{name}.py").exists())
        script, file = folder / f"{name}.py", folder / f"{name}.json"
        command = [sys.executable, script]
        process = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        computed = process.stdout
        if "--write" in sys.argv:
            file.write_text(computed)
            continue
        committed = json.loads(file.read_text())
        found = list(differences(json.loads(computed), committed, TOLERANCE.get(name, 1e-9)))
        different |= bool(found)
        print(f"{name}: {len(found)} differences" if found else f"{name}: the same")
        print("\n".join(found[:10]), end="\n" if found else "")
    return int(different)


if __name__ == "__main__":
    sys.exit(main())
