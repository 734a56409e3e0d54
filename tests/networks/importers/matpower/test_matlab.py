"""The subset of MATLAB: what it computes, checked against GNU Octave 7.3, and what it refuses, with its line."""

from pathlib import Path

import numpy as np
import pytest

from networks.errors import InvalidFeederError
from networks.importers.matpower import read_case
from networks.importers.matpower.matlab.interpreter import run
from networks.importers.matpower.matlab.problem import MatlabProblem

# Expression and its value in Octave.
EXPRESSIONS = {
    "[1 -2]": [[1, -2]],
    "[1 - 2]": [[-1]],
    "[1 -2 + 3]": [[1, 1]],
    "[(1) -1]": [[1, -1]],
    "[1 (-1)]": [[1, -1]],
    "[1 ~0]": [[1, 1]],
    "[2' 3']": [[2, 3]],
    "[1, 2\n3, 4]": [[1, 2], [3, 4]],
    "[1 2 % a ' in a comment\n 3 4]": [[1, 2], [3, 4]],
    "[1 2 ... and on\n 3 4]": [[1, 2, 3, 4]],
    "[1, 2, ; 3, 4,]": [[1, 2], [3, 4]],
    "[[1 2]; [3 4]]": [[1, 2], [3, 4]],
    "-2^2": [[-4]],
    "2^-1": [[0.5]],
    "2^3^2": [[64]],
    "-[1 2].^2": [[-1, -4]],
    "!1 + 1": [[1]],
    "3 > 2 & 1 < 0": [[0]],
    "1:3 + 1": [[1, 2, 3, 4]],
    "0:0.1:0.3": [[0, 0.1, 0.2, 0.1 * 3]],
    "5:-2:0": [[5, 3, 1]],
    "1./[1 2 4]": [[1, 0.5, 0.25]],
    "2 \\ [2 4]": [[1, 2]],
    "[1 2; 3 4] * [1; 1]": [[3], [7]],
    "[1 2 3] + [10; 20]": [[11, 12, 13], [21, 22, 23]],
    "[1 2; 3 4]'": [[1, 3], [2, 4]],
    "[1 2; 3 4](:)'": [[1, 3, 2, 4]],
    "[1 2; 3 4](end, 1)": [[3]],
    "[1 2 3](end-1)": [[2]],
    "[1 2 3; 4 5 6]([1 6])": [[1, 6]],
    "[1 2 3; 4 5 6](:, [true false true])": [[1, 3], [4, 6]],
    "[1 2 3; 4 5 6](2, :)([3 1])": [[6, 4]],
    "1e3 + 1E-3 + .5 + 5. + 1d3": [[2005.501]],
    "12/sqrt(3)": [[6.9282032302755097]],
    "sin(acos(0.85))": [[0.52678268764263692]],
    "round([-2.5 2.5 0.5])": [[-3, 3, 1]],
    "mod(-1, 3)": [[2]],
    "sum([1 2; 3 4])": [[4, 6]],
    "sum([1 2; 3 4], 2)": [[3], [7]],
    "max([1 5; 7 2])": [[7, 5]],
    "max([1 5 3], 2)": [[2, 5, 3]],
    "find([0; 1; 1])": [[2], [3]],
    "size(zeros(3, 2))": [[3, 2]],
    "ismember([1 5 2], [1 2 3])": [[1, 0, 1]],
    "numel({'a', 'b'; 'c', 'd'})": [[4]],
    "numel('it''s')": [[4]],
}

# Statements and what they leave in x, in Octave.
STATEMENTS = {
    "x = [1 2; 3 4]; x(3, 3) = 9;": [[1, 2, 0], [3, 4, 0], [0, 0, 9]],
    "x = [1 2; 3 4]; x(:, 2) = [];": [[1], [3]],
    "x = [5 6 7]; x([true false true]) = [];": [[6]],
    "x = [1 2; 3 4]; x(1, :) = 7;": [[7, 7], [3, 4]],
    "x = [1 2; 3 4]; x(x > 2) = 0;": [[1, 2], [0, 0]],
    "x = [1 2; 3 4]; x([1 4]) = [8 9];": [[8, 2], [3, 9]],
    "x = [1 2; 3 4]; x(:, [2 1]) = x;": [[2, 1], [4, 3]],
    "x = []; x(3) = 5;": [[0, 0, 5]],
    "x = [1 2 3]; x(end+1) = 4;": [[1, 2, 3, 4]],
    "x = ones(2); x(:) = 3;": [[3, 3], [3, 3]],
    "a.b = []; a.b(2, 2) = 1; x = a.b;": [[0, 0], [0, 1]],
    "m.a = [1 2]; m.b.c = 3; n = m; n.a(1) = 5; x = [m.a n.a n.b.c];": [[1, 2, 5, 2, 3]],
    "x = 1; if x > 2, x = 5; elseif x == 1, x = 6; else x = 7; end": [[6]],
    "x = 3; if [], x = 1; else x = 2; end": [[2]],
    "x = 1;\n%{\nx = 2;\n%}\n": [[1]],
    "define_constants; x = [PD BASE_KV BR_STATUS PF ANGMIN MU_ANGMAX GEN_STATUS APF];": [
        [3, 10, 11, 14, 12, 21, 8, 21]
    ],
    "[F_BUS, T_BUS, BR_R, ...\n BR_X] = idx_brch; x = [F_BUS BR_X];": [[1, 4]],
}

REFUSED = {
    "x = 1;\nwhile 1\nend": (2, "'while' is not supported"),
    "for k = 1:3, x = k; end": (1, "'for' is not supported"),
    "\n\nsystem('rm -rf /');": (3, "the function 'system' is not supported"),
    "eval('x = 1');": (1, "the function 'eval' is not supported"),
    "!rm -r results": (1, "'results' is not expected here"),
    "!ls": (1, "'ls' is neither a variable set before"),
    "f = @(x) x;": (1, "function handle"),
    "x = y;": (1, "'y' is neither a variable set before nor a supported function"),
    "x.a = 1; y = x.b;": (1, "there is no field 'b'; it holds a"),
    "mpc = loadcase('case9');": (1, "the function 'loadcase' is not supported"),
    "x = 'abc": (1, "a string is never closed"),
    "x = [1 2": (1, r"a '\[' is never closed"),
    "x = 1)": (1, r"a '\)' closes nothing"),
    "x = 1;\n%{\n": (2, "a block comment is never closed"),
    "x = [1 2\n3];": (1, "row 2 of the matrix has 1 numbers, the first has 2"),
    "x = [1 2; 1+1];": (1, "this cannot be computed"),
    "x = 1 2;": (1, "'2' is not expected here"),
    "x = 3i;": (1, "'3i' is no real number"),
    "x = [1 2] * [3 4];": (1, "1 x 2 times 1 x 2 does not fit"),
    "x = [1 2; 3 4] / [1 2; 3 4];": (1, r"dividing by matrices \(2 x 2 and 2 x 2\) is not supported"),
    "x = [1 2]; y = x(3);": (1, "index 3 is beyond the end, 2"),
    "x = [1 2]; y = x(0);": (1, "an index is no positive integer"),
    "x = [1 2]; x(1, 2, 3) = 1;": (1, "3 indices are not supported"),
    "x = 'a' + 1;": (1, "numbers are expected here, not a text"),
    "x = 1:1e12;": (1, "more than 20,000,000 numbers"),
    "x = zeros(1e9);": (1, "more than 20,000,000 numbers"),
    "x = 1; x(1e7, 1e7) = 1;": (1, "more than 20,000,000 numbers"),
    "x = 1:Inf;": (1, "a range has no end"),
    "x = 1;" + "x = [x x];" * 40: (1, "more than 20,000,000 numbers"),
    "x = ones(4e3);" + "x = x + x;" * 40: (1, "more than 400,000,000 numbers are computed"),
    "x = " + "(" * 1000 + "1" + ")" * 1000 + ";": (1, "brackets are nested more than 64 deep"),
    "x = " + "1 + " * 5000 + "1;": (1, "nested too deeply"),
    "x = " + "-" * 5000 + "1;": (1, "nested too deeply"),
    "function a = f\na = 1;\nfunction b = g\nb = 1;": (3, "a second function is not supported"),
    "x = max(1, 2, 3);": (1, "max: 3 arguments are given; expected 1 to 2"),
    "x = \x01;": (1, r"the character '\\x01' is not supported"),
    "x = ²;": (1, "the character '²' is not supported"),
}


@pytest.mark.parametrize(("expression", "value"), EXPRESSIONS.items())
def test_an_expression_has_octaves_value(expression: str, value: list) -> None:
    found = run(f"x = {expression};")[1]["x"]
    assert found.shape == np.shape(value)
    np.testing.assert_allclose(found.astype(float), value, rtol=1e-15)


@pytest.mark.parametrize(("statements", "value"), STATEMENTS.items())
def test_statements_leave_what_they_leave_in_octave(statements: str, value: list) -> None:
    found = run(statements)[1]["x"]
    assert found.shape == np.shape(value)
    np.testing.assert_array_equal(found, value)


@pytest.mark.parametrize(("text", "line", "what"), [(text, *why) for text, why in REFUSED.items()])
def test_anything_else_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(MatlabProblem, match=what) as refused:
        run(text)
    assert refused.value.line == line


def test_a_refusal_names_file_line_and_construct(tmp_path: Path) -> None:
    path = tmp_path / "looping.m"
    path.write_text("function mpc = looping\nmpc.version = '2';\nwhile 1\nend\n")
    with pytest.raises(InvalidFeederError, match=r"looping\.m, line 3: 'while' is not supported\.$"):
        read_case(path)


def test_a_plain_table_is_the_same_as_one_of_expressions() -> None:
    plain = run("x = [1 2.5 -3e-2; 4, 5, Inf];")[1]["x"]
    computed = run("x = [1 2.5 -3e-2; 4, 5, 1/0];")[1]["x"]
    np.testing.assert_array_equal(plain, computed)
