"""Grids of SimBench by their code, with the loads of its year."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Any

from networks.errors import FeederError, UnknownFeederError
from networks.feeder import Network, RecordedLoads

# Version, voltage levels, type of grid, its number, scenario, and whether switches are modelled.
CODE = re.compile(r"\d-(complete_data|(EHV|HV|MV|LV)+)-[a-z]+\d?-[\w.]*-\d-(no_)?sw")
YEAR_START = "2016-01-01T00:00"
QUARTER_HOUR_S = 900.0


def is_simbench_code(name: str) -> bool:
    """Whether a name is written as SimBench writes its codes, e.g. ``"1-LV-rural1--0-no_sw"``."""
    return CODE.fullmatch(name) is not None


def read_simbench(code: str) -> Network:
    """The grid of that code, and its scenario's quarter-hourly loads of 2016.

    Raises
    ------
    FeederError
        If the extra is not installed.
    UnknownFeederError
        If SimBench has no grid of that code.

    References
    ----------
    .. [1] S. Meinecke et al., "SimBench - A benchmark dataset of electric power systems to compare innovative solutions
       based on power flow analysis", Energies 13(12), 2020.
    """
    try:
        import simbench
    except ImportError:
        raise FeederError(
            'a SimBench grid needs the extra "simbench"; install it with: pip install -e ".[simbench]"'
        ) from None
    codes = simbench.collect_all_simbench_codes()
    if code not in codes:
        nearest = ", ".join(get_close_matches(code, codes, n=3)) or codes[0]
        raise UnknownFeederError(f"SimBench has no grid {code!r}; the nearest codes are {nearest}.")
    net = simbench.get_simbench_net(code)
    loads = simbench.get_absolute_values(net, profiles_instead_of_study_cases=True)
    recorded = RecordedLoads(YEAR_START, QUARTER_HOUR_S, loads["load", "p_mw"], loads["load", "q_mvar"])
    return Network(_without_bookkeeping(net), recorded_loads=recorded)


def _without_bookkeeping(net: Any) -> Any:
    """The net without what SimBench keeps in it for other purposes: the profiles, which are the size of the year."""
    for name in ("profiles", "loadcases"):
        net.pop(name, None)
    return net
