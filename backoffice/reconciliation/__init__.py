"""Reconciliation: what rails say against payments, payments against the books, the books against the engine.

`statements` keeps what rails tell, `comparing` and `engine` find what does not agree, `breaks` keeps what was found:
each difference with its age, until it is gone or somebody has said why it may stay. `reconciling` does it all, once.
"""
