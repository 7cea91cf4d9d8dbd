"""Makes the golden numbers again and compares them with those that are kept here.

    pip install -r requirements.txt                       (for map_objective and functions: requirements-botorch.txt;
                                                           for step_functions: crates/surmise-sagemaker/tests/judges/requirements.txt;
                                                           for container: --no-deps -r crates/surmise-sagemaker/tests/golden/requirements-toolkit.txt, in
                                                           an environment of its own)
    python3 remake.py [--write] [NAME ...]

Without names, all but these four. Exits with 1 if a number differs by more than 1e-9 of its size (1e-6 for optima and yeo_johnson):
other processors round other last digits. With --write the kept numbers are replaced instead.
"""
import json
import math
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Each package keeps its own beside its tests.
HOMES = [ROOT / "tests/golden", *sorted(ROOT.glob("crates/*/tests/golden"))]
LIGHT = ["gaussian_process", "log_improvement", "optima", "sobol", "statistics", "wilcoxon", "yeo_johnson"]
# The flat top of a likelihood shows its place to half the digits; constraints are kept to 1e-9 only.
TOLERANCE = {"optima": 1e-6, "yeo_johnson": 1e-6}


def differences(made, kept, tolerance, place=""):
    """The places at which two JSON values differ."""
    if isinstance(made, (int, float)) and isinstance(kept, (int, float)):
        if not math.isclose(made, kept, rel_tol=tolerance):
            yield f"{place}: {made!r} made, {kept!r} kept"
    elif isinstance(made, list) and isinstance(kept, list) and len(made) == len(kept):
        for index, pair in enumerate(zip(made, kept)):
            yield from differences(*pair, tolerance, f"{place}[{index}]")
    elif isinstance(made, dict) and isinstance(kept, dict) and made.keys() == kept.keys():
        for key in made:
            yield from differences(made[key], kept[key], tolerance, f"{place}.{key}")
    elif made != kept:
        yield f"{place}: {made!r} made, {kept!r} kept"


def main():
    names = [name for name in sys.argv[1:] if name != "--write"] or LIGHT
    different = False
    for name in names:
        home = next(home for home in HOMES if (home / f"{name}.py").exists())
        script, file = home / f"{name}.py", home / f"{name}.json"
        made = subprocess.run([sys.executable, script], check=True, stdout=subprocess.PIPE, text=True).stdout
        if "--write" in sys.argv:
            file.write_text(made)
            continue
        kept = json.loads(file.read_text())
        found = list(differences(json.loads(made), kept, TOLERANCE.get(name, 1e-9)))
        different |= bool(found)
        print(f"{name}: {len(found)} differences" if found else f"{name}: the same")
        print("\n".join(found[:10]), end="\n" if found else "")
    return int(different)


if __name__ == "__main__":
    sys.exit(main())
