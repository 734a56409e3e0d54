"""What is there: feeders as plain tables around a pandapower net; nothing here knows time."""

from networks.feeder import Feeder, Location
from networks.registry import FEEDERS, list_feeders, load_feeder

__all__ = ["FEEDERS", "Feeder", "Location", "list_feeders", "load_feeder"]
