"""Outside judges of our judgement: botocore's service model and its ParamValidator.

    pip install -r requirements.txt
    python3 judges.py PROGRAM

PROGRAM is the built command `surmise`. The checks:

1. The rules of single members that PROGRAM knows are those of the service model, field by field.
2. Each request under tests/data that PROGRAM accepts is accepted by botocore; and each that PROGRAM writes from a study of it,
   the sample's with its path resolved among them.
3. With a member removed, misnamed or of another type, both refuse it (removed: if it is required).
4. What PROGRAM tells of a tuning job that it ran has the members and types of DescribeHyperParameterTuningJob's answer.
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
ANSWER = MODEL.operation_model("DescribeHyperParameterTuningJob").output_shape
PROGRAM = sys.argv[1]
INPUT = json.dumps({"body": {"jobName": "from-path-1"}})


def differences(ours, shape, place="$"):
    """Where our rules and the service model's differ; counts the fields that were compared."""
    fields = 0
    theirs = dict(shape.metadata)
    if ours["type"] != shape.type_name:
        yield f"{place}: type {ours['type']}, not {shape.type_name}"
        return
    if "form of enum" in ours:
        for name in theirs.pop("enum"):
            fields += 1
            if not re.fullmatch(ours["form of enum"], name):
                yield f"{place}: {name} is not of the form {ours['form of enum']}"
    kept = {key: theirs.get(key) for key in ("min", "max", "pattern", "enum") if theirs.get(key) is not None}
    said = {key: ours[key] for key in ("min", "max", "pattern", "enum") if ours.get(key) is not None}
    # A least length or count of 0 says nothing.
    if shape.type_name in ("string", "list", "map"):
        kept = {key: value for key, value in kept.items() if (key, value) != ("min", 0)}
        said = {key: value for key, value in said.items() if (key, value) != ("min", 0)}
    fields += len(kept)
    if "enum" in said:
        said["enum"], kept["enum"] = sorted(said["enum"]), sorted(kept.get("enum", []))
    if said != kept:
        yield f"{place}: {said}, not {kept}"
    if shape.type_name == "structure":
        fields += len(shape.members) + len(shape.required_members)
        if ours["members"].keys() != shape.members.keys():
            yield f"{place}: members {sorted(ours['members'].keys() ^ shape.members.keys())} on one side only"
        if sorted(ours["required"]) != sorted(shape.required_members):
            yield f"{place}: required {ours['required']}, not {shape.required_members}"
        for name in ours["members"].keys() & shape.members.keys():
            yield from differences(ours["members"][name], shape.members[name], f"{place}.{name}")
    elif shape.type_name == "list":
        yield from differences(ours["member"], shape.member, f"{place}[]")
    elif shape.type_name == "map":
        yield from differences(ours["key"], shape.key, f"{place} keys")
        yield from differences(ours["value"], shape.value, f"{place} values")
    compared[0] += fields


def botocore_accepts(request):
    return not ParamValidator().validate(request, REQUEST).has_errors()


def we_accept(request):
    given = json.dumps(request)
    done = subprocess.run([PROGRAM, "sagemaker", "check", "-"], input=given, text=True, capture_output=True, check=False)
    assert done.returncode in (0, 1, 2), done.stderr
    return done.returncode == 0


def rewritten(file, *more):
    """The request that is written from a study of a file; None if no study can be made of it."""
    done = subprocess.run([PROGRAM, "sagemaker", "write", file, *more], text=True, capture_output=True, check=False)
    assert done.returncode in (0, 3), done.stderr
    return json.loads(done.stdout) if done.returncode == 0 else None


def places(value, shape, path=()):
    """All members of structures in a request: (path of the structure, name, whether it is required)."""
    if shape.type_name == "structure":
        for name, member in value.items():
            yield path, name, name in shape.required_members
            yield from places(member, shape.members[name], (*path, name))
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from places(item, shape.member, (*path, index))


def changed(request, path, name, change):
    """The request with one member changed."""
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
wrong = list(differences(json.loads(subprocess.check_output([PROGRAM, "sagemaker", "model"])), REQUEST))
print(f"service model of botocore {botocore.__version__}: {compared[0]} fields compared, {len(wrong)} differ")

accepted = refused = written = mutants = 0
files = sorted(DATA.rglob("*.json"))
for file in files:
    request = json.loads(file.read_text())
    if not any(key in request for key in ("HyperParameterTuningJobName", "HyperParameterTuningJobConfig")):
        continue
    if not we_accept(request):
        refused += 1
        continue
    accepted += 1
    if not botocore_accepts(request):
        wrong.append(f"{file.name}: botocore refuses it")
    again = rewritten(file)
    if again is not None:
        written += 1
        if not botocore_accepts(again):
            wrong.append(f"{file.name}: botocore refuses what is written from a study of it")
    if "accepted" not in file.parts:
        continue
    for path, name, is_required in places(request, REQUEST):
        for change in (remove, misname, mistype) if is_required else (misname, mistype):
            mutant = changed(request, path, name, change)
            mutants += 1
            for judge, accepts in (("botocore", botocore_accepts), ("we", we_accept)):
                if accepts(mutant):
                    wrong.append(f"{file.name}: {change.__name__} {'.'.join(map(str, (*path, name)))}: {judge} accept")
print(f"{len(files)} files: {accepted} accepted by both, {refused} refused by us; {mutants} mutants refused by both")

sample = DATA / "tune_model_state_machine.json"
again = rewritten(sample, "--input", INPUT)
if again["HyperParameterTuningJobName"] != "from-path-1" or not botocore_accepts(again):
    wrong.append(f"{sample.name}: botocore refuses what is written from a study of it")
print(f"{written + 1} requests written from studies, accepted by botocore")

told = subprocess.run([PROGRAM, "sagemaker", "describe", sample, "--input", INPUT], text=True, capture_output=True, check=True)
answer = json.loads(told.stdout)
best = answer["BestTrainingJob"]
artifacts = best.pop("ModelArtifacts")["S3ModelArtifacts"]
# What only the service knows.
answer |= {"HyperParameterTuningJobArn": "arn:aws:sagemaker:r:111122223333:hyper-parameter-tuning-job/n", "CreationTime": 0}
best |= {"TrainingJobArn": "arn:aws:sagemaker:r:111122223333:training-job/n", "CreationTime": 0}
report = ParamValidator().validate(answer, ANSWER)
if report.has_errors():
    wrong.append(f"description: {report.generate_report()}")
if artifacts != f"s3://amzn-s3-demo-bucket/models/{best['TrainingJobName']}/output/model.tar.gz":
    wrong.append(f"model artifacts: {artifacts}")
print(f"description of {answer['HyperParameterTuningJobName']}: {len(answer)} members checked")

print("\n".join(wrong), end="\n" if wrong else "")
assert compared[0] > 300 and accepted >= 15 and written >= 10 and mutants > 300, "hardly anything was checked"
sys.exit(bool(wrong))
