"""Typed settings of the venue, read from TOML."""
