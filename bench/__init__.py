"""What waygauge costs and bears, measured. Scripts, never tests: `python -m bench`."""
