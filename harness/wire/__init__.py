"""Protocols as bytes: what to send, and what came. No sockets, no clock, no chance: those are handed in.

Whatever a parser cannot read raises `malformed.Malformed`, and nothing else.
"""
