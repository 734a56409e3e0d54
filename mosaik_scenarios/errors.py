"""What a scenario, a run or a run folder is refused for, as types one can catch."""


class GridTwinError(ValueError):
    """Base of every refusal of the `mosaik_scenarios` package."""


class ScenarioError(GridTwinError):
    """A scenario that cannot be simulated.

    Attributes
    ----------
    problems
        ``(field, problem)`` pairs, e.g. ``("telemetry.loss_probability", "expected at most 1, got 2")``; an empty field
        means the scenario as a whole.
    """

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{field}: {problem}" if field else problem for field, problem in problems))


class RunFolderExistsError(GridTwinError):
    """The folder a run should be written to holds something already."""


class RunNotFoundError(GridTwinError):
    """A folder that holds no run."""


class SimulationFailedError(GridTwinError):
    """The simulation ended before its last step."""


class ComparisonError(GridTwinError):
    """Results that cannot be compared: of an unknown kind, of another size, in other units, or of another network."""


class EstimationError(GridTwinError):
    """An estimate that cannot be left where it should."""


class MissingLibraryError(GridTwinError):
    """A library that only some users need, and that is not installed."""
