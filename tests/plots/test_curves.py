"""Learning curves: what is drawn for full, short and sparse histories."""

import numpy as np
import pytest

from elman import plots
from elman.errors import ArgumentError


def history(epochs, **extra):
    return [
        {
            "epoch": epoch,
            "train_loss": 2.0 / epoch,
            "validation_loss": 2.0 / epoch + 0.01 * epoch,
            "validation_score": 0.9 - 0.001 * (epoch - 7) ** 2,
            "seconds": 0.5,
            **extra,
        }
        for epoch in range(1, epochs + 1)
    ]


def lines_of(ax):
    return {line.get_label(): line.get_xydata() for line in ax.get_lines()}


def test_losses_and_score_by_epoch_with_the_best_marked(drawn):
    entries = history(10)
    figure = plots.learning_curves(entries)
    texts = drawn(figure)
    loss, score = figure.axes
    epochs = np.arange(1, 11)
    for name, key in (("training", "train_loss"), ("validation", "validation_loss")):
        wanted = np.stack([epochs, [entry[key] for entry in entries]], axis=1)
        np.testing.assert_allclose(lines_of(loss)[name], wanted)
    np.testing.assert_allclose(
        lines_of(score)["validation"][:, 1], [entry["validation_score"] for entry in entries]
    )
    for ax in (loss, score):
        assert set(lines_of(ax)["best epoch"][:, 0]) == {7}
    assert "Accuracy on the validation part reached 90.0 % in epoch 7" in texts
    assert "The 3 epochs after it brought nothing better." in texts
    assert loss.get_ylabel() == "loss"
    assert score.get_ylabel() == "accuracy"
    assert score.get_xlabel() == "epoch (0.5 s each, 5 s in all)"
    assert {"training", "validation"} <= {text.get_text() for text in loss.get_legend().texts}


def test_equal_scores_are_decided_by_the_loss_then_the_earlier():
    flat = history(6, validation_score=0.5, validation_loss=1.0)
    assert _best_epoch(flat) == 1
    flat[3]["validation_loss"] = 0.9
    assert _best_epoch(flat) == 4
    for entry in flat:
        del entry["validation_score"]
    assert _best_epoch(flat) == 4
    flat[1]["validation_loss"] = float("nan")
    assert _best_epoch(flat) == 4


def _best_epoch(entries):
    return lines_of(plots.learning_curves(entries).axes[0])["best epoch"][0][0]


def test_the_best_agrees_with_the_training_room():
    training = pytest.importorskip("elman.training.events.history", reason="the training extra")
    for seed in range(6):
        draw = np.random.default_rng(seed)
        entries = history(8)
        for entry in entries:
            entry["validation_score"] = round(float(draw.random()), 1)
            entry["validation_loss"] = round(float(draw.random()), 1)
        records = [training.EpochRecord(learning_rate=0.1, **entry) for entry in entries]
        assert _best_epoch(entries) == training.best_epoch(records)


def test_one_epoch(drawn):
    figure = plots.learning_curves(history(1))
    texts = drawn(figure)
    assert "Accuracy on the validation part reached 86.4 % in epoch 1" in texts
    assert lines_of(figure.axes[0])["training"].tolist() == [[1, 2.0]]


def test_without_a_validation_part_there_is_one_panel_and_no_best(drawn):
    figure = plots.learning_curves([{"epoch": k, "train_loss": 1 / k} for k in range(1, 301)])
    texts = drawn(figure)
    (ax,) = figure.axes
    assert list(lines_of(ax)) == ["training"]
    assert ax.get_legend() is None
    assert ax.get_xlabel() == "epoch"
    assert ax.get_yscale() == "log"
    assert "The training loss stood at 0.00333 after epoch 300" in texts


def test_a_regressors_score_is_no_percentage(drawn):
    figure = plots.learning_curves(history(9), score_name="R²", loss_name="mean squared error")
    texts = drawn(figure)
    assert "R² on the validation part reached 0.9 in epoch 7" in texts
    assert figure.axes[0].get_ylabel() == "mean squared error"
    assert not any("%" in text for text in texts)


def test_a_training_that_diverged_is_drawn_as_far_as_it_went(drawn):
    entries = history(3)
    entries[2] |= {"train_loss": float("inf"), "validation_loss": float("nan")}
    drawn(plots.learning_curves(entries))


def test_a_resumed_history_keeps_its_epoch_numbers(drawn):
    figure = plots.learning_curves(history(12)[5:])
    drawn(figure)
    assert lines_of(figure.axes[0])["training"][0, 0] == 6
    assert figure.axes[0].get_xlim()[0] > 5


def test_an_empty_history_is_refused():
    with pytest.raises(ArgumentError, match="no epochs"):
        plots.learning_curves([])


def words(figure):
    return [text.get_text() for text in figure.texts]


def test_of_equal_scores_the_first_is_told(drawn):
    entries = history(20, validation_score=1.0)
    for k, entry in enumerate(entries):
        entry["validation_score"] = 0.5 + 0.05 * min(k, 10)
        entry["validation_loss"] = 1 / (k + 1)
    assert words(plots.learning_curves(entries)) == [
        "Accuracy on the validation part first reached 100 % in epoch 11",
        "Epoch 20 is the best: as good, with a lower loss.",
    ]
    entries[12]["validation_loss"] = 0.0
    assert words(plots.learning_curves(entries))[1] == (
        "Epoch 13 is the best: as good, with a lower loss. The 7 epochs after it brought nothing "
        "better."
    )


@pytest.mark.parametrize(
    ("rates", "more"),
    [
        ([0.01] * 5, "The last epoch was the best: more epochs may help."),
        ([0.01, 0.008, 0.005, 0.002, 0.0001], "only a longer schedule may help."),
    ],
)
def test_more_epochs_may_help_only_where_the_learning_rate_still_teaches(rates, more):
    entries = history(5)
    for entry, rate in zip(entries, rates, strict=True):
        entry["learning_rate"] = rate
    (_, said) = words(plots.learning_curves(entries))
    assert said.replace("\n", " ").endswith(more)


def test_what_is_perfect_cannot_grow():
    entries = history(3)
    entries[-1]["validation_score"] = 1.0
    assert len(words(plots.learning_curves(entries))) == 1


def test_no_number_anywhere_is_said():
    nothing = {"validation_loss": float("nan"), "validation_score": float("nan")}
    (said,) = words(plots.learning_curves(history(2, **nothing)))
    assert said == "No epoch has a number on the validation part: the training diverged"
    (said,) = words(plots.learning_curves([{"epoch": 4, "train_loss": float("inf")}]))
    assert said == "The training loss is no number after epoch 4"


def test_the_loss_is_told_where_there_is_no_score():
    entries = history(4)
    for entry in entries:
        del entry["validation_score"]
        entry["validation_loss"] = 1.0 + entry["epoch"]
    assert words(plots.learning_curves(entries)) == [
        "The loss on the validation part was lowest in epoch 1: 2",
        "The 3 epochs after it brought nothing better.",
    ]
