"""Where sets are looked for, how they are verified, and how they are had."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from elman.data.sets import catalogue
from elman.data.sets.manifest import File, Manifest, Member, Origin, SourceArchive
from elman.errors import (
    ArgumentError,
    ChecksumError,
    DataError,
    DownloadError,
    MissingExtraError,
)

LOOSE = {"one.txt": b"first", "folder/two.txt": b"second"}
TEXT = b"a text\n" * 50


def _zip(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return buffer.getvalue()


PACKED = {
    "plain.bin": b"\x00\x01" * 1000,
    "packed.zip": _zip(LOOSE),
    "text.txt.gz": gzip.compress(TEXT, mtime=0),
    "made.txt": b"made here",
}


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _members(contents: dict[str, bytes]) -> tuple[Member, ...]:
    return tuple(Member(path, len(c), _sha256(c)) for path, c in contents.items())


@pytest.fixture
def server():
    """A loopback server of `served`: path to bytes; what is not there is a 404."""
    served: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            content = served.get(self.path)
            self.send_response(200 if content is not None else 404)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, format, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", served
        running.shutdown()


@pytest.fixture
def toy(monkeypatch, cache, server) -> Path:
    """A set with a file of each kind, all served; returns the folder it is downloaded to."""
    address, served = server
    served["/plain"] = PACKED["plain.bin"]
    served |= {f"/loose/{path}": content for path, content in LOOSE.items()}
    served["/source.zip"] = _zip({"top/text.txt": TEXT, "top/other": b"not wanted"})
    ways = {
        "plain.bin": {"urls": (f"{address}/plain",)},
        "packed.zip": {
            "members": _members(LOOSE),
            "member_urls": {path: (f"{address}/loose/{path}",) for path in LOOSE},
        },
        "text.txt.gz": {
            "members": _members({"text.txt": TEXT}),
            "source_archive": SourceArchive((f"{address}/source.zip",), "top/"),
        },
        "made.txt": {"derived": "written for this test"},
    }
    files = tuple(
        File(path, len(content), _sha256(content), **ways[path]) for path, content in PACKED.items()
    )
    origin = (Origin("a/b", "0" * 40, "c"),)
    made = Manifest("toy", "Toy", "test", "few", origin, "none", "certain", "nobody", files)
    monkeypatch.setattr("elman.data.sets.manifest.names", lambda: ("toy",))
    monkeypatch.setattr("elman.data.sets.manifest.read", lambda name: made)
    return cache / "toy"


def _lay_out(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for path, content in PACKED.items():
        (folder / path).write_bytes(content)
    return folder


def _everything() -> dict[str, bytes]:
    return {**LOOSE, "text.txt": TEXT, "plain.bin": PACKED["plain.bin"]}


def test_a_downloaded_set_has_the_same_contents_as_a_laid_out_one(toy, tmp_path, monkeypatch):
    seen: dict[str, tuple[int, int | None]] = {}
    folder = catalogue.get("toy", progress=lambda file, *at: seen.update({file: at}))
    assert folder == toy
    assert catalogue.contents("toy", _everything()) == _everything()
    assert seen["plain.bin"] == (2000, 2000)
    assert set(seen) == {"plain.bin", "one.txt", "folder/two.txt", "text.txt.gz"}
    hidden = [path.name for path in folder.rglob(".*")]
    assert hidden == []

    laid_out = _lay_out(tmp_path / "data" / "toy")
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path / "data"))
    assert catalogue.locate("toy") == laid_out
    assert catalogue.contents("toy", _everything()) == _everything()
    assert catalogue.contents("toy", ["made.txt"]) == {"made.txt": b"made here"}


def test_what_is_here_is_not_downloaded_again(toy, server):
    catalogue.get("toy")
    server[1].clear()
    assert catalogue.get("toy") == toy


def test_only_what_is_missing_is_downloaded(toy, server):
    catalogue.get("toy")
    server[1].pop("/plain")
    (toy / "one.txt").unlink()
    assert catalogue.find("toy") is None
    catalogue.get("toy")
    assert (toy / "one.txt").read_bytes() == b"first"


def test_a_set_that_is_not_here_says_how_to_get_it(toy, tmp_path, monkeypatch):
    with pytest.raises(
        DataError, match=r"not whole in .*toy \(ELMAN_DATA is not set\); run: elman"
    ):
        catalogue.locate("toy")
    monkeypatch.setenv("ELMAN_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(DataError, match=r"elsewhere.toy nor .*cache.toy; run: elman data get toy"):
        catalogue.locate("toy")
    assert catalogue.find("toy") is None


def test_a_derived_file_says_how_it_was_made(toy):
    catalogue.get("toy")
    with pytest.raises(DataError, match=r"made\.txt: is not in .*it is written for this test"):
        catalogue.contents("toy", ["made.txt"])
    with pytest.raises(ArgumentError, match=r"toy has no 'other\.txt'"):
        catalogue.contents("toy", ["other.txt"])


def test_damage_is_found_and_a_good_file_is_read_once(toy, monkeypatch):
    catalogue.get("toy")
    path = toy / "plain.bin"
    with monkeypatch.context() as patched:
        patched.setattr(
            "elman.data.sets.catalogue.sha256_of", lambda path: pytest.fail("read again")
        )
        catalogue.locate("toy")
    path.write_bytes(bytes(2000))
    os.utime(path, (1, 1))
    with pytest.raises(ChecksumError, match=f"{path}: has 2000 bytes.*elman data get toy"):
        catalogue.locate("toy")
    path.unlink()
    catalogue.get("toy")
    assert path.read_bytes() == PACKED["plain.bin"]


def test_a_memory_that_is_damaged_or_cannot_be_written_only_costs_time(toy, cache):
    catalogue.get("toy")
    memory = cache / "verified" / "toy.json"
    memory.write_text("{")
    assert catalogue.locate("toy") == toy
    memory.unlink()
    memory.parent.rmdir()
    memory.parent.write_text("a file where the folder should be")
    assert catalogue.locate("toy") == toy


@pytest.mark.parametrize(
    ("path", "content", "error"),
    [
        ("/plain", b"wrong", ChecksumError),
        ("/loose/one.txt", b"wrong", ChecksumError),
        ("/source.zip", _zip({"top/text.txt": b"wrong"}), ChecksumError),
        ("/source.zip", _zip({"text.txt": TEXT}), DataError),
        ("/source.zip", b"not a zip", DataError),
        ("/plain", None, DownloadError),
    ],
)
def test_wrong_bytes_never_get_a_name(toy, server, path, content, error):
    if content is None:
        server[1].pop(path)
    else:
        server[1][path] = content
    with pytest.raises(error):
        catalogue.get("toy")
    assert catalogue.find("toy") is None
    for file in toy.rglob("*"):
        if file.is_file() and not file.name.startswith("."):
            assert file.read_bytes() == _everything()[file.relative_to(toy).as_posix()]


def test_unknown_names_are_told_the_closest():
    with pytest.raises(ArgumentError, match=r"no data set 'minst'; did you mean mnist\?"):
        catalogue.manifest("minst")
    with pytest.raises(ArgumentError, match="use one of digits, enwiki_mini"):
        catalogue.get("zzzzz")


def test_digits_come_with_scikit_learn(cache, monkeypatch):
    pytest.importorskip("sklearn", reason="the extra 'train' is not installed")
    folder = catalogue.get("digits")
    assert (folder / "data" / "digits.csv.gz").is_file()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert catalogue.find("digits") is None
    with pytest.raises(MissingExtraError, match=r"pip install .*\[train\]"):
        catalogue.locate("digits")


def test_the_cache_follows_the_system(monkeypatch, tmp_path):
    monkeypatch.setenv("ELMAN_CACHE", "/given")
    assert catalogue.cache_folder() == Path("/given")
    monkeypatch.delenv("ELMAN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    assert catalogue.cache_folder() == tmp_path / "elman"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert catalogue.cache_folder() == Path("/home/somebody/.cache/elman")
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert catalogue.cache_folder() == tmp_path / "local" / "elman"


@pytest.mark.parametrize("name", ["mnist", "sequence_classification", "tatoeba_fra_eng"])
def test_real_sets_are_found_and_verified(name, real_data):
    assert catalogue.locate(name) == real_data / name
