"""Decides again what the one-stop decided, by its own rules and other data; pure, for auditors."""

from routing.what_if.judging import Judge

__all__ = ["Judge"]
