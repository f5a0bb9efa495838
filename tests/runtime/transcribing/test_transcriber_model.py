"""What a transcriber answers: searches, alignments, streams."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman import Generator
from elman.data.recordings import Recordings
from elman.decoding import Collapse
from elman.errors import ArgumentError, DataError, FormatError
from elman.runtime.transcriber import TranscriberModel
from tests.tasks.tones import RATE, learnt, spoken, tones, write_wav


def model() -> TranscriberModel:
    return learnt().model_


def test_a_search_says_at_least_what_the_best_path_says_and_n_best_are_ranked():
    test = tones(12, seed=9)
    plain, searched = model().transcribe(test), model().transcribe(test, beam_size=8, n_best=3)
    for one, several in zip(plain, searched, strict=True):
        assert [each.value for each in several] == sorted((e.value for e in several), reverse=True)
        assert several[0].log_probability >= one.log_probability - 1e-9
        assert len({each.text for each in several}) == len(several)
    same = sum(one.text == several[0].text for one, several in zip(plain, searched, strict=True))
    assert same >= 11


def test_texts_alone_are_those_of_the_transcripts():
    test = tones(6, seed=13)
    assert model().predict(test) == [one.text for one in model().transcribe(test)]
    assert model().searching(n_best=1) is Collapse  # not a search in disguise
    assert model().searching() is Collapse
    with pytest.raises(ArgumentError, match="n_best: found 2"):
        model().predict(test, beam_size=4, n_best=2)


def test_times_are_seconds_of_the_recording_and_labels_are_where_they_are_heard():
    test = tones(12, seed=10)
    for one, signal in zip(model().transcribe(test), test.signals, strict=True):
        assert one.times.shape == (len(one.labels), 2)
        assert (np.diff(one.times.ravel()) >= 0).all()
        assert (one.times <= len(signal) / RATE + 0.02).all()
        assert one.to_dict()["text"] == one.text


def test_known_texts_are_aligned_in_their_order():
    test = tones(6, seed=11)
    for one, text in zip(model().align(test), test.texts or (), strict=True):
        assert "".join(one.labels) == text
        assert (np.diff(one.times.ravel()) >= 0).all()
    with pytest.raises(DataError, match=r"y\[0\]: 'z' has 1 unknown label"):
        model().align(test, ["z"] * 6)
    with pytest.raises(DataError, match=r"200 labels in .* do not fit"):
        model().align(test, ["ab" * 100] * 6)


def test_hotwords_and_a_language_model_have_a_say():
    test = tones(8, seed=12)
    plain = model().predict(test)
    loud = model().predict(test, hotwords=["ca"], boost=40.0, least=0.0)
    assert sum(text.count("ca") for text in loud) > sum(text.count("ca") for text in plain)
    writer = Generator(units=8, embedding=4, epochs=2, validation=None, ends=True)
    writer.fit(["ab", "ba", "cab", "bac"] * 20)
    judged = model().transcribe(test, language_model=writer.model_, model_weight=0.0)
    assert [one.text for one in judged] == [
        one.text for one in model().transcribe(test, beam_size=8)
    ]
    weighed = model().predict(test, language_model=writer.model_, length_bonus=1.0)
    assert model().predict(test, language_model=writer, length_bonus=1.0) == weighed
    other = Generator(units=4, embedding=4, epochs=1, validation=None).fit("xyz " * 30)
    with pytest.raises(ArgumentError, match=r"language_model: its codec .* has no"):
        model().predict(test, language_model=other.model_)


@pytest.mark.parametrize(
    ("given", "said"),
    [({"beam_size": 0}, "beam_size"), ({"hotwords": "ab"}, "hotwords: found the text"),
     ({"hotwords": ["az"]}, r"hotwords\[0\]: 'az' has what no label"),
     ({"hotwords": [""]}, "an empty text"),
     ({"widht": 3}, "widht: is no option of a transcription; one of beam_size, n_best"),
     ({"language_model": "model.elman"}, "language_model: found 'model.elman'; a generator"),
     ({"language_model": learnt()}, "language_model: a transcriber; a generator that reads")],
)  # fmt: skip
def test_options_outside_their_range_are_refused(given, said):
    with pytest.raises(ArgumentError, match=said):
        model().transcribe(tones(1), **given)


def test_each_path_has_an_answer_or_none_has(tmp_path):
    for n in range(2):
        write_wav(tmp_path / f"{n}.wav", spoken("ab", n))
    paths = [tmp_path / f"{n}.wav" for n in range(2)]
    assert len(model().predict(paths)) == len(model().predict(tmp_path)) == 2
    paths[0].write_bytes(b"RIFF")
    for source in (paths, tmp_path):
        with pytest.raises(FormatError, match=r"0\.wav: begins with b'RIFF'"):
            model().transcribe(source)


def test_recordings_too_short_for_a_step_are_said():
    short = Recordings((spoken("ab"), spoken("a")[:50]), RATE, ids=("ab", "click"))
    notes = model().evaluate(short, ["ab", ""])["notes"]
    assert notes[0] == "1 recording too short for a step, as 'click': nothing is heard."
    assert not model().heard(short.select([0])).notes


def streamed(signal: np.ndarray, cuts: list[int], **given):
    listening = model().listen(**given)
    places = sorted({0, len(signal), *(cut % len(signal) for cut in cuts)})
    found = []
    for start, end in pairwise(places):
        found += listening.push(signal[start:end])
    return [*found, *listening.finish()], listening


@settings(deadline=None, max_examples=15)
@given(st.text("abc", min_size=1, max_size=5), st.lists(st.integers(1, 10**6), max_size=6))
def test_a_stream_says_what_the_whole_says_however_it_is_cut(text, cuts):
    signal = spoken(text, 5)
    found, listening = streamed(signal, cuts)
    once, _ = streamed(signal, [])
    assert [(one.transcript.text, one.final, one.seconds) for one in found] == [
        (one.transcript.text, one.final, one.seconds) for one in once
    ]
    whole = model().transcribe(Recordings((signal,), RATE))[0]
    final = [one.transcript for one in found if one.final]
    assert "".join(one.text for one in final) == whole.text
    assert listening.taken_back == 0  # the most probable classes are never taken back
    assert listening.shown == len(whole.labels)
    if final:
        times = np.concatenate([one.times for one in final])
        np.testing.assert_allclose(times, whole.times, atol=1e-9)


def test_segments_end_after_silence_and_what_is_held_stays_bounded():
    signal = np.concatenate([spoken("ab"), np.zeros(RATE * 2, np.float32), spoken("ca")])
    found, listening = streamed(signal, [], silence=0.5)
    final = [one for one in found if one.final]
    assert len(final) >= 2
    assert "".join(one.transcript.text for one in final) == model().predict(
        Recordings((signal,), RATE)
    )[0]  # fmt: skip
    ends = [one.transcript.times[-1, 1] for one in final]
    assert ends == sorted(ends)
    assert listening.seconds == len(signal) / RATE


def test_a_search_in_a_stream_takes_labels_back_and_counts_them():
    signal = np.concatenate([spoken("abcab", seed) for seed in range(4)])
    found, listening = streamed(signal, [], beam_size=6)
    assert listening.taken_back == sum(one.taken_back for one in found)
    labels = sum(len(one.transcript.labels) for one in found if one.final)
    assert listening.shown - listening.taken_back == labels


def test_a_stream_refuses_what_it_cannot_do():
    with pytest.raises(ArgumentError, match=r"longest: found 0.5, below silence"):
        model().listen(silence=1.0, longest=0.5)
    with pytest.raises(ArgumentError, match="n_best: found 3 of a stream"):
        model().listen(beam_size=4, n_best=3)
