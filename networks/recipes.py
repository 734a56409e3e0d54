"""The feeders that can be had by name: what is known of them without building them, and how they are built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from networks import extensions as additions
from networks import ieee33, kundur, published
from networks.feeder import KARLSRUHE, Feeder, Location, solvers
from networks.importers.iowa240 import AMES
from networks.radial_tables import add_line_ratings, radial_feeder

Extension = Callable[[Feeder], Feeder]


@dataclass(frozen=True)
class Recipe:
    """How a feeder is made: the published network, then its declared extensions in their order.

    Parameters
    ----------
    title, source
        One line for people each.
    build
        Makes the network: a pandapower net, or a `networks.feeder.Network` that knows more than that.
    buses, loads, vn_kv
        Of the published network, phase by phase where `three_phase`: feeders are listed without being built.
    three_phase
        Whether the network is known phase by phase.
    extensions
        Declared additions by name.
    location
        Where it stands.
    from_file
        Whether it was built from a file or folder of the user's, of which nothing is certain.
    """

    title: str
    source: str
    build: Callable[[], Any]
    buses: int
    loads: int
    vn_kv: tuple[float, ...]
    three_phase: bool = False
    extensions: Mapping[str, Extension] = field(default_factory=dict)
    location: Location = KARLSRUHE
    from_file: bool = False

    @property
    def solvers(self) -> tuple[str, ...]:
        """Power flows that can step the feeder."""
        return solvers(self.three_phase)


DATA = Path(__file__).parent / "data"

PROTECTION: dict[str, Extension] = {"protection": additions.add_head_recloser}
RADIAL: dict[str, Extension] = {"ratings": add_line_ratings, **PROTECTION}

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
        extensions={"tap_changer": additions.add_tap_changers, **PROTECTION},
    ),
    "cigre_mv_der": Recipe(
        title="CIGRE medium-voltage benchmark with photovoltaics and wind",
        source="CIGRE Task Force C6.04.02, Technical Brochure 575, 2014; pandapower create_cigre_network_mv(pv_wind)",
        build=published.cigre_mv_der,
        buses=15,
        loads=18,
        vn_kv=(20.0, 110.0),
        extensions={"tap_changer": additions.add_tap_changers, **PROTECTION},
    ),
    "oberrhein": Recipe(
        title="MV Oberrhein, 20 kV network with two substations",
        source="pandapower mv_oberrhein, load case, photovoltaics in service",
        build=published.oberrhein,
        buses=179,
        loads=147,
        vn_kv=(20.0, 110.0),
        extensions=PROTECTION,
        location=Location(latitude=48.45, longitude=7.85, timezone="Europe/Berlin", altitude=160.0),
    ),
    "ieee4": Recipe(
        title="IEEE 4 node test feeder, grounded wye to grounded wye, step-down, unbalanced",
        source="IEEE PES test feeders; Kersting, IEEE PES Winter Meeting 2001",
        build=partial(published.three_phase, "ieee4"),
        buses=4,
        loads=3,
        vn_kv=(4.16, 12.47),
        three_phase=True,
        extensions=PROTECTION,
    ),
    "ieee13": Recipe(
        title="IEEE 13 node test feeder",
        source="IEEE PES test feeders; Kersting, IEEE PES Winter Meeting 2001",
        build=partial(published.three_phase, "ieee13"),
        buses=16,
        loads=15,
        vn_kv=(0.48, 4.16, 115.0),
        three_phase=True,
        extensions=PROTECTION,
    ),
    "ieee34": Recipe(
        title="IEEE 34 node test feeder",
        source="IEEE PES test feeders; Kersting, IEEE PES Winter Meeting 2001",
        build=partial(published.three_phase, "ieee34"),
        buses=56,
        loads=38,
        vn_kv=(4.16, 24.9, 69.0),
        three_phase=True,
        extensions=PROTECTION,
    ),
    "ieee37": Recipe(
        title="IEEE 37 node test feeder, three-wire delta",
        source="IEEE PES test feeders; Kersting, IEEE PES Winter Meeting 2001",
        build=partial(published.three_phase, "ieee37"),
        buses=39,
        loads=30,
        vn_kv=(0.48, 4.8, 230.0),
        three_phase=True,
        extensions=PROTECTION,
    ),
    "ieee123": Recipe(
        title="IEEE 123 node test feeder",
        source="IEEE PES test feeders; Kersting, IEEE PES Winter Meeting 2001",
        build=partial(published.three_phase, "ieee123"),
        buses=132,
        loads=91,
        vn_kv=(0.48, 4.16),
        three_phase=True,
        extensions={"pv": partial(additions.add_pv_sites, DATA / "ieee123" / "pv.csv"), **PROTECTION},
    ),
    "ieee_lv906": Recipe(
        title="IEEE European low-voltage test feeder",
        source="IEEE PES test feeders, European LV, at its peak minute 566",
        build=partial(published.three_phase, "ieee_lv906"),
        buses=907,
        loads=55,
        vn_kv=(0.416, 11.0),
        three_phase=True,
        extensions=PROTECTION,
    ),
    "case69": Recipe(
        title="69-bus radial distribution feeder",
        source="Baran and Wu, IEEE Trans. Power Delivery 4(1), 1989; MATPOWER case69",
        build=partial(radial_feeder, "case69", f_hz=60.0),
        buses=69,
        loads=48,
        vn_kv=(12.66,),
        extensions=RADIAL,
    ),
    "case85": Recipe(
        title="85-bus radial distribution feeder",
        source="Das, Kothari and Kalam, Int. J. Electrical Power & Energy Systems 17(5), 1995; MATPOWER case85",
        build=partial(radial_feeder, "case85", f_hz=50.0),
        buses=85,
        loads=58,
        vn_kv=(11.0,),
        extensions=RADIAL,
    ),
    "case118zh": Recipe(
        title="118-bus radial distribution feeder with 15 open ties",
        source="Zhang, Fu and Zhang, Electric Power Systems Research 77, 2007; MATPOWER case118zh",
        build=partial(radial_feeder, "case118zh", f_hz=50.0),
        buses=118,
        loads=117,
        vn_kv=(11.0,),
        extensions=RADIAL,
    ),
    "case136ma": Recipe(
        title="136-bus radial distribution feeders with 21 open ties",
        source="Mantovani, Casari and Romero, SBA Controle & Automação 11, 2000; MATPOWER case136ma",
        build=partial(radial_feeder, "case136ma", f_hz=60.0),
        buses=136,
        loads=107,
        vn_kv=(13.8,),
        extensions=RADIAL,
    ),
    "case141": Recipe(
        title="141-bus radial distribution feeder of Caracas",
        source="Khodr et al., Electric Power Systems Research 78(7), 2008; MATPOWER case141",
        build=partial(radial_feeder, "case141", f_hz=60.0),
        buses=141,
        loads=84,
        vn_kv=(12.47,),
        extensions=RADIAL,
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
    "iowa240": Recipe(
        title="Iowa State 240-bus distribution system with a year of smart-meter readings",
        source="Bu et al., NAPS 2019; public release in the folder that GRIDTWIN_IOWA240 names",
        build=published.iowa240,
        buses=436,
        loads=194,
        vn_kv=(0.208, 13.8, 69.0),
        three_phase=True,
        extensions={"yearly_peak": additions.take_peaks_as_nominal, **PROTECTION},
        location=AMES,
    ),
}
