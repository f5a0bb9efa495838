"""The features of sound: Kaldi's numbers, the same whole and in chunks, by conventions told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from elman.errors import ArgumentError, DataError, ShapeError
from elman.transforms.sound import SoundFeatures
from elman.transforms.sound.features import FULL_SCALE


def _signal(seconds: float, rate: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    return 0.1 * rng.normal(size=len(time)) + 0.3 * np.sin(2 * np.pi * (300 + 200 * time) * time)


def _kaldi(kind: str, rate: int, signal: np.ndarray, **told) -> np.ndarray:
    """Kaldi's own features, as kaldi-native-fbank computes them."""
    kaldi = pytest.importorskip("kaldi_native_fbank")
    options = kaldi.FbankOptions() if kind == "log-mel" else kaldi.MfccOptions()
    options.frame_opts.samp_freq = rate
    options.frame_opts.dither = 0
    for name, value in told.items():
        room = options.mel_opts if hasattr(options.mel_opts, name) else options
        setattr(options.frame_opts if hasattr(options.frame_opts, name) else room, name, value)
    found = (kaldi.OnlineFbank if kind == "log-mel" else kaldi.OnlineMfcc)(options)
    found.accept_waveform(rate, (signal * FULL_SCALE).tolist())
    found.input_finished()
    return np.array([found.get_frame(n) for n in range(found.num_frames_ready)])


@pytest.mark.parametrize("rate", [8000, 16000, 22050])
@pytest.mark.parametrize("padding", ["none", "reflect"])
@pytest.mark.parametrize("kind", ["log-mel", "mfcc"])
def test_they_are_kaldi_s(kind, padding, rate):
    signal = _signal(0.7, rate)
    told = {"num_bins": 23, "snip_edges": padding == "none"}
    theirs = _kaldi(kind, rate, signal, **told)
    ours = SoundFeatures(kind=kind, rate=rate, bands=23, padding=padding, energy=kind == "mfcc").of(
        signal
    )
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=2e-4)  # Kaldi's transform is in float32


@pytest.mark.parametrize("window", ["hamming", "rectangular", "povey"])
def test_other_windows_bands_and_edges_are_kaldi_s(window):
    signal = _signal(0.5, 16000, seed=1)
    told = {"window_type": window, "preemph_coeff": 0.5, "remove_dc_offset": False}
    theirs = _kaldi("log-mel", 16000, signal, num_bins=40, low_freq=80, high_freq=7000, **told)
    ours = SoundFeatures(
        rate=16000, window=window, preemphasis=0.5, remove_mean=False, low_hz=80, high_hz=7000
    ).of(signal)
    np.testing.assert_allclose(ours, theirs, atol=2e-4)


def test_silence_is_the_floor_as_kaldi_has_it():
    silence = np.zeros(1600)
    ours = SoundFeatures(rate=16000, bands=23).of(silence)
    np.testing.assert_allclose(ours, _kaldi("log-mel", 16000, silence, num_bins=23), atol=1e-6)
    assert (ours == np.float32(np.log(np.finfo(np.float32).eps))).all()


def test_differences_are_kaldi_s():
    kaldi = pytest.importorskip("kaldi_native_fbank")
    signal = _signal(0.4, 8000)
    frames = SoundFeatures(rate=8000, bands=20).of(signal)
    ours = SoundFeatures(rate=8000, bands=20, deltas=2).of(signal)
    theirs = np.array(kaldi.compute_deltas(kaldi.DeltaOptions(), frames))
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_slaney_s_scale_is_straight_to_1000_hz_and_its_triangles_have_area_1():
    kaldi = pytest.importorskip("kaldi_native_fbank")
    options = kaldi.MelBanksOptions()
    options.num_bins, options.low_freq, options.high_freq = 40, 0, 8000
    options.is_librosa, options.use_slaney_mel_scale, options.norm = True, True, "slaney"
    frames = kaldi.FrameExtractionOptions()
    frames.samp_freq = 16000
    theirs = np.array(kaldi.MelBanks(options, frames, 1.0).get_matrix())
    features = SoundFeatures(rate=16000, mel_scale="slaney", low_hz=0)
    ours = features._tables.filters.T
    np.testing.assert_allclose(ours[:, : theirs.shape[1]], theirs, atol=1e-7)


@st.composite
def _cases(draw):
    features = SoundFeatures(
        kind=draw(st.sampled_from(["log-mel", "mfcc"])),
        rate=draw(st.sampled_from([8000, 11025])),
        window_ms=draw(st.sampled_from([20.0, 25.1])),
        hop_ms=draw(st.sampled_from([7.3, 10.0, 20.0])),
        bands=15,
        coefficients=12,
        deltas=draw(st.integers(0, 2)),
        stack=draw(st.integers(1, 4)),
        stride=draw(st.integers(1, 5)),
        padding=draw(st.sampled_from(["none", "reflect"])),
        dither=draw(st.sampled_from([0.0, 1.0])),
        running_mean=draw(st.sampled_from([0.0, 0.05])),
    )
    samples = draw(st.integers(0, 3000))
    cuts = draw(st.lists(st.integers(0, samples), max_size=6))
    return features, samples, sorted(cuts)


@settings(max_examples=150)
@given(_cases())
def test_chunks_of_any_size_give_what_the_whole_gives(case):
    features, samples, cuts = case
    signal = _signal(1.0, 8000)[:samples]
    whole = features.of(signal)
    assert whole.dtype == np.float32
    assert whole.shape[1] == features.features == len(features.names)
    stream = features.stream()
    found = [stream.push(part) for part in np.split(signal, cuts)] + [stream.finish()]
    np.testing.assert_allclose(np.concatenate(found), whole, rtol=0, atol=1e-6)
    assert stream.seconds == samples / features.rate


def test_a_long_signal_is_computed_in_blocks_with_the_same_numbers():
    features = SoundFeatures(rate=8000, bands=15, hop_ms=1, window_ms=20)
    signal = _signal(2.0, 8000)
    parts = np.concatenate([features.of(signal[:8160]), features.of(signal[8008:])])
    whole = features.of(signal)
    assert len(whole) > 1024
    np.testing.assert_allclose(whole, parts, atol=1e-6)


def test_stacked_frames_stand_beside_each_other_and_none_is_lost():
    signal = _signal(0.1, 8000)
    frames = SoundFeatures(rate=8000, bands=15).of(signal)
    assert len(frames) == 8
    steps = SoundFeatures(rate=8000, bands=15, stack=3, stride=3).of(signal)
    assert steps.shape == (3, 45)
    np.testing.assert_array_equal(steps[1], frames[3:6].ravel())
    np.testing.assert_array_equal(steps[2], frames[[6, 7, 7]].ravel())
    every_second = SoundFeatures(rate=8000, bands=15, stride=2).of(signal)
    np.testing.assert_array_equal(every_second, frames[::2])


def test_a_running_mean_knows_nothing_of_what_comes():
    features = SoundFeatures(rate=8000, bands=15, running_mean=0.03)
    plain = SoundFeatures(rate=8000, bands=15)
    signal = _signal(0.2, 8000)
    frames, found = plain.of(signal), features.of(signal)
    mean = np.zeros(15)
    for t, frame in enumerate(frames.astype(np.float64)):
        mean += (frame - mean) / min(t + 1, 3)
        np.testing.assert_allclose(found[t], frame - mean, atol=1e-5)


def test_signals_in_turn_share_a_running_mean_and_nothing_else():
    features = SoundFeatures(rate=8000, bands=15, running_mean=10.0, deltas=1)
    plain = SoundFeatures(rate=8000, bands=15)
    signals = [_signal(0.1, 8000, seed) for seed in range(3)]
    found = [*features.in_turn(signals)]
    np.testing.assert_array_equal(found[0], features.of(signals[0]))
    frames = np.concatenate([plain.of(signal) for signal in signals]).astype(np.float64)
    means = np.cumsum(frames, axis=0) / np.arange(1, len(frames) + 1)[:, None]
    wanted = (frames - means)[len(found[0]) :]
    np.testing.assert_allclose(np.concatenate(found[1:])[:, :15], wanted, atol=1e-5)
    later = [*features.in_turn([signals[0], signals[2]])]
    np.testing.assert_array_equal(later[0], found[0])
    assert np.abs(later[1] - found[2]).max() > 0.01
    for one, signal in zip(plain.in_turn(signals), signals, strict=True):
        np.testing.assert_array_equal(one, plain.of(signal))


def test_dither_is_noise_of_its_deviation():
    features = SoundFeatures(rate=8000, bands=15, dither=10.0)
    silence = np.zeros(80000)
    noise = np.random.default_rng(0).normal(scale=10 / FULL_SCALE, size=80000)
    found = features.of(silence).mean(axis=0)
    wanted = SoundFeatures(rate=8000, bands=15).of(noise).mean(axis=0)
    np.testing.assert_allclose(found, wanted, atol=0.2)


def test_what_is_not_a_signal_is_refused():
    features = SoundFeatures(rate=8000)
    with pytest.raises(ShapeError, match="int16 of shape"):
        features.of(np.zeros(400, np.int16))
    with pytest.raises(ShapeError, match=r"\(400, 2\)"):
        features.of(np.zeros((400, 2)))
    stream = features.stream()
    stream.push(np.zeros(100))
    with pytest.raises(DataError, match=r"samples\[103\]: found nan"):
        stream.push(np.array([0, 0, 0, np.nan]))
    stream.finish()
    with pytest.raises(ArgumentError, match="finished"):
        stream.push(np.zeros(100))


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"kind": "mel"}, "log-mel"),
        ({"rate": 0}, "rate"),
        ({"hop_ms": 30.0}, "window_ms"),
        ({"hop_ms": 0.01}, "hop_ms"),
        ({"bands": 400}, "no frequency"),
        ({"high_hz": 5000.0}, "at most 4000 Hz"),
        ({"kind": "mfcc", "coefficients": 50}, "at most as many as bands"),
        ({"energy": True}, "energy"),
        ({"deltas": 3}, "deltas"),
        ({"energy_floor": 0.0}, "energy_floor"),
        ({"preemphasis": 1.0}, "preemphasis"),
        ({"stack": 0}, "stack"),
    ],
)
def test_parameters_out_of_range_are_named(told, said):
    with pytest.raises(ArgumentError, match=said):
        SoundFeatures(**{"rate": 8000, **told})


def test_they_are_plain_data():
    features = SoundFeatures(rate=8000, kind="mfcc", deltas=2, stack=2, high_hz=3800.0)
    told = json.loads(json.dumps(features.to_dict()))
    assert SoundFeatures.from_dict(told) == features
    with pytest.raises(ArgumentError, match="delta"):
        SoundFeatures.from_dict({**told, "delta": 1})
    with pytest.raises(ArgumentError, match="rate"):
        SoundFeatures.from_dict({})


@pytest.mark.parametrize("loud", [3e38, -2e6, float("nan"), float("inf")])
def test_what_is_no_sound_is_refused_where_its_squares_would_overflow(loud):
    signal = np.zeros(8000, np.float32)
    features = SoundFeatures(kind="log-mel", rate=8000)
    signal[17] = 1e6
    assert np.isfinite(features.of(signal)).all()
    signal[17] = loud
    with pytest.raises(DataError, match=r"samples\[17\]: found .* full scale 1"):
        features.of(signal)


def test_a_spectrogram_shows_tones_in_their_bands_whatever_is_read_of_them():
    features = SoundFeatures(
        rate=8000, kind="mfcc", deltas=2, stack=3, stride=3, energy=True, running_mean=1.0
    )
    middle = features.band_hertz
    assert middle.shape == (40,)
    assert np.all(np.diff(middle) > 0)
    assert 20 < middle[0] < middle[-1] < 4000
    time = np.arange(8000) / 8000
    for band in (5, 20, 35):
        drawn = features.spectrogram(np.sin(2 * np.pi * middle[band] * time))
        assert drawn.shape == (98, 40)
        assert np.all(drawn.argmax(axis=1) == band)
    plain = SoundFeatures(rate=8000, mel_scale="slaney")
    noise = np.random.default_rng(0).normal(size=4000) / 10
    np.testing.assert_array_equal(plain.spectrogram(noise), plain.of(noise))
