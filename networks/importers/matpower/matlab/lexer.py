"""Tokens of a MATLAB case file.

MATLAB's whitespace has meaning within brackets, and its apostrophe is a transpose or a string by what stands before it,
so that the tokens are made by hand. Tables of plain numbers and lists of plain strings, which are nearly all of a case,
become one token each: a file of a million numbers is read in a second.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lark import Token
from lark.lexer import Lexer

from networks.importers.matpower.matlab.problem import MatlabProblem

DEEPEST_BRACKETS = 64
MOST_TOKENS = 200_000  # plain tables are one each; 20 microseconds for one of them in the parser
# Quantifiers are possessive: no text, however odd, makes the search go back.
FILLING = r"[\s,;]++|[%#][^\n]*+|\.\.\.[^\n]*+"
PLAIN_NUMBER = r"[+-]?(?:(?:[0-9]++\.?+[0-9]*+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+|[Ii]nf|NaN|nan)(?=[\s,;\]%])"
NUMBERS = re.compile(rf"\[(?:{FILLING}|{PLAIN_NUMBER})*+\]")
TEXTS = re.compile(rf"\{{(?:{FILLING}|'[^'\n]*+'(?=[\s,;}}%]))*+\}}")
SKIPPED_IN_TABLES = re.compile(r"[%#][^\n]*+|\.\.\.[^\n]*+\n?")

BLANKS = re.compile(r"(?:[ \t\r\f\v]|\.\.\.[^\n]*+(?:\n|\Z))++")
COMMENT = re.compile(r"[%#][^\n]*+")
BLOCK_COMMENT = re.compile(r"[%#]\{[ \t\r]*+\n")
BLOCK_COMMENT_LINE = re.compile(r"^[ \t]*+[%#]([{}])[ \t\r]*+$", re.MULTILINE)
NUMBER = re.compile(r"(?:\d++(?:\.(?![*/\\^'])\d*+)?+|\.\d++)(?:[eEdD][+-]?\d++)?+", re.ASCII)
NAME = re.compile(r"[A-Za-z]\w*+", re.ASCII)
STRING = re.compile(r"'((?:[^'\n]|'')*+)'|\"((?:[^\"\n\\]|\"\"|\\.)*+)\"")
OUTPUTS = re.compile(r"\[[^\[\]=]*+\]\s*+=(?!=)")
OPERATOR = re.compile(r"\.[*/\\^]|\.'|==|[~!]=|<=|>=|&&|\|\||[-+*/\\^<>&|~!=:,;()\[\]{}.]")

OPERATORS = {
    "+": "PLUS", "-": "MINUS", "*": "TIMES", ".*": "TIMES_EACH", "/": "OVER", "./": "OVER_EACH", "\\": "UNDER",
    ".\\": "UNDER_EACH", "^": "POWER", ".^": "POWER_EACH", ".'": "_TRANSPOSE", "&": "AND", "|": "OR", "~": "NOT",
    "!": "NOT", "&&": "_AND_ALSO", "||": "_OR_ELSE", "==": "EQUAL", "~=": "UNEQUAL", "!=": "UNEQUAL", "<": "LESS",
    "<=": "AT_MOST", ">": "MORE", ">=": "AT_LEAST", "=": "_ASSIGN", ":": "_COLON", ",": "_COMMA", "(": "_LPAR",
    ")": "_RPAR", "[": "_LSQB", "]": "_RSQB", "{": "_LBRACE", "}": "_RBRACE", ".": "_DOT",
}  # fmt: skip
CLOSING = {"(": ")", "[": "]", "{": "}"}
KEYWORDS = {"if": "_IF", "elseif": "_ELSEIF", "else": "_ELSE", "function": "_FUNCTION"}
ENDS = frozenset({"end", "endif", "endfunction"})
UNSUPPORTED_KEYWORDS = frozenset(
    (
        *("for", "while", "do", "until", "parfor", "spmd", "switch", "case", "otherwise", "try", "catch"),
        *("return", "break", "continue", "global", "persistent", "classdef", "unwind_protect"),
    )
)
ENDS_OPERAND = frozenset(
    {"NUMBER", "NAME", "STRING", "NUMBERS", "TEXTS", "_RPAR", "_RSQB", "_RBRACE", "_TRANSPOSE", "END_INDEX"}
)
BEGINS_OPERAND = re.compile(r"[\w.'\"(\[{@]|[~!](?!=)|[-+](?![\s=])")


class MatlabLexer(Lexer):
    """Hands Lark's parser the tokens of a text."""

    def __init__(self, lexer_conf: Any) -> None:
        del lexer_conf  # the terminals have no patterns of their own

    def lex(self, data: Any) -> Iterator[Token]:  # type: ignore[override]  # the form for a text alone
        """The tokens of `data`; statements end with _SEP, rows of a matrix with _ROW, and both come singly."""
        return _Scan(str(data)).tokens()


class _Scan:
    """One pass over a text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1
        self._brackets: list[str] = []
        self._last = "_SEP"  # kind of the token before
        self._tokens = 0

    def tokens(self) -> Iterator[Token]:
        while self._position < len(self._text):
            spaced = self._skip_blanks()
            if self._position >= len(self._text):
                break
            if spaced and self._separates_elements():
                yield self._token("_COMMA", "")
            token = self._next()
            if token is not None:
                yield token
        if self._brackets:
            raise MatlabProblem(f"a {self._brackets[-1]!r} is never closed", self._line)
        if self._last != "_SEP":
            yield self._token("_SEP", "")

    def _skip_blanks(self) -> bool:
        """Step over blanks, continuations and comments; whether there were any."""
        start = self._position
        while True:
            here = self._position
            for pattern in (BLANKS, COMMENT):
                found = pattern.match(self._text, self._position)
                if found and pattern is COMMENT and self._is_block_comment():
                    self._skip_block_comment()
                elif found:
                    self._advance(found.end())
            if self._position == here:
                return here > start

    def _is_block_comment(self) -> bool:
        line_start = self._text.rfind("\n", 0, self._position) + 1
        alone = not self._text[line_start : self._position].strip()
        return alone and BLOCK_COMMENT.match(self._text, self._position) is not None

    def _skip_block_comment(self) -> None:
        opened, depth = self._line, 0
        for found in BLOCK_COMMENT_LINE.finditer(self._text, self._text.rfind("\n", 0, self._position) + 1):
            depth += 1 if found[1] == "{" else -1
            if depth == 0:
                return self._advance(found.end())
        raise MatlabProblem("a block comment is never closed", opened)

    def _in_matrix(self) -> bool:
        return bool(self._brackets) and self._brackets[-1] != "("

    def _separates_elements(self) -> bool:
        """Whether the blanks just skipped stand between two elements of a matrix."""
        begins = BEGINS_OPERAND.match(self._text, self._position)
        return self._in_matrix() and self._last in ENDS_OPERAND and begins is not None

    def _next(self) -> Token | None:
        text, position = self._text, self._position
        character = text[position]
        if character in "\n;":
            return self._separator(character)
        if character == "'" and self._last in ENDS_OPERAND:
            return self._take("_TRANSPOSE", "'", position + 1)
        if character in "'\"":
            return self._string()
        if character == "[" and self._last == "_SEP" and OUTPUTS.match(text, position):
            self._open("[")
            return self._take("_OUTPUTS", "[", position + 1)
        if character in "[{":
            pattern, kind = (NUMBERS, "NUMBERS") if character == "[" else (TEXTS, "TEXTS")
            table = pattern.match(text, position)
            if table:
                return self._take(kind, table[0][1:-1], table.end())
        number = NUMBER.match(text, position)
        if number:
            return self._number(number[0])
        name = NAME.match(text, position)
        return self._word(name[0]) if name else self._operator()

    def _separator(self, character: str) -> Token | None:
        """The end of a statement or of a matrix row; None where there is nothing to end."""
        if self._brackets and not self._in_matrix() and character == ";":
            raise MatlabProblem("a ';' stands within parentheses", self._line)
        kind = "_ROW" if self._in_matrix() else "_SEP"
        nothing = bool(self._brackets) and not self._in_matrix()
        if nothing or self._last in (kind, "_ELSE"):
            self._advance(self._position + 1)
            return None
        return self._take(kind, character, self._position + 1)

    def _string(self) -> Token:
        found = STRING.match(self._text, self._position)
        if not found:
            raise MatlabProblem("a string is never closed", self._line)
        value = found[1].replace("''", "'") if found[1] is not None else found[2].replace('""', '"')
        return self._take("STRING", value, found.end())

    def _number(self, number: str) -> Token:
        end = self._position + len(number)
        if NAME.match(self._text, end):
            raise MatlabProblem(f"{number + self._text[end]!r} is no real number", self._line)
        return self._take("NUMBER", number, end)

    def _word(self, word: str) -> Token:
        end = self._position + len(word)
        if self._last == "_DOT":
            return self._take("NAME", word, end)
        if word in UNSUPPORTED_KEYWORDS:
            raise MatlabProblem(f"{word!r} is not supported", self._line)
        if word in ENDS:
            return self._take("END_INDEX" if self._brackets else "_END", word, end)
        return self._take(KEYWORDS.get(word, "NAME"), word, end)

    def _operator(self) -> Token:
        found = OPERATOR.match(self._text, self._position)
        if not found:
            character = self._text[self._position]
            what = "a function handle (@)" if character == "@" else f"the character {character!r}"
            raise MatlabProblem(f"{what} is not supported", self._line)
        operator = found[0]
        if operator in CLOSING:
            self._open(operator)
        elif operator in CLOSING.values():
            self._close(operator)
        kind = "_SEP" if operator == "," and not self._brackets else OPERATORS[operator]
        return self._take(kind, operator, found.end())

    def _open(self, bracket: str) -> None:
        if len(self._brackets) >= DEEPEST_BRACKETS:
            raise MatlabProblem(f"brackets are nested more than {DEEPEST_BRACKETS} deep", self._line)
        self._brackets.append(bracket)

    def _close(self, bracket: str) -> None:
        if not self._brackets or CLOSING[self._brackets.pop()] != bracket:
            raise MatlabProblem(f"a {bracket!r} closes nothing", self._line)

    def _take(self, kind: str, value: str, end: int) -> Token:
        token = self._token(kind, value)
        self._advance(end)
        return token

    def _token(self, kind: str, value: str) -> Token:
        self._last = kind
        self._tokens += 1
        if self._tokens > MOST_TOKENS:
            raise MatlabProblem(
                f"there are more than {MOST_TOKENS:,} words and numbers outside plain tables", self._line
            )
        return Token(kind, value, line=self._line)

    def _advance(self, end: int) -> None:
        self._line += self._text.count("\n", self._position, end)
        self._position = end
