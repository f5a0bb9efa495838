"""Whether an installed Elman answers: the compiled module, the command line, a model in a file.

Run by the environment that it is installed in: `python packaging/check_installed.py`. It needs the
base install alone, and no compiler; with torch there it also trains what `make demo` trains.
"""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import elman
from elman.blueprint import CellConfig, sequence_to_vector
from elman.kernels import native
from elman.runtime import Network


def levels_of_this_processor() -> list[str] | None:
    """The levels that the kernels must find here, as the system tells them; None: it does not."""
    if platform.machine() in ("aarch64", "arm64"):
        return ["portable", "neon"]
    told = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not told.exists():
        return None
    flags = set(told.read_text().partition("\nflags")[2].partition("\n")[0].split())
    wanted = {
        "avx2": {"avx2", "fma"},
        "avx512": {"fma", "avx512f", "avx512dq", "avx512bw", "avx512vl"},
    }
    return ["portable", *(level for level, needs in wanted.items() if needs <= flags)]


def check_module() -> None:
    """The compiled module is there, finds what the processor can do, and steps as it runs."""
    found, wanted = list(native.available_isas()), levels_of_this_processor()
    assert found[0] == "portable", found
    assert wanted in (None, found), f"found the levels {found}, but the processor has {wanted}"
    blueprint = sequence_to_vector(input_size=3, cells=CellConfig("lstm", 5), outputs=2)
    draws = np.random.default_rng(0)
    weights = {
        name: draws.normal(size=shape).astype(np.float32)
        for name, shape in blueprint.shapes().items()
    }
    inputs = draws.normal(size=(2, 7, 3)).astype(np.float32)
    network = Network(blueprint, weights)
    whole = network.run(inputs)
    state, answer = network.initial_state(2), None
    for time in range(inputs.shape[1]):
        answer, state = network.step_inputs(inputs[:, time], state)
    np.testing.assert_array_equal(answer, whole)
    print(f"compiled module: {native.isa()}, of {', '.join(native.available_isas())}")


def command(*words: str, cwd: str | None = None) -> None:
    """A command of the command line, which must end well."""
    print("elman", *words)
    subprocess.run([sys.executable, "-m", "elman", *words], check=True, cwd=cwd)


def main() -> None:
    """All checks."""
    print("Elman", elman.__version__, "on Python", sys.version.split()[0])
    check_module()
    command("info")
    if importlib.util.find_spec("torch") is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        command("train", "--config", "digits-demo", "--out", "run", cwd=folder)
        assert (Path(folder) / "run" / "model.elman").exists()
        command(
            "predict", "run", "--data", "digits", "--part", "test", "--out", "a.csv", cwd=folder
        )


if __name__ == "__main__":
    main()
