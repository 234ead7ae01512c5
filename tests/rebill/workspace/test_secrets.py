"""What is secret stays so: where a password may stand, that none is shown, whom files are for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import nights
import pytest
from shell import Call

from rebill.workspace import privacy
from rebill.workspace.settings import ConfigError, Workspace, open_workspace

URL = "postgresql://u:s3cr%2Fet@127.0.0.1:1/db"


def with_url(root: Path, url: str) -> Workspace:
    root.mkdir(exist_ok=True)
    (root / "rebill.toml").write_text(f'[database]\nurl = "{url}"\n')
    return open_workspace(root)


def test_the_url_may_stand_in_the_environment_or_in_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_URL", f" {URL}\n")
    assert with_url(tmp_path, "env:OUR_URL").database_url == URL
    (tmp_path / "own").mkdir()
    file = tmp_path / "own" / "url"
    file.write_text("sqlite:///x.db\n")
    file.chmod(0o600)
    for name in ("own/url", file):
        assert with_url(tmp_path, f"file:{name}").database_url == f"sqlite:///{tmp_path}/x.db"


@pytest.mark.parametrize(
    ("text", "mode", "told"),
    [
        (URL, 0o640, "the file url can be read by others (mode 640); `chmod 600` it"),
        (f"{URL}\n{URL}", 0o600, "the file url holds no URL; it is to be its one line"),
        (None, 0o600, "the file url cannot be read: No such file or directory"),
        ("->", 0o600, "the file url cannot be read: url leads out of"),
    ],
)
def test_a_secret_that_others_can_read_or_that_is_none_is_refused(
    tmp_path: Path, text: str | None, mode: int, told: str
) -> None:
    workspace = with_url(tmp_path / "w", "file:url")
    file = workspace.root / "url"
    if text == "->":
        file.symlink_to("/etc/hostname")
    elif text is not None:
        file.write_text(text)
        file.chmod(mode)
    with pytest.raises(ConfigError) as fault:
        _ = workspace.database_url
    assert told in str(fault.value) and "s3cr" not in str(fault.value)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        "postgresql://u:s3cr@zq@127.0.0.1:1/db",
        "postgresql://u:s3cr/zq@127.0.0.1:1/db",
        "postgresql://u:x:s3cr@127.0.0.1:1/db",
        "postgresql://127.0.0.1:1/db?user=u&password=s3cret",
        "postgresql://u@127.0.0.1:s3cret/db",
        "s3cret:u",
    ],
)
def test_no_message_shows_a_password(tmp_path: Path, rebill: Call, url: str) -> None:
    place = with_url(tmp_path, url)
    place.inbox.mkdir()
    for words in (("nightly", "--as-of", "2026-03-10"), ("export", "claims"), ("db", "upgrade")):
        code, out, err = rebill(*words, "--workspace", place.root)
        told = out + err
        assert code in (2, 3) and "error: " in err and "s3cr" not in told and "zq" not in told, told


@pytest.fixture
def usual_mask() -> Iterator[None]:
    """The mask of most logins, which lets others read."""
    before, asked = os.umask(0o022), privacy._asked[:]
    privacy._asked.clear()
    yield
    privacy._asked[:] = asked
    os.umask(before)


def modes(*paths: Path) -> set[str]:
    return {oct(path.stat().st_mode & 0o777) for path in paths}


@pytest.mark.usefixtures("usual_mask")
def test_a_workspace_is_private_and_what_leaves_it_is_as_the_login_has_it(
    tmp_path: Path, rebill: Call
) -> None:
    place = tmp_path / "w"
    assert "open to other logins" not in rebill("init", place)[2]
    (place / "rebill.toml").write_text("[inbox]\nsettle_seconds = 0\n")
    nights.put(open_workspace(place), [("a.csv", nights.bill(3, nights.USUAL))])
    code, _, err = rebill("nightly", "--as-of", "2026-03-10", "--workspace", place)
    assert code in (0, 1), err
    made = [path for path in place.rglob("*") if path.parent != place / "inbox"]
    assert modes(place, *(path for path in made if path.is_dir())) == {"0o700"}
    assert modes(*(path for path in made if path.is_file())) <= {"0o600"}
    out = tmp_path / "o" / "p"
    rebill("export", "claims", "documents", "-o", out, "--workspace", place)
    assert modes(*out.iterdir()) == {"0o644"} and modes(out, out.parent) == {"0o755"}
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o755)
    assert "is open to other logins (mode 755); `chmod -R" in rebill("init", tmp_path / "open")[2]
