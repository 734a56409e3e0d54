"""The grammar of MATLAB case files, and the tree of one.

Precedence from loose to tight as in MATLAB's documentation, "Operator Precedence": ``||``, ``&&``, ``|``, ``&``,
comparison, ``:``, addition, multiplication, sign and not, power and transpose.
"""

from __future__ import annotations

from functools import cache

from lark import Lark, Tree
from lark.exceptions import UnexpectedInput, UnexpectedToken

from networks.importers.matpower.matlab.lexer import MatlabLexer
from networks.importers.matpower.matlab.problem import MatlabProblem

GRAMMAR = """
file: header? statement* (_END _SEP)?

header: _FUNCTION (outputs _ASSIGN)? NAME (_LPAR _RPAR)? _SEP
outputs: NAME | _LSQB NAME (_COMMA NAME)* _RSQB

?statement: expression _SEP                                                    -> call
    | expression _ASSIGN expression _SEP                                       -> assign
    | _OUTPUTS expression (_COMMA expression)* _RSQB _ASSIGN expression _SEP   -> assign_many
    | _IF branch (_ELSEIF branch)* (_ELSE block)? _END _SEP                    -> choose
branch: expression _SEP statement*
block: statement*

?expression: both | expression _OR_ELSE both                                   -> or_else
?both: any_of | both _AND_ALSO any_of                                          -> and_also
?any_of: all_of | any_of OR all_of                                             -> binary
?all_of: comparison | all_of AND comparison                                    -> binary
?comparison: range | comparison _compare range                                 -> binary
!_compare: EQUAL | UNEQUAL | LESS | AT_MOST | MORE | AT_LEAST
?range: sum | sum _COLON sum                                                   -> range
    | sum _COLON sum _COLON sum                                                -> range
?sum: product | sum (PLUS | MINUS) product                                     -> binary
?product: signed | product (TIMES | TIMES_EACH | OVER | OVER_EACH | UNDER | UNDER_EACH) signed -> binary
?signed: power | (PLUS | MINUS | NOT) signed                                   -> unary
?power: operand | power (POWER | POWER_EACH) exponent                          -> binary
    | power _TRANSPOSE                                                         -> transpose
?exponent: operand | (PLUS | MINUS | NOT) exponent                             -> unary

?operand: NAME                                                                 -> name
    | NUMBER                                                                   -> number
    | STRING                                                                   -> text
    | NUMBERS                                                                  -> numbers
    | TEXTS                                                                    -> texts
    | END_INDEX                                                                -> last
    | _LPAR expression _RPAR                                                   -> group
    | _LSQB rows _RSQB                                                         -> matrix
    | _LBRACE rows _RBRACE                                                     -> cell
    | operand _LPAR arguments _RPAR                                            -> index
    | operand _LBRACE arguments _RBRACE                                        -> cell_index
    | operand _DOT NAME                                                        -> field
arguments: (argument (_COMMA argument)*)?
?argument: expression | _COLON                                                 -> everything
rows: row? (_ROW row?)*
row: expression (_COMMA expression)* _COMMA?

%declare _FUNCTION _IF _ELSEIF _ELSE _END _SEP _OUTPUTS _ASSIGN
%declare _OR_ELSE _AND_ALSO OR AND NOT EQUAL UNEQUAL LESS AT_MOST MORE AT_LEAST
%declare PLUS MINUS TIMES TIMES_EACH OVER OVER_EACH UNDER UNDER_EACH POWER POWER_EACH _TRANSPOSE
%declare NAME NUMBER STRING NUMBERS TEXTS END_INDEX
%declare _COLON _LPAR _RPAR _LSQB _RSQB _LBRACE _RBRACE _DOT _COMMA _ROW
"""
LONGEST_QUOTE = 30


def parse(text: str) -> Tree:
    """The syntax tree of a case file.

    Raises
    ------
    MatlabProblem
        Anything that the grammar above does not know.
    """
    try:
        return _parser().parse(text)
    except UnexpectedToken as error:
        token = error.token
        if token.type == "_FUNCTION":
            raise MatlabProblem("a second function is not supported", token.line) from None
        quote = {"_SEP": "the end of the statement", "$END": "the end of the file"}.get(token.type)
        quote = quote or repr(str(token)[:LONGEST_QUOTE])
        raise MatlabProblem(f"{quote} is not expected here", token.line) from None
    except UnexpectedInput as error:
        raise MatlabProblem("this is no statement of a case file", error.line) from None


@cache
def _parser() -> Lark:
    return Lark(GRAMMAR, start="file", parser="lalr", lexer=MatlabLexer)
