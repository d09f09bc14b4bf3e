"""Measured quality in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.model import Json


def quality(seen: Mapping[str, Json]) -> str:
    """`down 0.15 Mbit/s, up 0.14 Mbit/s, round trip 30 to 35 ms`, or a stream's loss, jitter, round trip and MOS."""
    return ", ".join(_stream(seen) if "mos" in seen else _transfer(seen))


def _stream(seen: Mapping[str, Json]) -> Iterator[str]:
    yield f"loss {seen['loss']:.1%}"
    yield f"jitter {_ms(seen['jitter'])} ms"
    yield f"round trip {_ms(seen['rtt'])} ms"
    yield f"MOS {seen['mos']:.2f}"
    yield from _stop(seen)


def _transfer(seen: Mapping[str, Json]) -> Iterator[str]:
    ways = [(way, seen[way]) for way in ("down", "up") if isinstance(seen.get(way), Mapping)]
    for way, found in ways:
        if found.get("rate"):
            yield f"{way} {found['rate'] / 1e6:.3g} Mbit/s"
    trips = [(found["rtt_least"], found["rtt"]) for _, found in ways if found.get("rtt")]
    if trips:
        least, loaded = min(least for least, _ in trips), max(loaded for _, loaded in trips)
        yield f"round trip {_ms(least)} ms, {_ms(loaded)} ms under load"
    yield from _stop(seen)


def _stop(seen: Mapping[str, Json]) -> Iterator[str]:
    if stopped := seen.get("stopped"):
        what = "datagrams" if "silence" in stopped else "B"
        yield f"stopped after {stopped['sent']} {what} out, {stopped['received']} {what} in"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f}"
