"""What `import elman.data` loads."""

from __future__ import annotations

import subprocess
import sys


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
