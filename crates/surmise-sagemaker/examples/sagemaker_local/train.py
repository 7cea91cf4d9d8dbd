"""Trains XGBoost on the channels `train` and `validation`, as a training script of SageMaker does.

What it needs it finds where SageMaker's images put it: hyperparameters in input/config, data in input/data, and room
for the model. It knows nothing of whoever tunes it.
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
    """Rows of all CSV files of a channel: the target first."""
    import numpy
    import xgboost

    folder = pathlib.Path(os.environ.get(f"SM_CHANNEL_{name.upper()}", f"/opt/ml/input/data/{name}"))
    rows = numpy.vstack([numpy.loadtxt(file, delimiter=",") for file in sorted(folder.glob("*.csv"))])
    return xgboost.DMatrix(rows[:, 1:], label=rows[:, 0])


def number(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


def main():
    import xgboost

    values = json.loads((config / "hyperparameters.json").read_text())
    values.pop("_tuning_objective_metric", None)
    rounds = int(values.pop("num_round"))
    values = {name: number(text) for name, text in values.items()}
    train, validation = channel("train"), channel("validation")

    class Telling(xgboost.callback.TrainingCallback):
        """Prints metrics as SageMaker's XGBoost does."""

        def after_iteration(self, booster, epoch, log):
            told = [f"{data}-{name}:{found[-1]}" for data, metrics in log.items() for name, found in metrics.items()]
            print(f"[{epoch}]#011" + "#011".join(told), flush=True)
            return False

    booster = xgboost.train(
        {"eval_metric": "rmse", "nthread": 1, **values}, train, rounds,
        evals=[(train, "train"), (validation, "validation")], callbacks=[Telling()], verbose_eval=False,
    )
    booster.save_model(model / "xgboost-model.json")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        (output / "failure").write_text(f"{type(error).__name__}: {error}")
        traceback.print_exc()
        sys.exit(1)
