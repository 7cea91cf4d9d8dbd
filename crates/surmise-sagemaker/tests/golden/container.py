"""Inputs of training programs in SageMaker's framework images, by AWS's own toolkit in them.

    pip install --no-deps -r requirements-toolkit.txt     (in an environment of its own)

The toolkit is sagemaker-training 5.1.4. The script prints JSON with these parts:

- `values` and `names`: hyperparameters with one text each under the name `value`, and with one name
  each. `args` are the arguments. `env` are the variables that differ from those without
  hyperparameters, except SM_TRAINING_ENV. `shell` is the line that starts a shell script. Where the
  toolkit fails, there is `error` instead.
- `cases`: the files below input/config and the container's own variables (`input`), and all
  variables that are set, the arguments, and the command.
- `programs`: the command for a name of a program, or `error`.

`{BASE}` stands for /opt/ml, `{CPUS}` for the number of processors, and `{PYTHON}` for the
interpreter. PYTHONPATH, which is set too, is left out.
"""

import importlib.metadata
import json
import logging
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

logging.disable(logging.CRITICAL)
FOLDER = pathlib.Path(tempfile.mkdtemp()).resolve()
BASE = FOLDER / "ml"
CONFIG = BASE / "input" / "config"
CPUS = 987654321
# The path has only `which`, so that no graphics cards, Neuron cores or launchers are found.
(FOLDER / "bin").mkdir()
(FOLDER / "bin" / "which").symlink_to(shutil.which("which"))
OUTSIDE = {
    "PATH": str(FOLDER / "bin"), "SAGEMAKER_BASE_DIR": str(BASE), "AWS_CONFIG_FILE": os.devnull,
}
os.environ.clear()
os.environ.update(OUTSIDE)
CONFIG.mkdir(parents=True)

# The toolkit reads its folders from the environment when it is imported.
from sagemaker_training import environment, errors, files, process  # noqa: E402

environment.num_cpus = lambda: CPUS
CODE = pathlib.Path(environment.code_dir)

SCRIPTS = {
    "train.py": "import json, os, sys\nprint(json.dumps([sys.argv[1:], dict(os.environ)]))\n",
    "train.sh": "#!/bin/sh\nexec \"$PYTHON\" train.py \"$@\"\n",
}

HOST = {
    "current_host": "algo-1",
    "current_instance_type": "ml.m5.xlarge",
    "current_group_name": "homogeneousCluster",
    "hosts": ["algo-1"],
    "instance_groups": [
        {"instance_group_name": "homogeneousCluster", "instance_type": "ml.m5.xlarge",
         "hosts": ["algo-1"]}
    ],
    "network_interface_name": "eth0",
}

VALUES = [
    # whole numbers
    "0", "1", "-1", "-0", "7000", "123456789012345678901234567890",
    "-123456789012345678901234567890", "9" * 400, "9223372036854775807", "9223372036854775808",
    "18446744073709551616", "007", "-007", "+5", "1_000", "0x1F", "٣",
    # floats
    "0.5", ".5", "5.", "-.5", "1.0", "0.1000", "1e-05", "0.00001", "0.0001", "1e-4", "1E5", "1e5",
    "1e+5", "1e05", "1e", "1e15", "1e16", "123456789012345680.0", "9007199254740993.0", "1.5e300",
    "5e-324", "1e-400", "1e400", "-1e400", "-0.0", "0.30000000000000004", "0.1234567890123456789",
    "3.0000000000000000000001", "1e22", "1e23", "1,5", "NaN", "-NaN", "nan", "Infinity",
    "-Infinity", "+Infinity", "inf", "-inf",
    # words
    "true", "false", "True", "False", "TRUE", "null", "None", "none", "yes", "adam", "a b",
    # strings of JSON
    '"adam"', '""', '"7"', '"true"', '"a \\"b\\" c"', '"it\'s"', '"a\\nb\\tc"', '"\\u00e9"', '"é"',
    '"\\ud83d\\ude00"', '"\\ud800"', '"\\u0000"', '"\\/"', '"\\x41"', '"a\nb"', '"a\tb"', '"adam',
    "'adam'", '"adam" ', '"a" "b"',
    # lists
    "[]", "[1, 2]", "[1,2]", "[[1, [2.50]], []]", '[true, null, "a"]',
    '["it\'s", "a \\"b\\"", "it\'s \\"b\\""]', '["é", "\\ud83d\\ude00"]',
    ('["a\\nb\\tc\\\\d\\u0007\\u007f\\u0085\\u00a0\\u00ad\\u200b'
     '\\u2028\\u3000\\ufeff\\ue000\\uffff"]'),
    '["\\ud83d"]', "[1e400, -1e400, NaN, 1E5, 1e16, -0, -0.0, 0.1000]",
    '[{"b": 1, "a": [true, "x"]}, {}]', '[{"b": 1, "a": 2, "b": 3}]', "[1, 2", "[1,]", "[01]",
    "(1, 2)", "[ ]", '[""]', "[123456789012345678901234567890]",
    # objects
    "{}", '{"b": 1, "a": 2}', '{"a": null, "b": true, "c": "x y", "d": 0.10}',
    '{"a": {"d": 1, "c": [1, "x"]}}', '{"b": 1, "a": 2, "b": 3}',
    '{"é": "é", "Z": 1, "a": 1, "_": 1}', '{"a,b": "c=d"}', '{"": ""}', "{a: 1}", "{'a': 1}",
    # blanks
    "", " ", "  ", "\n", " 7", "7 ", "\t7\n", " true ", " adam ", "\u00a07", "\ufeff7", "7\u000b",
    "two\nlines", "a\tb", "trailing\n",
    # other characters
    "é", "日本語", "😀", "e\u0301", "\u202eright", "\x00", "a\x00b", "\x1b[1m", "\\", "\\n",
    "C:\\dir\\file", "s3://bucket/key?x=1&y=2", "$HOME", "$(id)", "`id`", "a;b", "a|b", "a&b",
    "a>b", "*", "?", "~", "!", "#1", "%d", "{value}", "a'b", 'a"b', "'", '"', "-", "--flag", "-5x",
    "a=b", "2024-01-01", "1 2", "1.2.3", "x" * 2500,
]  # fmt: skip

NAMES = [
    ("learning_rate", "0.1"), ("learning-rate", "0.1"), ("learning.rate", "0.1"),
    ("learning rate", "0.1"), ("LearningRate", "0.1"), ("LEARNING_RATE", "0.1"), ("x", "1"),
    ("X", "1"), ("é", "1"), ("größe", "1"), ("ŉ", "1"), ("ı", "1"), ("ﬁt", "1"), ("ς", "1"),
    ("日", "1"), ("日本", "1"), ("😀", "1"), ("e\u0301", "1"), ("1st", "1"), ("7", "1"), ("-", "1"),
    ("-x", "1"), ("--x", "1"), ("_", "1"), ("_x", "1"), ("a:b", "1"), ("a/b", "1"), ("a$b", "1"),
    ("a'b", "1"), ('a"b', "1"), ("a\\b", "1"), ("a=b", "1"), ("=", "1"), ("a\x00b", "1"), ("", "1"),
    (" ", "1"), ("a\nb", "1"), ("true", "true"), ("hps", "1"), ("n" * 256, "1"),
    # names of the toolkit, and similar ones
    ("sagemaker_program", "train.py"), ("sagemaker_program", '"train.py"'),
    ("sagemaker_program", "train"), ("sagemaker_program", "train.sh"),
    ("sagemaker_program", "sub/train.py"), ("sagemaker_program", ".py"),
    ("sagemaker_program", "train.PY"), ("sagemaker_program", "7"), ("sagemaker_program", "null"),
    ("sagemaker_program", ""), ("sagemaker_submit_directory", "s3://bucket/source.tar.gz"),
    ("sagemaker_submit_directory", '"s3://bucket/source.tar.gz"'),
    ("sagemaker_submit_directory", "/opt/ml/input/data/code"), ("sagemaker_submit_directory", "7"),
    ("sagemaker_submit_directory", "null"), ("sagemaker_submit_directory", ""),
    ("sagemaker_enable_cloudwatch_metrics", "true"), ("sagemaker_container_log_level", "10"),
    ("sagemaker_container_log_level", '"10"'), ("sagemaker_container_log_level", "INFO"),
    ("sagemaker_container_log_level", "null"), ("sagemaker_container_log_level", ""),
    ("sagemaker_region", "eu-west-1"), ("sagemaker_region", '"eu-west-1"'),
    ("sagemaker_region", "null"), ("sagemaker_region", "1"), ("sagemaker_job_name", "job-1"),
    ("sagemaker_job_name", '"job-1"'), ("sagemaker_job_name", "2024"),
    ("sagemaker_job_name", "null"), ("sagemaker_s3_output", "s3://bucket/output"),
    ("default_user_module_name", "module"), ("_tuning_objective_metric", "loss"),
    ("tuning_objective_metric", "loss"), ("sagemaker_mpi_enabled", "true"),
    ("sagemaker_mpi_enabled", "false"), ("sagemaker_mpi_enabled", '"false"'),
    ("sagemaker_mpi_num_of_processes_per_host", "8"),
    ("sagemaker_mpi_custom_mpi_options", "-x A=B"), ("sagemaker_parameter_server_enabled", "true"),
    ("sagemaker_multi_worker_mirrored_strategy_enabled", "true"),
    ("sagemaker_pytorch_xla_multi_worker_enabled", "true"),
    ("sagemaker_torch_distributed_enabled", "true"),
    ("sagemaker_distributed_dataparallel_enabled", "true"),
    ("sagemaker_pytorch_ddp_enabled", "true"),
    ("sagemaker_distribution_instance_groups", '["homogeneousCluster"]'),
    ("sagemaker_distribution_instance_groups", "[]"), ("sagemaker_instance_type", "ml.m5.xlarge"),
    ("sagemaker_network_interface_name", "eth1"), ("sagemaker_", "1"), ("sagemaker_é", '"é"'),
    ("sagemaker", "1"), ("sagemaker-program", "train.py"), ("SAGEMAKER_PROGRAM", "train.py"),
    ("Sagemaker_program", "train.py"), ("xsagemaker_program", "train.py"),
]  # fmt: skip


def channel(mode="File", **more):
    return {"TrainingInputMode": mode, "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None", **more}


def group(name, kind, *hosts):
    return {"instance_group_name": name, "instance_type": kind, "hosts": list(hosts)}


GROUPS = {
    **HOST,
    "current_group_name": "workers",
    "hosts": ["algo-1", "algo-2", "algo-3"],
    "instance_groups": [
        group("workers", "ml.m5.xlarge", "algo-1", "algo-3"),
        group("data", "ml.c5.large", "algo-2"),
    ],
}
PROGRAM = {"sagemaker_program": "train.py", "sagemaker_submit_directory": "{BASE}/source"}

# Each case differs from one host without channels and hyperparameters. `environment` has the
# container's own variables.
CASES = [
    {"resourceconfig.json": {"current_host": "algo-1", "hosts": ["algo-1"]}},
    {},
    {"hyperparameters.json": PROGRAM},
    {
        "environment": {"TRAINING_JOB_NAME": "tuning-001-0a1b2c3d", "AWS_REGION": "eu-west-1"},
        "hyperparameters.json": {
            "learning_rate": "0.001",
            "epochs": "10",
            "optimizer": "adam",
            "use_amp": "true",
            "layers": "[64, 32]",
            "_tuning_objective_metric": "validation:loss",
            **PROGRAM,
        },
        "inputdataconfig.json": {"train": channel(ContentType="text/csv")},
    },
    {
        # AWS's Python client sends each value as JSON.
        "hyperparameters.json": {
            "learning-rate": "0.001",
            "optimizer": '"adam"',
            "use_amp": "true",
            "none": "null",
            "note": '"it\'s \\u00e9"',
            "sagemaker_container_log_level": "20",
            "sagemaker_enable_cloudwatch_metrics": "false",
            "sagemaker_job_name": '"pytorch-training-2024-01-01"',
            "sagemaker_program": '"train.py"',
            "sagemaker_region": '"us-east-1"',
            "sagemaker_submit_directory": '"{BASE}/source"',
            "sagemaker_instance_type": '"ml.m5.xlarge"',
        },
        "inputdataconfig.json": {
            "train": channel(ContentType="application/x-recordio"),
            "validation": channel("FastFile"),
            "test-2.A_b": channel("Pipe", S3DistributionType="ShardedByS3Key",
                                  RecordWrapperType="RecordIO"),
        },
    },
    {
        "resourceconfig.json": {
            **HOST,
            "current_host": "algo-2",
            "hosts": ["algo-1", "algo-2"],
            "instance_groups": [group("homogeneousCluster", "ml.m5.xlarge", "algo-1", "algo-2")],
        }
    },
    {
        "hyperparameters.json": {"sagemaker_mpi_enabled": "true",
                                 "sagemaker_mpi_num_of_processes_per_host": "2"},
        "resourceconfig.json": {**HOST, "network_interface_name": "ethwe",
                                "hosts": ["algo-1", "algo-2"]},
    },
    {"resourceconfig.json": GROUPS},
    {"hyperparameters.json": {"sagemaker_mpi_enabled": "true"}, "resourceconfig.json": GROUPS},
    {
        "hyperparameters.json": {"sagemaker_distribution_instance_groups": '["data"]',
                                 "sagemaker_mpi_enabled": "true"},
        "resourceconfig.json": GROUPS,
    },
    {"resourceconfig.json": {**GROUPS, "current_group_name": "elsewhere"}},
    {
        "hyperparameters.json": {"sagemaker_torch_distributed_enabled": "true"},
        "resourceconfig.json": {"current_host": "b", "hosts": ["b", "a"], "instance_groups": []},
    },
    {"resourceconfig.json": {**HOST, "current_instance_type": "ml.trn2.48xlarge"}},
    {"resourceconfig.json": {
        **HOST, "topology": [{"hostName": "algo-1", "capacityUnitId": "unit-1"}]}},
    {
        "environment": {
            "SAGEMAKER_PROGRAM": "other.py",
            "SAGEMAKER_SUBMIT_DIRECTORY": "/elsewhere",
            "SAGEMAKER_CONTAINER_LOG_LEVEL": "10",
            "SAGEMAKER_JOB_NAME": "of-the-container",
            "SAGEMAKER_REGION": "eu-central-1",
            "CURRENT_HOST": "of-the-container",
            "AWS_REGION": "eu-west-1",
            "AWS_DEFAULT_REGION": "eu-west-2",
            "SAGEMAKER_TRAINING_MODULE": "framework.training:main",
            "SM_HP_MP_PARAMETERS": '{"partitions": 2}',
            "SM_MODEL_DIR": "/elsewhere",
            "SM_HP_LR": "of-the-container",
        },
        "hyperparameters.json": {"lr": "0.1", **PROGRAM},
    },
    {"hyperparameters.json": {"lr": "1", "LR": "2"},
     "inputdataconfig.json": {"train": channel(), "TRAIN": channel()}},
    {"hyperparameters.json": {"LR": "1", "lr": "2"},
     "inputdataconfig.json": {"TRAIN": channel(), "train": channel()}},
    {
        "hyperparameters.json": {"b": "1", "a": "2", "Z": "3", "_": "4", "é": "5", "a-b": "6",
                                 "a_b": "7", "😀": "8", "ﬁ": "9", "10": "x"},
        "inputdataconfig.json": {"b": channel(), "a": channel(), "Z": channel()},
    },
    {
        "hyperparameters.json": {
            "text": "two words; $HOME 'x'",
            "none": "null",
            "empty": "",
            "list": '[true, null, "a"]',
            "object": '{"b": true, "a": [1]}',
            **PROGRAM,
            "sagemaker_program": "train.sh",
        },
        "inputdataconfig.json": {"train": {}},
    },
    {
        "hyperparameters.json": {"long_integer": "123456789012345678901234567890",
                                 "rate": "1e-05", "amp": "true", **PROGRAM},
        "resourceconfig.json": {
            **HOST,
            "current_instance_type": "local",
            "instance_groups": [group("homogeneousCluster", "local", "algo-1")],
            "network_interface_name": "lo",
        },
    },
]

PROGRAMS = [
    ["train.py"], ["train.sh"], ["train"], ["train.PY"], ["sub/train.py"], ["train.py", "setup.py"],
    ["train", "setup.py"], ["train.sh", "setup.py"], ["sub/a.py.py", "setup.py"], [".hidden.py"],
    ["_x+1.py"], ["a b.py"], ["é.py"], ["-c.py"], ["/train.py"], ["../train.py"],
    ["sub/../train.py"], ["./train.py"], ["sub//train.py"], ["train.py;id"], [""],
]  # fmt: skip


def substitute(value, text, replacement):
    """Replaces a text by another one in all strings of a value."""
    if isinstance(value, dict):
        return {substitute(key, text, replacement): substitute(item, text, replacement)
                for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, text, replacement) for item in value]
    return value.replace(text, replacement) if isinstance(value, str) else value


def insert_placeholders(value):
    texts = [(str(BASE), "{BASE}"), (str(CPUS), "{CPUS}"), (sys.executable, "{PYTHON}")]
    for text, placeholder in texts:
        value = substitute(value, text, placeholder)
    return value


def run_toolkit(hyperparameters, channels=None, resources=None, container=None):
    """Returns the toolkit's environment, its variables, and the arguments of a program."""
    os.environ.clear()
    os.environ.update({**OUTSIDE, **(container or {})})
    config_files = [("hyperparameters", hyperparameters), ("inputdataconfig", channels or {}),
                    ("resourceconfig", resources or HOST)]
    for name, value in config_files:
        (CONFIG / f"{name}.json").write_text(json.dumps(value))
    made = environment.Environment()
    arguments, variables = made.to_cmd_args(), made.to_env_vars()
    environment.write_env_vars(dict(variables))
    for name in ["CURRENT_HOST", "SAGEMAKER_JOB_NAME", "SAGEMAKER_REGION"]:
        variables[name] = os.environ[name]
    assert all(os.environ[name] == value for name, value in variables.items())
    return made, variables, arguments


def command(program, arguments):
    return process.ProcessRunner(program, arguments, {}, 1)._create_command()


DEFAULT_VARIABLES = run_toolkit({})[1]


def single_hyperparameter(name, text):
    try:
        _, variables, arguments = run_toolkit({name: text})
    except (TypeError, ValueError) as error:
        return {"error": type(error).__name__}
    differing = {key: value for key, value in sorted(variables.items())
                 if DEFAULT_VARIABLES.get(key) != value and key != "SM_TRAINING_ENV"}
    return {"env": differing, "args": arguments, "shell": command("train.sh", arguments)[-1]}


def case(differences):
    defaults = {"environment": {}, "hyperparameters.json": {}, "inputdataconfig.json": {},
                "resourceconfig.json": HOST}
    inputs = {**defaults, **differences}
    with_folder = substitute(inputs, "{BASE}", str(BASE))
    container, hyperparameters, channels, resources = with_folder.values()
    made, variables, arguments = run_toolkit(hyperparameters, channels, resources, container)
    result = {"input": inputs, "env": dict(sorted(variables.items())), "args": arguments}
    # Only programs that hyperparameters name have a script.
    if "sagemaker_submit_directory" in hyperparameters and "SAGEMAKER_PROGRAM" not in container:
        files.download_and_extract(made.module_dir, str(CODE))
        result["command"] = command(made.user_entry_point, arguments)
        # The script must receive the computed arguments and variables.
        (CODE / "train.sh").chmod(0o755)
        variables_of_script = {**os.environ, "PYTHON": sys.executable}
        script = subprocess.run(result["command"], cwd=CODE, env=variables_of_script, check=True,
                                stdout=subprocess.PIPE)
        received_arguments, received = json.loads(script.stdout)
        assert received_arguments == arguments and variables.items() <= received.items()
        shutil.rmtree(CODE)
        CODE.mkdir()
    return result


def program(name, *files_beside):
    for file in files_beside:
        (CODE / file).touch()
    try:
        result = {"command": command(name, ["--lr", "0.1", "--text", "it's $HOME"])}
    except errors.ClientError:
        result = {"error": "ClientError"}
    for file in files_beside:
        (CODE / file).unlink()
    return {"program": name, "beside": files_beside, **result}


(BASE / "source").mkdir()
for name, text in SCRIPTS.items():
    (BASE / "source" / name).write_text(text)
output = {
    "toolkit": importlib.metadata.version("sagemaker-training"),
    "values": [{"text": text, **single_hyperparameter("value", text)} for text in VALUES],
    "names": [{"name": name, "text": text, **single_hyperparameter(name, text)}
              for name, text in NAMES],
    "cases": [case(differences) for differences in CASES],
    "programs": [program(*names) for names in PROGRAMS],
}
shutil.rmtree(FOLDER)
print(json.dumps(insert_placeholders(output), indent=1))
