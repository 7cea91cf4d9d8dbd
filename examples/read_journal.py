"""Reads a journal of Surmise and prints its trials: python3 examples/read_journal.py run.surmise (the form: docs/journal.md)."""

import json
import sys
import zlib


def records(path):
    """The records of a journal, up to a last line that a process left torn."""
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            covered, _, tail = line.rstrip(b"\n").rpartition(b',"crc32":')
            if tail != b'"%08x"}' % zlib.crc32(covered):
                if file.read(1):
                    sys.exit(f"{path}: line {number + 1} is damaged")
                return
            record = json.loads(line)
            if record["seq"] != number:
                sys.exit(f"{path}: record {record['seq']} where {number} should be")
            yield record


trials = {}
for record in records(sys.argv[1]):
    if record["event"] in ("created", "opened") and max(record["journal"], record["events"]) > 1:
        sys.exit(f"{sys.argv[1]}: written in form {record['journal']}, by surmise {record['surmise']}")
    if record.get("anew"):
        trials.clear()
    elif record["event"] == "asked":
        trials[record["trial"]] = [record["configuration"], {"outcome": "running"}]
    elif record["event"] == "observed":
        trials[record["trial"]] = [record["configuration"], record["outcome"]]
    elif record["event"] == "told":
        trials[record["trial"]][1] = record["outcome"]
for trial, (configuration, outcome) in trials.items():
    print(trial, json.dumps(configuration), outcome["outcome"], outcome.get("value", outcome.get("kind", "")))
