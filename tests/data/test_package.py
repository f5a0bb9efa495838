"""What `import elman.data` loads."""

from __future__ import annotations

import subprocess
import sys

from elman import data


def test_checking_arrays_loads_no_download_machinery():
    program = (
        "import sys; import elman.data; "
        "assert not {'urllib.request', 'torch', 'elman.data.sets.labelled'} & sys.modules.keys(); "
        "assert len(elman.data.labelled_names()) == 41; "
        "from elman.data import load, read; "
        "assert 'torch' not in sys.modules and 'sklearn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_an_unknown_name_is_an_attribute_error():
    import elman.data

    assert not hasattr(elman.data, "nothing")


def test_every_public_name_is_there():
    assert [name for name in data.__all__ if not hasattr(data, name)] == []
    assert {"Melodies", "Paths", "read_melodies", "read_paths", "load_paths"} <= {*data.__all__}
