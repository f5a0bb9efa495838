"""Downloads that survive cuts and stalls, and end in verified bytes or a typed error.

Bytes go to a hidden `.part` file beside the target. It is kept when a download fails, so the
next one goes on where it stopped; the target gets its name only after its checksum is right.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from elman.errors import ArgumentError, ChecksumError, DataError, DownloadError
from elman.files import sha256_of

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None
    import msvcrt

__all__ = ["Progress", "fetch"]

Progress = Callable[[int, "int | None"], None]
"""Called with the bytes that are there and the bytes in all (None: not known)."""

_CHUNK = 1 << 16
_LONGEST_PAUSE = 30.0  # seconds
_PASSING = {408, 425, 429, 500, 502, 503, 504}  # HTTP states that may be gone a moment later


class _GoneError(Exception):
    """This address will not deliver, however often it is asked."""


class _PassingError(Exception):
    """The transfer broke off; asking again may help."""


@dataclass
class _Transfer:
    """One download: what is wanted, and where its bytes go."""

    target: Path
    part: Path
    sha256: str | None
    size: int | None
    progress: Progress | None
    timeout: float
    etag: tuple[str, str] | None = None  # the address that last wrote to `part`, and its ETag

    def discard(self) -> None:
        """Forget the bytes that have arrived."""
        self.part.unlink(missing_ok=True)
        self.etag = None


def fetch(
    urls: Sequence[str],
    target: Path,
    *,
    sha256: str | None,
    size: int | None,
    progress: Progress | None = None,
    timeout: float = 20.0,
    attempts: int = 6,
    pause: float = 1.0,
) -> Path:
    """Download one file, unless `target` already holds it.

    Several processes may fetch the same target: one downloads, the others wait for it.

    Args:
        urls: Mirrors, tried in turn: https, or http on the loopback device.
        target: Where the file goes.
        sha256: Its checksum in hexadecimal; None for a file whose bytes are not pinned, which
            the caller must verify. Only pinned files are resumed by a later call.
        size: Its size in bytes, or None if unknown.
        progress: Called now and then with the bytes that are there and the bytes in all.
        timeout: Seconds without a byte after which a connection counts as stalled.
        attempts: How many failures in a row, each bringing less than 64 KiB, are borne.
        pause: Seconds before the second attempt; doubled at each further one, at most 30.

    Returns:
        `target`.

    Raises:
        ArgumentError: An address is not https.
        ChecksumError: The last mirror delivered other bytes than promised; they are removed.
        DownloadError: No mirror delivered; what arrived is kept for the next call.
        DataError: The disk is full or the folder cannot be written.
    """
    for url in urls:
        if not _allowed(url):
            raise ArgumentError("urls", f"found {url!r}", "an https address")
    part = target.with_name(f".{target.name}.part")
    transfer = _Transfer(target, part, sha256, size, progress, timeout)
    with _writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.with_name(f".{target.name}.lock")):
        if sha256 is not None and target.is_file() and sha256_of(target) == sha256:
            return target
        if sha256 is None:
            part.unlink(missing_ok=True)
        _try_all(list(urls), transfer, attempts, pause)
        with _writing(target):
            os.replace(part, target)
    return target


def _try_all(urls: list[str], transfer: _Transfer, attempts: int, pause: float) -> None:
    """Ask mirror after mirror until the part file is whole and verified."""
    reasons: dict[str, str] = {}
    failures = 0
    wrong: ChecksumError | None = None
    while urls and failures < attempts:
        url = urls.pop(0)
        before = _size(transfer.part)
        try:
            _receive(url, transfer)
            _verify(url, transfer)
            return
        except ChecksumError as error:
            transfer.discard()
            wrong = error
            if before:  # perhaps it was the kept beginning that was wrong: once more, whole
                urls.insert(0, url)
        except _GoneError as error:
            reasons[url] = str(error)
        except _PassingError as error:
            reasons[url] = str(error)
            urls.append(url)
            failures = 0 if _size(transfer.part) - before >= _CHUNK else failures + 1
            if failures < attempts:
                time.sleep(min(pause * 2 ** max(failures - 1, 0), _LONGEST_PAUSE))
    if wrong is not None:
        raise wrong
    raise DownloadError(
        transfer.target.name,
        "could not be downloaded: " + "; ".join(f"{url}: {why}" for url, why in reasons.items()),
        "check the connection and run the same command again: what has arrived is kept",
    )


def _receive(url: str, transfer: _Transfer) -> None:
    """Append to the part file until it is complete."""
    have = _size(transfer.part)
    if transfer.size is not None and have >= transfer.size:
        return
    request = urllib.request.Request(url, headers={"User-Agent": "elman-data"})
    etag = transfer.etag[1] if transfer.etag and transfer.etag[0] == url else None
    if have and (transfer.sha256 or etag):
        request.add_header("Range", f"bytes={have}-")
        if etag:
            request.add_header("If-Range", etag)
    try:
        with _OPENER.open(request, timeout=transfer.timeout) as response:
            start = _start(response, have)
            found = response.headers.get("ETag", "W/")
            transfer.etag = None if found.startswith("W/") else (url, found)  # weak: no promise
            _copy(response, start, transfer)
    except urllib.error.HTTPError as error:
        error.close()
        _refused(error, transfer)
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, ssl.SSLCertVerificationError):
            raise _GoneError(f"its certificate is not valid ({reason})") from error
        raise _PassingError(str(reason) or type(reason).__name__) from error


def _refused(error: urllib.error.HTTPError, transfer: _Transfer) -> None:
    """Tell a refusal for good from one that may pass."""
    if error.code == 416:  # the kept part is longer than the file: begin again
        transfer.discard()
        raise _PassingError("HTTP 416 for the kept part, which was removed") from error
    text = f"HTTP {error.code} {' '.join(str(error.reason).split())}"
    raise (_PassingError if error.code in _PASSING else _GoneError)(text) from error


def _start(response: http.client.HTTPResponse, have: int) -> int:
    """Where in the file the response begins: at `have`, or at 0 if Range was ignored."""
    if response.status != 206:
        return 0
    content_range = response.headers.get("Content-Range", "")
    if not content_range.startswith(f"bytes {have}-"):
        raise _GoneError(f"answered a range from byte {have} with {content_range!r}")
    return have


def _copy(response: http.client.HTTPResponse, start: int, transfer: _Transfer) -> None:
    """Write the response to the part file from byte `start` on."""
    length = response.length
    end = transfer.size if length is None else start + length
    total = transfer.size or end
    done = start
    with _writing(transfer.part):
        part = open(transfer.part, "r+b" if start else "wb", buffering=0)  # noqa: SIM115
    with part:
        part.seek(start)
        while chunk := response.read1(_CHUNK):
            done += len(chunk)
            with _writing(transfer.part):
                while chunk:  # a nearly full disk may take a part of it first
                    chunk = chunk[part.write(chunk) :]
            if transfer.progress is not None:
                transfer.progress(done, total)
            if transfer.size is not None and done > transfer.size:
                return  # too long: the verification says so
        part.truncate()
        with _writing(transfer.part):
            os.fsync(part.fileno())
    if end is not None and done < end:
        raise _PassingError(f"the connection ended after {done} of {end} bytes")


def _verify(url: str, transfer: _Transfer) -> None:
    """Hold the part file against size and checksum."""
    found = _size(transfer.part)
    if transfer.size is not None and found != transfer.size:
        raise ChecksumError(url, f"delivered {found} bytes", f"{transfer.size} bytes expected")
    if transfer.sha256 is not None and (found := sha256_of(transfer.part)) != transfer.sha256:
        raise ChecksumError(
            url,
            f"delivered bytes with sha256 {found}",
            f"sha256 {transfer.sha256} expected; the bytes were removed, and another "
            "network or a later day may deliver the right ones",
        )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _allowed(url: str) -> bool:
    parts = urllib.parse.urlsplit(url)
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    return parts.scheme == "https" or (parts.scheme == "http" and loopback)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never off https (except on the loopback device)."""

    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        if not _allowed(newurl):
            raise _GoneError(f"redirects to {newurl}, which is not https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


_OPENER = urllib.request.build_opener(_Redirects)


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn a refusal of the disk into a `DataError`; network errors never pass through here."""
    try:
        yield
    except OSError as error:
        raise DataError(
            str(path),
            f"could not be written ({error.strerror or error})",
            "free the disk, or set ELMAN_CACHE to another folder, and run the command again: "
            "what has arrived is kept",
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`, waiting for whoever holds it; a killed holder frees it."""
    while True:
        with _writing(path):
            file = open(path, "ab")  # noqa: SIM115
        _lock(file)
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                break
        file.close()  # its former holder removed it: take the new one
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()
        file.close()


def _lock(file: IO[bytes]) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX)
        return
    while True:
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)  # pyright: ignore
            return
        except OSError:  # it gives up after ten seconds
            continue
