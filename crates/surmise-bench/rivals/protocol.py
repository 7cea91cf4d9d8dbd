"""The JSON lines of the benchmark, for adapters of other optimizers.

An adapter defines a subclass of `Session`, and ends with `serve(ItsSession)`:

    import protocol                     # first: it limits the process to one thread

    class MySession(protocol.Session):
        def start(self): ...            # self.space, self.seed, self.parallel, … are set
        def propose(self): ...          # returns (handle, config)
        def observe(self, handle, config, value): ...  # value None: the evaluation failed

    protocol.serve(MySession)

An adapter whose `start` returns True also defines `best`, for `recommend`. Each process serves
one run: one `init`, then `ask` and `tell`.
"""
import json
import math
import os
import sys
import traceback

# Before numpy and torch are imported: they read these variables only once.
for _name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "RAYON"):
    os.environ.setdefault(f"{_name}_NUM_THREADS", "1")

# What a library prints goes to standard error, so that it cannot come between two replies.
_replies = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


class Session:
    """One run: the settings of `init`, the pending configurations and the observed ones."""

    def init(self, request):
        self.seed = request["seed"] % 2**31
        self.parallel = request.get("parallel", 1)
        self.budget = request.get("budget")
        # Unknown noise counts as noise: that is what most libraries assume, too.
        self.noisy = request.get("noisy") is not False
        # A parameter with a single value is no part of the search.
        self.fixed, self.space = {}, []
        for parameter in request["space"]:
            values = parameter.get("choices") or [parameter["lo"], parameter["hi"]]
            if values[0] == values[-1]:
                self.fixed[parameter["name"]] = values[0]
            else:
                self.space.append(parameter)
        self.pending = []  # (handle, config)
        self.observed = []  # (config, value), without failures
        recommends = self.start()
        return {"ok": True, "recommends": True} if recommends else {"ok": True}

    def ask(self, request):
        configs = []
        for _ in range(request.get("n", 1)):
            proposal = self.propose()
            if proposal is None:
                break
            handle, config = proposal[0], self.into_ranges(proposal[1])
            self.pending.append((handle, config))
            configs.append({**config, **self.fixed})
        return {"configs": configs}

    def tell(self, request):
        told = request["config"]
        for index, (handle, config) in enumerate(self.pending):
            if is_same({**config, **self.fixed}, told):
                del self.pending[index]
                if request["value"] is not None:
                    self.observed.append((config, request["value"]))
                self.observe(handle, config, request["value"])
                return {"ok": True}
        raise ValueError(f"the configuration {told} is not pending")

    def recommend(self, _request):
        config = self.best()
        return {"recommended": None if config is None else {**config, **self.fixed}}

    def start(self):
        """Makes the optimizer. Returns whether `best` is defined."""
        raise NotImplementedError

    def propose(self):
        """Returns a handle of any type and a configuration, or None if the search is over."""
        raise NotImplementedError

    def observe(self, handle, config, value):
        raise NotImplementedError

    def best(self):
        """Returns the observed configuration that the optimizer would use, or None."""
        return None

    def into_ranges(self, config):
        return {p["name"]: into_range(p, config[p["name"]]) for p in self.space}

    def worst_value(self):
        """The largest value so far, in place of a failed evaluation."""
        return max((value for _, value in self.observed), default=1.0)


def serve(session_class):
    """Answers one request per line until the input ends."""
    session = session_class()
    for line in sys.stdin:
        try:
            request = json.loads(line)
            if request["op"] not in ("init", "ask", "tell", "recommend"):
                raise ValueError(f"unknown op {request['op']!r}")
            reply = json.dumps(getattr(session, request["op"])(request), allow_nan=False)
        except BaseException as error:  # Panics of Rust extensions are not an Exception.
            traceback.print_exc()
            reply = json.dumps({"error": f"{type(error).__name__}: {error}"})
        print(reply, file=_replies, flush=True)
    sys.stderr.flush()
    os._exit(0)  # Without waiting for threads of the optimizer.


def is_same(a, b):
    """Whether two configurations are equal, except for rounding."""

    def is_equal(x, y):
        if isinstance(x, float) or isinstance(y, float):
            return math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-300)
        return type(x) is type(y) and x == y

    return a.keys() == b.keys() and all(is_equal(a[name], b[name]) for name in a)


def into_range(parameter, value):
    """The value as JSON needs it: an int, a float or a choice, and within the bounds."""
    if parameter["type"] == "cat":
        return parameter["choices"][parameter["choices"].index(value)]
    if parameter["type"] == "int":
        value = round(float(value))
    else:
        value = float(value)
    return min(max(value, parameter["lo"]), parameter["hi"])


def is_log(parameter):
    return parameter.get("scale") == "log"


def is_reverse_log(parameter):
    return parameter.get("scale") == "reverse_log"


def distance_bounds(parameter):
    """The bounds of 1 - x, for optimizers with a logarithmic scale but no reversed one."""
    return 1 - parameter["hi"], 1 - parameter["lo"]


def to_unit(parameter, value):
    """The position of a number in its range, in [0, 1], on the parameter's scale."""
    low, high, scale = _ends(parameter)
    return min(max((scale(value) - low) / (high - low), 0.0), 1.0)


def from_unit(parameter, position):
    """The inverse of `to_unit`. Each integer has the same share of a linear range."""
    low, high, _ = _ends(parameter)
    point = low + position * (high - low)
    if is_log(parameter):
        point = math.exp(point)
    elif is_reverse_log(parameter):
        point = 1 - math.exp(-point)
    return into_range(parameter, point)


def _ends(parameter):
    low, high = parameter["lo"], parameter["hi"]
    if parameter["type"] == "int":
        low, high = low - 0.5, high + 0.5
    if is_log(parameter):
        return math.log(low), math.log(high), math.log
    if is_reverse_log(parameter):
        return -math.log(1 - low), -math.log(1 - high), lambda value: -math.log(1 - value)
    return low, high, float
