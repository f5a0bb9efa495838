"""Every exception that Elman raises on purpose.

::

    ElmanError
    ├── ArgumentError (ValueError)       an argument's value is outside its range
    ├── ShapeError (ValueError)          an array's rank, size or dtype does not fit
    │   └── TwinShapeError (RuntimeError)  the same, in a call of a twin of torch.nn's modules
    │       └── TwinTypeError (TypeError, AttributeError)  it is no tensor, or no tuple of them
    ├── DataError (ValueError)           a file or a value in it cannot be used
    │   ├── FormatError                  a file is truncated, foreign or malformed
    │   ├── ChecksumError                bytes differ from the ones that the manifest promises
    │   └── DownloadError                a public address did not deliver
    ├── BlueprintError (ValueError)      a network's description is inconsistent
    ├── BundleError                      a model file is damaged, foreign or cannot be written
    ├── CheckpointError                  a run's folder cannot be read, written or resumed
    ├── NotFittedError (AttributeError)  an answer was asked of a model that was not trained
    ├── TrainingError                    training cannot go on
    ├── AccelerationError                an accelerated model answers otherwise than the original
    ├── AcceleratedError                 a tool that knows torch.nn's own classes met one of ours
    ├── SlowPathError                    strict mode: something would run slower than it can
    ├── FrozenError                      a frozen layer was to be trained or changed
    └── MissingExtraError (ImportError)  an optional dependency is not installed

Every message has three parts: where (file, line, column or argument), what was found, and
what to do. `ElmanError.__init__` asks for them, so none is forgotten. What a terminal would obey
in them (a file may have any name) is written out in the message.
"""

from __future__ import annotations

import re

from elman.printable import printable

__all__ = [
    "AcceleratedError",
    "AccelerationError",
    "ArgumentError",
    "BlueprintError",
    "BundleError",
    "CheckpointError",
    "ChecksumError",
    "DataError",
    "DownloadError",
    "ElmanError",
    "FormatError",
    "FrozenError",
    "MissingExtraError",
    "NotFittedError",
    "ShapeError",
    "SlowPathError",
    "TrainingError",
    "TwinShapeError",
    "TwinTypeError",
]

_LONGEST = 2000  # characters of each part of a message
_SCALAR = re.compile(  # as NumPy writes a number or a text of its own
    r"""\bnp\.(?:str_|bytes_|bool_?|u?int\d+|float\d+|datetime64)"""
    r"""\(([^()'"]*|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\)"""
)


class ElmanError(Exception):
    """Base of all exceptions of the package.

    Args:
        where: The file (with line and column if known) or the argument's name.
        found: What stands there.
        expected: What to do, or what should stand there instead.
    """

    def __init__(self, where: str, found: str, expected: str) -> None:
        self.where, self.found, self.expected = map(_plain, (where, found, expected))
        parts = [_shortened(part) for part in (self.where, self.found, self.expected)]
        super().__init__(printable("{}: {}; {}".format(*parts)))

    def __reduce__(self):  # three arguments, so the default (one message) cannot rebuild it
        return type(self), (self.where, self.found, self.expected)


def _plain(part: str) -> str:
    """NumPy's scalars as Python's: what they are made by is of no use to a reader.

    >>> _plain("found np.str_('up') and np.float32(0.5)")
    "found 'up' and 0.5"
    """
    return _SCALAR.sub(r"\1", part) if "np." in part else part


def _shortened(part: str) -> str:
    """What one field of a hostile file holds may be as long as the file."""
    return part if len(part) <= _LONGEST else f"{part[:_LONGEST]}..."


class ArgumentError(ElmanError, ValueError):
    """An argument's value is outside its range or not among the known names."""


class ShapeError(ElmanError, ValueError):
    """An array's rank, size or dtype does not fit what it is used for."""


class TwinShapeError(ShapeError, RuntimeError):
    """A tensor does not fit a twin of torch.nn's modules; torch raises one or the other there."""


class TwinTypeError(TwinShapeError, TypeError, AttributeError):
    """What a twin was called with is no tensor, or its state of another make; so in torch."""


class DataError(ElmanError, ValueError):
    """A data file, or a value in a data set, cannot be used as it is."""


class FormatError(DataError):
    """A data file is truncated, of another format, or malformed."""


class ChecksumError(DataError):
    """Bytes on disk or from the network differ from the ones that a manifest promises."""


class DownloadError(DataError):
    """A public address did not deliver its file."""


class BlueprintError(ElmanError, ValueError):
    """A network's description is inconsistent or outside the schema's bounds."""


class BundleError(ElmanError):
    """A model file is damaged, foreign, or could not be written."""


class CheckpointError(ElmanError):
    """A training run's folder cannot be read, written or resumed."""


class NotFittedError(ElmanError, AttributeError):
    """An answer was asked of a model that has not been trained."""


class TrainingError(ElmanError):
    """Training cannot go on."""


class AccelerationError(ElmanError):
    """An accelerated model could not be compared with the original, or answers otherwise."""


class AcceleratedError(ElmanError):
    """A tool that goes by torch.nn's own classes met an accelerated module or a twin."""


class SlowPathError(ElmanError):
    """Strict mode: something would run by a slower way than the compiled kernels."""


class FrozenError(ElmanError):
    """A frozen layer was to be trained, loaded or changed; or a layer cannot be frozen."""


class MissingExtraError(ElmanError, ImportError):
    """An optional dependency is missing; the message gives the exact install command."""

    @classmethod
    def of(cls, package: str, extra: str, purpose: str) -> MissingExtraError:
        """The error for `package`, which the extra `extra` installs and `purpose` needs."""
        from elman.installation import install_command  # what it reads is wanted here alone

        return cls(
            purpose,
            f"needs the package {package!r}, which is not installed",
            f"run: {install_command(extra)}",
        )
