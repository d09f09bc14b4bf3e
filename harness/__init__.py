"""waygauge: which way still works, for what, and what changed since yesterday."""

__version__ = "0.1.0"
