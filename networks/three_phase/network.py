"""What three-phase tables become: a balanced net, its regulators, and what was approximated on the way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from networks.feeder import Network

if TYPE_CHECKING:
    from networks.three_phase.tables import ThreePhaseTables


def network_of(tables: ThreePhaseTables, notes: Iterable[str] = ()) -> Network:
    """The network that these tables describe.

    Parameters
    ----------
    tables
        The feeder phase by phase.
    notes
        What was left out when the tables were read from somewhere else.
    """
    from networks.three_phase.balanced import balanced_net
    from networks.three_phase.regulation import regulators_of

    net, approximations = balanced_net(tables)
    return Network(
        net,
        three_phase=tables,
        regulators=regulators_of(tables, net),
        approximations=(*notes, *approximations),
    )
