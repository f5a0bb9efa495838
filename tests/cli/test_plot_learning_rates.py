"""`elman plot learning-rates`: the finder from the shell, on what the run learnt from."""

from __future__ import annotations

from elman import bundle


def test_a_runs_learning_rates_are_drawn_and_told(command, own_run, tables, tmp_path):
    before = bundle.load(own_run / "model.elman").weights
    out = tmp_path / "rates.svg"
    done = command("plot", "learning-rates", own_run, "--out", out)
    assert done.exit_code == 0, done.output
    assert "learning_rate=" in done.stdout or "The loss falls at no" in done.stdout
    assert "Measured on 60 sequences" in done.stderr
    assert out.exists()
    after = bundle.load(own_run / "model.elman").weights
    assert all((after[name] == array).all() for name, array in before.items())
    model, other = own_run / "model.elman", tables / "test.csv"
    done = command("plot", "learning-rates", model, "--data", other, "--out", out)
    assert "Measured on 30 sequences" in done.stderr
