"""Stands for a training: prints its loss, and nothing else."""

import argparse
import math

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
arguments = parser.parse_args()
print(round((math.log10(arguments.lr) + 1.8) ** 2 + 0.1, 4))
