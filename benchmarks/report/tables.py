"""The suites' tables: every point, losses too."""

from __future__ import annotations

from benchmarks.digits import BATCH
from benchmarks.report.points import (
    Point,
    by_processor_time,
    fastest_peer,
    names,
    peers,
    rate,
    seconds,
    share,
    speedup,
)
from benchmarks.suites.grid import SGEMM

__all__ = [
    "budget_table",
    "client_table",
    "epoch_table",
    "grid_table",
    "memory_table",
    "text_table",
    "time_table",
]


def grid_table(points: list[Point]) -> list[str]:
    """Milliseconds of everybody; against each peer, how many times faster Elman is."""
    columns = peers(points[0])
    head = ["cell", "B T I H", "Elman, ms", *(f"{name}, ms" for name in columns)]
    lines = _head([*head, "against the fastest", "GFLOP/s", "of SGEMM", "spread"], left=2)
    for point in points:
        lines.append(
            _row(
                point["cell"],
                _size(point),
                milliseconds(seconds(point, "Elman")),
                *(_against(point, name) for name in columns),
                _against(point, fastest_peer(point), with_time=False),
                f"{rate(point, 'Elman') / 1e9:.0f}",
                f"{100 * share(point):.0f} %" if SGEMM in names(point) else "",
                spread(point),
            )
        )
    return lines


def time_table(points: list[Point], own: str, extra: tuple[str, ...] = ()) -> list[str]:
    """Milliseconds of all contenders of a suite; each but `own` also as a multiple of `own`."""
    others = [name for name in names(points[0]) if name != own]
    lines = _head([*extra, "cell", "B T I H", "", "threads", f"{own}, ms", *others], len(extra) + 3)
    for point in points:
        lines.append(
            _row(
                *(point[key] for key in extra),
                point["cell"],
                _size(point),
                "training" if point["training"] else "inference",
                point["threads"],
                milliseconds(seconds(point, own)),
                *(_against(point, name, own) for name in others),
            )
        )
    return lines


def epoch_table(points: list[Point]) -> list[str]:
    """Seconds of an epoch, scaled from the batches that were timed."""
    others = peers(points[0])
    lines = _head(["cell", "threads", "Elman, s", *(f"{name}, s" for name in others)], left=1)
    for point in points:
        own = point["batches"] * seconds(point, "Elman")
        cells = [
            f"{point['batches'] * seconds(point, name):.2f} ({times(speedup(point, name))})"
            for name in others
        ]
        lines.append(_row(point["cell"], point["threads"], f"{own:.2f}", *cells))
    return [*lines, "", f"Batches of {BATCH}; the multiple is of Elman's time."]


def client_table(points: list[Point]) -> list[str]:
    """Milliseconds before and after, by the clock and of processor time; or why there are none."""
    head = ["program", "cell", "B T I H", "", "threads", "torch, ms", "accelerated, ms"]
    lines = _head([*head, "times as fast", "by processor time"], left=4)
    for point in points:
        mode = "training" if point["training"] else "inference"
        first = (point["client"], point["cell"], _size(point), mode, point["threads"])
        if not point["measurements"]:
            lines.append(_row(*first, f"not run: {point['not run']}", "", "", ""))
            continue
        taken = [milliseconds(seconds(point, name)) for name in ("PyTorch", "Elman")]
        (worked,) = by_processor_time([point])
        ratios = [times(speedup(each, "PyTorch")) for each in (point, worked)]
        lines.append(_row(*first, *taken, *ratios))
    return lines


def text_table(points: list[Point]) -> list[str]:
    """Words a second of everybody; by the clock and of processor time how many times Elman's."""
    head = ["network", "B T E H", "", "words/s", "times as long", "by processor time"]
    lines = _head(head, left=3)
    for point in points:
        (worked,) = by_processor_time([point])
        for name in names(point):
            rate = f"{point['words'] / seconds(point, name):,.0f}"
            ratios = (speedup(each, name) for each in (point, worked))
            shown = ["", ""] if name == "Elman" else [f"{ratio:.2f}×" for ratio in ratios]
            lines.append(_row(point["about"], _size(point), name, rate, *shown))
    return lines


def memory_table(points: list[Point]) -> list[str]:
    """MiB of each."""
    lines = _head(["cell", "B T I H", *(f"{name}, MiB" for name in names(points[0]))], left=2)
    for point in points:
        peaks = [f"{each['bytes'] / 2**20:.0f}" for each in point["measurements"]]
        lines.append(_row(point["cell"], _size(point), *peaks))
    return lines


def budget_table(points: list[Point]) -> list[str]:
    """MB at the highest, for each budget."""
    lines = _head(["cell", "B T I H", "", "MB"], left=3)
    for point in points:
        for each in point["measurements"]:
            peak = f"{each['bytes'] / 1e6:.1f}"
            lines.append(_row(point["cell"], _size(point), each["name"], peak))
    return lines


def milliseconds(taken: float) -> str:
    """Three digits.

    >>> milliseconds(0.2345), milliseconds(0.0123456), milliseconds(0.0000045)
    ('234', '12.3', '0.0045')
    """
    value = 1e3 * taken
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def times(ratio: float) -> str:
    """A multiple, in bold where it is a loss.

    >>> times(35.24), times(2.345), times(0.9)
    ('35×', '2.3×', '**0.90×**')
    """
    if ratio < 1:
        return f"**{ratio:.2f}×**"
    return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.1f}×"


def spread(point: Point) -> str:
    """The widest interquartile range among the contenders, as a share of the median."""
    widest = max(
        (high - low) / each["seconds"]
        for each in point["measurements"]
        for low, high in [each["quartiles"]]
    )
    return f"{100 * widest:.0f} %"


def _against(point: Point, name: str, own: str = "Elman", with_time: bool = True) -> str:
    if name not in names(point):
        return ""
    ratio = times(speedup(point, name, own))
    if name.startswith("Elman"):  # no rival, so no loss either
        ratio = ratio.strip("*")
    return f"{milliseconds(seconds(point, name))} ({ratio})" if with_time else ratio


def _size(point: Point) -> str:
    return point["size"].replace("x", " ")


def _head(titles: list[str], left: int) -> list[str]:
    rules = ["---" if k < left else "---:" for k in range(len(titles))]
    return [_row(*titles), f"|{'|'.join(rules)}|"]


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"
