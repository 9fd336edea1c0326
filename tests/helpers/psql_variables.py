r"""Statements with variables of psql, and what psql sends in their place."""

from __future__ import annotations

VALUES = {
    "a": "x",
    "quoting": 'it\'s "so"',
    "backslash": "\\n",
    "empty": "",
    "n": "1",
    "é": "ü",
    "two": "1; SELECT 2",
    "comment": "/* :a */ 5",
    "quoted": "':a'",
    "tail": "x :",
}

# Each is a whole statement, without its semicolon.
SENT = {
    "SELECT :a, :'a', :\"a\"": "SELECT x, 'x', \"x\"",
    "SELECT a:a:a": "SELECT axx",
    "SELECT :'quoting', :\"quoting\"": 'SELECT \'it\'\'s "so"\', "it\'s ""so"""',
    "SELECT :'backslash', :\"backslash\"": "SELECT  E'\\\\n', \"\\n\"",
    "SELECT 1:empty, :'empty', 1": "SELECT 1, '', 1",
    "SELECT :é": "SELECT ü",
    "SELECT :none, :'none', :\"none\"": "SELECT :none, :'none', :\"none\"",
    "SELECT :{?a}, :{?none}, :{?a, :{a}": "SELECT TRUE, FALSE, :{?a, :{a}",
    "SELECT 1::a, 1:::a, f(a:=a)": "SELECT 1::a, 1::x, f(a:=a)",
    "SELECT b[1:2], b[1:n], b[:n]": "SELECT b[1:2], b[11], b[1]",
    "SELECT ':a', E'\\':a', U&':a', \":a\"": "SELECT ':a', E'\\':a', U&':a', \":a\"",
    "SELECT $$:a$$, $t$:a $$ :a$t$, $1:a": "SELECT $$:a$$, $t$:a $$ :a$t$, $1x",
    "SELECT /* :a */ :a": "SELECT /* :a */ x",
    "SELECT 'a'':a' ':a b', :'a b'": "SELECT 'a'':a' ':a b', :'a b'",
    "SELECT :a -- :a\n, :a": "SELECT x -- :a\n, x",
    "SELECT :two": "SELECT 1; SELECT 2",
    "SELECT :comment": "SELECT /* :a */ 5",
    "SELECT :quoted, :a": "SELECT ':a', x",
    "SELECT :tail'a', :taila": "SELECT x :'a', :taila",
    "SELECT (1 :a;:a), :a": "SELECT (1 x;x), x",
}
