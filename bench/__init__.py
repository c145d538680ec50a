"""Benchmarks that anybody can run: `python -m bench`.

Nothing here knows the venue from within: orders are FIX bytes over TCP, made before they are sent, and the peer is a
process of its own. So the same client measures the venue and, beside it, an acceptor on QuickFIX.
"""
