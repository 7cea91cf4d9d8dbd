"""Trains a classifier of handwritten digits by stochastic gradient descent, and tells its error after each epoch.

Prints "EPOCH ERROR" lines; the last of them is the metric. Wants scikit-learn.
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
seen, held_out, labels, wanted = train_test_split(images / 16, digits, test_size=0.4, random_state=1)
model = SGDClassifier(
    loss=settings.loss, penalty=settings.penalty, alpha=settings.alpha,
    learning_rate="constant", eta0=settings.eta0, random_state=1,
)
for epoch in range(1, settings.epochs + 1):
    model.partial_fit(seen, labels, classes=range(10))
    print(epoch, 1 - model.score(held_out, wanted), flush=True)
