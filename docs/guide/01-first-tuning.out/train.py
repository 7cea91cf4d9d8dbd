"""Stands for a training: prints a loss that depends on its arguments."""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--layers", type=int, default=3)
arguments = parser.parse_args()

loss = (math.log10(arguments.lr) + 1.8) ** 2 + abs(arguments.layers - 3) / 4 + 0.1
print(f"loss: {loss:.4f}")
