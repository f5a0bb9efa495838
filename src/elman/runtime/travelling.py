"""What travels with a network in its bundle, taken out again."""

from __future__ import annotations

from typing import Any

import numpy as np

from elman.bundle import Bundle
from elman.errors import ArgumentError, BundleError
from elman.parameters import renamed
from elman.transforms.scaler import Scaler
from elman.transforms.sound import SoundFeatures
from elman.transforms.text import TextCodec, codec_from_tensors

__all__ = [
    "baseline_tensors",
    "below",
    "codec_of",
    "metadata_of",
    "reading_of",
    "scaler_from",
    "setting_of",
    "sound_of",
]


def setting_of(bundle: Bundle, name: str, kind: type, default: Any) -> Any:
    """One of a bundle's settings; `BundleError` if it is of another kind than `kind`."""
    found = bundle.settings.get(name, default)
    if type(found) is not kind and found is not default:
        expected = f"a value of the kind {kind.__name__}: save the model again"
        raise BundleError(f"setting {name}", f"found {repr(found)[:80]}", expected)
    return found


def metadata_of(bundle: Bundle) -> dict[str, Any]:
    """How a model was trained, as it says; what is shown of it is text.

    Raises:
        BundleError: It says something else.
    """
    metadata = setting_of(bundle, "metadata", dict, {})
    for name in ("elman", "frequency"):
        if not isinstance(metadata.get(name, ""), str):
            raise BundleError(f"metadata, {name}", f"found {metadata[name]!r:.80}", "a text")
    notes = metadata.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise BundleError("metadata, notes", f"found {repr(notes)[:80]}", "a list of texts")
    return metadata


def reading_of(bundle: Bundle) -> dict[str, Any]:
    """What a training was told of its table: texts, or lists of texts, by the option's name.

    Raises:
        BundleError: It says something else.
    """
    reading = renamed(setting_of(bundle, "reading", dict, {}), ("time",))
    for name, value in reading.items():
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str):
                raise BundleError(f"reading, {name}", f"found {value!r:.80}", "a text, or texts")
    return reading


def baseline_tensors(bundle: Bundle) -> dict[str, np.ndarray]:
    """The arrays of the baselines; empty if the bundle has none."""
    return below(bundle, "baselines.")


def scaler_from(bundle: Bundle, what: str, features: int | None) -> Scaler | None:
    """The scaler of `what` ("inputs" or "targets"); None if the bundle has none.

    Raises:
        BundleError: It is damaged, or not for `features` features.
    """
    tensors = below(bundle, f"{what}.")
    if not tensors:
        return None
    scaler = Scaler.from_tensors(tensors)
    if len(scaler.mean) != features:
        raise BundleError(
            f"scaler of the {what}", f"{len(scaler.mean)} features", f"{features} are needed"
        )
    return scaler


def codec_of(
    bundle: Bundle, name: str = "codec", vocabulary: int | None = None
) -> TextCodec | None:
    """The codec of a model of texts; None if the bundle has none.

    Args:
        bundle: The model as data.
        name: Of the codec among several.
        vocabulary: How many tokens it has; None: as many as the network reads.

    Raises:
        BundleError: It is damaged, or not the one that was learnt with.
    """
    tensors, blueprint = below(bundle, f"{name}."), bundle.blueprint
    codec = codec_from_tensors(tensors) if tensors else None
    wanted = setting_of(bundle, name, str, None)
    found, size = (None, None) if codec is None else (codec.hash, len(codec))
    needed = size if not blueprint.described else vocabulary or blueprint.vocabulary
    if found != wanted or size != needed:
        said = "none" if codec is None else f"{codec.describe()}, of the hash {found}"
        expected = f"the one of the hash {wanted}, which was learnt with: save the model again"
        raise BundleError(name, said, expected)
    return codec


def sound_of(bundle: Bundle) -> SoundFeatures | None:
    """What a model reads of sounds; None if it reads none.

    Raises:
        BundleError: They are no features, or not those of the network.
    """
    told = setting_of(bundle, "sound", dict, None)
    if told is None:
        return None
    try:
        found = SoundFeatures.from_dict(told)
    except (ArgumentError, TypeError) as error:
        raise BundleError("sound", str(error), "save the model again") from error
    if bundle.blueprint.described and found.features != bundle.blueprint.input_size:
        said = f"{found.features} features for {bundle.blueprint.input_size} inputs"
        raise BundleError("sound", said, "save the model again")
    return found


def below(bundle: Bundle, prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix`, by the rest of their names."""
    return {
        name.removeprefix(prefix): array
        for name, array in bundle.tensors.items()
        if name.startswith(prefix)
    }
