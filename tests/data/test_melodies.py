from __future__ import annotations

import numpy as np
import pytest

from elman.data.melodies import Chorales, Melodies, pitches_of, roll_of
from elman.data.sets.tunes import made_up_tunes
from elman.errors import DataError, ShapeError


def test_tunes_are_selected_with_their_names():
    tunes = made_up_tunes(5)
    some = tunes.select([3, 1])
    assert some.ids == ("3", "1")
    assert some.tunes[0] is tunes.tunes[3]
    assert some.texts[0].startswith("X:1\n")
    with pytest.raises(ShapeError, match="one a tune"):
        Melodies(tunes.tunes, ("a",))


def test_steps_are_pitches_and_back():
    steps = [[60, 64, 67], [], [62]]
    assert pitches_of(roll_of(steps)) == steps
    data = Chorales.of([steps, [[48]]], parts=("train", "test"))
    assert (len(data), data.steps, data.ids) == (2, 4, ("0", "1"))
    assert len(data.part("test")) == 1
    assert len(Chorales.of([steps]).part("anything")) == 1  # no parts: all


@pytest.mark.parametrize("step", [[60.5], [128], [-1], [True], ["C"], 60, None])
def test_what_is_no_pitch_is_refused_with_its_step(step):
    with pytest.raises(DataError, match="step 1"):
        roll_of([[60], step])


def test_pieces_are_checked():
    with pytest.raises(ShapeError, match=r"pieces\[0\]"):
        Chorales((np.zeros((3, 88), bool),))
    with pytest.raises(ShapeError, match=r"pieces\[0\]"):
        Chorales((np.zeros((3, 128)),))
    with pytest.raises(ShapeError, match="parts"):
        Chorales((np.zeros((3, 128), bool),), parts=("a", "b"))
    with pytest.raises(DataError, match="has no part 'valid'"):
        Chorales.of([[[60]]], parts=("train",)).part("valid")
