"""Reports: queries that answer what staff ask, over what the projector, the ledger and the other parts have stored.

Nothing here prints, and nothing changes a row. What may be long comes in pages, so that a report takes no more memory
over a million trades than over ten; what adds up over long times is added up from counts by the hour (`activity`).
"""
