"""Where a server lives, as whom, and what is done with the remains of another."""

from __future__ import annotations

import fcntl
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import time
import typing as typ
from pathlib import Path

import attrs
import pytest

from pytest_userstate.domain.errors import ServerError, UsageError
from pytest_userstate.outbound.postgres import account, cluster, run_folders
from pytest_userstate.outbound.postgres.account import Account, server_account

if typ.TYPE_CHECKING:
    import collections.abc as cabc

US = pwd.getpwuid(os.geteuid())
OURSELVES = Account(
    name=US.pw_name,
    uid=US.pw_uid,
    gid=US.pw_gid,
    client=US.pw_name,
    is_switched=False,
)
# What a server that heeds nothing looks like from outside.
DEAF = """\
import signal, sys, time
signal.signal(signal.SIGQUIT, signal.SIG_IGN)
print("deaf", flush=True)
time.sleep(60)
"""


# Accounts.


def test_an_ordinary_user_runs_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else has to be looked for, and no program be started as another."""
    entry = pwd.struct_passwd(("me", "x", 1234, 5678, "", "/home/me", "/bin/sh"))
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {1234: entry}[uid])
    found = server_account()
    assert (found.name, found.uid, found.gid) == ("me", 1234, 5678)
    assert found.clients == ("me",)
    assert found.credentials == {}


def test_a_user_without_a_passwd_entry_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The line to add has the number in it."""
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    with pytest.raises(UsageError, match=r"tester:x:1234:0::/tmp"):
        server_account()


def test_root_takes_the_first_account_that_is_not_root_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some containers have a `postgres` whose number is root's."""
    entries = {
        "root": pwd.struct_passwd(("root", "x", 0, 0, "", "/root", "/bin/sh")),
        "postgres": pwd.struct_passwd(("postgres", "x", 0, 0, "", "/", "/bin/sh")),
        "nobody": pwd.struct_passwd(("nobody", "x", 65534, 65534, "", "/", "/bin/sh")),
    }
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: entries["root"])
    monkeypatch.setattr(pwd, "getpwnam", entries.__getitem__)
    found = server_account()
    assert (found.name, found.client) == ("nobody", "root")
    assert found.credentials == {"user": 65534, "group": 65534, "extra_groups": []}
    del entries["nobody"]
    with pytest.raises(UsageError, match="neither postgres nor nobody"):
        server_account()


@pytest.mark.parametrize(
    ("mode", "ours", "readable", "enterable"),
    [
        (0o700, (True, True), True, True),
        (0o070, (True, True), False, False),
        (0o070, (False, True), True, True),
        (0o707, (False, True), False, False),
        (0o007, (False, False), True, True),
        (0o770, (False, False), False, False),
        (0o711, (False, False), False, True),
    ],
)
def test_mode_bits_count_as_they_do_for_the_kernel(
    tmp_path: Path,
    mode: int,
    ours: tuple[bool, bool],
    readable: bool,  # noqa: FBT001 - a row of the table
    enterable: bool,  # noqa: FBT001 - likewise
) -> None:
    """The owner's where it owns, the group's where it is in it, else the others'."""
    folder = tmp_path / "folder"
    folder.mkdir()
    status = folder.stat()
    other = attrs.evolve(
        OURSELVES,
        uid=status.st_uid if ours[0] else status.st_uid + 1,
        gid=status.st_gid if ours[1] else status.st_gid + 1,
        is_switched=True,
    )
    # Only the folder itself counts here, whoever can go where pytest's own lie.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(account, "_steps", lambda folder: (folder,))
        folder.chmod(mode)
        assert other.can_enter(folder) is enterable
        tmp_path.chmod(0o777)
        assert other.can_read(folder) is readable
    folder.chmod(0o700)
    assert not other.can_enter(tmp_path / "nowhere")


def test_without_a_switch_nothing_changes_hands(tmp_path: Path) -> None:
    """All is ours already, and closed."""
    folder = run_folders.RunFolder(tmp_path, lock=0)
    before = tmp_path.stat().st_mode
    OURSELVES.take_over(tmp_path / "nowhere")
    folder.open_for(OURSELVES)
    folder.hand_over(OURSELVES)
    assert tmp_path.stat().st_mode == before
    assert OURSELVES.can_enter(tmp_path)
    assert OURSELVES.can_read(tmp_path)


# The cache.


@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        ("/elsewhere", "/elsewhere/pytest-userstate"),
        ("relative", "/home/me/.cache/pytest-userstate"),
        ("", "/home/me/.cache/pytest-userstate"),
    ],
)
def test_the_cache_is_where_the_specification_says(
    monkeypatch: pytest.MonkeyPatch, variable: str, folder: str
) -> None:
    """Relative folders are ignored."""
    monkeypatch.setenv("XDG_CACHE_HOME", variable)
    monkeypatch.setenv("HOME", "/home/me")
    assert cluster._usual_folder(OURSELVES) == Path(folder)


def test_nobody_without_a_home_has_a_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which costs time, and is no error."""

    def homeless() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert cluster.open_cache(OURSELVES) is None


def test_a_cache_that_cannot_be_made_is_none(tmp_path: Path) -> None:
    """A file stands where a folder is to be."""
    (tmp_path / "file").write_text("")
    assert cluster.open_cache(OURSELVES, tmp_path / "file" / "cache") is None
    assert cluster.open_cache(OURSELVES, tmp_path / "file") is None


def test_what_lies_in_a_cache_beside_entries_disturbs_nobody(tmp_path: Path) -> None:
    """A link that leads nowhere has no age; it goes, or stays, without a fuss."""
    opened = cluster.open_cache(OURSELVES, tmp_path / "cache")
    assert opened
    for number in range(cluster.KEPT_ENTRIES):
        (opened.root / f"kind-{number}").mkdir()
    (opened.root / "kind-link").symlink_to("nowhere")
    entry = opened.entry("kind", "new", Path.touch, lambda _: False)
    assert entry.is_new
    assert (opened.root / "kind-new").is_dir()
    kept = [each for each in opened.root.glob("kind-?") if each.is_dir()]
    assert len(kept) == cluster.KEPT_ENTRIES - 1


def test_a_locked_cache_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while: the other run may only be slow."""
    monkeypatch.setattr(cluster, "LOCK_TIMEOUT", 0.05)
    opened = cluster.open_cache(OURSELVES, tmp_path / "cache")
    assert opened
    with (opened.root / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ServerError, match="end the process that holds the lock"):
            opened.entry("kind", "key", Path.touch, lambda _: False)
    assert not [*opened.root.glob("kind-*")]


# The folder of a run.


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cabc.Iterator[Path]:
    """Let run folders be made in a folder of the test alone, with a short name."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        monkeypatch.setattr(run_folders, "MEMORY", tmp_path / "no-memory")
        monkeypatch.setattr(run_folders, "FALLBACKS", (Path(name),))
        monkeypatch.setattr(tempfile, "gettempdir", lambda: name)
        yield Path(name)


def test_where_nothing_can_be_written_every_place_is_named(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason, and what to set."""

    def nowhere() -> str:
        raise FileNotFoundError

    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with pytest.raises(ServerError) as caught:
        run_folders.make_run_folder(OURSELVES)
    text = str(caught.value)
    assert f"  {run_folders.MEMORY}: not to be used, or not roomy enough" in text
    assert f"  {temporary}: No space left on device" in text
    assert "set TMPDIR to a folder with a short path" in text


def test_a_discarded_folder_leaves_neither_files_nor_its_lock() -> None:
    """What a run has shared between its processes goes so."""
    folder = run_folders.make_run_folder(OURSELVES)
    os.fstat(folder.lock)
    folder.discard()
    assert not folder.path.exists()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(folder.lock)


@pytest.mark.parametrize("call", ["flock", "rename"])
def test_a_folder_without_its_lock_is_not_left(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """Nor the lock open, for the next run would wait for its end."""

    def fail(*_: object) -> None:
        raise OSError(37, "No locks available")

    owner: object = fcntl if call == "flock" else Path
    monkeypatch.setattr(owner, call, fail)
    before = len([*Path("/dev/fd").iterdir()])
    with pytest.raises(ServerError, match="No locks available"):
        run_folders.make_run_folder(OURSELVES)
    monkeypatch.undo()
    assert [*temporary.iterdir()] == []
    assert len([*Path("/dev/fd").iterdir()]) == before


def test_only_what_is_surely_dead_is_swept(temporary: Path) -> None:
    """A lock that is held, one that is no file of ours, a folder just made: alive."""
    alive = run_folders.make_run_folder(OURSELVES)
    linked, fresh, dead, old = (
        temporary / f"{run_folders.PREFIX}{name}"
        for name in ("linked", "fresh", "dead", "old")
    )
    for folder in (linked, fresh, dead, old):
        folder.mkdir()
    (linked / "lock").symlink_to(alive.path / "lock")
    (dead / "lock").touch()
    long_ago = time.time() - 2 * run_folders.HALF_MADE_AGE
    os.utime(old, (long_ago, long_ago))
    (temporary / "other").mkdir()
    run_folders._remove_if_dead(linked)  # a sweep would pass over the rest instead
    run_folders.sweep(OURSELVES)
    left = {path.name for path in temporary.iterdir()}
    assert left == {alive.path.name, linked.name, fresh.name, "other"}
    alive.release()
    run_folders.sweep(OURSELVES)
    assert not alive.path.exists()


def test_a_folder_that_goes_while_it_is_looked_at_has_no_age(tmp_path: Path) -> None:
    """Another run swept it: nothing is left to do."""
    run_folders._remove_if_dead(tmp_path / "gone")


# What another run left.


@pytest.fixture
def orphan(tmp_path: Path) -> cabc.Iterator[subprocess.Popen[str]]:
    """Start what looks like the server of a dead run, and does not heed SIGQUIT."""
    data = tmp_path / "run" / "data"
    data.mkdir(parents=True)
    with subprocess.Popen(
        [sys.executable, "-c", DEAF, str(data)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "deaf\n"
        (data / "postmaster.pid").write_text(f"{process.pid}\n{data}\n")
        yield process
        process.kill()


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])
def test_a_server_that_does_not_heed_is_killed(
    orphan: subprocess.Popen[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proc: str,
) -> None:
    """It is known by its folder, in /proc or, where there is none, by `ps`."""
    if proc == "/proc" and not Path(proc).is_dir():
        pytest.skip("there is no /proc here")
    monkeypatch.setattr(run_folders, "PROC", Path(proc))
    monkeypatch.setattr(run_folders, "ORPHAN_TIMEOUT", 0.2)
    run_folders.remove_with_server(tmp_path / "run")
    assert orphan.wait(timeout=10) == -signal.SIGKILL
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])
@pytest.mark.parametrize(
    "text", ["", "no number\n", "{own}\n", "{other}\n", "{nobody}\n"]
)
def test_no_process_is_touched_that_is_not_the_server(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    proc: str,
) -> None:
    """A number can be somebody else's by now: ours, init's, or nobody's."""
    (tmp_path / "run" / "data").mkdir(parents=True)
    killed: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, _: killed.append(pid))
    monkeypatch.setattr(run_folders, "PROC", Path(proc))
    monkeypatch.setattr(run_folders, "ORPHAN_TIMEOUT", 0.0)
    numbers = {"own": os.getpid(), "other": 1, "nobody": 2**22 + 1}
    (tmp_path / "run/data/postmaster.pid").write_text(text.format(**numbers))
    run_folders.remove_with_server(tmp_path / "run")
    assert killed == []
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("kind", ["pipe", "link"])
def test_a_file_that_is_none_holds_nobody_up(tmp_path: Path, kind: str) -> None:
    """The account that owns a folder can put anything into it."""
    data = tmp_path / "run" / "data"
    data.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(data / "postmaster.pid")
    else:
        (data / "postmaster.pid").symlink_to("/dev/tty")
    code = "import pathlib, sys, {0}; {0}.remove_with_server(pathlib.Path(sys.argv[1]))"
    subprocess.run(
        [sys.executable, "-c", code.format(run_folders.__name__), tmp_path / "run"],
        check=True,
        timeout=20,
    )
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("proc", ["/proc", "/nowhere"])
def test_a_server_of_another_user_is_left_alone(
    orphan: subprocess.Popen[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    proc: str,
) -> None:
    """Whoever put a folder there may want something killed."""
    monkeypatch.setattr(run_folders, "PROC", Path(proc))
    data = tmp_path / "run" / "data"
    assert str(data) in run_folders._command_line(orphan.pid, US.pw_uid)
    assert run_folders._command_line(orphan.pid, US.pw_uid + 1) == []
