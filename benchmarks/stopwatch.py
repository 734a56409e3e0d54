"""CPU time of every simulator of a running world, taken from outside: the twin's code does not know it is timed."""

import functools
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

TIMED_METHODS = ("step", "get_data", "finalize")


class Stopwatch:
    """Sums up the CPU time spent in each simulator, from the end of the warm-up on.

    Parameters
    ----------
    last
        Name of the simulator whose step ends a tick.
    warm_up
        Ticks that do not count: the first ones compile and allocate.
    """

    def __init__(self, last: str, warm_up: int) -> None:
        self._last = last
        self.ticks = -warm_up
        self.spent_s: dict[str, float] = defaultdict(float)
        self._start_s = time.process_time()

    @property
    def total_s(self) -> float:
        """CPU time of the whole process since the end of the warm-up. [s]"""
        return time.process_time() - self._start_s

    @contextmanager
    def watching(self, simulators: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
        """Time the simulators that mosaik's configuration names ``{name: {"python": "module:Class"}}``."""
        classes = {name: _class_at(config["python"]) for name, config in simulators.items()}
        try:
            for name, kind in classes.items():
                for method in TIMED_METHODS:
                    setattr(kind, method, self._timed(name, method, getattr(kind, method)))
            yield
        finally:
            for kind in classes.values():
                for method in TIMED_METHODS:
                    original = getattr(kind, method).__wrapped__
                    setattr(kind, method, original)

    def _timed(self, name: str, method: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start_s = time.process_time()
            result = function(*args, **kwargs)
            self.spent_s[name] += time.process_time() - start_s
            if name == self._last and method == "step":
                self._end_of_tick()
            return result

        return timed

    def _end_of_tick(self) -> None:
        self.ticks += 1
        if self.ticks == 0:
            self.spent_s.clear()
            self._start_s = time.process_time()


def _class_at(address: str) -> Any:
    module, _, name = address.partition(":")
    return getattr(import_module(module), name)
