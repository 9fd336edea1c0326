"""Hypothesis strategies: SQL that the server accepts, with its boundaries known."""

from __future__ import annotations

from hypothesis import strategies as st

# What may stand in a literal, a comment or a quote without ending it.
INSIDE = st.lists(
    st.sampled_from(
        [*(";", " ", "\n", "é", "a", "1", "(", ")", "--", "BEGIN", "END", "$")]
    ),
    max_size=6,
).map("".join)
TAGS = st.sampled_from(["", "a", "do_", "é", "_1"])


def quoted(opening: str, closing: str, *extra: str) -> st.SearchStrategy[str]:
    """Return texts between two quotes, some with what is escaped inside."""
    return st.builds(
        lambda inside, more: f"{opening}{inside}{more}{closing}",
        INSIDE,
        st.sampled_from(["", *extra]),
    )


def _dollar(tag: str, inside: str) -> str:
    return f"${tag}$ {inside.replace('$', '')} ' \" /* $x$ ${tag}$"


COMMENTS = st.one_of(
    INSIDE.map(lambda text: "-- '\"$$ /* " + text.replace("\n", "") + "\n"),
    INSIDE.map(lambda text: f"/* ' {text} /* nested; \" */ $$ ; */"),
)
LITERALS = st.one_of(
    quoted("'", "'", "''", "\\"),
    quoted("E'", "'", "\\'", "''", "\\\\", "\\n"),
    quoted("e'", "'", "\\';", "'\n'\\'"),
    quoted("U&'", "'", "\\0041", "''"),
    quoted("N'", "'", "''"),
    st.builds(_dollar, TAGS, INSIDE),
    st.sampled_from(
        ["B'01'", "x'f'", "1.5e3", "1", "NULL", "(SELECT ';')", "'a'\n';'"]
    ),
)
NAMES = st.one_of(
    quoted('"', '"', '""', "\\"),
    quoted('U&"', '"', "\\0041", '""'),
    st.sampled_from(["a", "b$1", "é", "atomic", "a$$"]),
).filter(lambda name: name not in {'""', 'U&""'} and len(name) < 40)
BLANKS = st.one_of(
    st.sampled_from([" ", "\n", "\t", "  "]), COMMENTS.map(" {} ".format)
)

SELECTS = st.builds(
    lambda one, blank, two, name: f"SELECT {one}::text,{blank}{two}::text AS {name}",
    LITERALS,
    BLANKS,
    LITERALS,
    NAMES,
)


def _routine(body: list[str], blank: str) -> str:
    inside = "".join(f" {each};" for each in body)
    return (
        "CREATE OR REPLACE FUNCTION pg_temp.f() RETURNS text LANGUAGE sql"
        f"{blank}BEGIN{blank}ATOMIC{inside}"
        " SELECT CASE WHEN true THEN 'a;' END AS end; END"
    )


ROUTINES = st.builds(_routine, st.lists(SELECTS, max_size=2), BLANKS)
BODIES = st.builds(
    lambda tag, text: f"DO ${tag}$ BEGIN PERFORM 1; {text} END; ${tag}$",
    TAGS,
    st.sampled_from(["", "PERFORM ';';", "-- it's\n", "/* ; */"]),
)
STATEMENTS = st.one_of(SELECTS, ROUTINES, BODIES, st.just("VALUES (1), (2)"))
SEPARATORS = st.one_of(
    st.sampled_from([";", ";\n", ";;", " ; "]), COMMENTS.map(";{};".format)
)


@st.composite
def batches(draw: st.DrawFn, *, most: int = 5) -> tuple[str, list[str]]:
    """Draw a batch, and the statements that it consists of."""
    statements = draw(st.lists(STATEMENTS, max_size=most))
    text = draw(st.sampled_from(["", "\n", "-- it's ;\n", "/* ; */"]))
    for each in statements:
        text += each + draw(SEPARATORS)
    return text, statements
