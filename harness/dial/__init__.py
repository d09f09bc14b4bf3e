"""Streams and datagrams over anything: a hop takes a dialer and is a dialer."""
