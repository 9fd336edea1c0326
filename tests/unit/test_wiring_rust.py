"""What counts as wiring in Rust, and what only looks like it."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.wiring import lines_of_uses, near, scan, uses

ADAPTERS = {
    "src/outbound.rs": """
        use crate::ports::{UserInterestsCommand, UserRepository};
        pub struct DieselUserInterestsCommand { pool: Pool }
        impl DieselUserInterestsCommand {
            pub fn new(pool: Pool) -> Self { DieselUserInterestsCommand { pool } }
        }
        impl<'a> UserInterestsCommand for DieselUserInterestsCommand {
            fn replace(&self) { DieselUserInterestsCommand::new(self.pool); }
        }
        #[derive(Default)]
        pub struct FixtureUserInterestsCommand;
        impl crate::ports::UserInterestsCommand for FixtureUserInterestsCommand {}
        pub struct FixtureUserRepository;
        impl UserRepository for FixtureUserRepository {}
        pub struct FixtureInterestsQuery;
        impl InterestsQuery for FixtureInterestsQuery {}
    """
}
COUNTS = [
    "fn f() -> Port { Arc::new(FixtureUserInterestsCommand) }",
    "fn f() { let x = FixtureUserInterestsCommand::default(); }",
    "fn f() { state.with(out::FixtureUserInterestsCommand { a: 1 }) }",
    "fn f() { Builder::new().interests(FixtureUserInterestsCommand::new()).build() }",
    "fn f() { pool.map(|p| Box::new(FixtureUserInterestsCommand::new(p))) }",
    "fn f() { pool.map_or_else(FixtureUserInterestsCommand::new, other) }",
    "fn f() { let v = vec![Arc::new(FixtureUserInterestsCommand)]; }",
    "fn f() { select!(a => crate::out::FixtureUserInterestsCommand::new(), b => c) }",
    "lazy_static! { static ref X: Port = FixtureUserInterestsCommand::new(); }",
    "fn f() { container.register::<dyn Port, FixtureUserInterestsCommand>() }",
    "fn f() { <FixtureUserInterestsCommand as Default>::default(); }",
    "fn f() { FixtureUserInterestsCommand::<Memory>::new(); }",
    "static PORT: Fixture = FixtureUserInterestsCommand::INSTANCE;",
    "#[cfg(not(test))]\nfn f() { g(FixtureUserInterestsCommand) }",
    '#[cfg(any(test, feature = "demo"))]\nfn f() { g(FixtureUserInterestsCommand) }',
    "fn f() { if cfg!(test) { a() } else { g(FixtureUserInterestsCommand) } }",
    "fn f() { HttpState { interests: FixtureUserInterestsCommand } }",
]
IGNORED = [
    "use crate::outbound::FixtureUserInterestsCommand;",
    "pub use crate::outbound::{FixtureUserInterestsCommand as Fixture};",
    "// FixtureUserInterestsCommand::new()",
    "/// ```\n/// FixtureUserInterestsCommand::new();\n/// ```\nfn f() {}",
    'fn f() { log("FixtureUserInterestsCommand::new()") }',
    'fn f() { log(r#"FixtureUserInterestsCommand::new()"#) }',
    "#[shows(FixtureUserInterestsCommand::new())]\nfn f() {}",
    "type Fixture = FixtureUserInterestsCommand;",
    "fn f(x: &FixtureUserInterestsCommand) -> FixtureUserInterestsCommand { g() }",
    "struct S { field: Option<FixtureUserInterestsCommand> }",
    "fn f<T: Into<FixtureUserInterestsCommand>>() {}",
    "impl Drop for FixtureUserInterestsCommand { fn drop(&mut self) { Self::new() } }",
    "fn f() { match x { FixtureUserInterestsCommand { .. } => 1, _ => 2 } }",
    "fn f() { matches!(x, FixtureUserInterestsCommand { .. }) }",
    "fn f() { x.downcast_ref_to(FixtureUserInterestsCommand::TABLE_NAME) }",
    "thread_local! { static X: FixtureUserInterestsCommand = y(); }",
    "#[cfg(test)]\nmod tests { fn f() { g(FixtureUserInterestsCommand) } }",
    "#[cfg(all(test, unix))]\n// why\nfn f() { g(FixtureUserInterestsCommand) }",
    "#[tokio::test]\nasync fn f() { g(FixtureUserInterestsCommand) }",
    "#![cfg(test)]\nfn f() { g(FixtureUserInterestsCommand) }",
    "fn f() { if cfg!(test) { g(FixtureUserInterestsCommand) } else { a() } }",
    "fn f() { S { #[cfg(test)] a: FixtureUserInterestsCommand, b: 1 } }",
    "cfg_if! { if #[cfg(test)] { g(FixtureUserInterestsCommand) } else { h() } }",
    "enum By { FixtureUserInterests }\nfn f() { g(By::FixtureUserInterests) }",
    "fn f() { g(FixtureUserRepository) }",
    "fn f() { g(FixtureInterestsQuery) }",
]


@pytest.mark.parametrize("code", COUNTS)
def test_a_value_of_the_type_counts(tmp_path: pathlib.Path, code: str) -> None:
    """Wherever the program takes the implementation, on the line where it does."""
    lines = code.splitlines()
    (line,) = (
        number
        for number, text in enumerate(lines, 1)
        if "FixtureUserInterestsCommand" in text
    )
    assert lines_of_uses(tmp_path, "src/main.rs", code, ADAPTERS) == [
        f"FixtureUserInterestsCommand:{line}"
    ]


@pytest.mark.parametrize("code", IGNORED)
def test_what_is_no_value_does_not(tmp_path: pathlib.Path, code: str) -> None:
    """Imports, comments, strings, types, patterns, tests, and other ports' types."""
    assert lines_of_uses(tmp_path, "src/main.rs", code, ADAPTERS) == []


def test_both_sides_are_conditional(tmp_path: pathlib.Path) -> None:
    """Each use is evidence."""
    main = """
        fn build(pool: Option<Pool>) -> Arc<dyn UserInterestsCommand> {
            match pool {
                Some(pool) => Arc::new(DieselUserInterestsCommand::new(pool)),
                None => Arc::new(FixtureUserInterestsCommand),
            }
        }
    """
    (port,) = scan(tmp_path, {**ADAPTERS, "src/main.rs": main}).ports
    assert port.state == "conditional"
    assert uses(port) == [
        "DieselUserInterestsCommand src/main.rs:3",
        "FixtureUserInterestsCommand src/main.rs:4",
    ]


def test_what_is_only_defined_is_unwired(tmp_path: pathlib.Path) -> None:
    """The definitions are told as near misses."""
    (port,) = scan(tmp_path, ADAPTERS).ports
    assert port.state == "unwired"
    unused = "it is defined, but nothing constructs it"
    unrelated = "nothing shows that it implements UserInterestsCommand"
    assert near(port) == {
        "DieselUserInterestsCommand": unused,
        "FixtureUserInterestsCommand": unused,
        "FixtureUserRepository": unrelated,
        "FixtureInterestsQuery": unrelated,
    }


def test_what_only_tests_use_is_said_so(tmp_path: pathlib.Path) -> None:
    """A test module beside the code wires nothing."""
    main = "#[cfg(test)]\nmod tests { fn f() { g(FixtureUserInterestsCommand) } }"
    (port,) = scan(tmp_path, {"src/main.rs": main}).ports
    assert port.state == "unwired"
    assert near(port) == {"FixtureUserInterestsCommand": "only tests use it here"}


@pytest.mark.parametrize(
    ("declared_in", "name"),
    [
        ("src/lib.rs", "src/fakes.rs"),
        ("src/lib.rs", "src/fakes/mod.rs"),
        ("src/server/mod.rs", "src/server/fakes.rs"),
        ("src/server.rs", "src/server/fakes/deep/down.rs"),
        ("main.rs", "fakes.rs"),
    ],
)
def test_a_module_of_tests_may_be_a_file_of_its_own(
    tmp_path: pathlib.Path, declared_in: str, name: str
) -> None:
    """What stands in it is compiled into tests only, wherever that is declared."""
    use = "fn f() { g(FixtureUserInterestsCommand) }"
    declared = "#[cfg(test)]\npub(crate) mod fakes;\n"
    (port,) = scan(tmp_path, {**ADAPTERS, declared_in: declared, name: use}).ports
    assert port.state == "unwired"
    (port,) = scan(tmp_path, {declared_in: "pub mod fakes;\n"}).ports
    assert uses(port) == [f"FixtureUserInterestsCommand {name}:1"]
