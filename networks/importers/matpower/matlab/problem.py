"""What a MATLAB file is refused for, before it is known which file it was."""


class MatlabProblem(Exception):
    """A construct that is wrong or not supported.

    Parameters
    ----------
    what
        A clause without a full stop.
    line
        Where, counted from one; None where whoever catches it knows better.
    """

    def __init__(self, what: str, line: int | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.line = line
