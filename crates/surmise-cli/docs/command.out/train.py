"""Stands for a training script: it prints its loss after each epoch."""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
parser.add_argument("--layers", type=int)
parser.add_argument("--opt")
options = parser.parse_args()
if options.layers > 5:
    raise SystemExit("out of memory")
for epoch in range(1, 4):
    distance = (math.log10(options.lr) + 3) ** 2 + 0.1 * (options.layers - 3) ** 2
    loss = distance + (0.5 if options.opt == "sgd" else 0) + 1 / epoch
    print(f"epoch: {epoch} loss: {loss:.4f}", flush=True)
