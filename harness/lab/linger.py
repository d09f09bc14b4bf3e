"""How a socket is told to close by a reset, on every system."""

from __future__ import annotations

import struct
import sys

BY_RESET = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
"""`struct linger` for SO_LINGER: close at once."""
