"""Each format that Elman reads: how its files are read, and how they are changed at random."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import random
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from tests.drills.lines import lines_changed, objects_changed, read_lines
from tests.drills.mutations import NUMBERS, VALUES, bytes_changed, value_changed
from tests.drills.sounds import chunk_sizes_changed, chunks_changed, form_changed, read_sounds

CORPUS = Path(__file__).parent / "corpus"

Change = Callable[[random.Random, bytes], bytes]


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        read: Reads a file, and uses what it holds as the command line does.
        changes: Ways to change a file within its own structure; they may fail on a damaged one.
    """

    read: Callable[[Path], Any]
    changes: tuple[Change, ...] = ()

    def changed(self, draws: random.Random, seeds: list[bytes]) -> bytes:
        """A file of the corpus, changed."""
        content = draws.choice(seeds)
        if self.changes and draws.random() < 0.6:
            try:
                content = draws.choice(self.changes)(draws, content)
            except Exception:
                return content
            if draws.random() < 0.8:
                return content
        return bytes_changed(draws, content, seeds)


def seeds_of(name: str) -> list[bytes]:
    """What the corpus holds of a format."""
    return [path.read_bytes() for path in sorted((CORPUS / name).iterdir())]


# The model file


def read_model(path: Path) -> None:
    import elman
    from elman.cli.info import describe_model
    from elman.runtime import ForecasterModel

    describe_model(path)
    model = elman.load(path)
    if isinstance(model, ForecasterModel):
        columns = model.plan.columns
        steps = 60
        names = (*(columns.wide or columns.target), *columns.past, *columns.future)
        table: dict[str, Any] = {name: np.arange(1.0, steps + 1) for name in names}
        table |= {name: np.full(steps, 3.0) for name in columns.static}
        if columns.time is not None:
            table[columns.time] = np.datetime64("2024-01-01") + np.arange(steps)
        if columns.series is not None:
            table[columns.series] = np.array(["s0"] * steps)
        model.backtest(table, origins=2)
        return
    features = model.n_features_in_
    X = np.zeros((2, 4) if features is None else (2, 4, features), np.float32)
    model.evaluate(X, [0, 1])
    model.trace(X[0])


def description_changed(entry: str, *parts: str | None) -> Change:
    """What the file says of itself (all: None) or a tensor is another, and the checksum fits."""

    def changed(draws: random.Random, content: bytes) -> bytes:
        from elman.tensor_files import digest_of

        length = int.from_bytes(content[:8], "little")
        text = json.loads(content[8 : 8 + length])["__metadata__"][entry]
        description, tensors = json.loads(text), tensors_of(content)
        description.pop("sha256")
        if draws.random() < 0.7:
            part = draws.choice(parts)
            if part is None:
                description = value_changed(draws, description)
            else:
                description[part] = value_changed(draws, description[part])
        else:
            tensors = _tensors_changed(draws, tensors)
        description["sha256"] = digest_of(description, tensors)
        return bytes_of(tensors, metadata={entry: json.dumps(description, sort_keys=True)})

    return changed


model_configuration_changed = description_changed(
    "elman_bundle", "settings", "settings", "settings", "blueprint", None
)


def _tensors_changed(draws: random.Random, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    name = draws.choice(sorted(tensors))
    array = tensors[name]
    choice = draws.randrange(6)
    if choice == 0:
        return {key: each for key, each in tensors.items() if key != name}
    if choice == 1:
        shape = draws.choice(((), (0,), (1,), (2, 2), (0, 2**20), (3, 0, 4), (len(array.shape),)))
        dtype = draws.choice((np.float32, np.float64, np.int64, np.int32, np.uint8, np.bool_))
        return {**tensors, name: np.zeros(shape, dtype)}
    changed = array.copy()
    if changed.size:
        number = draws.choice((0, -1, 1, 2**31 - 1, 2**62, -(2**63), np.nan, np.inf, 1e308, 1e-320))
        if array.dtype.kind != "f" and not np.isfinite(number):
            number = 2
        with np.errstate(all="ignore"):
            changed.reshape(-1)[draws.randrange(changed.size)] = np.array(number).astype(
                array.dtype
            )
    return {**tensors, name: changed}


def safetensors_header_changed(draws: random.Random, content: bytes) -> bytes:
    """The list of tensors is another; what it holds is not."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    kept = header.pop("__metadata__", {})
    header = value_changed(draws, header)
    if isinstance(header, dict):
        header = {"__metadata__": kept} | header
    text = json.dumps(header)
    if draws.random() < 0.3:
        text = text.replace(draws.choice(("0", "1", "2", "8")), draws.choice(NUMBERS), 1)
    encoded = text.encode("utf-8", "surrogatepass")
    return len(encoded).to_bytes(8, "little") + encoded + content[8 + length :]


# A saved search

PIECES = ("", None, "a", "b", "ab", "1", " ", "é")


def read_search(path: Path) -> None:
    """It is loaded, and goes on for some steps."""
    from elman.decoding import Search

    def step(tokens: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
        return np.eye(len(PIECES))[tokens % len(PIECES)] * 2, state

    search = Search.load(path, model="m", pieces=PIECES)
    for _ in range(4):
        search.advance(step)
    search.answers()
    search.save(path)


# Arrays


def read_sequences(path: Path) -> None:
    from elman.data.readers import read

    read(path)


def read_idx(path: Path) -> None:
    from elman.data.readers.idx import read_pair

    read_pair(path, None, "it")


def npz_changed(draws: random.Random, content: bytes) -> bytes:
    """An archive of the same arrays, one of whose headers says something else."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = draws.choice(sorted(members))
    members[name] = _npy_changed(draws, members[name])
    buffer = io.BytesIO()
    method = draws.choice((0, 0, 8, 8, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for key, member in members.items():
            archive.writestr(key, member)
    made = bytearray(buffer.getvalue())
    if draws.random() < 0.2:  # encrypted, or another method, in both headers
        flag = draws.choice((1, 8, 32, 64))
        for magic, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            start = made.find(magic)
            made[start + place + draws.choice((0, 2))] |= flag
    return bytes(made)


def _npy_changed(draws: random.Random, member: bytes) -> bytes:
    shapes = ("(2, 3, 2)", "(3,)", "()", "(0, 5)", "(-1,)", "(2**40,)", "(1099511627776, 0, 1)")
    shapes += ("(9223372036854775807, 2)", "(True,)", "(1.5,)", "[3]", "(((", "'x'", "9" * 5000)
    dtypes = ("<f4", ">f8", "<i8", "|b1", "<U3", "<U0", "|O", "|V0", "<M8[s]", "<c8", "<f2", "|S5")
    dtypes += ("<U1000000000", "[('a', '<f4')]", "{'x': 1}", "<f3", "\x1b", "4i4")
    header = f"{{'descr': {draws.choice(dtypes)!r}, 'fortran_order': {draws.choice('01x')}, "
    header = header.replace(": 0", ": False").replace(": 1", ": True")
    header += f"'shape': {draws.choice(shapes)}, }}"
    if draws.random() < 0.2:
        header = draws.choice(("(" * 500, "{" * 5000, "\0", "1" * 5000, "{'descr': '<f4'}", "'\\"))
    text = header.encode("latin1", "replace") + b"\n"
    version = draws.choice((b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\7\0"))
    size = struct.pack("<H" if version == b"\1\0" else "<I", min(len(text), 65535))
    data = member[member.find(b"\n") + 1 :]
    return b"\x93NUMPY" + version + size + text + data


def idx_changed(draws: random.Random, content: bytes) -> bytes:
    packed = content[:2] == b"\x1f\x8b"
    plain = bytearray(gzip.decompress(content) if packed else content)
    for _ in range(draws.randint(1, 2)):
        place = draws.choice((2, 3, 4, 8, 12))
        number = draws.choice((0, 1, 3, 8, 13, 14, 64, 65, 255, 2**31, 2**32 - 1))
        if place < 4:
            plain[place] = number % 256
        else:
            plain[place : place + 4] = number.to_bytes(4, "big")
    return gzip.compress(bytes(plain)) if draws.random() < 0.5 else bytes(plain)


# Tables


def read_table(path: Path) -> None:
    """As labelled sequences, as series, and as what it would be shown."""
    from elman.data import as_panel, read_texts
    from elman.data.doctor import examined, part_of
    from elman.data.inspection import inspected
    from elman.data.readers import read
    from elman.errors import ElmanError

    failed: ElmanError | None = None
    for use in (
        lambda: read(path),
        lambda: read(path, label="y", per_step=True),
        lambda: read(path, missing="linear"),
        lambda: inspected(path),
        lambda: as_panel(str(path)),
        lambda: as_panel(str(path), target="x", time="t", series="id", timezone="Europe/Paris"),
        lambda: as_panel(str(path), target="x", past="y", frequency="D", repair="numbers"),
        lambda: examined(part_of(read_texts(path, text="y", label="t"))),
        lambda: read_texts(path, drop_empty=True, numbers_as_text=True, text="x", label="y"),
    ):
        try:
            use()
        except ElmanError as error:
            failed = error
    if failed is not None:
        raise failed


def table_text_changed(draws: random.Random, content: bytes) -> bytes:
    """Cells, rows or columns are others."""
    cells = [line.split(",") for line in content.decode().splitlines()]
    words = (*NUMBERS, "", " ", '"', '"a\n1"', "a" * 140_000, "\0", "\x1b[2J", "inf", "nan", "None")
    words += ("2024-02-30", "9999-12-31", "0000-01-01", "2024-01-01T00:00:00+99:99", "-5000-01-01")
    words += (
        "2024-01-01 12:00Z",
        "1e-400",
        "１２",
        "٣",
        "=1+1",
        "a;b\tc",
        "1.234",
        "1.234.5",
        "1 2",
    )
    for _ in range(draws.randint(1, 5)):
        row = draws.choice(cells)
        row[draws.randrange(len(row))] = draws.choice(words)
    if draws.random() < 0.2:
        column = draws.randrange(len(cells[0]))
        word = draws.choice(words)
        for row in cells[1:]:
            row[min(column, len(row) - 1)] = word
    text = draws.choice(("\n", "\r\n", "\r", "\n\n")).join(",".join(row) for row in cells)
    separator = draws.choice((",", ",", ",", ";", "\t", "|"))
    text = text.replace(",", separator)
    if separator != "," and draws.random() < 0.5:
        text = text.replace(".", ",")
    if draws.random() < 0.1:
        text = f"sep={separator}\n{text}"
    encoding = draws.choice(("utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "utf-7"))
    made = text.encode(encoding, "replace")
    packed = draws.choice((gzip.compress, bz2.compress, lzma.compress))
    return packed(made) if draws.random() < 0.2 else made


def read_archived(path: Path) -> None:
    """As labelled sequences, and as what it would be shown."""
    from elman.data.inspection import inspected
    from elman.data.readers import read

    inspected(path)
    read(path, missing="previous")


def archived_changed(draws: random.Random, content: bytes) -> bytes:
    """Values, lines of the head or whole lines are others."""
    lines = content.decode().splitlines()
    words = (*NUMBERS, "", "?", ":", "::", "@data", "@classLabel true", "(0,1)", "#", "\0", "nan")
    for _ in range(draws.randint(1, 4)):
        row = draws.randrange(len(lines))
        if draws.random() < 0.3:
            lines[row] = draws.choice(words)
            continue
        cells = lines[row].split(",")
        cells[draws.randrange(len(cells))] = draws.choice(words)
        lines[row] = ",".join(cells)
    return "\n".join(lines).encode(draws.choice(("utf-8", "utf-16", "cp1252")), "replace")


def parquet_changed(draws: random.Random, content: bytes) -> bytes:
    """Columns of types that nobody expects."""
    import decimal

    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(pa.BufferReader(content))
    rows = table.num_rows
    far = pa.array([2**62, -(2**62), 0, 1] * rows, pa.int64())[:rows]
    odd = {
        "list": pa.array([[1, 2]] * rows),
        "struct": pa.array([{"a": 1}] * rows),
        "map": pa.array([[("a", 1)]] * rows, pa.map_(pa.string(), pa.int64())),
        "binary": pa.array([b"\xff\xfe"] * rows),
        "fixed": pa.array([b"\xff\xfe"] * rows, pa.binary(2)),
        "text": pa.array(["2024-01-01"] * rows),
        "words": pa.array([f"w{k}" for k in range(rows)]),
        "dictionary": pa.array(["a", "b"] * rows)[:rows].dictionary_encode(),
        "decimal": pa.array([decimal.Decimal("1.5")] * rows),
        "large decimal": pa.array([decimal.Decimal(10) ** 60] * rows, pa.decimal256(70)),
        "null": pa.nulls(rows),
        "bool": pa.array([True] * rows),
        "half": pa.array([np.float16(1.5)] * rows, pa.float16()),
        "uint64": pa.array([2**64 - 1] * rows, pa.uint64()),
        "date": pa.array([0, 2**31 - 1] * rows, pa.int32())[:rows].view(pa.date32()),
        "time": pa.array([1] * rows, pa.int64()).view(pa.time64("us")),
        "duration": pa.array([1] * rows, pa.int64()).view(pa.duration("us")),
        **{f"far {u}": far.view(pa.timestamp(u)) for u in ("s", "ms", "us", "ns")},
        "zoned": far.view(pa.timestamp("us", "Europe/Paris")),
        "no zone": pa.array(range(rows), pa.int64()).view(pa.timestamp("us", "No/Where")),
        "nan": pa.array([float("nan"), float("inf")] * rows)[:rows],
    }
    for _ in range(draws.randint(1, 2)):
        place = draws.randrange(table.num_columns)
        column = odd[draws.choice(sorted(odd))]
        table = table.set_column(place, table.column_names[place], column)
    if draws.random() < 0.2:
        table = table.rename_columns(
            [draws.choice((name, "", "1", "\x1b[2J", "x")) for name in table.column_names]
        )
    if draws.random() < 0.1:
        table = table.slice(0, draws.choice((0, 1)))
    sink = io.BytesIO()
    compression: Any = draws.choice(("none", "snappy", "gzip", "zstd"))
    pq.write_table(table, sink, compression=compression)
    return sink.getvalue()


# Settings and journals


def read_config(path: Path) -> None:
    from elman.cli.settings import gather

    gather(None, str(path), {}, {}).estimator()


def toml_changed(draws: random.Random, content: bytes) -> bytes:
    import tomllib

    from elman.run_files import toml_text

    told = value_changed(draws, tomllib.loads(content.decode()))
    try:
        return toml_text(told).encode("utf-8", "surrogatepass")
    except Exception:
        words = (*NUMBERS, "[" * 5000, "{a=" * 500, "1979-05-27T07:32:00Z", "inf", '"""', "[[x]]")
        lines = content.decode().splitlines()
        lines[draws.randrange(len(lines))] = (
            f"{draws.choice(('x', 'epochs', 'a.' * 2000 + 'a'))} = "
        )
        return ("\n".join(lines) + draws.choice(words)).encode()


def read_journal(path: Path) -> None:
    from elman import plots
    from elman.cli.plot import epochs_of

    plots.learning_curves(epochs_of(path), score_name="accuracy")


def journal_changed(draws: random.Random, content: bytes) -> bytes:
    lines = content.decode().splitlines()
    place = draws.randrange(len(lines))
    lines[place] = json.dumps(value_changed(draws, json.loads(lines[place])))
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def read_state(path: Path) -> None:
    from elman import state

    state.load(path)


def read_checkpoint(path: Path) -> None:
    from elman.training.run.checkpoint import load_checkpoint

    load_checkpoint(path)


def metadata_changed(draws: random.Random, content: bytes) -> bytes:
    """What the header says beside its tensors is another."""
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    told = header["__metadata__"]
    key = draws.choice(sorted(told))
    try:
        told[key] = json.dumps(value_changed(draws, json.loads(told[key])))
    except ValueError:
        told[key] = json.dumps(draws.choice(VALUES))
    tensors = tensors_of(content)
    if "checksum" in told and key != "checksum":
        import torch

        from elman.training.run.checkpoint import _checksum

        of_torch = {name: torch.from_numpy(array.copy()) for name, array in tensors.items()}
        told["checksum"] = _checksum(of_torch, told)
    return bytes_of(tensors, metadata=told)


# Codecs of texts


def read_text_codec(path: Path) -> None:
    from elman.transforms.text import codec_from_tensors, read_codec

    codec = read_codec(path)
    ids = codec.encode("The dog's 2nd  caf\u00e9\0\n\u4e2d")
    codec.decode(ids)
    codec_from_tensors(codec.tensors())


def json_changed(draws: random.Random, content: bytes) -> bytes:
    return json.dumps(value_changed(draws, json.loads(content))).encode()


def read_vocabulary(path: Path) -> None:
    from elman.transforms.text import Vocabulary

    Vocabulary.read(path)


FORMATS = {
    "model": Format(
        read_model,
        (model_configuration_changed, model_configuration_changed, safetensors_header_changed),
    ),
    "search": Format(
        read_search,
        (
            description_changed("elman_search", "options", "told", "structure", None),
            safetensors_header_changed,
        ),
    ),
    "npz": Format(read_sequences, (npz_changed,)),
    "idx": Format(read_idx, (idx_changed,)),
    "csv": Format(read_table, (table_text_changed,)),
    "ts": Format(read_archived, (archived_changed,)),
    "ndjson": Format(read_table, (objects_changed,)),
    "conllu": Format(read_lines, (lines_changed,)),
    "parquet": Format(read_table, (parquet_changed,)),
    "wav": Format(read_sounds, (chunk_sizes_changed, chunks_changed, form_changed)),
    "toml": Format(read_config, (toml_changed,)),
    "jsonl": Format(read_journal, (journal_changed,)),
    "state": Format(read_state, (safetensors_header_changed, metadata_changed)),
    "safetensors": Format(read_checkpoint, (safetensors_header_changed, metadata_changed)),
    "json": Format(read_text_codec, (json_changed,)),
    "pieces": Format(read_text_codec),
    "txt": Format(read_vocabulary),
}
"""Of each format, by the end of its files' names."""
