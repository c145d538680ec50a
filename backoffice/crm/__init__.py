"""Clients: who they are, who owns them, what speaks against them, and whether they may trade.

The rules are pure (`ownership`, `papers`, `risk`, `workflow`, `standing`, `ivms101`, `screening`): values in, values
out. Tables keep what staff know, sealed where it is personal; services change them, each in one transaction with its
entry in the audit trail.
"""
