"""Archives are opened file by file, and nothing in them is trusted."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from rebill.intake.archives import Member, kind, unpack
from rebill.workspace.settings import Archives

LIMITS = Archives()


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return made.getvalue()


def opened(
    tmp_path: Path, content: bytes, limits: Archives = LIMITS, name: str = "a.zip"
) -> list[Member]:
    path = tmp_path / name
    path.write_bytes(content)
    found = unpack(path, name, tmp_path / "scratch", limits)
    for member in found:
        assert member.path is None or member.path.parent == tmp_path / "scratch"
        assert (member.path is None) == (member.fault is not None or member.left is not None)
    return found


def contents(members: list[Member]) -> dict[str, bytes]:
    return {m.name: m.path.read_bytes() for m in members if m.path}


def faults(members: list[Member]) -> dict[str, str]:
    return {m.name: m.fault.what for m in members if m.fault}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_each_member_is_a_file_of_its_own(tmp_path: Path, method: int) -> None:
    big = random.Random(1).randbytes(9 * 2**20)
    sent = {"b.csv": b"x" * 100, "sub/c.csv": big, "empty.csv": b""}
    found = opened(tmp_path, zipped(sent, method))
    assert contents(found) == {f"a.zip!{name}": content for name, content in sent.items()}
    assert faults(found) == {}
    assert len({m.sha256 for m in found}) == 3


def test_what_a_computer_adds_is_passed_over(tmp_path: Path) -> None:
    found = opened(tmp_path, zipped({"__MACOSX/._b.csv": b"1", ".DS_Store": b"2", "b.csv": b"3"}))
    assert contents(found) == {"a.zip!b.csv": b"3"}
    assert [m.left for m in found if m.left] == ["hidden", "hidden"]


@pytest.mark.parametrize(
    "name", ["../evil.csv", "a/../../evil.csv", "/etc/evil.csv", "C:evil.csv", "a\\..\\evil.csv"]
)
def test_no_path_leaves_its_folder(tmp_path: Path, name: str) -> None:
    found = opened(tmp_path, zipped({name: b"x", "good.csv": b"y"}))
    assert contents(found) == {"a.zip!good.csv": b"y"}
    assert list(faults(found).values()) == ["its path leaves the folder it is in"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zip", "scratch"]


def with_info(**changes: object) -> bytes:
    made = io.BytesIO()
    info = zipfile.ZipInfo("b.csv")
    for name, value in changes.items():
        setattr(info, name, value)
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(info, b"/etc/passwd")
    return made.getvalue()


def test_links_and_devices_are_refused_by_name(tmp_path: Path) -> None:
    link = opened(tmp_path, with_info(external_attr=(stat.S_IFLNK | 0o777) << 16))
    assert faults(link) == {"a.zip!b.csv": "it is a link"}
    pipe = opened(tmp_path, with_info(external_attr=(stat.S_IFIFO | 0o777) << 16))
    assert faults(pipe) == {"a.zip!b.csv": "it is no ordinary file"}


def patched(content: bytes, offset_local: int, offset_central: int, value: bytes) -> bytes:
    """Change a field in the local header and in the directory of the one member of a zip."""
    data = bytearray(content)
    central = data.index(b"PK\x01\x02")
    if offset_local >= 0:
        data[offset_local : offset_local + len(value)] = value
    if offset_central >= 0:
        data[central + offset_central : central + offset_central + len(value)] = value
    return bytes(data)


ONE = zipped({"b.csv": b"hello, world" * 10})
SIZE = len(b"hello, world" * 10)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (patched(ONE, 6, 8, b"\x01"), "it is encrypted"),
        (patched(ONE, 6, -1, b"\x01"), "it is encrypted"),
        (patched(ONE, 22, 24, struct.pack("<I", SIZE - 20)), "it is larger than the 100 bytes"),
        (patched(ONE, 22, 24, struct.pack("<I", SIZE + 20)), "it says 140 bytes and has 120"),
        (patched(ONE, -1, 24, struct.pack("<I", SIZE + 20)), "its own header says something else"),
        (patched(ONE, 14, 16, b"\1\2\3\4"), "its checksum is wrong"),
        (patched(ONE, 8, 10, b"\x00"), "says"),
        (patched(ONE, 8, 10, b"\x63"), "it is compressed by method 99"),
        (patched(ONE, 30, -1, b"c"), "its own header says something else"),
        (patched(ONE, 0, -1, b"NO"), "nothing stands where the directory says"),
        (patched(ONE, 18, 20, struct.pack("<I", 5000)), "it reaches into another member"),
    ],
    ids=lambda value: value if isinstance(value, str) else "zip",
)
def test_a_member_that_lies_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    found = opened(tmp_path, content)
    assert list(faults(found)) == ["a.zip!b.csv"]
    assert said in faults(found)["a.zip!b.csv"]
    assert contents(found) == {}


def test_a_name_that_stands_twice_is_refused_both_times(tmp_path: Path) -> None:
    made = io.BytesIO()
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(made, "w") as archive:
        archive.writestr("b.csv", b"1")
        archive.writestr("b.csv", b"2")
    found = opened(tmp_path, made.getvalue())
    assert [m.fault.what for m in found if m.fault] == ["two members have this name"] * 2


def test_a_bomb_is_stopped_at_its_ratio_and_the_others_are_read(tmp_path: Path) -> None:
    found = opened(tmp_path, zipped({"bomb.csv": bytes(32 * 2**20), "good.csv": b"x"}))
    assert faults(found) == {"a.zip!bomb.csv": "it unpacks to more than 250 times its size"}
    assert contents(found) == {"a.zip!good.csv": b"x"}


def test_an_archive_beyond_the_settings_is_refused_whole(tmp_path: Path) -> None:
    content = random.Random(1).randbytes(2000)
    two = zipped({"b": content, "c": content})
    assert (
        "it says that it unpacks to 4,000 bytes"
        in faults(opened(tmp_path, two, Archives(max_bytes=3000)))["a.zip"]
    )
    assert "more than 1 files" in faults(opened(tmp_path, two, Archives(max_members=1)))["a.zip"]
    found = opened(tmp_path, packed(content), Archives(max_bytes=1000), "b.gz")
    assert faults(found) == {"b.gz": "it unpacks to more than 1,000 bytes"}
    assert list((tmp_path / "scratch").glob("*")) == []


def test_archives_in_archives_have_names_of_their_whole_way_and_an_end(tmp_path: Path) -> None:
    inner = zipped({"c.csv": b"x"})
    middle = zipped({"b.zip": inner, "d.csv.gz": packed(b"y")})
    found = opened(tmp_path, middle)
    assert contents(found) == {"a.zip!b.zip!c.csv": b"x", "a.zip!d.csv.gz!d.csv": b"y"}
    deep = inner
    for _ in range(4):
        deep = zipped({"b.zip": deep})
    assert "more than 3 deep" in faults(opened(tmp_path, deep))["a.zip"]


def test_a_gzip_of_several_parts_is_one_file(tmp_path: Path) -> None:
    content = packed(b"x" * 10) + packed(b"y" * 10) + bytes(512)
    found = opened(tmp_path, content, name="b.csv.GZ")
    assert contents(found) == {"b.csv.GZ!b.csv": b"x" * 10 + b"y" * 10}
    big = bytes(5 * 2**20) + random.Random(2).randbytes(5 * 2**20)
    assert contents(opened(tmp_path, packed(big), name="c")) == {"c!c.content": big}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (packed(b"x" * 999)[:-9], "it is cut off"),
        (packed(b"x" * 999)[:-8] + bytes(8), "it is not what it says"),
        (packed(b"x") + b"more", "something else follows the compressed data"),
        (packed(bytes(32 * 2**20)), "it unpacks to more than 250 times its size"),
        (b"\x1f\x8bnothing", "it is not what it says"),
    ],
    ids=["cut", "checksum", "behind", "bomb", "nothing"],
)
def test_a_gzip_that_lies_is_refused_by_name(tmp_path: Path, content: bytes, said: str) -> None:
    found = opened(tmp_path, content, name="b.csv.gz")
    assert list(faults(found)) == ["b.csv.gz!b.csv"]
    assert said in faults(found)["b.csv.gz!b.csv"]


def test_any_cut_and_any_flipped_byte_of_a_zip_is_noticed_or_harmless(tmp_path: Path) -> None:
    rng = random.Random(3)
    sent = {f"m{n}.csv": rng.randbytes(rng.randrange(200)) for n in range(3)}
    whole = zipped(sent)
    wanted = set(sent.values())
    for _ in range(150):
        data = bytearray(whole)
        if rng.random() < 0.3:
            del data[rng.randrange(len(data)) :]
        else:
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path = tmp_path / "a.zip"
        path.write_bytes(data)
        if kind(path):
            got = contents(unpack(path, "a.zip", tmp_path / "scratch", LIMITS))
            assert set(got.values()) <= wanted
    assert zlib.crc32(whole) == zlib.crc32(zipped(sent))


def test_a_zip_that_is_no_zip_and_one_without_files_are_refused(tmp_path: Path) -> None:
    assert "cannot be read" in faults(opened(tmp_path, b"PK\x03\x04" + bytes(99)))["a.zip"]
    assert faults(opened(tmp_path, zipped({}))) == {"a.zip": "the archive holds no file"}


def test_a_workbook_is_no_archive(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(zipped({"[Content_Types].xml": b"", "xl/workbook.xml": b""}))
    assert kind(path) is None
    path.write_text("record,carrier")
    assert kind(path) is None
