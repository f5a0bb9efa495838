from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from elman.training.randomness import generator

places = st.tuples(
    st.integers(0, 2**64 - 1),
    st.sampled_from(["order", "augment", "module", "split"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)


@given(places, places)
def test_every_place_has_numbers_of_its_own(place, other):
    draws = generator(*place).integers(2**63, size=4).tolist()
    assert draws == generator(*place).integers(2**63, size=4).tolist()
    if place != other:
        assert draws != generator(*other).integers(2**63, size=4).tolist()


def test_a_place_does_not_run_into_the_next():
    long = generator(1, "order", 2, 3).integers(2**63, size=4000)
    following = generator(1, "order", 2, 4).integers(2**63, size=4)
    assert not set(following) & set(long)
