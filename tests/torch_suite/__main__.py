"""PyTorch's own tests of recurrent modules, on the twins and on accelerated modules.

    python -m tests.torch_suite                     what ships inside torch
    python -m tests.torch_suite --checkout PATH     a checkout's files, too

Ends with 1 where something differs from torch that differences.toml does not list, or does not
differ that it lists.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

from elman.errors import ElmanError
from tests.torch_suite import checkout, ledger, shipped


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.torch_suite", description=__doc__)
    parser.add_argument("--checkout", type=Path, help="the folder of a PyTorch checkout")
    path = parser.parse_args().checkout
    warnings.simplefilter("ignore")  # torch's own, about what it will drop
    good = _report("shipped", *_shipped())
    if path is not None:
        try:
            good &= _report("checkout", *_checkout(path))
        except ElmanError as error:
            print(error, file=sys.stderr)
            return 1
    return 0 if good else 1


def _shipped() -> tuple[dict[str, str], set[str]]:
    failures, passed = {}, set()
    for case in shipped.cases():
        said = shipped.outcome(case)
        if said is None:
            passed.add(case.name)
        else:
            failures[case.name] = said
    return failures, passed


def _checkout(path: Path) -> tuple[dict[str, str], set[str]]:
    failures, passed = {}, set()
    for target, test, said in checkout.run(path):
        name = f"{target} {test}"
        if said is None:
            passed.add(name)
        else:
            failures[name] = said
    return failures, passed


def _report(part: str, failures: dict[str, str], passed: set[str]) -> bool:
    verdict = ledger.judge(failures, passed, ledger.read(part), whole=part == "shipped")
    listed = len(failures) - len(verdict.unlisted)
    print(f"{part}: {len(passed)} as torch, {listed} otherwise by decision")
    for name, said in verdict.unlisted.items():
        print(f"DIFFERS   {name}: {said}")
    for each in verdict.stale:
        print(f"NO LONGER {each.pattern}: listed as differing ({each.reason}), but does not")
    return not (verdict.unlisted or verdict.stale)


if __name__ == "__main__":
    sys.exit(main())
