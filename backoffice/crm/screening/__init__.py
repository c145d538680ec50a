"""Screening: sanctions and PEP lists as they are published, and who of our clients' people may be on them.

`formats` reads a file, whole or not at all; `matching` finds the entries whose names are like a subject's; tables and
services keep lists, hits, and what was decided on them.
"""
