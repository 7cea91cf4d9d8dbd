"""Shows how to read a journal of Surmise without Surmise; docs/journal.md describes the format.

    python3 examples/read_journal.py run.surmise

It prints a line for each trial: its number, its configuration, its outcome, and its value or the
kind of its failure.
"""

import json
import sys
import zlib


def records(path):
    """Yields the records of a journal, except a torn last line of an interrupted process."""
    with open(path, "rb") as file:
        for number, line in enumerate(file):
            covered, _, checksum = line.rstrip(b"\n").rpartition(b',"crc32":')
            if checksum != b'"%08x"}' % zlib.crc32(covered):
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
        version, program = record["journal"], record["surmise"]
        sys.exit(f"{sys.argv[1]}: unknown journal version {version}, written by surmise {program}")
    if record.get("anew"):
        trials.clear()
    elif record["event"] == "asked":
        trials[record["trial"]] = [record["configuration"], {"outcome": "running"}]
    elif record["event"] == "observed":
        trials[record["trial"]] = [record["configuration"], record["outcome"]]
    elif record["event"] == "told":
        trials[record["trial"]][1] = record["outcome"]
for trial, (configuration, outcome) in trials.items():
    detail = outcome.get("value", outcome.get("kind", ""))
    print(trial, json.dumps(configuration), outcome["outcome"], detail)
