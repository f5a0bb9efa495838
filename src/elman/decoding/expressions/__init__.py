"""Regular expressions over what is written: which tokens may still lead to a text that matches."""

from elman.decoding.expressions.vocabulary import NEVER, Guide

__all__ = ["NEVER", "Guide"]
