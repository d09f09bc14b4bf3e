"""Servers of the lab, worlds, and what each world must show."""
