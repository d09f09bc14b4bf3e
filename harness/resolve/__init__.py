"""Resolvers: a name goes in, and every answer that came is kept."""
