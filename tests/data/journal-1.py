#!/usr/bin/env python3
"""Writes journal-1.surmise: a journal of form 1 with each record and event, made without the crate.

    python3 tests/data/journal-1.py > tests/data/journal-1.surmise
"""

import json
import zlib


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def fnv_1a(value):
    """The hash of a part of the search: of its JSON with the members of objects in the order of their names."""
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
CHANGED = {**SEARCH, "settings": {**SEARCH["settings"], "limits": {"max_jobs": 30, "max_parallel_jobs": 2, "max_runtime": None}}}


def hashes(search):
    return {name: fnv_1a(part) for name, part in search.items()}


FIRST, SECOND = {"rate": 0.001, "layers": 3}, {"rate": 0.01, "layers": 2}
BEGIN, AGAIN = 1764479301.0, 1764486501.0
RECORDS = [
    (BEGIN, {"event": "created", "journal": 1, "events": 1, "surmise": "0.1.0", "process": 17, "spent": 0.0, "search": SEARCH, "hashes": hashes(SEARCH)}),
    (BEGIN + 1, {"event": "enqueued", "configuration": FIRST, "first": True}),
    (BEGIN + 1, {"event": "asked", "trial": 1, "configuration": FIRST, "proposal": {"point": [], "phase": "enqueued"}}),
    (BEGIN + 2, {"event": "located", "trial": 1, "place": "job-1"}),
    (BEGIN + 20, {"event": "reported", "trial": 1, "report": {"step": 1, "value": "NaN"}}),
    (BEGIN + 35, {"event": "attempt_failed", "trial": 1, "failure": {"kind": "interrupted", "message": "the machine was taken away"}}),
    (AGAIN, {"event": "opened", "journal": 1, "events": 1, "surmise": "0.1.0", "process": 18}),
    (AGAIN, {"event": "changed", "search": CHANGED, "hashes": hashes(CHANGED)}),
    (AGAIN + 10, {"event": "reported", "trial": 1, "report": {"step": 1, "value": 0.5}}),
    (AGAIN + 11, {"event": "stop_asked", "trial": 1, "cause": {"cause": "tuning_over"}}),
    (AGAIN + 12, {"event": "stop_withdrawn", "trial": 1}),
    (AGAIN + 13, {"event": "told", "trial": 1, "outcome": {"outcome": "completed", "value": 0.25}}),
    (AGAIN + 14, {"event": "set_aside", "trial": 1, "outcome": {"outcome": "failed", "kind": "timeout", "message": "too late"}}),
    (AGAIN + 15, {"event": "observed", "trial": 2, "configuration": SECOND, "outcome": {"outcome": "stopped", "value": 0.75}}),
    (AGAIN + 16, {"event": "noted", "name": "bill", "note": {"seconds": 9}}),
    (AGAIN + 17, {"event": "enqueued", "configuration": {"layers": 2}, "first": False}),
    (AGAIN + 18, {"event": "dequeued", "configuration": {"layers": 2}}),
    (AGAIN + 19, {"event": "noted", "name": "bill", "note": {"seconds": 17}}),
    (AGAIN + 30, {"event": "asked", "trial": 3, "configuration": {"rate": 0.1, "layers": 5}, "proposal": {"point": [0.75, 0.75], "phase": "design"}}),
]
# Reports that were not on disk yet when the next record was written.
NOT_YET_DURABLE = {5: 3, 9: 7}

for number, (time, record) in enumerate(RECORDS):
    label = {"seq": number, "time": time}
    if number in NOT_YET_DURABLE:
        label["durable"] = NOT_YET_DURABLE[number]
    covered = compact({**label, **record})[:-1].replace(f'"time":{time}', f'"time":{time:.3f}')
    print(f'{covered},"crc32":"{zlib.crc32(covered.encode()):08x}"}}')
