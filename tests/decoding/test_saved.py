"""A search's file: what it refuses, and that nothing else can come of any bytes."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from elman import bundle, state, tensor_files
from elman.decoding import Constraints, Search, SearchOptions
from elman.errors import ArgumentError, BundleError
from elman.state import LSTMState, RNNState
from elman.tensor_files import digest_of
from tests.bundle.made import make

PIECES = ["", None, "a", "b", "ab", "c", "12", "."]
TOLD = {"prefix": [[2], []], "banned": [7], "stop": ["cc"], "expression": "[abc]*"}


@pytest.fixture(scope="module")
def made(small_model, tmp_path_factory):
    """A search in the middle, and its bytes."""
    model = small_model(8, seed=3)
    options = SearchOptions(max_length=9, beam_size=3, n_best=2, length_penalty=0.5)
    constraints = Constraints(**TOLD)
    given_ = {"go": 1, "eos": 0, "options": options, "constraints": constraints, "pieces": PIECES}
    search = Search(model.start(2), **given_, model="hash of it", row_ids=np.array([4, 9]))
    for _ in range(3):
        search.advance(model)
    path = tmp_path_factory.mktemp("made") / "search"
    search.save(path)
    return model, search, path.read_bytes()


@pytest.fixture
def path(made, tmp_path):
    (tmp_path / "search").write_bytes(made[2])
    return tmp_path / "search"


def load(path, **changed):
    return Search.load(path, **{"model": "hash of it", "pieces": PIECES} | changed)


def refused(path, *words, **changed):
    with pytest.raises((BundleError, ArgumentError)) as caught:
        load(path, **changed)
    assert all(word in str(caught.value) for word in words), caught.value


def texts(answers):
    return [[(one.tokens.tolist(), one.value) for one in row] for row in answers]


def test_it_goes_on_as_it_was(made, path):
    model, search, _ = made
    found = load(path)
    assert texts(found.answers()) == texts(search.answers())
    assert texts(found.run(model)) == texts(search.branch().run(model))
    assert (found.model, found.eos, found.options) == ("hash of it", 0, search.options)
    assert found.constraints == search.constraints


def test_a_file_cut_anywhere_or_with_a_tail_is_refused(made, path):
    content = made[2]
    for length in [*range(0, 300, 7), *range(300, len(content), 97), len(content) - 1]:
        path.write_bytes(content[:length])
        refused(path)
    path.write_bytes(content[:-1])
    refused(path, "it is cut")
    path.write_bytes(content + b"\0")
    refused(path, "has a tail")
    path.write_bytes(b"")
    refused(path, "the file is empty")


@given(st.integers(0, 10**6), st.integers(0, 7))
def test_a_changed_byte_is_refused_or_changes_nothing(made, tmp_path_factory, place, bit):
    _, search, content = made
    changed = bytearray(content)
    changed[place % len(content)] ^= 1 << bit
    path = tmp_path_factory.mktemp("changed") / "search"
    path.write_bytes(changed)
    try:
        found = load(path)
    except (BundleError, ArgumentError):
        return
    assert texts(found.answers()) == texts(search.answers())


def test_files_of_other_kinds(path, tmp_path):
    bundle.save(path, make())
    refused(path, "it is a model file", "give a file that a search was saved to")
    state.save(path, RNNState(np.zeros((1, 2))))
    refused(path, "a safetensors file of another program")
    path.write_bytes(b"a long text that is no such file")
    refused(path, "it is not a search file")
    path.write_bytes(b"\x80\x04 and so on")
    refused(path, "it is a pickle")
    refused(tmp_path / "missing", "there is no such file")
    refused(tmp_path, "it is a folder")


def test_a_model_file_is_not_a_search(made, path):
    with pytest.raises(BundleError, match="it is a saved search"):
        bundle.load(path)


def test_whose_it_is(path):
    refused(path, "it is of the model 'hash of it'", model="another")
    refused(path, "it is of the model 'hash of it'", model="")
    refused(path, "pieces: not given", pieces=None)
    refused(path, "it is of another vocabulary", pieces=[*PIECES[:-1], "!"])
    refused(path, "it is of another vocabulary", pieces=[p and p.encode() for p in PIECES] + [b""])
    refused(path, "allowed: the search had none", allowed=lambda tokens: None)


def test_a_function_is_asked_for(small_model, tmp_path):
    told = Constraints(allowed=lambda tokens: [2])
    search = Search(small_model.start(1), go=1, constraints=told)
    search.save(tmp_path / "search")
    with pytest.raises(ArgumentError, match="allowed: not given, and the search had one"):
        Search.load(tmp_path / "search")
    Search.load(tmp_path / "search", allowed=told.allowed)
    with pytest.raises(BundleError, match="the search had no pieces"):
        Search.load(tmp_path / "search", allowed=told.allowed, pieces=PIECES)


def test_any_state_that_a_cell_may_have(small_model, tmp_path):
    """Nested, of several dtypes, and of a make of one's own."""
    model = small_model(8)

    def step(tokens, state):
        (hidden, cell), first, count = state
        logits, first = model(tokens, first)
        return logits, (LSTMState(hidden + 1, cell), first, count + 1)

    start = model.start(2)
    whole = (LSTMState(np.zeros((2, 3), np.float32), np.ones((2, 3))), start, np.zeros((2, 1), int))
    wanted = Search(whole, go=1, options=SearchOptions(max_length=5)).run(step)
    search = Search(whole, go=1, options=SearchOptions(max_length=5))
    search.advance(step)
    search.save(tmp_path / "search")
    assert texts(Search.load(tmp_path / "search").run(step)) == texts(wanted)
    assert texts(Search.load(tmp_path / "search", like=whole).run(step)) == texts(wanted)
    with pytest.raises(BundleError, match="a state like"):
        Search.load(tmp_path / "search", like=start)
    half = Search(RNNState(np.zeros((1, 2), np.float16)), go=1)
    with pytest.raises(BundleError, match="float16"):
        half.save(tmp_path / "search")
    assert texts(Search.load(tmp_path / "search").run(step)) == texts(wanted)


# Forged files


def forged(path, change):
    """The file again, its description and tensors changed, the checksum made to fit."""
    content = path.read_bytes()
    tensors = dict(tensors_of(content))
    length = int.from_bytes(content[:8], "little")
    description = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["elman_search"])
    description.pop("sha256")
    change(description, tensors)
    description["sha256"] = digest_of(description, tensors)
    path.write_bytes(bytes_of(tensors, metadata={"elman_search": json.dumps(description)}))


def tensor(name, value=None, **places):
    def change(description, tensors):
        if value is None and not places:
            del tensors[name]
        elif value is not None:
            tensors[name] = value
        for place, new in places.items():
            tensors[name] = tensors[name].copy()
            tensors[name][tuple(map(int, place[1:].split("_")))] = new

    return change


def told(name, value):
    def change(description, tensors):
        description["told"][name] = value

    return change


def option(name, value):
    def change(description, tensors):
        description["options"][name] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        told("eos", 0.5),
        told("eos", -1),
        told("eos", True),
        told("stop", "ab"),
        told("stop", [1]),
        told("stop", [""]),
        told("expression", "(("),
        told("expression", "12"),
        told("expression", 5),
        told("extra", 5),
        told("pieces", ""),
        option("beam_size", 0),
        option("beam_size", 2),
        option("max_length", 2),
        option("temperature", 1.0),
        option("extra", 1),
        option("n_best", "2"),
        lambda description, tensors: description.update(structure=[]),
        lambda description, tensors: description.update(structure=[["tuple", [None] * 5]]),
        lambda description, tensors: description.update(structure=[["Mine", [None]]]),
        lambda description, tensors: description.update(structure=[[[[[]]]]]),
        lambda description, tensors: description.update(version=2),
        lambda description, tensors: description.update(model=5),
        tensor("tensors.go"),
        tensor("tensors.go", np.array([1, -1])),
        tensor("tensors.go", np.array([1])),
        tensor("tensors.go", np.array([1.0, 1.0])),
        tensor("tensors.row_ids", np.array([-4, 9])),
        tensor("tensors.banned", np.array([8])),
        tensor("tensors.banned", np.array([2])),
        tensor("tensors.required", np.array([2**62])),
        tensor("tensors.prefix", np.array([2, 2])),
        tensor("tensors.prefix_ends", np.array([1, 0])),
        tensor("tensors.prefix_ends", np.array([1])),
        tensor("tensors.hypotheses", np.zeros((2, 5), np.int64)),
        tensor("tensors.hypotheses", np.zeros((0, 5), np.int64)),
        tensor("tensors.hypotheses", p0_0=2),
        tensor("tensors.hypotheses", p0_1=3),
        tensor("tensors.hypotheses", p0_2=6),
        tensor("tensors.hypotheses", p0_3=2**61),
        tensor("tensors.hypotheses", p1_4=-1),
        tensor("tensors.tokens", p0=8),
        tensor("tensors.tokens", p0=-1),
        tensor("tensors.log_probabilities", p0=np.nan),
        tensor("tensors.log_probabilities", p0=0.5),
        tensor("tensors.scores", p0_0=-np.inf),
        tensor("tensors.scores", np.zeros((1, 2))),
        tensor("tensors.other", np.zeros(3)),
        tensor("state.0"),
        tensor("state.0", np.zeros((1, 6))),
        tensor("state.1", np.zeros((2, 6))),
        tensor("state.x", np.zeros((2, 6))),
        tensor("start.0", np.zeros((3, 6))),
        tensor("start.0", np.zeros(())),
        tensor("weights.0", np.zeros(3)),
    ],
)
def test_a_forged_file_is_refused(path, change):
    forged(path, change)
    with pytest.raises(BundleError):
        load(path)


def test_forging_nothing_is_accepted(made, path):
    forged(path, lambda description, tensors: None)
    assert texts(load(path).answers()) == texts(made[1].answers())


def test_nothing_is_read_before_it_is_checked(path, monkeypatch):
    read = lambda content: pytest.fail("tensors were read")  # noqa: E731
    monkeypatch.setattr(tensor_files, "tensors_of", read)
    refused(path, "it is of the model", model="another")
    forged_tensors = tensor("tensors.go", np.array([1.0, 1.0]))
    forged(path, forged_tensors)
    refused(path, "it has the tensors")
