"""Finds and reads what a scenario names: the only reader of scenario-side files."""

from harness.catalogue.api import Loaded, Mark, Used, WorldOverlay

__all__ = ["Loaded", "Mark", "Used", "WorldOverlay"]
