from __future__ import annotations

import builtins
import errno
import json
import os
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load as tensors_of
from safetensors.numpy import save as bytes_of

from elman import bundle, tensor_files
from elman.errors import BundleError
from elman.tensor_files import digest_of
from tests.bundle.made import BLUEPRINT, make, refused


def test_a_file_cut_at_any_byte_is_refused(path):
    bundle.save(path, make(tensors={}, settings={}))
    content = path.read_bytes()
    assert len(content) < 2000
    for length in range(len(content)):
        path.write_bytes(content[:length])
        refused(path)
    refused(path, "cut")
    path.write_bytes(content[:300])
    refused(path, "cut: 300 bytes, within the header", "copy or save the model again")
    path.write_bytes(b"")
    refused(path, "the file is empty")


def test_any_changed_byte_is_refused(path):
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        changed = bytearray(content)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        try:
            found = bundle.load(path)
        except BundleError:
            continue
        # Only JSON's own freedom (a blank, an escape's case) is left unchanged in meaning.
        assert found.settings == make().settings
        assert found.blueprint == BLUEPRINT
        np.testing.assert_array_equal(found.tensors["mean"], [0, 1])
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    refused(path, "its content was changed")


@pytest.mark.parametrize("tail", [b"\0", b"junk", b"\0" * 10_000])
def test_a_tail_is_refused(path, tail):
    path.write_bytes(path.read_bytes() + tail)
    refused(path, "follow the header", "has a tail")


@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise_another_error(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("bytes") / "model"
    path.write_bytes(content)
    refused(path)


def test_a_missing_file_and_a_folder(tmp_path):
    refused(tmp_path / "model.elman", "there is no such file")
    refused(tmp_path, "it is a folder", "FOLDER/model.elman")


def test_a_file_that_may_not_be_read(path, monkeypatch):
    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(builtins, "open", denied)
    refused(path, "cannot be read (Permission denied)")


class Trap:
    def __reduce__(self):
        return os.abort, ()  # whoever unpickles this, dies


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_are_not_opened(tmp_path, protocol):
    (tmp_path / "model").write_bytes(pickle.dumps({"weights": Trap()}, protocol))
    refused(tmp_path / "model", "it is a pickle", "Elman never unpickles")


def test_zip_archives_of_torch_and_numpy_are_not_opened(tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / "torch")
    np.savez(tmp_path / "numpy.npz", weights=np.array([Trap()], dtype=object))
    for name in ("torch", "numpy.npz"):
        refused(tmp_path / name, "zip archive", "pickles inside", "Elman never unpickles")


def test_a_header_that_begins_as_a_pickle_does_is_no_pickle(path):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    padded = 0x10480.to_bytes(8, "little") + content[8 : 8 + length].ljust(0x10480)
    assert padded[:2] == b"\x80\x04"
    path.write_bytes(padded + content[8 + length :])
    assert bundle.load(path).blueprint == BLUEPRINT


# Foreign and forged headers


def forged(path, change) -> None:
    """The file again with its configuration changed by `change`, the checksum made to fit."""
    found = tensors_of(path.read_bytes())
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    text = json.loads(content[8 : 8 + length])["__metadata__"]["elman_bundle"]
    configuration = json.loads(text)
    configuration, found = change(configuration, found) or (configuration, found)
    if isinstance(configuration, dict):
        configuration.pop("sha256", None)
        configuration["sha256"] = digest_of(configuration, found)
        configuration = json.dumps(configuration)
    path.write_bytes(bytes_of(found, metadata={"elman_bundle": configuration}))


def setting(name, value):
    def change(configuration, tensors):
        configuration[name] = value

    return change


def tensor(name, value):
    def change(configuration, tensors):
        if value is None:
            del tensors[name]
        else:
            tensors[name] = value

    return change


BIAS = "weights.body.2.bias"
NAN = np.array([1, np.nan], np.float32)


def test_forging_nothing_is_accepted(path):
    forged(path, lambda configuration, tensors: None)
    assert bundle.load(path).blueprint == BLUEPRINT


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (setting("version", 2), ["format version 2", "update Elman"]),
        (setting("version", 0), ["no version"]),
        (setting("version", "1"), ["no version"]),
        (setting("version", True), ["no version"]),
        (setting("extra", 1), ["configuration has"]),
        (setting("task", "../../x"), ["configuration has"]),
        (setting("task", 5), ["configuration has"]),
        (setting("settings", []), ["configuration has"]),
        (setting("blueprint", []), ["configuration has"]),
        (setting("blueprint", {}), ["blueprint: schema"]),
        (lambda *_: ("[]", {}), ["no version"]),
        (lambda *_: ("not JSON", {}), ["its configuration", "syntax"]),
        (lambda *_: ("[" * 200_000, {}), ["endless nesting"]),
        (lambda *_: ('{"version":' * 90_000, {}), ["endless nesting"]),
        (lambda *_: (f'"{"x" * 2**20}"', {}), ["1 MiB"]),
        (tensor(BIAS, None), ["weight body.2.bias: the weight is missing"]),
        (tensor(BIAS, np.zeros(3, np.float32)), ["found shape [3]", "expected [2]"]),
        (tensor(BIAS, np.zeros(2)), ["float64", "float32"]),
        (tensor(BIAS, NAN), ["body.2.bias", "1 values that are NaN or infinite"]),
        (tensor("weights.body.9.bias", np.zeros(2, np.float32)), ["no such weight"]),
        (tensor("other", np.zeros(2, np.float32)), ["'other' is of an unknown kind"]),
        (tensor("tensors.half", np.zeros(2, np.float16)), ["unknown kind"]),
        (tensor("tensors.deep", np.zeros((1,) * 9, np.float32)), ["unknown kind"]),
    ],
)
def test_a_forged_file_is_refused_with_what_was_found(path, change, words):
    forged(path, change)
    refused(path, *words)


@pytest.mark.parametrize(
    ("where", "value", "words"),
    [
        (("chains", "body", 0, "cells", 0, "units"), -3, "chains.body[0].cells[0].units: found -3"),
        (("chains", "body", 0, "cells", 0, "units"), 1000, "expected [3000, 2]"),
        (("chains", "body", 2, "units"), 10_000_000, "expected [10000000, 2]"),
        (("chains", "body", 0, "cells", 0, "kind"), "mine", "import the module that registers it"),
        (("input_size",), 1e9, "input_size"),
    ],
)
def test_a_blueprint_is_checked_before_a_tensor_is_read(path, monkeypatch, where, value, words):
    def change(configuration, tensors):
        place = configuration["blueprint"]
        for key in where[:-1]:
            place = place[key]
        place[where[-1]] = value

    forged(path, change)
    read = lambda content: pytest.fail("tensors were read")  # noqa: E731
    monkeypatch.setattr(tensor_files, "tensors_of", read)
    refused(path, words)


def test_a_foreign_safetensors_file(path):
    path.write_bytes(bytes_of({"weight": np.zeros(3)}))
    refused(path, "safetensors file of another program")
    path.write_bytes(bytes_of({"weight": np.zeros(3)}, metadata={"format": "pt"}))
    refused(path, "safetensors file of another program")


@pytest.mark.parametrize(
    "header", [b"{", b"{]", b"{}", b"{" * 100_000, b'{"__metadata__": 3}', b'{"\xff": 1}']
)
def test_a_malformed_header(path, header):
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    refused(path)


def header_of(path) -> tuple[str, bytes]:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return content[8 : 8 + length].decode(), content[8 + length :]


@pytest.mark.parametrize("digits", ["9" * 4300, "9" * 5000, "9" * 41])
def test_endless_numbers_in_the_header(path, digits):
    text, data = header_of(path)
    text = text.replace('"shape":[2]', f'"shape":[{digits}]', 1)
    path.write_bytes(len(text).to_bytes(8, "little") + text.encode() + data)
    refused(path, "its header: found '9999")


def test_a_tensor_that_is_listed_twice(path):
    text, data = header_of(path)
    name = BIAS
    text = text.replace(f'"{name}"', f'"{name}":{{"dtype":"F32"}},"{name}"', 1)
    path.write_bytes(len(text).to_bytes(8, "little") + text.encode() + data)
    refused(path, "the key stands twice")


def test_tensors_that_overlap(path):
    text, data = header_of(path)
    header = json.loads(text)
    names = sorted(name for name in header if header[name].get("shape") == [2])
    header[names[0]]["data_offsets"] = header[names[1]]["data_offsets"]
    text = json.dumps(header)
    path.write_bytes(len(text).to_bytes(8, "little") + text.encode() + data)
    refused(path, "is said to lie at", "by the others and its shape")


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "a named pipe")
    refused("/dev/zero", "a device")
    refused("a\0b")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('{"x": 1e999}', "found 1e999"),
        ('{"x": NaN}', "found NaN"),
        ('{"x": ' + "9" * 4300 + "}", "numbers of 128 bits"),
        ('{"x": ' + "[" * 40 + "]" * 40 + "}", "endless nesting"),
    ],
)
def test_settings_that_json_allows_and_elman_does_not(path, settings, words):
    text, _ = header_of(path)
    kept = json.loads(json.loads(text)["__metadata__"]["elman_bundle"])
    kept["settings"] = "HERE"
    found = json.dumps(kept).replace('"HERE"', settings)
    path.write_bytes(bytes_of(tensors_of(path.read_bytes()), metadata={"elman_bundle": found}))
    refused(path, words)


def test_a_header_longer_than_the_bound_is_not_read(path):
    for length in (2**22 + 1, 2**63):
        path.write_bytes(length.to_bytes(8, "little") + b"{" + b" " * 100)
        refused(path, f"its header claims {length} bytes")


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [0, 2**62], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [0, 2**20, 2**20], "data_offsets": [0, 0]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 16]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, True]},
        {"dtype": "F32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [1.5], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 8, 9]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "F32", "shape": [2]},
        {"dtype": ["F32"], "shape": [2], "data_offsets": [0, 8]},
        [],
        None,
    ],
    ids=str,
)
def test_a_forged_list_of_tensors(path, entry):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    first = min(
        (name for name in header if name != "__metadata__"),
        key=lambda name: header[name]["data_offsets"],
    )
    header[first] = entry
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :])
    refused(path)
