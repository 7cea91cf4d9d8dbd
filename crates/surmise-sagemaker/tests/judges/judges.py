"""Compares the validation of requests with botocore's service model and its ParamValidator.

    pip install -r requirements.txt
    python3 judges.py PROGRAM

PROGRAM is the built command `surmise`. The checks:

1. The rules of single members in PROGRAM are those of the service model, field by field.
2. botocore accepts each request under tests/data that PROGRAM accepts. It also accepts each request
   that PROGRAM writes from a study of one, including AWS's sample with its path resolved.
3. Both refuse a request with a member removed (if it is required), misnamed or of another type.
4. PROGRAM's description of a tuning job has the members and types of
   DescribeHyperParameterTuningJob's response.
"""
import copy
import json
import pathlib
import re
import subprocess
import sys

import botocore.session
from botocore.validate import ParamValidator

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
MODEL = botocore.session.get_session().get_service_model("sagemaker")
REQUEST = MODEL.operation_model("CreateHyperParameterTuningJob").input_shape
RESPONSE = MODEL.operation_model("DescribeHyperParameterTuningJob").output_shape
PROGRAM = sys.argv[1]
INPUT = json.dumps({"body": {"jobName": "from-path-1"}})


def differences(ours, shape, path="$"):
    """Yields the differences between our rules and the service model's, and counts the fields."""
    fields = 0
    theirs = dict(shape.metadata)
    if ours["type"] != shape.type_name:
        yield f"{path}: type {ours['type']}, not {shape.type_name}"
        return
    if "form of enum" in ours:
        for name in theirs.pop("enum"):
            fields += 1
            if not re.fullmatch(ours["form of enum"], name):
                yield f"{path}: {name} is not of the form {ours['form of enum']}"
    keys = ("min", "max", "pattern", "enum")
    expected = {key: theirs.get(key) for key in keys if theirs.get(key) is not None}
    found = {key: ours[key] for key in keys if ours.get(key) is not None}
    # A minimum length or count of 0 is no restriction.
    if shape.type_name in ("string", "list", "map"):
        expected = {key: value for key, value in expected.items() if (key, value) != ("min", 0)}
        found = {key: value for key, value in found.items() if (key, value) != ("min", 0)}
    fields += len(expected)
    if "enum" in found:
        found["enum"] = sorted(found["enum"])
        expected["enum"] = sorted(expected.get("enum", []))
    if found != expected:
        yield f"{path}: {found}, not {expected}"
    if shape.type_name == "structure":
        fields += len(shape.members) + len(shape.required_members)
        if ours["members"].keys() != shape.members.keys():
            names = sorted(ours["members"].keys() ^ shape.members.keys())
            yield f"{path}: members {names} on one side only"
        if sorted(ours["required"]) != sorted(shape.required_members):
            yield f"{path}: required {ours['required']}, not {shape.required_members}"
        for name in ours["members"].keys() & shape.members.keys():
            yield from differences(ours["members"][name], shape.members[name], f"{path}.{name}")
    elif shape.type_name == "list":
        yield from differences(ours["member"], shape.member, f"{path}[]")
    elif shape.type_name == "map":
        yield from differences(ours["key"], shape.key, f"{path} keys")
        yield from differences(ours["value"], shape.value, f"{path} values")
    compared[0] += fields


def botocore_accepts(request):
    return not ParamValidator().validate(request, REQUEST).has_errors()


def we_accept(request):
    command = [PROGRAM, "sagemaker", "check", "-"]
    done = subprocess.run(command, input=json.dumps(request), text=True, capture_output=True,
                          check=False)
    assert done.returncode in (0, 1, 2), done.stderr
    return done.returncode == 0


def write_from_study(file, *more):
    """Returns the request written from a study of a file, or None if it has no study."""
    command = [PROGRAM, "sagemaker", "write", file, *more]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout) if done.returncode == 0 else None


def members(value, shape, path=()):
    """Yields path of the structure, name, and whether it is required, for each member."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield path, name, name in shape.required_members
            yield from members(member, shape.members[name], (*path, name))
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from members(item, shape.member, (*path, index))


def changed(request, path, name, change):
    """Returns the request with one member changed."""
    request = copy.deepcopy(request)
    structure = request
    for step in path:
        structure = structure[step]
    change(structure, name)
    return request


def remove(structure, name):
    del structure[name]


def misname(structure, name):
    structure[name + "X"] = structure.pop(name)


def mistype(structure, name):
    structure[name] = 7 if isinstance(structure[name], str) else "7"


compared = [0]
rules = json.loads(subprocess.check_output([PROGRAM, "sagemaker", "model"]))
wrong = list(differences(rules, REQUEST))
print(f"service model of botocore {botocore.__version__}: {compared[0]} fields compared, "
      f"{len(wrong)} differ")

accepted = refused = written = mutants = 0
files = sorted(DATA.rglob("*.json"))
for file in files:
    request = json.loads(file.read_text())
    keys = ("HyperParameterTuningJobName", "HyperParameterTuningJobConfig")
    if not any(key in request for key in keys):
        continue
    if not we_accept(request):
        refused += 1
        continue
    accepted += 1
    if not botocore_accepts(request):
        wrong.append(f"{file.name}: botocore refuses it")
    rewritten = write_from_study(file)
    if rewritten is not None:
        written += 1
        if not botocore_accepts(rewritten):
            wrong.append(f"{file.name}: botocore refuses the request written from its study")
    if "accepted" not in file.parts:
        continue
    for path, name, is_required in members(request, REQUEST):
        for change in (remove, misname, mistype) if is_required else (misname, mistype):
            mutant = changed(request, path, name, change)
            mutants += 1
            for validator, accepts in (("botocore", botocore_accepts), ("PROGRAM", we_accept)):
                if accepts(mutant):
                    member = ".".join(map(str, (*path, name)))
                    wrong.append(f"{file.name}: {change.__name__} {member}: {validator} accepts")
print(f"{len(files)} files: {accepted} accepted by both, {refused} refused by PROGRAM; "
      f"{mutants} mutants refused by both")

sample = DATA / "tune_model_state_machine.json"
rewritten = write_from_study(sample, "--input", INPUT)
if rewritten["HyperParameterTuningJobName"] != "from-path-1" or not botocore_accepts(rewritten):
    wrong.append(f"{sample.name}: botocore refuses the request written from its study")
print(f"{written + 1} requests written from studies, accepted by botocore")

command = [PROGRAM, "sagemaker", "describe", sample, "--input", INPUT]
described = subprocess.run(command, text=True, capture_output=True, check=True)
description = json.loads(described.stdout)
best = description["BestTrainingJob"]
artifacts = best.pop("ModelArtifacts")["S3ModelArtifacts"]
# Only the service knows these members.
ARN = "arn:aws:sagemaker:r:111122223333"
description |= {
    "HyperParameterTuningJobArn": f"{ARN}:hyper-parameter-tuning-job/n", "CreationTime": 0,
}
best |= {"TrainingJobArn": f"{ARN}:training-job/n", "CreationTime": 0}
report = ParamValidator().validate(description, RESPONSE)
if report.has_errors():
    wrong.append(f"description: {report.generate_report()}")
if artifacts != f"s3://amzn-s3-demo-bucket/models/{best['TrainingJobName']}/output/model.tar.gz":
    wrong.append(f"model artifacts: {artifacts}")
print(f"description of {description['HyperParameterTuningJobName']}: "
      f"{len(description)} members checked")

print("\n".join(wrong), end="\n" if wrong else "")
assert compared[0] > 300 and accepted >= 15 and written >= 10 and mutants > 300, "few checks ran"
sys.exit(bool(wrong))
