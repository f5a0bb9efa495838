"""What would be read of a file, before anything is trained: columns, roles, sequences, series."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from elman.data.labelled_sequences import LabelledSequences
from elman.data.paths import AHEAD, SEEN
from elman.data.readers import options_of, read, test_part
from elman.data.readers.folder import folder_table
from elman.data.readers.guessing import likely_text
from elman.data.readers.pairs import holds_pairs, holds_tabbed_pairs, read_pairs
from elman.data.readers.paths import looks_like_paths, read_paths
from elman.data.readers.roles import Columns, names_of, roles_of
from elman.data.series.frames import panel_of
from elman.data.series.panel import Panel
from elman.data.sound_sequences import are_sounds
from elman.data.tables import columns as kinds
from elman.data.tables import reader
from elman.data.tables.columns import Table
from elman.data.tables.dialect import Dialect
from elman.data.tables.timestamps import looks_like_times, shown
from elman.errors import ElmanError

__all__ = ["inspected"]

_ROWS = 3  # that are shown
_HORIZON = 10  # steps ahead, where nothing has a season
_MOST_CLASSES = 20  # that are counted one by one
_FEW = 0.1  # so many distinct whole numbers among the sequences are classes rather than numbers


def inspected(
    source: str | os.PathLike[str],
    told: Mapping[str, Any] | None = None,
    roles: Mapping[str, Any] | None = None,
    pairs: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What would be read of a file or a folder, as plain data.

    Args:
        source: What `elman.data.read` or `elman.data.as_panel` takes.
        told: Options of `read`.
        roles: Options of `as_panel`.
        pairs: Options of `read_pairs`: pairs are meant.

    Returns:
        `source`, `bytes`; of a table `rows`, `columns` (each one's name, what it holds, how many
        values are missing, its range, its role) and `first rows`; `sequences` and `series`: what
        each way to read it gives and the `command` that would train on it, or `error`, why it
        gives nothing; `texts` where it gives neither, and each row may be a text with its
        class: both columns and the `command`; `pairs` alone where it holds sources with targets;
        `notes`, what was inferred.

    Raises:
        DataError, FormatError: The file cannot be read at all.
    """
    told, roles = dict(told or {}), dict(roles or {})
    path = Path(source)
    found: dict[str, Any] = {"source": str(source), "bytes": _bytes(path)}
    if pairs or holds_pairs(path):
        return found | _of_pairs(path, pairs or _dialect(told))
    if not told and not roles and looks_like_paths(path):
        found |= _of_paths(path)
        if path.is_dir():
            return found
    known = options_of(path)
    told = {name: value for name, value in told.items() if name in known}
    table = columns = None
    if "separator" in known:
        table, columns = _table(path, told)
    sequences, data = _try(lambda: read(path, **told))
    if data is None and "classes" in known:  # as a classifier reads it
        again, data = _try(lambda: read(path, **told, classes=True))
        sequences = sequences if data is None else again
    if data is None and holds_tabbed_pairs(path):
        return found | _of_pairs(path, _dialect(told))
    series, panel = (None, None)
    if table is not None:
        series, panel = _try(lambda: panel_of(path, **roles))
    notes = [*(data.notes if data else ()), *(panel.notes if panel and not data else ())]
    if table is not None and columns is not None:
        own = roles_of(table, _with(columns, data)) if data is not None else {}
        found |= _columns(table, own, data, panel)
    if data is not None:
        sequences = _of_sequences(path, data, told)
    if panel is not None:
        series = _of_series(path, panel, roles)
    found |= {"sequences": sequences} | ({"series": series} if series is not None else {})
    if table is not None and data is None and panel is None:
        found |= _of_texts(path, table, told)
    notes = [*found.get("notes", ()), *(notes or (table.notes if table else ()))]
    return found | {"notes": list(dict.fromkeys(notes))}


def _dialect(told: Mapping[str, Any]) -> dict[str, Any]:
    """How a file is written, of what was told."""
    return {name: told[name] for name in ("separator", "encoding") if name in told}


def _of_pairs(path: Path, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a file holds as pairs, and what would train on them."""
    data = read_pairs(path, **told)
    words = ["elman", "train", "translator", "--source" if "target" in told else "--data"]
    words.append(str(path))
    for name in ("target", "source_column", "target_column", "separator", "encoding"):
        value = told.get(name)
        for one in value if isinstance(value, list) else [value] if value is not None else []:
            words += [f"--{name.replace('_', '-')}", str(one)]
    first = [*zip(data.source, data.target, strict=True)][:_ROWS]
    found = {
        "count": len(data),
        "empty": dict(zip(("source", "target"), data.empty, strict=True)),
        "describes": data.describe(),
        "first": [list(pair) for pair in first],
        "command": shlex.join(words),
    }
    return {"pairs": found, "notes": list(data.notes)}


def _of_paths(path: Path) -> dict[str, Any]:
    """What a file or a folder holds as agents in scenes, and what would train on them."""
    wrong, data = _try(lambda: read_paths(path))
    if data is None:
        return {"paths": wrong, "notes": []}
    windows = data.windows(SEEN, AHEAD)
    each = np.bincount(windows.scene, minlength=len(data))
    moved = np.concatenate([one.moved for one in data.scenes])
    found = {
        "describes": data.described(),
        "windows": len(windows),
        "typical step": float(np.sqrt(np.square(moved).mean())) if len(moved) else 0.0,
        "longest step": float(moved.max(initial=0.0)),
        "scenes": [
            {"name": one.name, "agents": len(one.agents), "steps": one.last + 1, "windows": int(n)}
            for one, n in zip(data.scenes, each, strict=True)
        ],
        "command": shlex.join(["elman", "train", "forecaster", "--data", str(path)]),
    }
    return {"paths": found, "notes": list(data.notes)}


def _with(columns: Columns, data: LabelledSequences) -> Columns:
    """The columns with those of series and time that were inferred."""
    inferred: dict[str, Any] = {k: data.written[k] for k in ("series", "time") if k in data.written}
    return replace(columns, **inferred)


def _try(reading: Any) -> tuple[dict[str, str] | None, Any]:
    """What is read; or why it is not: what was found, and what to do."""
    try:
        return None, reading()
    except ElmanError as error:
        return {"error": f"{error.where}: {error.found}", "advice": error.expected}, None


def _bytes(path: Path) -> int:
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def _table(path: Path, told: dict[str, Any]) -> tuple[Table, Columns]:
    """The table in a file, or of the files in a folder."""
    told = dict(told)
    dialect, labels = Dialect.taken(told), told.pop("labels", None)
    columns = Columns(**told, labelled=False)
    if path.is_dir():
        return folder_table(path, columns, dialect, labels=labels)
    return reader.read(path, texts=names_of(columns), dialect=dialect), columns


def _columns(
    table: Table, roles: dict[str, str], data: LabelledSequences | None, panel: Panel | None
) -> dict[str, Any]:
    """What each column holds, and the first rows."""
    if data is None and panel is not None:
        roles = _roles_in(panel)
    shown_columns = []
    for name in table.columns:
        role = roles.get(name, "feature" if data is not None and _is_feature(name, data) else "")
        shown_columns.append({"name": name, "role": role, **_held(table.columns[name])})
    rows = [
        [_cell(table.field(row, name)) for name in table.columns]
        for row in range(min(_ROWS, table.rows))
    ]
    return {"rows": table.rows, "columns": shown_columns, "first rows": rows}


def _is_feature(name: str, data: LabelledSequences) -> bool:
    return name in data.feature_names or any(name.startswith(each) for each in data.feature_names)


def _roles_in(panel: Panel) -> dict[str, str]:
    """What the columns of a panel's table are for."""
    found: dict[str, str] = {}
    for one in fields(panel.columns):
        value = getattr(panel.columns, one.name)
        names = [value] if isinstance(value, str) else value or ()
        found |= dict.fromkeys(names, "target" if one.name == "wide" else one.name)
    return found


def _held(column: Any) -> dict[str, Any]:
    """What a column holds: its kind, how many are missing, its range or its distinct texts."""
    kind, absent = kinds.kind(column), kinds.missing(column)
    held: dict[str, Any] = {
        "holds": kind,
        "dtype": kinds.dtype_name(column),
        "missing": int(absent.sum()),
    }
    if kind == "number":
        values = kinds.numbers(column).astype(np.float64)
        values = values[np.isfinite(values)]
        if len(values):
            whole = bool((values == np.round(values)).all())
            held |= {"from": float(values.min()), "to": float(values.max()), "whole": whole}
    elif kind == "time" and not absent.all():
        values = kinds.objects(column)[~absent]
        held |= {"from": _cell(values.min()), "to": _cell(values.max())}
    elif kind == "text" and looks_like_times(column):
        texts = sorted(str(text) for text in kinds.codes(column)[1])
        held |= {"holds": "time", "from": texts[0], "to": texts[-1]}
    elif kind == "text":
        texts = kinds.codes(column)[1]
        held |= {"distinct": len(texts), "first": [str(text) for text in texts[:_ROWS]]}
    return held


def _cell(value: Any) -> Any:
    """A cell as JSON has it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, np.datetime64):
        return shown(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else str(value)


def _of_sequences(path: Path, data: LabelledSequences, told: Mapping[str, Any]) -> dict[str, Any]:
    """What a file holds as sequences, and what would train on them."""
    lengths = data.sequences.sizes
    found: dict[str, Any] = {
        "count": len(data),
        "what": "recording" if are_sounds(data.sequences) else "sequence",
        "unit": data.sequences.unit,
        "shortest": int(lengths.min()),
        "longest": int(lengths.max()),
        "features": list(data.feature_names),
        "names": list(data.ids[:_ROWS]),
    }
    own = test_part(path)
    if own is not None:
        found["test part"] = str(own[0]) + (f", part {own[1]}" if own[1] else "")
    if data.labels is None:
        return found | {"labels": None}
    task, labels = "classifier", data.labels
    if labels.dtype == object:
        values, counts = np.unique(np.concatenate(list(labels)), return_counts=True)
        found["labels at"] = "each step"
    elif labels.ndim > 1 or _are_numbers(labels):
        task, values, counts = "regressor", labels, None
    else:
        values, counts = np.unique(labels, return_counts=True)
    if counts is None:
        found["labels"] = {"from": float(values.min()), "to": float(values.max())}
    else:
        order = np.argsort(-counts, kind="stable")[:_MOST_CLASSES]
        found["classes"] = len(values)
        found["labels"] = {str(values[k]): int(counts[k]) for k in order}
        if are_sounds(data.sequences) and any(" " in str(value) for value in values):
            task = "transcriber"  # of several words: what is said
    return found | {"command": _command(task, path, told)}


def _of_texts(path: Path, table: Table, told: Mapping[str, Any]) -> dict[str, Any]:
    """Which column may be texts to classify, and which one their classes, if that is clear."""
    texts = [name for name in table.columns if kinds.kind(table.columns[name]) == "text"]
    if not texts or path.is_dir():
        return {}
    text = told.get("text") or likely_text(table, texts)
    distinct = {
        name: len(set(map(str, kinds.objects(table.columns[name])))) for name in table.columns
    }
    few = [name for name in distinct if name != text and 2 <= distinct[name] <= _MOST_CLASSES]
    label = told.get("label") or (few[0] if len(few) == 1 else None)
    if label is None or distinct.get(text, 0) <= distinct.get(label, math.inf):
        return {}
    command = _command("classifier", path, {**told, "text": text, "label": label})
    return {"texts": {"text": text, "label": label, "command": command}}


def _are_numbers(labels: np.ndarray) -> bool:
    """Whether labels are rather numbers to predict than classes."""
    if labels.dtype.kind == "f":
        return True
    return labels.dtype.kind == "i" and len(np.unique(labels)) > max(2, _FEW * len(labels), 20)


def _of_series(path: Path, panel: Panel, roles: Mapping[str, Any]) -> dict[str, Any]:
    """What a file holds as series, and what would train on them."""
    lengths, season = panel.lengths, panel.frequency.season
    gaps = panel.gap_before
    horizon = max(1, min(season if season > 1 else _HORIZON, int(lengths.min()) // 5))
    return {
        "count": len(panel),
        "shortest": int(lengths.min()),
        "longest": int(lengths.max()),
        "names": list(panel.names[:_ROWS]),
        "target": list(panel.columns.wide or panel.columns.target),
        "frequency": panel.frequency.describe(),
        "season": season,
        "from": shown(panel.times.min()),
        "to": shown(panel.times.max()),
        "gaps": int(gaps.sum()),
        "missing": int(np.isnan(panel.target).sum()),
        "command": _command(
            "forecaster",
            path,
            {**roles, "horizon": horizon, "gaps": "mask" if gaps.any() else None},
        ),
    }


def _command(task: str, path: Path, told: Mapping[str, Any]) -> str:
    """The command that trains on a file, with what was told of it."""
    words = ["elman", "train", task, "--data", str(path)]
    for name, value in told.items():
        if value is not None and value is not False:
            text = ",".join(value) if isinstance(value, list | tuple) else str(value)
            words += [f"--{name.replace('_', '-')}", text]
    return shlex.join(words)
