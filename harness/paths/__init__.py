"""Ways to a target: the tables of their kinds, and how a user spells them."""

from harness.paths.table import BASES, HELLOS, HOPS, RESOLVERS, Tables

__all__ = ["BASES", "HELLOS", "HOPS", "RESOLVERS", "Tables"]
