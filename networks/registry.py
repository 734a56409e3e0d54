"""The feeders that can be had by name, and the one way to load a feeder, by name or from a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from networks import extensions as additions
from networks import ieee33, kundur, published
from networks.checks import check_network, check_tables
from networks.defaults import fill_in
from networks.errors import UnknownExtensionError, UnknownFeederError
from networks.feeder import KARLSRUHE, Feeder, Location
from networks.importers.pandapower_json import read_pandapower_json
from networks.layout import add_missing_coordinates

if TYPE_CHECKING:
    from pandas import DataFrame

Extension = Callable[[Feeder], Feeder]


@dataclass(frozen=True)
class Recipe:
    """How a feeder is made: the published network, then its declared extensions in their order.

    `buses`, `loads` and `vn_kv` describe the published network: feeders are listed without being built.
    """

    title: str
    source: str
    build: Callable[[], Any]
    buses: int
    loads: int
    vn_kv: tuple[float, ...]
    extensions: Mapping[str, Extension] = field(default_factory=dict)
    location: Location = KARLSRUHE


FEEDERS: dict[str, Recipe] = {
    "ieee33": Recipe(
        title="IEEE 33-bus radial distribution feeder",
        source="Baran and Wu, IEEE Trans. Power Delivery 4(2), 1989; pandapower case33bw",
        build=published.ieee33,
        buses=33,
        loads=32,
        vn_kv=(12.66,),
        extensions={
            "diagram": ieee33.draw_diagram,
            "substation": ieee33.add_substation,
            "pv": ieee33.add_pv,
            "protection": ieee33.add_protection,
            "metering": ieee33.add_metering,
        },
    ),
    "cigre_mv": Recipe(
        title="CIGRE medium-voltage benchmark, European configuration",
        source="CIGRE Task Force C6.04.02, Technical Brochure 575, 2014; pandapower create_cigre_network_mv",
        build=published.cigre_mv,
        buses=15,
        loads=18,
        vn_kv=(20.0, 110.0),
        extensions={"tap_changer": additions.add_tap_changers, "protection": additions.add_head_recloser},
    ),
    "cigre_mv_der": Recipe(
        title="CIGRE medium-voltage benchmark with photovoltaics and wind",
        source="CIGRE Task Force C6.04.02, Technical Brochure 575, 2014; pandapower create_cigre_network_mv(pv_wind)",
        build=published.cigre_mv_der,
        buses=15,
        loads=18,
        vn_kv=(20.0, 110.0),
        extensions={"tap_changer": additions.add_tap_changers, "protection": additions.add_head_recloser},
    ),
    "oberrhein": Recipe(
        title="MV Oberrhein, 20 kV network with two substations",
        source="pandapower mv_oberrhein, load case, photovoltaics in service",
        build=published.oberrhein,
        buses=179,
        loads=147,
        vn_kv=(20.0, 110.0),
        extensions={"protection": additions.add_head_recloser},
        location=Location(latitude=48.45, longitude=7.85, timezone="Europe/Berlin", altitude=160.0),
    ),
    "ieee_lv906": Recipe(
        title="IEEE European low-voltage feeder, balanced",
        source="IEEE PES test feeders, European LV, minute 566; pandapower ieee_european_lv_asymmetric",
        build=published.ieee_lv906,
        buses=907,
        loads=55,
        vn_kv=(0.416, 11.0),
    ),
    "ieee14": Recipe(
        title="IEEE 14-bus system",
        source="Power Systems Test Case Archive, University of Washington; pandapower case14",
        build=published.ieee14,
        buses=14,
        loads=11,
        vn_kv=(0.208, 12.0, 14.0, 135.0),
    ),
    "ieee30": Recipe(
        title="IEEE 30-bus system",
        source="Power Systems Test Case Archive, University of Washington; pandapower case_ieee30",
        build=published.ieee30,
        buses=30,
        loads=21,
        vn_kv=(1.0, 11.0, 33.0, 132.0),
    ),
    "ieee57": Recipe(
        title="IEEE 57-bus system",
        source="Power Systems Test Case Archive, University of Washington; pandapower case57",
        build=published.ieee57,
        buses=57,
        loads=42,
        vn_kv=(115.0, 138.0, 161.0, 230.0, 345.0, 500.0),
    ),
    "ieee118": Recipe(
        title="IEEE 118-bus system",
        source="Power Systems Test Case Archive, University of Washington; pandapower case118",
        build=published.ieee118,
        buses=118,
        loads=99,
        vn_kv=(138.0, 161.0, 345.0),
    ),
    "kundur_smib": Recipe(
        title="Kundur example 13.1, one machine against an infinite bus",
        source="Kundur, Power System Stability and Control, McGraw-Hill, 1994, example 13.1",
        build=kundur.kundur_smib,
        buses=4,
        loads=0,
        vn_kv=(24.0, 400.0),
        extensions={"machine": kundur.describe_machine},
    ),
}


def load_feeder(name_or_path: str | Path, extensions: Sequence[str] | None = None) -> Feeder:
    """A fresh feeder, checked.

    Parameters
    ----------
    name_or_path
        A name in `FEEDERS`, or the path of a file that `pandapower.to_json` wrote.
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
        The network cannot be simulated; the message says why.
    """
    name, recipe, wanted = _recipe_of(name_or_path, extensions)
    feeder = Feeder(
        name=name,
        title=recipe.title,
        net=recipe.build(),
        source=recipe.source,
        location=recipe.location,
        extensions=wanted,
    )
    fold_scaling(feeder.net)
    for extension in wanted:
        feeder = recipe.extensions[extension](feeder)
    check_network(feeder.net)
    add_missing_coordinates(feeder.net)
    feeder = fill_in(feeder)
    check_tables(feeder)
    return feeder


def list_feeders() -> DataFrame:
    """The registered feeders as published: name, title, buses, vn_kv, loads, extensions, source."""
    from networks.feeder import table

    columns = ("name", "title", "buses", "vn_kv", "loads", "extensions", "source")
    rows = [
        (name, r.title, r.buses, "/".join(f"{kv:g}" for kv in r.vn_kv), r.loads, ", ".join(r.extensions), r.source)
        for name, r in FEEDERS.items()
    ]
    return table(columns, rows)


def fold_scaling(net: Any) -> None:
    """Multiply `scaling` into the nominal power of loads and static generators, and set it to one.

    Afterwards nominal power has one meaning everywhere: what `p_mw` and `q_mvar` say.
    """
    for element_type in ("load", "sgen"):
        elements = net[element_type]
        for quantity in ("p_mw", "q_mvar"):
            elements[quantity] = elements[quantity] * elements.scaling
        elements["scaling"] = 1.0


def _recipe_of(name_or_path: str | Path, extensions: Sequence[str] | None) -> tuple[str, Recipe, tuple[str, ...]]:
    """Name, recipe, and the extensions to add, in the order in which the recipe declares them."""
    name = str(name_or_path)
    if name in FEEDERS:
        recipe = FEEDERS[name]
        wanted = tuple(recipe.extensions) if extensions is None else extensions
    elif _looks_like_file(name):
        path = Path(name_or_path)
        name, recipe, wanted = path.stem, _recipe_of_file(path), extensions or ()
    else:
        raise UnknownFeederError(_unknown(name))
    unknown = [extension for extension in wanted if extension not in recipe.extensions]
    if unknown:
        declared = ", ".join(recipe.extensions) or "none"
        raise UnknownExtensionError(f"feeder {name!r} declares no extension {unknown[0]!r}; it declares {declared}.")
    return name, recipe, tuple(extension for extension in recipe.extensions if extension in wanted)


def _recipe_of_file(path: Path) -> Recipe:
    return Recipe(
        title=f"Network from {path.name}",
        source=str(path),
        build=lambda: read_pandapower_json(path),
        buses=0,
        loads=0,
        vn_kv=(),
        extensions={"protection": additions.add_head_recloser},
    )


def _looks_like_file(name: str) -> bool:
    return name.endswith(".json") or "/" in name or "\\" in name or Path(name).is_file()


def _unknown(name: str) -> str:
    suggestion = get_close_matches(name, FEEDERS, n=1)
    hint = f" Did you mean {suggestion[0]!r}?" if suggestion else ""
    return f"unknown feeder {name!r}; there are {', '.join(FEEDERS)}, and any pandapower .json file by its path.{hint}"
