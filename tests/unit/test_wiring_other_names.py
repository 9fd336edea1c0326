"""An implementation is recognized under every other name that the code gives it."""

from __future__ import annotations

import pathlib

import pytest

from tests.helpers.wiring import near, scan, uses

PYTHON = {
    "app/ports.py": "class UsersPort(Protocol): ...\n",
    "app/memory.py": "class InMemoryUsers(UsersPort): ...\n",
    "app/postgres.py": "class PostgresUsers(UsersPort): ...\n",
}
TYPESCRIPT = {
    "src/ports.ts": "export interface UsersPort { find(): string }\n",
    "src/postgres.ts": "export class PostgresUsers implements UsersPort {}\n",
    "src/memory.ts": "export default class InMemoryUsers implements UsersPort {}\n",
}
JAVASCRIPT = {
    "lib/ports.js": "class UsersPort {}\nmodule.exports = UsersPort\n",
    "lib/memory.js": "class InMemoryUsers {}\nmodule.exports = InMemoryUsers\n",
}
RUST = {
    "src/ports.rs": "pub trait UsersPort {}\n",
    "src/memory.rs": "pub struct InMemoryUsers; impl UsersPort for InMemoryUsers {}\n",
}
GO = {
    "ports/ports.go": "package ports\ntype UsersPort interface{}\n",
    "memory/memory.go": (
        "package memory\nvar _ ports.UsersPort = (*InMemoryUsers)(nil)\n"
        "type InMemoryUsers struct{}\n"
    ),
}
KOTLIN = {
    "app/Users.kt": (
        "package app\ninterface UsersPort\nclass InMemoryUsers : UsersPort\n"
    ),
}
JAVA = {
    "app/UsersPort.java": "package app;\npublic interface UsersPort {}\n",
    "app/InMemoryUsers.java": (
        "package app;\npublic class InMemoryUsers implements UsersPort {}\n"
    ),
}
CSHARP = {
    "App/Users.cs": (
        "namespace App;\npublic interface UsersPort {}\n"
        "public class InMemoryUsers : UsersPort {}\n"
    ),
}
USES = {
    "python: imported as another name": (
        PYTHON,
        {
            "app/main.py": (
                "from app.memory import InMemoryUsers as Users\nx = Users()\n"
            )
        },
    ),
    "python: imported as a name of the other side": (
        PYTHON,
        {
            "app/main.py": (
                "from app.memory import InMemoryUsers as PostgresUsers\n"
                "x = PostgresUsers()\n"
            )
        },
    ),
    "python: re-exported by a package": (
        PYTHON,
        {
            "app/adapters/__init__.py": (
                "from app.memory import InMemoryUsers as DefaultUsers\n"
            ),
            "app/main.py": (
                "from app.adapters import DefaultUsers\nx = DefaultUsers()\n"
            ),
        },
    ),
    "python: re-exported through two packages": (
        PYTHON,
        {
            "app/a/__init__.py": "from app.memory import InMemoryUsers as A\n",
            "app/b/__init__.py": "from app.a import A as B\n",
            "app/main.py": "from app.b import B as C\nx = C()\n",
        },
    ),
    "python: re-exported with everything": (
        PYTHON,
        {
            "app/a.py": "from app.memory import InMemoryUsers as Users\n",
            "app/b/__init__.py": "from app.a import *\n",
            "app/main.py": "from app.b import Users\nx = Users()\n",
        },
    ),
    "python: a member of an aliased module": (
        PYTHON,
        {"app/main.py": "import app.memory as m\nx = m.InMemoryUsers()\n"},
    ),
    "python: another name in an aliased module": (
        PYTHON,
        {
            "app/a.py": "from app.memory import InMemoryUsers as Users\n",
            "app/main.py": "import app.a as m\nx = m.Users()\n",
        },
    ),
    "python: a type alias": (
        PYTHON,
        {
            "app/main.py": (
                "from app.memory import InMemoryUsers\n"
                "Users: TypeAlias = InMemoryUsers\nx = Users()\n"
            )
        },
    ),
    "python: passed under another name": (
        PYTHON,
        {"app/main.py": ("from .memory import InMemoryUsers as U\nx = Provide(U)\n")},
    ),
    "typescript: a default import": (
        TYPESCRIPT,
        {"src/main.ts": "import Store from './memory'\nexport const x = new Store()\n"},
    ),
    "typescript: a default import of a file of one name": (
        TYPESCRIPT,
        {
            "src/main.ts": (
                "import PostgresUsers from './memory.js'\n"
                "const x = new PostgresUsers()\n"
            )
        },
    ),
    "typescript: a named import": (
        TYPESCRIPT
        | {"src/fake.ts": "export class FakeUsers implements UsersPort {}\n"},
        {
            "src/main.ts": (
                "import { FakeUsers as Users } from './fake'\nconst x = new Users()\n"
            )
        },
    ),
    "typescript: re-exported as another name": (
        TYPESCRIPT,
        {
            "src/index.ts": "export { default as Users } from './memory'\n",
            "src/main.ts": "import { Users } from '.'\nconst x = new Users()\n",
        },
    ),
    "typescript: exported as another name": (
        TYPESCRIPT
        | {
            "src/fake.ts": (
                "class FakeUsers implements UsersPort {}\n"
                "export { FakeUsers as Users }\n"
            )
        },
        {"src/main.ts": "import { Users as U } from './fake'\nconst x = new U()\n"},
    ),
    "typescript: exported with everything": (
        TYPESCRIPT
        | {
            "src/fake.ts": (
                "class F implements UsersPort {}\nexport { F as FakeUsers }\n"
            )
        },
        {
            "src/index.ts": "export * from './fake'\n",
            "src/main.ts": "import { FakeUsers } from './index'\nx = new FakeUsers()\n",
        },
    ),
    "typescript: a member of a module": (
        TYPESCRIPT
        | {"src/fake.ts": "export class FakeUsers implements UsersPort {}\n"},
        {
            "src/main.ts": (
                "import * as adapters from './fake'\n"
                "const x = new adapters.FakeUsers()\n"
            )
        },
    ),
    "typescript: an alias of a member of a module": (
        TYPESCRIPT
        | {"src/fake.ts": "export class FakeUsers implements UsersPort {}\n"},
        {
            "src/main.ts": (
                "import * as adapters from './fake'\n"
                "import Users = adapters.FakeUsers\nconst x = new Users()\n"
            )
        },
    ),
    "typescript: bound in a container": (
        TYPESCRIPT,
        {
            "src/main.ts": (
                "import Store from './memory'\n"
                "container.bind<UsersPort>('UsersPort').to(Store)\n"
            )
        },
    ),
    "javascript: required as a whole": (
        JAVASCRIPT,
        {
            "lib/main.js": (
                "const Store = require('./memory')\nmodule.exports = new Store()\n"
            )
        },
    ),
    "javascript: required and renamed": (
        JAVASCRIPT
        | {
            "lib/fake.js": "class FakeUsers {}\nmodule.exports = { Users: FakeUsers }\n"
        },
        {
            "lib/main.js": (
                "const { Users: U } = require('./fake')\nmodule.exports = new U()\n"
            )
        },
    ),
    "javascript: a member of what is required": (
        JAVASCRIPT | {"lib/fake.js": "class FakeUsers {}\nexports.Users = FakeUsers\n"},
        {
            "lib/main.js": (
                "const fake = require('./fake')\nmodule.exports = new fake.Users()\n"
            )
        },
    ),
    "javascript: exported as it is required": (
        JAVASCRIPT,
        {
            "lib/index.js": "module.exports = { Store: require('./memory') }\n",
            "lib/main.js": (
                "const { Store } = require('./index')\nmodule.exports = new Store()\n"
            ),
        },
    ),
    "javascript: exported under a name as it is required": (
        JAVASCRIPT,
        {
            "lib/index.js": "exports.Store = require('./memory')\n",
            "lib/main.js": "const a = require('.')\nmodule.exports = new a.Store()\n",
        },
    ),
    "rust: used as another name": (
        RUST,
        {
            "src/main.rs": (
                "use crate::memory::InMemoryUsers as Users;\nfn main() { run(Users) }\n"
            )
        },
    ),
    "rust: used as another name in a list": (
        RUST,
        {
            "src/main.rs": (
                "use crate::{ports::UsersPort, memory::{self, InMemoryUsers as U}};\n"
                "fn main() { run(U::new()) }\n"
            )
        },
    ),
    "rust: a type alias": (
        RUST,
        {
            "src/main.rs": (
                "type Users = InMemoryUsers;\nfn main() { run(Users::new()) }\n"
            )
        },
    ),
    "rust: re-exported by the crate": (
        RUST,
        {
            "src/lib.rs": "pub use memory::InMemoryUsers as DefaultUsers;\n",
            "src/server.rs": (
                "use crate::DefaultUsers;\nfn f() { run(DefaultUsers::default()) }\n"
            ),
        },
    ),
    "go: an aliased package": (
        GO,
        {
            "main.go": (
                'package main\nimport m "x/memory"\n'
                "func main() { run(&m.InMemoryUsers{}) }\n"
            )
        },
    ),
    "go: a type alias": (
        GO,
        {
            "app/app.go": "package app\ntype Users = memory.InMemoryUsers\n",
            "main.go": (
                'package main\nimport "x/app"\nfunc main() { run(&app.Users{}) }\n'
            ),
        },
    ),
    "kotlin: imported as another name": (
        KOTLIN,
        {"Main.kt": "import app.InMemoryUsers as Users\nval x = Users()\n"},
    ),
    "kotlin: a type alias": (
        KOTLIN,
        {
            "app/Names.kt": "package app\ntypealias Users = InMemoryUsers\n",
            "Main.kt": "import app.Users\nval x = Users()\n",
        },
    ),
    "kotlin: a type alias of the same package": (
        KOTLIN,
        {
            "app/Names.kt": "package app\ntypealias Users = InMemoryUsers\n",
            "app/Main.kt": "package app\nval x = Users()\n",
        },
    ),
    "java: qualified by its package": (
        JAVA,
        {"Main.java": "class Main { Object x = new app.InMemoryUsers(); }\n"},
    ),
    "csharp: a using alias": (
        CSHARP,
        {
            "Main.cs": (
                "using Users = App.InMemoryUsers;\n"
                "class M { object x = new Users(); }\n"
            )
        },
    ),
    "csharp: a global using alias": (
        CSHARP,
        {
            "Usings.cs": "global using Users = App.InMemoryUsers;\n",
            "Main.cs": "class M { object x = new Users(); }\n",
        },
    ),
    "csharp: registered under an alias": (
        CSHARP,
        {
            "Main.cs": (
                "using Users = App.InMemoryUsers;\n"
                "class M { void F() { s.AddScoped<UsersPort, Users>(); } }\n"
            )
        },
    ),
}


@pytest.mark.parametrize(("defined", "used"), USES.values(), ids=USES)
def test_another_name_is_followed(
    tmp_path: pathlib.Path, defined: dict[str, str], used: dict[str, str]
) -> None:
    """The fixture counts where it is constructed, under whatever name."""
    (port,) = scan(tmp_path, {**defined, **used}, port="UsersPort").ports
    assert port.state == "fixture_backed", port.finding
    (place,) = {use.rpartition(" ")[2] for use in uses(port)}
    *_, main = used
    assert place.startswith(f"{main}:")


def test_the_name_of_an_alias_does_not_decide(tmp_path: pathlib.Path) -> None:
    """An alias that sounds like a database says nothing about its type."""
    files = {
        "app/ports.py": "class UsersPort(Protocol): ...\n",
        "app/demo.py": "class DemoUsers(UsersPort): ...\n",
        "app/main.py": "from app.demo import DemoUsers as SqlUsers\nx = SqlUsers()\n",
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "not_probed"
    assert near(port).keys() == {"DemoUsers"}


def test_an_alias_that_leads_nowhere_ends(tmp_path: pathlib.Path) -> None:
    """Two modules that import from each other are no loop."""
    files = {
        "app/ports.py": "class UsersPort(Protocol): ...\n",
        "app/a.py": "from app.b import InMemoryUsers as Users\nx = Users()\n",
        "app/b.py": "from app.a import Users as InMemoryUsers\n",
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "fixture_backed"


def test_a_class_without_a_name_has_that_of_its_module(tmp_path: pathlib.Path) -> None:
    """A module may export a class that nothing else names."""
    files = {
        "lib/UsersPort.js": "module.exports = class {}\n",
        "lib/UsersMongo.js": (
            "const UsersPort = require('./UsersPort')\n"
            "module.exports = class extends UsersPort {}\n"
        ),
        "lib/main.js": (
            "const Users = require('./UsersMongo')\nmodule.exports = new Users()\n"
        ),
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "not_probed"
    assert near(port).keys() == {"UsersMongo"}
    (port,) = scan(tmp_path, {}, port="UsersPort", database=("UsersMongo",)).ports
    assert (port.state, uses(port)) == (
        "database_backed",
        ["UsersMongo lib/main.js:2"],
    )


BOTH = {
    "python": {
        **PYTHON,
        "app/main.py": (
            "try:\n    from app.postgres import PostgresUsers as Users\n"
            "except ImportError:\n    from app.memory import InMemoryUsers as Users\n"
            "x = Users()\n"
        ),
    },
    "python through a package": {
        **PYTHON,
        "app/adapters/__init__.py": (
            "if DEMO:\n    from app.memory import InMemoryUsers as Users\n"
            "else:\n    from app.postgres import PostgresUsers as Users\n"
        ),
        "app/main.py": "from app.adapters import Users\nx = Users()\n",
    },
    "rust": {
        **RUST,
        "src/pg.rs": "pub struct PostgresUsers; impl UsersPort for PostgresUsers {}\n",
        "src/main.rs": (
            '#[cfg(feature = "demo")]\nuse crate::memory::InMemoryUsers as Users;\n'
            '#[cfg(not(feature = "demo"))]\nuse crate::pg::PostgresUsers as Users;\n'
            "fn main() { run(Users::new()) }\n"
        ),
    },
    "go": {
        "ports.go": "package ports\ntype UsersPort interface{}\n",
        "store/a.go": (
            "//go:build demo\npackage store\n"
            "func New() ports.UsersPort { return &InMemoryUsers{} }\n"
        ),
        "store/b.go": (
            "//go:build !demo\npackage store\n"
            "func New() ports.UsersPort { return &PostgresUsers{} }\n"
        ),
        "main.go": 'package main\nimport "x/store"\nfunc main() { run(store.New()) }\n',
    },
}


@pytest.mark.parametrize("files", BOTH.values(), ids=BOTH)
def test_a_name_that_is_bound_in_two_ways_is_conditional(
    tmp_path: pathlib.Path, files: dict[str, str]
) -> None:
    """A condition decides which implementation the name stands for."""
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert port.state == "conditional", port.finding


def test_a_module_is_the_nearest_file_of_its_name(tmp_path: pathlib.Path) -> None:
    """Two folders may have a file of the same name."""
    files = {
        "ports.ts": "export interface UsersPort {}\n",
        "a/users.ts": "export default class InMemoryUsers implements UsersPort {}\n",
        "b/users.ts": "export default class PostgresUsers implements UsersPort {}\n",
        "b/main.ts": "import Users from './users'\nconst x = new Users()\n",
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert (port.state, uses(port)) == (
        "database_backed",
        ["PostgresUsers b/main.ts:2"],
    )


def test_what_a_module_exports_as_a_whole_is_its_default(
    tmp_path: pathlib.Path,
) -> None:
    """TypeScript's ``export =`` and ``import = require`` are such a pair."""
    files = {
        "ports.ts": "export interface UsersPort {}\n",
        "memory.ts": (
            "class InMemoryUsers implements UsersPort {}\nexport = InMemoryUsers\n"
        ),
        "main.ts": "import Users = require('./memory')\nconst x = new Users()\n",
    }
    (port,) = scan(tmp_path, files, port="UsersPort").ports
    assert (port.state, uses(port)) == (
        "fixture_backed",
        ["InMemoryUsers main.ts:2"],
    )
