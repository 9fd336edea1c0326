"""What counts as wiring in TypeScript and JavaScript, and what only looks like it."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.wiring import lines_of_uses, scan, uses

ADAPTERS = {
    "src/adapters.ts": """
        export class PostgresUserInterests implements UserInterestsCommand {
          static create(db: Db) { return new PostgresUserInterests(db); }
        }
        export abstract class Remembering implements ports.UserInterestsCommand {}
        export class FakeUserInterests<T> extends Remembering {}
        export class FakeUserInterestsReader implements UserInterestsQuery {}
        export class FakeUsers implements UserRepository {}
    """
}
COUNTS = [
    "const ports = { interests: new FakeUserInterests() };",
    "const ports = { interests: new adapters.FakeUserInterests<Theme>() };",
    "container.bind<Port>(TYPES.Port).to(FakeUserInterests);",
    "container.register('Port', { useClass: FakeUserInterests });",
    "@Module({ providers: [FakeUserInterests] }) class App {}",
    "@Module({ providers: [{ useClass: adapters.FakeUserInterests }] }) class App {}",
    "const make = () => FakeUserInterests.create(db);",
    "export const port: Port = flag ? other : new FakeUserInterests();",
    "const all = { FakeUserInterests };",
    "app.use(async () => { await run(new FakeUserInterests()); });",
    "const port = FakeUserInterests.INSTANCE;",
]
IGNORED = [
    "import { FakeUserInterests } from './adapters';",
    "import type { FakeUserInterests } from './adapters';",
    "export { FakeUserInterests } from './adapters';",
    "export default FakeUserInterests;",
    "// new FakeUserInterests()",
    "/** @example new FakeUserInterests() */",
    "log('new FakeUserInterests()', `FakeUserInterests`);",
    "function f(x: FakeUserInterests): FakeUserInterests { return x; }",
    "type Alias = FakeUserInterests | typeof FakeUserInterests;",
    "const x = y as FakeUserInterests;",
    "if (x instanceof FakeUserInterests) f();",
    "class Slow extends FakeUserInterests {}",
    "class C { constructor(@Inject(FakeUserInterests) private x: X) {} }",
    "this.FakeUserInterests.replace();",
    "ports.FakeUserInterests = x;",
    "log(FakeUserInterests.TABLE_NAME);",
    "const { FakeUserInterests } = await import('./adapters');",
    "run(new FakeUsers());",
    "run(new FakeUserInterestsReader());",
]


@pytest.mark.parametrize("code", COUNTS)
def test_a_value_counts(tmp_path: pathlib.Path, code: str) -> None:
    """Constructed, bound, listed, or passed on; also by way of a base class."""
    found = lines_of_uses(tmp_path, "src/main.ts", code, ADAPTERS)
    assert found in (["FakeUserInterests:1"], ["adapters.FakeUserInterests:1"])


@pytest.mark.parametrize("code", IGNORED)
def test_what_is_no_value_does_not(tmp_path: pathlib.Path, code: str) -> None:
    """Imports, exports, comments, strings, types, and other ports' types."""
    assert lines_of_uses(tmp_path, "src/main.ts", code, ADAPTERS) == []


@pytest.mark.parametrize(
    "name", ["src/main.test.ts", "src/main.spec.ts", "src/__tests__/main.ts"]
)
def test_tests_are_not_read(tmp_path: pathlib.Path, name: str) -> None:
    """Neither their folders nor their files."""
    code = "run(new FakeUserInterests());"
    assert lines_of_uses(tmp_path, name, code, ADAPTERS) == []


def test_elements_are_read(tmp_path: pathlib.Path) -> None:
    """Files with elements have a grammar of their own."""
    main = """
        const port = new FakeUserInterests();
        export const App = () => <Provider port={port}>FakeUserInterests</Provider>;
    """
    wiring = scan(tmp_path, {**ADAPTERS, "src/main.tsx": main})
    assert uses(wiring.ports[0]) == ["FakeUserInterests src/main.tsx:1"]
    assert wiring.warnings == ()


def test_javascript_has_no_types(tmp_path: pathlib.Path) -> None:
    """Modules of either kind; a class without a base goes by its name."""
    files = {
        "lib/adapters.js": """
            class PostgresUserInterests {}
            class FakeUsers extends UserRepository {}
            class FakeUserInterests { static make() { return new FakeUserInterests() } }
            module.exports = { PostgresUserInterests, FakeUsers };
            exports.FakeUserInterests = FakeUserInterests;
        """,
        "lib/main.js": """
            const { PostgresUserInterests, FakeUsers } = require('./adapters');
            module.exports = build({ a: new PostgresUserInterests(), FakeUsers });
        """,
    }
    (port,) = scan(tmp_path, files).ports
    assert port.state == "database_backed"
    assert uses(port) == ["PostgresUserInterests lib/main.js:2"]
