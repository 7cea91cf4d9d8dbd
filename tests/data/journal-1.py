#!/usr/bin/env python3
"""Prints journal-1.surmise: a version-1 journal with each kind of record, made without the crate.

    python3 tests/data/journal-1.py > tests/data/journal-1.surmise
"""

import json
import zlib


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def fnv_1a(value):
    """Returns the FNV-1a hash of a part of the search, as JSON with sorted members."""
    digest = 0xCBF29CE484222325
    for byte in json.dumps(value, separators=(",", ":"), sort_keys=True).encode():
        digest = (digest ^ byte) * 0x100000001B3 % 2**64
    return f"{digest:016x}"


SEARCH = {
    "space": [
        {"type": "continuous", "name": "rate", "min": 0.0001, "max": 1.0, "scaling": "Logarithmic"},
        {"type": "integer", "name": "layers", "min": 1, "max": 6, "scaling": "Linear"},
    ],
    "objective": {"metric_name": "loss", "goal": "Minimize"},
    "strategy": {"name": "sobol"},
    "settings": {
        "seed": 3,
        "order": "arrival",
        "limits": {"max_jobs": 20, "max_parallel_jobs": 2, "max_runtime": None},
        "late_results": "set_aside",
        "stopped_trials": "last_value",
        "repetitions": "never",
    },
}
LIMITS = {"max_jobs": 30, "max_parallel_jobs": 2, "max_runtime": None}
CHANGED = {**SEARCH, "settings": {**SEARCH["settings"], "limits": LIMITS}}


def hashes(search):
    return {name: fnv_1a(part) for name, part in search.items()}


FIRST, SECOND = {"rate": 0.001, "layers": 3}, {"rate": 0.01, "layers": 2}
CREATED, REOPENED = 1764479301.0, 1764486501.0
# Time, name of the event, and its members.
RECORDS = [
    (CREATED, "created", {"journal": 1, "events": 1, "surmise": "0.1.0", "process": 17,
                          "spent": 0.0, "search": SEARCH, "hashes": hashes(SEARCH)}),
    (CREATED + 1, "enqueued", {"configuration": FIRST, "first": True}),
    (CREATED + 1, "asked", {"trial": 1, "configuration": FIRST,
                          "proposal": {"point": [], "phase": "enqueued"}}),
    (CREATED + 2, "located", {"trial": 1, "place": "job-1"}),
    (CREATED + 20, "reported", {"trial": 1, "report": {"step": 1, "value": "NaN"}}),
    (CREATED + 35, "attempt_failed", {"trial": 1, "failure": {
        "kind": "interrupted", "message": "the machine was taken away"}}),
    (REOPENED, "opened", {"journal": 1, "events": 1, "surmise": "0.1.0", "process": 18}),
    (REOPENED, "changed", {"search": CHANGED, "hashes": hashes(CHANGED)}),
    (REOPENED + 10, "reported", {"trial": 1, "report": {"step": 1, "value": 0.5}}),
    (REOPENED + 11, "stop_asked", {"trial": 1, "cause": {"cause": "tuning_over"}}),
    (REOPENED + 12, "stop_withdrawn", {"trial": 1}),
    (REOPENED + 13, "told", {"trial": 1, "outcome": {"outcome": "completed", "value": 0.25}}),
    (REOPENED + 14, "set_aside", {"trial": 1, "outcome": {
        "outcome": "failed", "kind": "timeout", "message": "too late"}}),
    (REOPENED + 15, "observed", {"trial": 2, "configuration": SECOND,
                              "outcome": {"outcome": "stopped", "value": 0.75}}),
    (REOPENED + 16, "noted", {"name": "bill", "note": {"seconds": 9}}),
    (REOPENED + 17, "enqueued", {"configuration": {"layers": 2}, "first": False}),
    (REOPENED + 18, "dequeued", {"configuration": {"layers": 2}}),
    (REOPENED + 19, "noted", {"name": "bill", "note": {"seconds": 17}}),
    (REOPENED + 30, "asked", {"trial": 3, "configuration": {"rate": 0.1, "layers": 5},
                           "proposal": {"point": [0.75, 0.75], "phase": "design"}}),
]
# For some records, the last record known to be on disk when they were written.
LAST_DURABLE = {5: 3, 9: 7}

for number, (time, event, members) in enumerate(RECORDS):
    label = {"seq": number, "time": time}
    if number in LAST_DURABLE:
        label["durable"] = LAST_DURABLE[number]
    text = compact({**label, "event": event, **members})[:-1]
    covered = text.replace(f'"time":{time}', f'"time":{time:.3f}')
    print(f'{covered},"crc32":"{zlib.crc32(covered.encode()):08x}"}}')
