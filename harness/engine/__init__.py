"""The engine: a process that is handed a plan and says what it saw. It does not know where it runs.

`python -m harness.engine` speaks the lines of `harness.engine.protocol` over stdin and stdout; `serve` is the same for
a caller with a loop of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.engine.session import Reader, Writer


async def serve(reader: Reader, writer: Writer) -> int:
    """Serve one caller to the end, and give the exit status. Imports the engine when it is first needed."""
    from harness.engine import session

    return await session.serve(reader, writer)
