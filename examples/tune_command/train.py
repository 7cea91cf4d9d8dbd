"""Trains a classifier of handwritten digits with stochastic gradient descent.

The example `tune_command` runs this script as a job. It prints a line "EPOCH ERROR" after each
epoch; the last line is the metric. It needs scikit-learn. To run it alone:

    python3 examples/tune_command/train.py --alpha 1e-4 --eta0 0.1 --penalty l2 --loss hinge
"""

import argparse

from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, required=True)
parser.add_argument("--eta0", type=float, required=True)
parser.add_argument("--penalty", required=True)
parser.add_argument("--loss", required=True)
parser.add_argument("--epochs", type=int, default=12)
settings = parser.parse_args()

images, digits = load_digits(return_X_y=True)
train_images, test_images, train_digits, test_digits = train_test_split(
    images / 16, digits, test_size=0.4, random_state=1
)
model = SGDClassifier(
    loss=settings.loss, penalty=settings.penalty, alpha=settings.alpha,
    learning_rate="constant", eta0=settings.eta0, random_state=1,
)
for epoch in range(1, settings.epochs + 1):
    model.partial_fit(train_images, train_digits, classes=range(10))
    print(epoch, 1 - model.score(test_images, test_digits), flush=True)
