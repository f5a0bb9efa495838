from __future__ import annotations

import subprocess
import sys

import pytest

from elman.installation import install_command

# As if the package were not installed.
BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {package!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
{line}
"""


@pytest.mark.parametrize("package", ["torch", "sklearn"])
@pytest.mark.parametrize("line", ["import elman.tasks", "import elman; elman.Classifier"])
def test_a_missing_package_names_the_extra(package, line):
    code = BLOCK.format(package=package, line=line)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("elman.errors.MissingExtraError: elman.tasks: needs the package")
    assert last.endswith(f"run: {install_command('train')}")
