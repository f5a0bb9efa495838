"""`elman plot gradients`."""

from __future__ import annotations


def test_a_run_with_its_data(command, tables, own_run):
    shown = command("plot", "gradients", own_run, "--data", tables / "test.csv", "--label", "class")
    assert shown.exit_code == 0, shown.output
    assert (own_run / "pictures" / "gradients.png").stat().st_size > 10_000
    assert "halves every" in shown.stdout
    assert "that of the loss." in shown.stdout
    assert "the first 16 of 30 sequences" in shown.stderr


def test_a_model_file_with_data_that_has_no_labels(command, tables, run, tmp_path):
    out = tmp_path / "why.svg"
    table = tmp_path / "unlabelled.csv"
    lines = (tables / "test.csv").read_text().splitlines()
    table.write_text("\n".join(line.rsplit(",", 1)[0] for line in lines) + "\n")
    shown = command("plot", "gradients", run / "model.elman", "--data", table, "--out", out)
    assert shown.exit_code == 0, shown.output
    assert "random projection" in shown.stdout
    assert out.read_text().startswith("<?xml")


def test_a_model_file_alone(command, run):
    shown = command("plot", "gradients", run / "model.elman")
    assert shown.exit_code == 2
    assert "--data" in shown.stderr
