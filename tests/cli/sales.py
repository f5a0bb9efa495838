"""Shops' daily sales as CSV files, right and wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np

HEADER = "shop,day,units,promo,temp,region"
LENGTHS = (130, 120, 110)
HORIZON = 7
END = date(2024, 6, 1)  # the day after the last of each shop

Line = list[str]


def sales_lines(seed: int = 0, days_after: int = 0) -> list[Line]:
    """The rows of all shops, or those of some days after them."""
    draws, lines = np.random.default_rng(seed), []
    for n, length in enumerate(LENGTHS):
        for k in range(-length, 0) if not days_after else range(days_after):
            promo = int(draws.random() < 0.2)
            units = 10 * (n + 1) + 3 * np.sin(2 * np.pi * k / 7) + 2 * promo + draws.normal() / 4
            day, temp = END + timedelta(days=k), draws.normal()
            region = ("north", "south")[n % 2]
            lines.append([f"s{n}", str(day), f"{units:.3f}", str(promo), f"{temp:.2f}", region])
    return lines


def write_sales(
    path: Path,
    change: Callable[[list[Line]], list[Line]] = lambda lines: lines,
    *,
    header: str = HEADER,
    encoding: str = "utf-8",
    days_after: int = 0,
) -> Path:
    """A file of sales, its rows changed."""
    lines = [header, *(",".join(line) for line in change(sales_lines(0, days_after)))]
    path.write_text("\n".join(lines) + "\n", encoding=encoding)
    return path


def write_ahead(path: Path, days: int = HORIZON) -> Path:
    """What is known of the days after the sales."""
    lines = [",".join((*line[:2], line[3])) for line in sales_lines(1, days)]
    path.write_text("\n".join(["shop,day,promo", *lines]) + "\n")
    return path


ROLES = ("--target", "units", "--time", "day", "--series", "shop")
COVARIATES = ("--past", "temp", "--future", "promo", "--static", "region")
QUICK = ("--horizon", HORIZON, "--window", 14, "--units", 8, "--epochs", 2, "--threads", 1)
"""Options of a training that takes no time."""
