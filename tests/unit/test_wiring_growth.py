"""Reading sources takes time in proportion to their size, whatever their shape."""

from __future__ import annotations

import collections.abc as cabc
import pathlib
import time

import pytest

from tests.helpers.wiring import scan, write
from tests.helpers.writes import read_writes

NAME = "FixtureUserInterests"
HEADS = {
    ".py": ("x = [{}]\n", "# UserInterestsCommand\n"),
    ".rs": ("fn main() {{ let x = {}; }}\n", "// UserInterestsCommand\n"),
    ".ts": ("const x = {};\n", "// UserInterestsCommand\n"),
    ".go": ("package p\nfunc main() {{ x := {} }}\n", "// UserInterestsCommand\n"),
    ".java": ("class A {{ Object x = {}; }}\n", "// UserInterestsCommand\n"),
    ".kt": ("val x = {}\n", "// UserInterestsCommand\n"),
    ".cs": ("class A {{ object x = {}; }}\n", "// UserInterestsCommand\n"),
}
FUNCTIONS = {
    ".py": f"def f{{}}(a): return {NAME}(a)\n",
    ".rs": f"#[inline]\nfn f{{}}(a: A) -> B {{{{ g({NAME}::new(a)) }}}}\n",
    ".ts": f"function f{{}}(a: A) {{{{ return new {NAME}(a) }}}}\n",
    ".go": f"func f{{}}(a A) B {{{{ return {NAME}{{{{a}}}} }}}}\n",
    ".java": f"class A{{}} {{{{ B f(A a) {{{{ return new {NAME}(a); }}}} }}}}\n",
    ".kt": f"fun f{{}}(a: A): B = {NAME}(a)\n",
    ".cs": f"class A{{}} {{{{ B f(A a) => new {NAME}(a); }}}}\n",
}
ALIASES = {
    ".py": "from m import FixtureUserInterests as A{}\nx = A{}()\n",
    ".rs": "use m::FixtureUserInterests as A{};\nfn f{}() {{ g(A{}) }}\n",
    ".ts": "import {{ FixtureUserInterests as A{} }} from './m';\nx = new A{}();\n",
    ".go": "type A{} = m.FixtureUserInterests\nvar x{} = A{}{{}}\n",
    ".kt": "typealias A{} = FixtureUserInterests\nval x{} = A{}()\n",
    ".cs": "using A{} = M.FixtureUserInterests;\n",
}
IMPLEMENTATIONS = {
    ".py": "class C{}(UserInterestsCommand): ...\nx = C{}()\n",
    ".rs": "impl UserInterestsCommand for C{} {{}}\nfn f{}() {{ g(C{}) }}\n",
    ".ts": "class C{} implements UserInterestsCommand {{}}\nx = new C{}();\n",
    ".java": "class C{} implements UserInterestsCommand {{ A a = new C{}(); }}\n",
    ".kt": "class C{} : UserInterestsCommand\nval x{} = C{}()\n",
    ".cs": "class C{} : UserInterestsCommand {{ A a = new C{}(); }}\n",
    ".go": "func NewC{}() UserInterestsCommand {{ return &C{}{{}} }}\n",
}


def _use(suffix: str) -> str:
    return {
        ".ts": f"new {NAME}()",
        ".java": f"new {NAME}()",
        ".cs": f"new {NAME}()",
    }.get(suffix, f"{NAME}{{}}" if suffix == ".go" else f"{NAME}()")


def nested(suffix: str, n: int) -> str:
    """Return calls in calls, a use in each."""
    return HEADS[suffix][0].format(f"f({_use(suffix)}, " * n + "a" + ")" * n)


def listed(suffix: str, n: int) -> str:
    """Return one call with many arguments."""
    return HEADS[suffix][0].format("f(" + f"{_use(suffix)}, " * n + "a)")


def added(suffix: str, n: int) -> str:
    """Return a chain of operators."""
    return HEADS[suffix][0].format(" + ".join([_use(suffix)] * n))


def dotted(suffix: str, n: int) -> str:
    """Return a chain of calls of methods."""
    return HEADS[suffix][0].format("a" + f".b({_use(suffix)})" * n)


def decided(suffix: str, n: int) -> str:
    """Return a chain of conditions."""
    use = _use(suffix)
    if suffix == ".py":
        return f"x = {f'{use} if a else ' * n}b\n"
    if suffix in {".rs", ".kt", ".go"}:
        body = (
            f"if a {{ f({use}) }} else " if suffix != ".kt" else f"if (a) {use} else "
        )
        return HEADS[suffix][0].format(body * n + ("{ b }" if suffix != ".kt" else "b"))
    return HEADS[suffix][0].format(f"a ? {use} : " * n + "b")


def commented(suffix: str, n: int) -> str:
    """Return many comments before a use."""
    mark = "#" if suffix == ".py" else "//"
    return f"{mark} {NAME} and text\n" * n + HEADS[suffix][0].format(_use(suffix))


def grouped(suffix: str, n: int) -> str:
    """Return a use deep in parentheses."""
    return HEADS[suffix][0].format("(" * n + _use(suffix) + ")" * n)


def defined(suffix: str, n: int) -> str:
    """Return many functions, a use in each."""
    return "".join(FUNCTIONS[suffix].format(number) for number in range(n))


def renamed(suffix: str, n: int) -> str:
    """Return many other names of one implementation."""
    form = ALIASES.get(suffix, FUNCTIONS[suffix])
    return "".join(form.format(*[k] * form.count("{}")) for k in range(n))


def implemented(suffix: str, n: int) -> str:
    """Return many implementations of the port."""
    form = IMPLEMENTATIONS[suffix]
    return "".join(form.format(*[k] * form.count("{}")) for k in range(n))


SHAPES: tuple[cabc.Callable[[str, int], str], ...] = (
    *(nested, listed, added, dotted, decided, commented, grouped),
    *(defined, renamed, implemented),
)


def seconds(folder: pathlib.Path, name: str, text: str) -> float:
    """Return the shortest time of a few scans of one file."""
    write(folder, {name: text})
    times = []
    for _ in range(2):
        started = time.process_time()
        scan(folder, {})
        times.append(time.process_time() - started)
    return min(times)


@pytest.mark.parametrize("suffix", HEADS)
@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(
            shape,
            id=shape.__name__,
            marks=() if shape in {nested, defined} else pytest.mark.many_examples,
        )
        for shape in SHAPES
    ],
)
def test_twice_the_source_takes_twice_the_time(
    tmp_path: pathlib.Path, shape: cabc.Callable[[str, int], str], suffix: str
) -> None:
    """No shape of a source makes its reader slower than its size does."""
    comment = HEADS[suffix][1]
    short, long = (comment + shape(suffix, n) for n in (400, 800))
    for _ in range(3):  # a machine may be busy at one of the two
        first = seconds(tmp_path, f"main{suffix}", short)
        second = seconds(tmp_path, f"main{suffix}", long)
        if second <= 2.5 * first:
            return
    pytest.fail(f"{first:.3f} s for 400, {second:.3f} s for 800")


WRITING = {
    "statements": 'q{0} = "UPDATE account_settings SET theme = %s"\nq{0} += " AND 1"\n',
    "functions": "def f{0}(s):\n    x = s.get(AccountSettings, {0})\n    x.theme = 1\n",
    "calls": "s.update(AccountSettings).values(theme=f({0})).where(a.b({0}))\n",
    "classes": "class AccountSettings{0}(AccountSettings): ...\n",
}


@pytest.mark.parametrize("shape", WRITING)
def test_writes_are_read_in_time_that_grows_with_the_source(
    tmp_path: pathlib.Path, shape: str
) -> None:
    """Many statements, functions, calls, and classes."""

    def seconds_for(count: int) -> float:
        form = WRITING[shape]
        body = "".join(form.format(number) for number in range(count))
        head = 'class AccountSettings(Base):\n    __tablename__ = "account_settings"\n'
        times = []
        for _ in range(2):
            started = time.process_time()
            read_writes(tmp_path, {"main.py": head + body})
            times.append(time.process_time() - started)
        return min(times)

    for _ in range(3):
        first, second = seconds_for(400), seconds_for(800)
        if second <= 2.5 * first:
            return
    pytest.fail(f"{first:.3f} s for 400, {second:.3f} s for 800")
