from __future__ import annotations

import pickle

import numpy as np
import pytest

from elman.data.sets.tunes import made_up_tunes
from elman.errors import ArgumentError, BundleError, FormatError
from elman.music import Metre, read_tune
from elman.transforms.melody import MelodyCodec, meaning_of
from elman.transforms.text import TextCodec, codec_from_tensors
from elman.transforms.text.vocabulary import Vocabulary

TUNES = made_up_tunes(30).tunes
TUNE = 'X:1\nM:6/8\nL:1/8\nK:G\n|:"G"G2A (3Bcd e-|e2z ^f>g a|1 b3:|2 g3||[K:D][M:2/4]FA d2|]\n'


@pytest.fixture(params=["key", "absolute"])
def codec(request):
    made = [*TUNES, read_tune(TUNE, chords=True).melody]
    return MelodyCodec.of_tunes(made, pitch=request.param, chords=True)


def test_it_is_a_codec_of_texts(codec):
    assert isinstance(codec, TextCodec)
    assert codec.kind == "melody"
    assert (codec.unknown, codec.go, codec.eos) == (0, 1, 2)


def test_what_is_encoded_is_decoded_as_the_same_tune(codec):
    for tune in (*TUNES, read_tune(TUNE, chords=True).melody):
        ids = codec.ids_of(tune)
        assert codec.melody(ids).events == tune.events
        assert codec.broken(ids) == 0
    text = codec.decode(codec.encode(TUNE))
    assert codec.decode(codec.encode(text)) == text
    assert read_tune(text, chords=True).melody.events == read_tune(TUNE, chords=True).melody.events


def test_without_chords_their_names_are_lost_and_that_is_told():
    codec = MelodyCodec.fit([TUNE])
    assert "names of chords are left out" in codec.losses()
    assert not any('"' in piece for piece in codec.pieces(TUNE))


def test_held_and_repeated_notes_have_other_tokens():
    codec = MelodyCodec.fit(["M:4/4\nL:1/8\nK:C\nC4 C2C2 C2-C2|"])
    assert codec.pieces("M:4/4\nL:1/8\nK:C\nC4|")[3:] == ["+0", "1/2", "|"]
    assert codec.pieces("M:4/4\nL:1/8\nK:C\nC2C2|")[3:] == ["+0", "1/4", "+0", "1/4", "|"]
    assert codec.pieces("M:4/4\nL:1/8\nK:C\nC2-C2|")[3:] == ["+0", "1/4", "-", "+0", "1/4", "|"]


def test_pitches_from_the_key_are_the_same_in_every_key():
    codec = MelodyCodec.of_tunes(TUNES)
    tune = TUNES[0]
    for by in (-5, 3, 7):
        before, after = codec.tokens_of(tune), codec.tokens_of(tune.moved(by))
        step = tune.moved(by).key.home - tune.key.home - by  # the tonic's octave may be another
        different = [a for a, b in zip(before, after, strict=True) if a != b]
        assert len(before) == len(after)
        assert different[0].startswith("K:")
        if step == 0:
            assert len(different) == 1
    absolute = MelodyCodec.of_tunes(TUNES, pitch="absolute")
    assert absolute.tokens_of(tune)[3].startswith(f"{tune.events[2].pitch:+d}")


def test_places_are_where_events_stand(codec):
    for token, (first, last) in zip(codec.pieces(TUNE), codec.places(TUNE), strict=True):
        shown = TUNE[first:last]
        kind, _ = meaning_of(token)
        if kind == "duration":
            assert shown[0] in '^abcdefgABCDEFGz"'
        if token.startswith("M:"):
            assert token[2:] in shown
    assert len(codec.places(TUNE)) == len(codec.encode(TUNE))


def test_what_tokens_write_is_abc(codec):
    tune = made_up_tunes(1).tunes[0]
    raw = b"".join(codec.spelled[k] for k in codec.ids_of(tune)).decode()
    found = read_tune(raw).melody
    moved = tune.key.home - 60 if codec.pitch == "key" else 0
    heard = [one.pitch for one in tune.sounding()]
    assert [one.pitch + moved for one in found.sounding()] == heard
    assert all(piece is None for piece in codec.spelled[:3])


def test_what_is_no_whole_event_is_left_out_and_counted():
    codec = MelodyCodec.fit([TUNE])
    token = codec.vocabulary.by_token
    note = [token["+0"], token["1/8"]]
    for ids, broken, notes in [
        (note, 0, 1),
        ([token["+0"]], 1, 0),
        ([token["1/8"]], 1, 0),
        ([token["+0"], *note], 1, 1),
        ([token["K:G"], *note], 1, 1),
        ([token["major"], *note], 1, 1),
        ([*note, token["-"], token["-"]], 1, 1),
        ([token["-"], *note], 1, 1),
        ([0, *note], 1, 1),
    ]:
        found = codec.melody(np.array(ids))
        assert (codec.broken(np.array(ids)), found.notes) == (broken, notes)


def test_a_key_without_a_name_is_no_event():
    vocabulary = Vocabulary(("<unk>", "<go>", "<eos>", "K:G#", "major", "minor"))
    codec = MelodyCodec(vocabulary)
    assert codec.broken(np.array([3, 4])) == 2
    assert codec.broken(np.array([3, 5])) == 0


def test_pitches_out_of_midis_range_are_no_event():
    codec = MelodyCodec(Vocabulary(("<unk>", "<go>", "<eos>", "+100", "1/4")))
    assert codec.melody(np.array([3, 4])).notes == 0
    assert codec.broken(np.array([3, 4])) == 2


def test_unknown_tokens_are_told():
    codec = MelodyCodec.fit(["M:4/4\nL:1/8\nK:C\nC2D2"])
    assert codec.encode("M:4/4\nL:1/8\nK:C\nC2G2")[-2] == codec.unknown
    with pytest.raises(ArgumentError, match=r"ids\[0\]"):
        codec.decode([999])
    with pytest.raises(FormatError, match="line 2, column 1"):
        codec.encode("K:C\n@")


def test_it_travels_in_a_model_file(codec):
    tensors = codec.tensors()
    again = codec_from_tensors(tensors)
    assert again == codec
    assert again.hash == codec.hash
    assert pickle.loads(pickle.dumps(codec)) == codec
    other = MelodyCodec(codec.vocabulary, "absolute" if codec.pitch == "key" else "key", True)
    assert other.hash != codec.hash


@pytest.mark.parametrize("token", ["hello", "+200", "0", "-1/8", "1/0", "M:7", "K:H", "[x", ""])
def test_a_damaged_file_is_refused(token):
    tokens = ("<unk>", "<go>", "<eos>", token or "x")
    tensors = MelodyCodec.fit(["K:C\nC"]).tensors()
    with pytest.raises((BundleError, ArgumentError)):
        codec_from_tensors({**tensors, **Vocabulary(tokens).tensors()})


def test_a_text_in_parts_is_the_whole_text(codec):
    parts = codec.stream([TUNE[:20], TUNE[20:]])
    np.testing.assert_array_equal(np.concatenate(list(parts)), codec.encode(TUNE))


def test_tokens_mean_events():
    assert meaning_of("M:6/8") == ("event", Metre(6, 8))
    assert meaning_of("M:none") == ("event", Metre(0))
    assert meaning_of("z") == ("pitch", "z")
    assert meaning_of('"7:m7/2"') == ("symbol", (7, "m7", 2))
