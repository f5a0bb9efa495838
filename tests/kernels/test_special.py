"""Special functions against SciPy's."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy import special as scipy_special

from elman.kernels import special

draws = st.integers(0, 2**32 - 1).map(np.random.default_rng)


@given(draw=draws)
def test_log_gamma_is_scipys(draw):
    x = 10 ** draw.uniform(-6, 7, 200)
    np.testing.assert_allclose(special.log_gamma(x), scipy_special.gammaln(x), 1e-13, 1e-13)


@given(draw=draws)
def test_log_bessel_is_scipys(draw):
    x = np.concatenate([[0.0, 199.999, 200.0], 10 ** draw.uniform(-6, 7, 200)])
    wanted = np.log(scipy_special.i0e(x)) + x
    np.testing.assert_allclose(special.log_bessel(x), wanted, 1e-12, 1e-14)
