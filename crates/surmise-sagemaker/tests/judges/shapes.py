"""Compares the service model of tuning and training jobs with the recorded one, member by member.

    pip install -r requirements.txt
    python3 shapes.py [--write]

The script compares the shapes of the installed botocore with those in shapes.txt, so that changes
of a new botocore are noticed. The exit status is 1 if there is a difference. With --write the file
is replaced instead.
"""

import pathlib
import sys

import botocore.session

FILE = pathlib.Path(__file__).resolve().parent / "shapes.txt"
OPERATIONS = {
    "sagemaker": [
        "CreateHyperParameterTuningJob",
        "CreateTrainingJob",
        "DeleteHyperParameterTuningJob",
        "DescribeHyperParameterTuningJob",
        "DescribeTrainingJob",
        "ListHyperParameterTuningJobs",
        "ListTrainingJobs",
        "ListTrainingJobsForHyperParameterTuningJob",
        "Search",
        "StopHyperParameterTuningJob",
        "StopTrainingJob",
    ],
    "sagemaker-metrics": ["BatchGetMetrics"],
}
# A search record has a member per kind of resource; only these two are followed.
FOLLOWED = {"SearchRecord": {"HyperParameterTuningJob", "TrainingJob"}}
SCALARS = {"string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"}


def rule(shape, required=False):
    """Returns the rule of a value in one line."""
    parts = [shape.type_name if shape.type_name in SCALARS else f"{shape.type_name} {shape.name}"]
    parts += ["required"] if required else []
    parts += [f"{key} {shape.metadata[key]}" for key in ("min", "max") if key in shape.metadata]
    if "pattern" in shape.metadata:
        parts.append(f"pattern {shape.metadata['pattern']}")
    if shape.metadata.get("enum"):
        parts.append(f"enum {shape.name}")
    return " ".join(parts)


def follow(shape, lines, seen):
    """Adds the lines of a shape and of all shapes that it refers to."""
    if shape.metadata.get("enum"):
        lines[f"{shape.name} enum"] = " ".join(sorted(shape.metadata["enum"]))
    if shape.type_name in SCALARS or shape.name in seen:
        return
    seen.add(shape.name)
    if shape.type_name == "structure":
        parts = [(f".{name}", member, name in shape.required_members)
                 for name, member in shape.members.items()]
    elif shape.type_name == "list":
        parts = [("[]", shape.member, False)]
    else:
        parts = [("{key}", shape.key, False), ("{value}", shape.value, False)]
    if not parts:
        lines[shape.name] = "structure without members"
    if getattr(shape, "is_tagged_union", False):
        lines[shape.name] = "exactly one member"
    for suffix, part, required in parts:
        lines[shape.name + suffix] = rule(part, required)
        if suffix[1:] in FOLLOWED.get(shape.name, {suffix[1:]}):
            follow(part, lines, seen)


def installed_shapes():
    """Returns the lines of the installed botocore, as name and rule."""
    lines, session = {}, botocore.session.get_session()
    for service, operations in OPERATIONS.items():
        model, seen = session.get_service_model(service), set()
        for name in operations:
            operation = model.operation_model(name)
            shapes = [("input", operation.input_shape), ("output", operation.output_shape)]
            for direction, shape in shapes:
                if shape is not None:
                    lines[f"{name} {direction}"] = shape.name
                    follow(shape, lines, seen)
            if operation.error_shapes:
                errors = sorted(error.name for error in operation.error_shapes)
                lines[f"{name} errors"] = " ".join(errors)
    return dict(sorted(lines.items()))


def recorded_shapes():
    lines = FILE.read_text().splitlines()
    return lines[0].removeprefix("botocore "), dict(line.split(": ", 1) for line in lines[1:])


def differences(before, now):
    """Yields a line for each added, removed and changed shape."""
    for name in sorted(before.keys() | now.keys()):
        if name not in before:
            yield f"added: {name}: {now[name]}"
        elif name not in now:
            yield f"removed: {name}: {before[name]}"
        elif before[name] == now[name]:
            continue
        elif name.endswith((" enum", " errors")):
            old, new = set(before[name].split()), set(now[name].split())
            changes = [f"+{value}" for value in sorted(new - old)]
            changes += [f"-{value}" for value in sorted(old - new)]
            yield f"changed: {name}: {' '.join(changes)}"
        else:
            yield f"changed: {name}: {before[name]}\n      now: {now[name]}"


def main():
    now = installed_shapes()
    if "--write" in sys.argv:
        lines = [f"{name}: {rule}" for name, rule in now.items()]
        FILE.write_text("\n".join([f"botocore {botocore.__version__}", *lines, ""]))
        return 0
    version, before = recorded_shapes()
    found = list(differences(before, now))
    result = f"{len(found)} differences" if found else "the same"
    print(f"{len(now)} lines of botocore {botocore.__version__}, recorded of {version}: {result}")
    print("\n".join(found), end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
