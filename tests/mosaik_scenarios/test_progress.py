"""Progress is readable without a terminal: a few plain lines, no control characters."""

from mosaik_scenarios.progress import PlainProgress, progress_shown


def test_a_stage_is_told_when_it_begins_and_at_its_quarters() -> None:
    lines: list[str] = []
    progress = PlainProgress(lines.append)
    for share in (0.0, 0.01, 0.26, 0.27, 0.9, 1.0):
        progress("training", share)
    progress("simulating", 0.0)
    assert lines == ["training ...", "training: 25 %", "training: 75 %", "simulating ..."]


def test_without_a_terminal_there_is_no_control_character(capsys) -> None:  # type: ignore[no-untyped-def]
    with progress_shown() as progress:
        assert progress is not None
        progress("simulating", 0.5)
    assert capsys.readouterr().err == "simulating ...\nsimulating: 50 %\n"


def test_quiet_is_quiet() -> None:
    with progress_shown(quiet=True) as progress:
        assert progress is None
