"""Reads an OpenDSS script without running it: which statements describe the feeder, in order, and where they stand."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from networks.errors import InvalidFeederError
from networks.importers.opendss import vocabulary

MOST_FILES = 200
MOST_STATEMENTS = 500_000
MOST_BYTES = 50_000_000
MOST_CONDUCTORS = 1000  # phases, taps, ...: the engine reserves memory for whatever number it reads

CLOSING = {'"': '"', "'": "'", "(": ")", "[": "]", "{": "}"}
TOKEN = re.compile(r"""\s*,?\s*("[^"]*"?|'[^']*'?|\([^)]*\)?|\[[^\]]*\]?|\{[^}]*\}?|[^\s,=]+)(\s*=)?""")
COUNT = re.compile(r"\b(?:n?phases|nconds|windings|npts|numsteps|numtaps)\s*=\s*([\d.]+(?:e\+?\d+)?)", re.IGNORECASE)
READS_A_FILE = re.compile(r"\b(sng|dbl|csv)?file\s*=", re.IGNORECASE)


@dataclass(frozen=True)
class Statement:
    """One statement for the engine, and where it stands (`file:line`)."""

    text: str
    place: str


@dataclass
class Script:
    """What a script says of the feeder.

    Attributes
    ----------
    statements
        The statements that describe it, with every name spelled out.
    coordinates
        The place of each bus in a drawing.
    notes
        What was left out.
    """

    statements: list[Statement] = field(default_factory=list)
    coordinates: dict[str, tuple[float, float]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_script(path: Path) -> Script:
    """The feeder's description in a master file and the files it redirects to.

    Raises
    ------
    InvalidFeederError
        If a file is missing, no text, or outside the master's surroundings, or a statement is refused.
    """
    return _Reader(path).read()


def refuse(place: str, why: str) -> InvalidFeederError:
    """The error that a statement at `place` ends in."""
    return InvalidFeederError(f"{place}: {why}")


class _Reader:
    def __init__(self, master: Path) -> None:
        self.master = master.resolve()
        folder = self.master.parent
        # Files beside the master's folder are customary (../IEEELineCodes.DSS); a whole disk is not.
        self.root = folder.parent if folder.parent != folder.parent.parent else folder
        self.folder = folder
        self.files_read = 0
        self.script = Script()
        self.skipped: Counter[str] = Counter()
        self.curves = set(vocabulary.CURVES_OF_THE_ENGINE)
        self.more_is_wanted = False

    def read(self) -> Script:
        self._include(self.master, self.master.name, depth=0)
        if self.skipped:
            what = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in self.skipped.items())
            self.script.notes.append(f"not part of a feeder's description, left out: {what}.")
        return self.script

    def _include(self, path: Path, place: str, depth: int) -> None:
        self.files_read += 1
        if depth > 20 or self.files_read > MOST_FILES:
            raise refuse(place, f"more than {MOST_FILES} files, or files that include each other.")
        in_comment = False
        for number, line in enumerate(read_text(path, place).splitlines(), start=1):
            text = line.strip()
            if in_comment or text.startswith("/*"):
                in_comment = "*/" not in text
                continue
            text = without_comment(text).strip()
            if text:
                self._take(text, f"{path.name}:{number}", depth)

    def _take(self, text: str, place: str, depth: int) -> None:
        if text[0] == "~":
            return self._describe("more", text[1:], place)
        first, has_value, rest = next_token(text)
        if has_value:
            return self._edit_property(first, rest, place)
        command = command_named(first, place)
        if command in vocabulary.INCLUDING:
            self._follow(command, rest, place, depth)
        elif command in vocabulary.COORDINATES:
            self._read_coordinates(rest, place)
        elif command == "clear":
            # What was drawn stays: a second circuit in one script is the same feeder, solved in another way.
            self.script = Script(coordinates=self.script.coordinates)
            self.skipped.clear()
            self.curves = set(vocabulary.CURVES_OF_THE_ENGINE)
        elif command == "set":
            self._set(rest, place)
        elif command in vocabulary.SKIPPED:
            self.skipped[command.capitalize()] += 1
        elif command in vocabulary.DESCRIBING:
            self._describe(command, rest, place)
        else:
            raise refuse(place, f"the statement {first} is not supported; write out what it does.")
        return None

    def _describe(self, command: str, rest: str, place: str) -> None:
        if READS_A_FILE.search(rest) and not (command == "more" and not self.more_is_wanted):
            kind = element_of(rest, place)[0] if command == "new" else ""
            if kind not in vocabulary.CURVES:
                raise refuse(place, "values from a file are not supported; write them out.")
        if command in ("new", "edit"):
            kind, name, rest = element_of(rest, place)
            self.more_is_wanted = self._wants(kind, f"{kind}.{name}", place)
            if kind in vocabulary.CURVES:
                self._define_curve(f"{kind}.{name}".lower(), place)
            if self.more_is_wanted:
                self._say(f'{command} "{kind}.{name}" {rest}', place)
        elif command == "more":
            if self.more_is_wanted:
                self._say(f"more {rest}", place)
        elif command in ("setkvbase", "calcvoltagebases"):
            self._say(f"{command} {rest}", place)
        else:
            kind, name, rest = element_of(rest, place)
            if self._wants(kind, f"{kind}.{name}", place):
                self._say(f'{command} "{kind}.{name}" {rest}', place)

    def _define_curve(self, element: str, place: str) -> None:
        """Loads may name the curve, so it exists; the engine brings some of its own."""
        if element not in self.curves:
            self.curves.add(element)
            self._say(f'new "{element}"', place)

    def _edit_property(self, path: str, rest: str, place: str) -> None:
        """``Transformer.reg1.Taps=[1 1.05] ...``, or a property of the element that was last spoken of."""
        parts = unquoted(path).split(".")
        if len(parts) < 3:
            raise refuse(place, f"expected a statement or Class.name.property=value, found {path!r}.")
        kind, name, prop = parts[0], ".".join(parts[1:-1]), parts[-1]
        self._describe("edit", f'"{kind}.{name}" {prop}={rest}', place)

    def _wants(self, kind: str, element: str, place: str) -> bool:
        """Whether the tables need an element of this class; notes or refuses it otherwise."""
        if kind in vocabulary.ELEMENTS or kind in vocabulary.PARTS:
            return True
        if kind in vocabulary.CURVES or kind in vocabulary.INSTRUMENTS:
            self.skipped[kind] += 1
            return False
        if kind in vocabulary.CONTROLS:
            self.script.notes.append(f"{place}: {element} left out; what it controls stays as the file states it.")
            return False
        way_on = vocabulary.REFUSED_CLASSES.get(kind, "leave it out")
        raise refuse(place, f"{element} is not supported; {way_on}.")

    def _set(self, rest: str, place: str) -> None:
        for name, value in assignments(rest, place):
            option = name.lower()
            if option in vocabulary.REFUSED_OPTIONS:
                raise refuse(place, f"Set {name} is not supported; {vocabulary.REFUSED_OPTIONS[option]}.")
            if option in vocabulary.OPTIONS:
                self._say(f"set {option}={value}", place)
            else:
                self.skipped[f"Set {name}"] += 1

    def _say(self, text: str, place: str) -> None:
        if len(self.script.statements) >= MOST_STATEMENTS:
            raise refuse(place, f"more than {MOST_STATEMENTS} statements.")
        for count in COUNT.finditer(text):
            if float(count[1]) > MOST_CONDUCTORS:
                raise refuse(place, f"found {count[0]}; expected at most {MOST_CONDUCTORS}.")
        self.script.statements.append(Statement(text, place))

    def _follow(self, command: str, rest: str, place: str, depth: int) -> None:
        path = self._file(rest, place)
        before = self.folder
        self.folder = path.parent
        self._include(path, place, depth + 1)
        if command == "redirect":  # Compile stays in the folder of what it compiled
            self.folder = before

    def _read_coordinates(self, rest: str, place: str) -> None:
        path = self._file(rest, place)
        for number, line in enumerate(read_text(path, place).splitlines(), start=1):
            words = without_comment(line).replace(",", " ").split()
            if not words:
                continue
            try:
                self.script.coordinates[unquoted(words[0]).lower()] = (float(words[1]), float(words[2]))
            except (IndexError, ValueError):
                self.script.notes.append(f"{path.name}:{number}: no bus with two coordinates, left out.")

    def _file(self, rest: str, place: str) -> Path:
        """The file a statement names, if it is one of the feeder's."""
        named = unquoted(next_token(rest)[0]) if rest.strip() else ""
        if named.lower() in ("file", "filename") and "=" in rest:
            named = unquoted(rest.split("=", 1)[1].strip())
        if not named:
            raise refuse(place, "expected a file name, found none.")
        relative = Path(named.replace("\\", "/"))
        path = with_letters_as_on_disk(self.folder / relative).resolve()
        if not path.is_relative_to(self.root):
            raise refuse(place, f"{named} is outside {self.root}; keep a feeder's files in one folder.")
        if not path.is_file():
            raise refuse(place, f"expected the file {named}, found none in {self.folder}.")
        return path


def read_text(path: Path, place: str) -> str:
    """A file's text, in UTF-8 or, as older files are, Latin-1."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise refuse(place, f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB.")
        content = path.read_bytes()
    except OSError as error:
        raise refuse(place, f"cannot read {path} ({error.strerror}).") from None
    if b"\0" in content:
        raise refuse(place, f"{path.name} is no text file; give the master .dss file of a feeder.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def with_letters_as_on_disk(path: Path) -> Path:
    """The file of this name whose letters differ only in case, as scripts from Windows take for granted."""
    if path.exists() or not path.parent.is_dir():
        return path
    alike = [other for other in path.parent.iterdir() if other.name.lower() == path.name.lower()]
    return alike[0] if alike else path


def without_comment(line: str) -> str:
    """The line up to ``!`` or ``//``, unless they stand inside quotes."""
    closing, at_start = "", True
    for position, character in enumerate(line):
        if closing:
            if character == closing:
                closing = ""
        elif character == "!" or line.startswith("//", position):
            return line[:position]
        elif at_start and character in CLOSING:
            closing = CLOSING[character]
        at_start = character in " \t,="
    return line


def next_token(text: str) -> tuple[str, bool, str]:
    """The first word, whether ``=`` follows it, and the rest."""
    match = TOKEN.match(text)
    if match is None:
        return text, False, ""
    return match[1], match[2] is not None, text[match.end() :]


def unquoted(token: str) -> str:
    """The token without the quotes or brackets around it."""
    if token and token[0] in CLOSING:
        return token[1:].removesuffix(CLOSING[token[0]]).strip()
    return token


def element_of(rest: str, place: str) -> tuple[str, str, str]:
    """Class, name and the remaining text of a statement on an element."""
    token, has_value, remaining = next_token(rest)
    if has_value:
        if token.lower() != "object":
            raise refuse(place, f"expected an element (Class.name), found {token!r}.")
        token, _, remaining = next_token(remaining)
    kind, dot, name = unquoted(token).partition(".")
    if not dot or not name or not re.fullmatch(r"[\w\s#$%&*+\-.:/<>?@\\^|~;]+", name):
        raise refuse(place, f"expected an element (Class.name), found {token!r}.")
    return kind.lower(), name, remaining


def assignments(text: str, place: str) -> list[tuple[str, str]]:
    """The ``name=value`` pairs of a line."""
    pairs = []
    while text.strip():
        name, has_value, text = next_token(text)
        if has_value:
            value, _, text = next_token(text)
            pairs.append((name, value))
        else:
            pairs.append((name, ""))
    return pairs


def command_named(word: str, place: str) -> str:
    """The statement a word stands for; OpenDSS lets one shorten them."""
    word = unquoted(word).lower()
    if word in vocabulary.COMMANDS:
        return word
    if word in vocabulary.CUSTOMARY:
        return vocabulary.CUSTOMARY[word]
    candidates = sorted(command for command in vocabulary.COMMANDS if command.startswith(word))
    if len(candidates) != 1 or len(word) < 2:
        raise refuse(place, f"expected a statement of an OpenDSS script, found {word[:60]!r}.")
    return candidates[0]
