"""Trains XGBoost on the channels `train` and `validation`, as a training script on SageMaker does.

The example `sagemaker_local` runs this script as a job. The script reads its hyperparameters from
input/config and its data from input/data, and writes the model to the folder that SageMaker
provides. It prints the metrics after each round, as SageMaker's XGBoost does. It does not depend
on the program that tunes it.
"""

import json
import os
import pathlib
import sys
import traceback

config = pathlib.Path(os.environ.get("SM_INPUT_CONFIG_DIR", "/opt/ml/input/config"))
output = pathlib.Path(os.environ.get("SM_OUTPUT_DIR", "/opt/ml/output"))
model = pathlib.Path(os.environ.get("SM_MODEL_DIR", "/opt/ml/model"))


def channel(name):
    """Returns the rows of all CSV files of a channel, whose first column is the target."""
    import numpy
    import xgboost

    default = f"/opt/ml/input/data/{name}"
    folder = pathlib.Path(os.environ.get(f"SM_CHANNEL_{name.upper()}", default))
    files = sorted(folder.glob("*.csv"))
    rows = numpy.vstack([numpy.loadtxt(file, delimiter=",") for file in files])
    return xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])


def parse_value(text):
    """Returns a hyperparameter as a number if it is one, otherwise as text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def main():
    import xgboost

    values = json.loads((config / "hyperparameters.json").read_text())
    values.pop("_tuning_objective_metric", None)
    rounds = int(values.pop("num_round"))
    values = {name: parse_value(text) for name, text in values.items()}
    train, validation = channel("train"), channel("validation")

    class PrintMetrics(xgboost.callback.TrainingCallback):
        """Prints the metrics in the format of SageMaker's XGBoost."""

        def after_iteration(self, booster, epoch, log):
            metrics = [
                f"{data}-{name}:{values[-1]}"
                for data, values_by_name in log.items()
                for name, values in values_by_name.items()
            ]
            print(f"[{epoch}]#011" + "#011".join(metrics), flush=True)
            return False

    booster = xgboost.train(
        {"eval_metric": "rmse", "nthread": 1, **values}, train, rounds,
        evals=[(train, "train"), (validation, "validation")], callbacks=[PrintMetrics()],
        verbose_eval=False,
    )
    booster.save_model(model / "xgboost-model.json")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        (output / "failure").write_text(f"{type(error).__name__}: {error}")
        traceback.print_exc()
        sys.exit(1)
