"""What may be wrong with recordings: each kind, planted, is found and named."""

from __future__ import annotations

import numpy as np

from elman.data import Recordings
from elman.data.doctor import examined, part_of_recordings

RATE = 8000


def _recordings(**more) -> Recordings:
    rng = np.random.default_rng(0)
    sound = [0.1 * rng.normal(size=RATE).clip(-3, 3) for _ in range(4)]
    clipped = (8 * sound[1]).clip(-1, 1)
    loud = 3e4 * sound[1]  # of 16 bits, as floats
    signals = (sound[0], np.zeros(RATE), clipped, sound[2][:100], sound[3], loud, sound[2])
    ids = ("fine", "silent", "clipped", "short", "odd", "loud", "loud")
    rates = np.array([RATE] * 4 + [9999] + [RATE] * 2)
    return Recordings(signals, RATE, ids=ids, rates=rates, **more)


def test_each_kind_is_found_and_its_recording_named():
    found = examined(part_of_recordings(_recordings(failed=("a.wav: is truncated",))))
    said = {sign.split(":")[0]: (sign, count) for sign, count in found["signs"].items()}
    for start, name in {
        "silence": "silent",
        "clipping": "clipped",
        "samples beyond": "loud",
        "a name that stood": "loud",
        "less than a window": "short",
        "another rate": "odd",
        "a rate that is unusual": "odd",
        "damage": "a.wav: is truncated",
    }.items():
        (sign, count) = next(one for key, one in said.items() if key.startswith(start))
        assert sign.endswith(f": {name}")
        assert count == 1
    assert any("silence alone: silent" in one for one in found["advice"])


def test_texts_that_cannot_fit_are_found_with_a_step_more_for_each_repetition():
    texts = ("a" * 100, "ab" * 50, "ab" * 51, "a", "a" * 50, "", "")
    found = examined(part_of_recordings(_recordings(texts=texts)))
    (sign,) = [sign for sign in found["signs"] if sign.startswith("a text")]
    assert sign.endswith(": fine, clipped")


def test_of_sound_recordings_nothing_is_said():
    whole = _recordings().select([0])
    assert not part_of_recordings(whole).signs
    lengths = part_of_recordings(whole).lengths["steps of 10 ms"]
    assert lengths.tolist() == [100]
