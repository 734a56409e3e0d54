"""A user's own network from a pandapower JSON file."""

from pathlib import Path
from typing import Any

from networks.errors import InvalidFeederError
from networks.importers.pandapower_safety import require_harmless, require_tables


def read_pandapower_json(path: Path) -> Any:
    """The net that `pandapower.to_json` wrote to `path`.

    Raises
    ------
    InvalidFeederError
        If the file is damaged, or holds something else than a net.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except ValueError:
        raise InvalidFeederError(f"{path} is no text file; write it with pandapower.to_json.") from None
    require_harmless(text, path)
    import pandapower

    try:
        net = pandapower.from_json_string(text)
    except Exception as error:  # a damaged file fails anywhere inside pandapower's decoder, with any type
        raise InvalidFeederError(
            f"{path} is no readable pandapower JSON ({_first_line(error)}); write it again with pandapower.to_json."
        ) from error
    if not isinstance(net, pandapower.pandapowerNet):
        raise InvalidFeederError(
            f"{path} holds a {type(net).__name__}, not a pandapower net; write it with pandapower.to_json."
        )
    require_tables(net, path)
    return net


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0][:120]}" if lines else type(error).__name__
