"""The one way to load a feeder, by name or from a file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from networks.checks import check_network, check_tables
from networks.defaults import fill_in
from networks.errors import UnknownExtensionError, UnknownFeederError
from networks.feeder import Feeder, Network, table
from networks.files import ACCEPTED, recipe_of, refused_in_one_line
from networks.layout import add_missing_coordinates
from networks.recipes import FEEDERS, Recipe

if TYPE_CHECKING:
    from pandas import DataFrame


def load_feeder(name_or_path: str | Path, extensions: Sequence[str] | None = None) -> Feeder:
    """A fresh feeder, checked.

    Parameters
    ----------
    name_or_path
        A name in `FEEDERS`, the path of a file or folder that `networks.files` knows, or a SimBench code.
    extensions
        Which declared extensions to add, by name. None adds all that the feeder declares; ``()`` leaves the network as
        published. A network from a file is taken as it is unless asked for ``("protection",)``.

    Raises
    ------
    UnknownFeederError
        Neither a registered name nor a file; the message lists the names.
    UnknownExtensionError
        The feeder declares no such extension.
    InvalidFeederError
        The network cannot be read or simulated; the message says why.
    """
    name, recipe = _found(name_or_path)
    wanted = _wanted(name, recipe, extensions)
    if not recipe.from_file:
        return _made(name, recipe, wanted)
    with refused_in_one_line(recipe.source):
        return _made(name, recipe, wanted)


def list_feeders() -> DataFrame:
    """The registered feeders as published: name, title, buses, vn_kv, phases, loads, solvers, extensions, source."""
    columns = ("name", "title", "buses", "vn_kv", "phases", "loads", "solvers", "extensions", "source")
    return table(columns, [_listed(name, recipe) for name, recipe in FEEDERS.items()])


def fold_scaling(net: Any) -> None:
    """Multiply `scaling` into the nominal power of loads and static generators, and set it to one.

    Afterwards nominal power has one meaning everywhere: what `p_mw` and `q_mvar` say.
    """
    for element_type in ("load", "sgen"):
        elements = net[element_type]
        for quantity in ("p_mw", "q_mvar"):
            elements[quantity] = elements[quantity] * elements.scaling
        elements["scaling"] = 1.0


def _made(name: str, recipe: Recipe, extensions: Sequence[str]) -> Feeder:
    """Build, extend, check and complete a feeder."""
    built = recipe.build()
    network = built if isinstance(built, Network) else Network(built)
    feeder = Feeder(
        name=name,
        title=recipe.title,
        source=recipe.source,
        location=recipe.location,
        extensions=tuple(extensions),
        **vars(network),
    )
    fold_scaling(feeder.net)
    for extension in extensions:
        feeder = recipe.extensions[extension](feeder)
    check_network(feeder.net)
    add_missing_coordinates(feeder.net)
    feeder = fill_in(feeder)
    check_tables(feeder)
    return feeder


def _found(name_or_path: str | Path) -> tuple[str, Recipe]:
    """The feeder's name and how it is made."""
    name = str(name_or_path)
    if name in FEEDERS:
        return name, FEEDERS[name]
    found = recipe_of(name)
    if found is None:
        raise UnknownFeederError(_unknown(name))
    return found


def _wanted(name: str, recipe: Recipe, extensions: Sequence[str] | None) -> tuple[str, ...]:
    """The extensions to add, in the order in which the recipe declares them."""
    if extensions is None:
        return () if recipe.from_file else tuple(recipe.extensions)
    unknown = [extension for extension in extensions if extension not in recipe.extensions]
    if unknown:
        declared = ", ".join(recipe.extensions) or "none"
        raise UnknownExtensionError(f"feeder {name!r} declares no extension {unknown[0]!r}; it declares {declared}.")
    return tuple(extension for extension in recipe.extensions if extension in extensions)


def _listed(name: str, recipe: Recipe) -> tuple[Any, ...]:
    levels = "/".join(f"{kv:g}" for kv in recipe.vn_kv)
    phases = "3" if recipe.three_phase else "balanced"
    lists = (", ".join(recipe.solvers), ", ".join(recipe.extensions))
    return (name, recipe.title, recipe.buses, levels, phases, recipe.loads, *lists, recipe.source)


def _unknown(name: str) -> str:
    suggestion = get_close_matches(name, FEEDERS, n=1)
    hint = f" Did you mean {suggestion[0]!r}?" if suggestion else ""
    return f"unknown feeder {name!r}; there are {', '.join(FEEDERS)}, and {ACCEPTED}.{hint}"
