"""YAML files as values that know their place, and complaints that say so."""

from harness.document.complaint import BadFile, Complaint
from harness.document.load import compose, load
from harness.document.node import Document, Loc, Position, placeless

__all__ = ["BadFile", "Complaint", "Document", "Loc", "Position", "compose", "load", "placeless"]
