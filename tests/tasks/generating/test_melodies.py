"""Generators of tunes: learnt, saved, judged, written."""

from __future__ import annotations

import numpy as np
import pytest

import elman
from elman.data.melodies import Melodies
from elman.data.sets.tunes import made_up_tunes
from elman.errors import ArgumentError, BundleError, DataError, FormatError
from elman.music import Key, Melody, Metre, read_tune
from elman.runtime.melodist import MelodyModel
from elman.runtime.writing.framing import Framing
from elman.tasks import Generator
from elman.tasks.generating.melodies import MovedStreams, moved_by
from elman.transforms.melody import MelodyCodec

TUNES = made_up_tunes(60)
SMALL = {"units": 24, "embedding": 12, "epochs": 2, "batch_size": 8, "threads": 1}


@pytest.fixture(scope="module")
def fitted():
    return Generator.of("melodies", **SMALL).fit(TUNES)


def test_it_learns_and_its_model_answers_without_torch(fitted, tmp_path):
    losses = [one.validation_loss for one in fitted.history_.records]
    assert losses[-1] < losses[0]
    assert isinstance(fitted.model_, MelodyModel)
    fitted.save(tmp_path / "m.elman")
    model = elman.load(tmp_path / "m.elman")
    assert isinstance(model, MelodyModel)
    assert model.generate(seed=4)[0].abc == fitted.generate(seed=4)[0].abc
    again = Generator.load(tmp_path / "m.elman")
    assert again.evaluate(TUNES)["score"] == fitted.evaluate(TUNES)["score"]


def test_it_is_judged_by_events_beside_n_grams(fitted):
    found = fitted.evaluate(TUNES.select(slice(5)))
    events = sum(len(tune.events) + 1 for tune in TUNES.tunes[:5])
    assert found["events"] == events
    assert found["nats_per_event"] * events == pytest.approx(
        found["nats_per_token"] * found["tokens"]
    )
    assert found["human_bars"] == {"bars": 5 * 12, "share": 1.0} or found["human_bars"]["bars"] > 0
    assert set(found["baselines"]) == set(found["baseline_scores"])
    assert all("nats_per_event" in card for card in found["baseline_scores"].values())
    assert fitted.score(TUNES) < 0


def test_tunes_of_any_form_are_judged(fitted):
    tune = TUNES.tunes[0]
    expected = fitted.evaluate(Melodies((tune,), ("a",)))["score"]
    for given in (tune, [tune], TUNES.texts[0], [TUNES.texts[0]]):
        assert fitted.evaluate(given)["score"] == expected


def test_a_tune_begins_as_it_was_asked_to(fitted):
    model = fitted.model_
    (one,) = model.generate("GABc", key="G", metre="6/8", bars=6)
    assert (one.melody.metre, one.melody.key) == (Metre(6, 8), Key("G"))
    assert [note.pitch for note in one.melody.sounding()][:4] == [67, 69, 71, 72]
    assert one.given == 3 + 8
    assert one.ended == "eos"
    assert one.broken == 0
    (moved,) = model.generate(read_tune("M:6/8\nK:G\nGABc").melody, key="D", bars=6)
    assert [note.pitch for note in moved.melody.sounding()][:4] == [62, 64, 66, 67]
    (free,) = model.generate(seed=1)
    assert isinstance(free.melody, Melody)
    assert free.given == 3


def test_a_primer_may_be_a_file_and_may_be_left_out(fitted, tmp_path):
    """magenta#267: a primer could not be left out."""
    path = tmp_path / "primer.abc"
    path.write_text("X:1\nT:Mine\nM:3/4\nK:D\nDEF|]\n")
    (one,) = fitted.generate(str(path), bars=4)
    assert one.melody.title == "Mine"
    assert (one.melody.metre, one.melody.key) == (Metre(3, 4), Key("D"))
    assert fitted.generate("", bars=2)[0].melody.events
    pytest.importorskip("mido", reason="the extra music is not installed")
    from elman.music.files import write_melody

    write_melody(tmp_path / "primer.mid", TUNES.tunes[3])
    (one,) = fitted.generate(str(tmp_path / "primer.mid"), bars=40)
    heard = [note.pitch for note in TUNES.tunes[3].sounding()]
    assert [note.pitch for note in one.melody.sounding()][: len(heard) - 1] == heard[:-1]


@pytest.mark.parametrize("given", [{}, {"metre": "6/8"}])
@pytest.mark.parametrize("as_file", [False, True])
def test_a_primer_without_a_metre_goes_on_in_one(fitted, tmp_path, given, as_file):
    primer = "X:1\nL:1/8\nK:G\nGAB|]\n"
    (tmp_path / "primer.abc").write_text(primer)
    (one,) = fitted.generate(str(tmp_path / "primer.abc") if as_file else primer, bars=3, **given)
    assert one.melody.metre in ([Metre(6, 8)] if given else {tune.metre for tune in TUNES.tunes})
    assert [note.pitch for note in one.melody.sounding()][:3] == [67, 69, 71]


def test_a_short_primer_of_midi_goes_on_from_its_last_note(fitted, tmp_path):
    """magenta#110: short files were ignored; the rest that fills the bar is none of its own."""
    pytest.importorskip("mido", reason="the extra music is not installed")
    from elman.music.files import write_melody

    path = tmp_path / "short.mid"
    write_melody(path, read_tune("M:3/4\nL:1/8\nK:C\nC2").melody)
    (one,) = fitted.generate(str(path), bars=3)
    assert one.melody.events[2].pitch == 60
    assert one.given == 3 + 2


def test_a_primer_that_names_no_key_is_read_in_the_one_that_fits_best(fitted):
    (one,) = fitted.generate("CEGc edcB c2", bars=4)
    assert one.melody.key == Key("C")
    assert "names no key: read as in C" in one.notes[0]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"metre": "13/8"}, "13/8, which none of the tunes names"),
        ({"metre": "seven"}, "metre: found 'seven'"),
        ({"key": "H"}, "key: found 'H'"),
        ({"key": "Db"}, "none of the tunes names"),
        ({"primer": "M:3/4\nK:G\nGAB", "metre": "6/8"}, "the primer has 3/4"),
        ({"primer": "M:3/4\nK:G\nGAB", "key": "Am"}, "the primer is in G"),
        ({"primer": 3}, "primer: found a int"),
        ({"bars": 0}, "bars: found 0"),
        ({"n": 0}, "n: found 0"),
        ({"max_length": 2}, "max_length: 2 tokens"),
        ({"temperatur": 1}, "temperatur"),
        ({"allowed": lambda ids: None}, "allowed"),
    ],
)
def test_what_cannot_be_asked_is_refused(fitted, given, found):
    with pytest.raises(ArgumentError, match=found):
        fitted.generate(**given)


def test_a_primer_that_is_no_abc_or_unknown_says_where(fitted):
    with pytest.raises(FormatError, match="primer, line 1, column 3"):
        fitted.generate("GA@", key="G")
    with pytest.raises(FormatError, match="never seen"):
        fitted.generate("G17/13", key="G")
    with pytest.raises(DataError, match=r"nowhere\.mid"):
        fitted.generate("nowhere.mid")


def test_draws_do_not_depend_on_what_is_beside(fitted):
    several = fitted.generate(n=4, seed=9, metre="4/4")
    alone = fitted.generate(n=1, seed=9, metre="4/4")[0]
    assert several[0].abc == alone.abc
    assert len({one.abc for one in several}) > 1


def test_exact_bars_fill_the_metre(fitted):
    for one in fitted.generate(n=4, exact=True, bars=12, metre="3/4"):
        filled = one.melody.filled()
        assert filled.right == filled.bars
    found = fitted.model_.sampled(8, seed=3)
    assert found["tunes"] == 8
    assert found["parsed"] == 8  # events are whole
    assert 0 <= found["ended"] <= 8


def test_a_tune_becomes_files(fitted, tmp_path):
    (one,) = fitted.generate(bars=4)
    one.write(tmp_path / "t.abc")
    assert read_tune((tmp_path / "t.abc").read_text()).melody.notes == one.melody.notes
    assert one.to_bytes("wav")[:4] == b"RIFF"
    assert one.to_dict()["given"] == 3


def test_sessions_and_scores_work_on_abc(fitted):
    model = fitted.model_
    text = TUNES.texts[0]
    whole = model.score_tokens(text)
    session = model.session()
    ids = model.codec.pieces(text)
    assert whole.tokens[:-1] == tuple(ids)
    np.testing.assert_allclose(session.read(text).log_probabilities, whole.log_probabilities[:-1],
                               rtol=1e-4, atol=1e-5)  # fmt: skip
    assert isinstance(session.write(max_length=4).text, str)


def test_transposition_moves_tunes_in_each_epoch_and_the_key_with_them():
    tunes = TUNES.tunes[:6]
    codec = MelodyCodec.of_tunes([moved_by(t, k) for t in tunes for k in range(-3, 4)],
                                 pitch="absolute")  # fmt: skip
    framing = Framing.of(codec, ends=True)
    streams = MovedStreams.of_tunes(tunes, codec, framing, 3, rows=2, truncation=20)

    def read(epoch, seed=0):
        windows = [*streams.windows(seed, epoch)]
        return np.concatenate([one.batch.targets.flatten().numpy() for one in windows])

    assert len(streams) == len([*streams.windows(0, 1)])
    assert not np.array_equal(read(1), read(2))
    np.testing.assert_array_equal(read(2), read(2))
    assert codec.unknown not in read(1)[read(1) > 0]
    model = Generator.of("melodies", **SMALL, pitch="absolute", transpose=2).fit(TUNES)
    assert model.codec_.pitch == "absolute"
    known = {token for token in model.codec_.tokens if token.startswith("K:")}
    assert known > {f"K:{tune.key.tonic}" for tune in TUNES.tunes}


def test_a_tune_at_the_edge_of_midis_range_is_moved_as_far_as_it_goes():
    tune = read_tune("M:4/4\nL:1/8\nK:C\nG,,,,,").melody
    low = tune.sounding()[0].pitch
    assert moved_by(tune, -12).sounding()[0].pitch == max(0, low - 12)


def test_what_is_not_for_tunes_is_refused():
    with pytest.raises(ArgumentError, match="codec: 'words' of melodies"):
        Generator.of("melodies", **SMALL, codec="words").fit(TUNES)
    with pytest.raises(ArgumentError, match="transpose: 2 of texts"):
        Generator(transpose=2).fit("to be or not to be, " * 20)
    with pytest.raises(ArgumentError, match="transpose"):
        Generator.of("melodies", **SMALL, transpose=13).fit(TUNES)
    with pytest.raises(ArgumentError, match="validation"):
        Generator.of("melodies", **SMALL, validation=0.001).fit(TUNES)
    with pytest.raises(ArgumentError, match="y: given"):
        Generator.of("melodies", **SMALL).fit(TUNES, 3)
    with pytest.raises(DataError, match="no tunes"):
        Generator.of("melodies", **SMALL).fit(Melodies((), ()))


def test_a_model_goes_on(fitted, tmp_path):
    more = Generator.of("melodies", **SMALL, warm_start=True)
    more.fit(TUNES)
    before = more.history_.records[-1].validation_loss
    more.set_params(epochs=1)
    more.fit(TUNES)
    assert more.history_.records[0].validation_loss < before + 0.1
    with pytest.raises(ArgumentError, match="this Generator is of melodies"):
        more.fit("a text " * 100)
    fitted.save(tmp_path / "m.elman")
    with pytest.raises(ArgumentError, match="the model that goes on reads melodies"):
        Generator.load(tmp_path / "m.elman").fit("a text " * 100)


def test_a_bundle_without_a_codec_of_tunes_is_refused(fitted):
    text = Generator(units=8, embedding=4, epochs=1, batch_size=2, validation=None)
    with pytest.raises(BundleError, match="codec"):
        MelodyModel(text.fit("to be or not to be, " * 20).model_.bundle)


def test_a_validation_part_may_be_given():
    model = Generator.of("melodies", **{**SMALL, "validation": TUNES.select(slice(10))})
    model.fit(TUNES.select(slice(10, 60)))
    assert model.result_["validation"] == "10 tunes that were given"
