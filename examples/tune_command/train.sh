#!/bin/sh
# Simulates train.py if scikit-learn is missing: prints 12 lines "EPOCH ERROR", with an error that
# falls from epoch to epoch to a value that depends on the arguments. To run it alone:
#
#     sh examples/tune_command/train.sh --alpha=1e-4 --eta0=0.1 --penalty=l2 --loss=hinge
for argument in "$@"; do
  case $argument in
    --alpha=*) alpha=${argument#*=} ;;
    --eta0=*) eta0=${argument#*=} ;;
    --penalty=*) penalty=${argument#*=} ;;
    --loss=*) loss=${argument#*=} ;;
  esac
done
epoch=1
while [ "$epoch" -le 12 ]; do
  awk -v a="$alpha" -v e="$eta0" -v p="$penalty" -v l="$loss" -v n="$epoch" 'BEGIN {
    error = 0.04 + 0.01 * (log(a) / log(10) + 4) ^ 2 + 0.02 * (log(e) / log(10) + 1.5) ^ 2
    error += (p == "l1") * 0.01 + (l == "perceptron") * 0.015
    print n, error + 0.3 / n
  }'
  epoch=$((epoch + 1))
done
