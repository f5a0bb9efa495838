"""The runner of a PyTorch checkout's files, on a made-up one."""

from __future__ import annotations

import pytest

from tests.torch_suite import checkout

MADE_UP = """
import unittest
import torch
from torch import nn


class TestNN(unittest.TestCase):
    def test_LSTM(self):
        self.assertEqual(nn.LSTM(3, 4)(torch.ones(5, 2, 3))[0].shape, (5, 2, 4))

    def test_who_runs_gru(self):
        layer = nn.GRU(3, 4)
        self.assertIsInstance(layer, nn.GRU)
        self.assertTrue(type(layer).__module__.startswith("torch."))

    def test_linear(self):
        self.fail("its name has nothing recurrent")

    def test_packed_without_its_library(self):
        raise NotImplementedError

    @unittest.skip("elsewhere")
    def test_rnn_on_another_device(self):
        pass
"""


def test_only_what_torch_passes_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(checkout, "FILES", ("test/test_nn.py",))
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "test_nn.py").write_text(MADE_UP)
    found = {(target, name): said for target, name, said in checkout.run(tmp_path)}
    assert len(found) == 4
    for target in ("twin", "accelerated"):
        assert found[target, "test_nn TestNN.test_LSTM"] is None
        assert "AssertionError" in found[target, "test_nn TestNN.test_who_runs_gru"]


def test_what_is_no_checkout_is_refused(tmp_path, monkeypatch):
    with pytest.raises(checkout.CheckoutError, match=r"has no test/test_nn\.py"):
        list(checkout.run(tmp_path))
    monkeypatch.setattr(checkout, "FILES", ("test_nn.py",))
    (tmp_path / "test_nn.py").write_text("import no_such_library_at_all")
    with pytest.raises(checkout.CheckoutError, match="no_such_library_at_all"):
        list(checkout.run(tmp_path))
