"""Payments: money that comes in and goes out, over rails, and is never credited or paid twice.

`states` has the two life cycles as tables, `rail` the protocol that banks and chains are adapters of, `sandbox` the one
rail that is no real one. `deposits` and `withdrawals` are the steps, `runner` takes them.
"""
