"""The downloader against a loopback server that cuts, stalls, redirects, lies and refuses."""

from __future__ import annotations

import hashlib
import http.server
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from elman.data.sets.download import fetch
from elman.errors import ArgumentError, ChecksumError, DataError, DownloadError

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Answers each path by the function registered for it, and remembers what was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[Any], None]] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.release = threading.Event()  # ends a stall when the test is over
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        """A client that hangs up is what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Range")))
        self.server.answers[self.path](self)

    def log_message(self, format, *args):
        pass

    def deliver(
        self,
        content: bytes = CONTENT,
        *,
        ranges: bool = True,
        cut: int | None = None,
        etag: str | None = None,
        shift: int = 0,
        announce: bool = True,
    ) -> None:
        """Send the content from where it is asked; `cut` bytes of it, then hang up."""
        asked = self.headers.get("Range")
        fresh = self.headers.get("If-Range") in (None, etag)
        start = int(asked[6:-1]) if asked and ranges and fresh else 0
        body = content[start:]
        self.send_response(206 if start else 200)
        if announce:
            self.send_header("Content-Length", str(len(body)))
        if start:
            first, last = start + shift, len(content) - 1
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        if etag:
            self.send_header("ETag", etag)
        self.end_headers()
        self.wfile.write(body[:cut])
        self.close_connection = True

    def redirect(self, to: str) -> None:
        self.send_response(302)
        self.send_header("Location", to)
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.release.set()
        running.shutdown()
        thread.join()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "set" / "file.bin"


def get(server: Server, target: Path, *paths: str, **options: Any) -> Path:
    given = {"sha256": SHA256, "size": len(CONTENT), "timeout": 5.0, "attempts": 3, "pause": 0.0}
    return fetch([server.url(path) for path in paths], target, **(given | options))


def part_of(target: Path) -> Path:
    return target.with_name(".file.bin.part")


def only_target_is_left(target: Path) -> bool:
    return [entry.name for entry in target.parent.iterdir()] == ["file.bin"]


def in_turn(*answers: Callable[[Any], None]) -> Callable[[Any], None]:
    """The first answer for the first request, and so on; the last one from then on."""
    left = list(answers)
    return lambda handler: (left.pop(0) if len(left) > 1 else left[0])(handler)


def test_a_whole_file_arrives_with_its_progress(server, target):
    server.answers["/a"] = Handler.deliver
    seen: list[tuple[int, int | None]] = []
    assert get(server, target, "/a", progress=lambda *at: seen.append(at)) == target
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert only_target_is_left(target)


def test_what_is_there_and_right_is_not_asked_for(server, target):
    target.parent.mkdir()
    target.write_bytes(CONTENT)
    get(server, target, "/never")
    assert server.asked == []
    target.write_bytes(b"wrong")
    server.answers["/a"] = Handler.deliver
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


def test_a_cut_connection_goes_on_where_it_stopped(server, target):
    server.answers["/a"] = in_turn(
        lambda h: h.deliver(cut=100_000, etag='"1"'), lambda h: h.deliver(etag='"1"')
    )
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT
    assert server.asked == [("/a", None), ("/a", "bytes=100000-")]


def test_many_cuts_that_bring_something_do_not_use_up_the_attempts(server, target):
    server.answers["/a"] = lambda h: h.deliver(cut=70_000)
    get(server, target, "/a", attempts=1)
    assert target.read_bytes() == CONTENT
    assert len(server.asked) == 5


def test_a_failed_download_is_resumed_by_the_next_call(server, target):
    server.answers["/a"] = in_turn(lambda h: h.deliver(cut=1000), lambda h: h.send_error(404))
    with pytest.raises(DownloadError, match=r"HTTP 404.*what has arrived is kept"):
        get(server, target, "/a")
    assert part_of(target).read_bytes() == CONTENT[:1000]
    assert not target.exists()
    server.answers["/a"] = Handler.deliver
    get(server, target, "/a")
    assert server.asked[-1] == ("/a", "bytes=1000-")
    assert target.read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_begins_again(server, target):
    server.answers["/a"] = in_turn(lambda h: h.deliver(cut=1000), lambda h: h.deliver(ranges=False))
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


def test_a_file_that_changed_meanwhile_begins_again(server, target):
    server.answers["/a"] = in_turn(
        lambda h: h.deliver(bytes(300_000), cut=1000, etag='"old"'),
        lambda h: h.deliver(etag='"new"'),
    )
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


def test_a_wrong_content_range_is_not_believed(server, target):
    server.answers["/a"] = in_turn(lambda h: h.deliver(cut=1000), lambda h: h.deliver(shift=7))
    with pytest.raises(DownloadError, match="answered a range from byte 1000"):
        get(server, target, "/a")
    assert part_of(target).stat().st_size == 1000


def test_a_stall_times_out_and_is_retried(server, target):
    def stall(handler):
        handler.deliver(cut=1000)
        handler.wfile.flush()
        handler.server.release.wait(20)

    server.answers["/a"] = in_turn(stall, Handler.deliver)
    get(server, target, "/a", timeout=2.0)  # a busy machine answers the second time within it
    assert target.read_bytes() == CONTENT
    assert server.asked[1] == ("/a", "bytes=1000-")


def test_endless_stalls_end_in_an_error(server, target):
    server.answers["/a"] = lambda h: h.server.release.wait(20)
    with pytest.raises(DownloadError, match="timed out"):
        get(server, target, "/a", timeout=0.1, attempts=2)
    assert len(server.asked) == 2


def test_passing_refusals_are_retried_with_growing_pauses(server, target, monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("elman.data.sets.download.time.sleep", pauses.append)
    busy = lambda h: h.send_error(503)  # noqa: E731
    server.answers["/a"] = in_turn(busy, busy, busy, Handler.deliver)
    get(server, target, "/a", attempts=4, pause=1.0)
    assert target.read_bytes() == CONTENT
    assert pauses == [1.0, 2.0, 4.0]


def test_a_refusal_for_good_is_asked_once_and_the_next_mirror_delivers(server, target):
    server.answers["/gone"] = lambda h: h.send_error(404)
    server.answers["/a"] = Handler.deliver
    get(server, target, "/gone", "/a")
    assert server.asked == [("/gone", None), ("/a", None)]


def test_mirrors_continue_one_another(server, target):
    server.answers["/a"] = lambda h: h.deliver(cut=200_000, etag='"a"')
    server.answers["/b"] = lambda h: h.deliver(etag='"b"')
    get(server, target, "/a", "/b")
    assert target.read_bytes() == CONTENT
    assert server.asked[1] == ("/b", "bytes=200000-")


def test_wrong_bytes_are_removed_and_reported(server, target):
    wrong = bytes(len(CONTENT))
    server.answers["/a"] = lambda h: h.deliver(wrong)
    found = hashlib.sha256(wrong).hexdigest()
    with pytest.raises(ChecksumError, match=f"{found}.*{SHA256}"):
        get(server, target, "/a")
    assert list(target.parent.iterdir()) == []


def test_wrong_bytes_of_one_mirror_are_replaced_by_another(server, target):
    server.answers["/bad"] = lambda h: h.deliver(bytes(len(CONTENT)))
    server.answers["/a"] = Handler.deliver
    get(server, target, "/bad", "/a")
    assert target.read_bytes() == CONTENT


def test_too_many_bytes_are_not_stored(server, target):
    server.answers["/a"] = lambda h: h.deliver(CONTENT * 4)
    with pytest.raises(ChecksumError, match=r"delivered \d+ bytes; 300000 bytes expected"):
        get(server, target, "/a")
    assert list(target.parent.iterdir()) == []


@pytest.mark.parametrize("kept", [b"x" * 1000, b"x" * 300_000, b"x" * 400_000])
def test_a_wrong_beginning_on_disk_is_discarded(server, target, kept):
    target.parent.mkdir()
    part_of(target).write_bytes(kept)
    server.answers["/a"] = Handler.deliver
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


def test_a_kept_part_beyond_the_end_is_discarded(server, target):
    target.parent.mkdir()
    part_of(target).write_bytes(CONTENT + b"more")
    server.answers["/a"] = in_turn(lambda h: h.send_error(416), Handler.deliver)
    get(server, target, "/a", size=None)
    assert target.read_bytes() == CONTENT


def test_redirects_are_followed(server, target):
    server.answers["/a"] = lambda h: h.redirect("/b")
    server.answers["/b"] = lambda h: h.redirect(h.server.url("/c"))
    server.answers["/c"] = Handler.deliver
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


def test_a_redirect_loop_ends(server, target):
    server.answers["/a"] = lambda h: h.redirect("/b")
    server.answers["/b"] = lambda h: h.redirect("/a")
    with pytest.raises(DownloadError, match="infinite loop"):
        get(server, target, "/a")


@pytest.mark.parametrize("to", ["http://example.com/x", "ftp://example.com/x", "file:///etc/hosts"])
def test_redirects_off_https_are_refused(server, target, to):
    server.answers["/a"] = lambda h: h.redirect(to)
    with pytest.raises(DownloadError, match=r"[Rr]edirect.*(example\.com|/etc/hosts)"):
        get(server, target, "/a")
    assert not part_of(target).exists()


@pytest.mark.parametrize("url", ["http://example.com/x", "file:///etc/hosts", "data", "ftp://a/b"])
def test_addresses_must_be_https(target, url):
    with pytest.raises(ArgumentError, match="an https address"):
        fetch([url], target, sha256=SHA256, size=1)
    assert not target.parent.exists()


def test_a_server_that_is_not_there(target, server):
    dead = Server()
    dead.server_close()
    with pytest.raises(DownloadError, match="refused"):
        get(dead, target, "/a", attempts=2)


def test_bytes_without_a_checksum_are_never_joined_from_two_calls(server, target):
    target.parent.mkdir()
    part_of(target).write_bytes(b"old beginning")
    server.answers["/a"] = lambda h: h.deliver(announce=False)
    get(server, target, "/a", sha256=None, size=None)
    assert target.read_bytes() == CONTENT
    assert server.asked == [("/a", None)]


def test_bytes_without_a_checksum_resume_only_under_the_same_etag(server, target):
    server.answers["/a"] = in_turn(
        lambda h: h.deliver(cut=1000, etag='W/"weak"'),
        lambda h: h.deliver(cut=2000, etag='"1"'),
        lambda h: h.deliver(etag='"1"'),
    )
    get(server, target, "/a", sha256=None, size=None)
    assert target.read_bytes() == CONTENT
    assert server.asked == [("/a", None), ("/a", None), ("/a", "bytes=2000-")]


def test_a_full_disk_is_a_data_error_and_keeps_what_arrived(server, target):
    resource = pytest.importorskip("resource", reason="this system has no limit on file sizes")
    server.answers["/a"] = Handler.deliver
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))  # the system refuses what is longer
    try:
        with pytest.raises(DataError, match=r"could not be written.*free the disk"):
            get(server, target, "/a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert part_of(target).read_bytes() == CONTENT[:100_000]
    assert not target.exists()
    get(server, target, "/a")
    assert target.read_bytes() == CONTENT


def test_a_folder_that_cannot_be_made_is_a_data_error(tmp_path):
    (tmp_path / "set").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="could not be written"):
        fetch(["https://example.com/x"], tmp_path / "set" / "x", sha256=SHA256, size=1)


def test_an_interruption_keeps_what_arrived(server, target):
    server.answers["/a"] = Handler.deliver

    def interrupt(done, total):
        if done > 100_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        get(server, target, "/a", progress=interrupt)
    kept = part_of(target).read_bytes()
    assert CONTENT.startswith(kept)
    assert len(kept) > 100_000
    get(server, target, "/a")
    assert server.asked[-1] == ("/a", f"bytes={len(kept)}-")
    assert target.read_bytes() == CONTENT


def _fetch_in_process(url: str, target: Path) -> None:
    fetch([url], target, sha256=SHA256, size=len(CONTENT), timeout=20.0, pause=0.0)


@pytest.mark.skipif(os.name == "nt", reason="processes are forked to share the loopback server")
def test_processes_that_fetch_the_same_file_do_not_disturb_one_another(server, target):
    server.answers["/a"] = lambda h: h.deliver(cut=90_000)
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_fetch_in_process, args=(server.url("/a"), target)) for _ in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert target.read_bytes() == CONTENT
    assert only_target_is_left(target)
    assert len(server.asked) == 4  # one process downloaded, in four pieces; the others waited
