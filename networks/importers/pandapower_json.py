"""A user's own network from a pandapower JSON file."""

import re
from pathlib import Path
from typing import Any

from networks.errors import InvalidFeederError

# pandapower stores nested objects as text inside the text, so quotes may be escaped any number of times.
MODULES_OF_A_NET = frozenset({"geojson", "networkx", "pandapower", "pandas", "shapely"})


def read_pandapower_json(path: Path) -> Any:
    """The net that `pandapower.to_json` wrote to `path`.

    Raises
    ------
    InvalidFeederError
        If the file is damaged, or holds something else than a net.
    """
    _require_harmless(path)
    import pandapower

    try:
        net = pandapower.from_json(str(path))
    except Exception as error:  # a damaged file fails anywhere inside pandapower's decoder, with any type
        raise InvalidFeederError(
            f"{path} is no readable pandapower JSON ({_first_line(error)}); write it again with pandapower.to_json."
        ) from error
    if not isinstance(net, pandapower.pandapowerNet):
        raise InvalidFeederError(
            f"{path} holds a {type(net).__name__}, not a pandapower net; write it with pandapower.to_json."
        )
    return net


def _require_harmless(path: Path) -> None:
    """Refuse a file that names modules a net has no use for: pandapower's decoder imports what the file names."""
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError:
        raise InvalidFeederError(f"{path} is no text file; write it with pandapower.to_json.") from None
    named = set(re.findall(r'\\*"_module\\*"\s*:\s*\\*"([^"\\]*)', text))
    foreign = sorted(name for name in named if name.split(".")[0] not in MODULES_OF_A_NET)
    if foreign:
        raise InvalidFeederError(
            f"{path} names the Python modules {', '.join(foreign)}, which no pandapower net needs; "
            "write it again with pandapower.to_json."
        )


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
