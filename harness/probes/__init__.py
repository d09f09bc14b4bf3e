"""Probes: one file each. A probe talks to one endpoint over one route and writes what it saw on a tape.

    async def run(params: Mapping[str, Json], route: Route, tape: Tape, until: Deadline) -> None

It opens streams by its route, writes every stage on the tape, and raises the tape's level by what was shown.
A stage that fails ends the walk with `WalkEnded`. A module may also hold `endpoint(params) -> Address | None`
where its parameters have neither `url` nor `host` and `port`; None means that the probe picks no address.
What the answer means is no affair of a probe.
"""
