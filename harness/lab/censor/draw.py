"""Chance that comes out the same each time: drawn by hash, never by the order in which packets happen to arrive."""

from __future__ import annotations

_MASK = (1 << 64) - 1


def draw(*parts: int) -> float:
    """A number from 0 up to 1, evenly spread, always the same for the same parts."""
    state = 0
    for part in parts:
        # SplitMix64 (Steele, Lea, Flood 2014): each part is mixed in by one round.
        state = (state ^ part ^ part >> 64 ^ part >> 128) + 0x9E3779B97F4A7C15 & _MASK
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _MASK
        state = (state ^ state >> 27) * 0x94D049BB133111EB & _MASK
        state ^= state >> 31
    return (state >> 11) / (1 << 53)
