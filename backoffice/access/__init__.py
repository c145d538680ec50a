"""Access: what a client may do at the venue, through whom. Firm → desk → trader → trading account → FIX session.

A client's firm has desks, a desk traders, a trader or a desk accounts; sessions trade for accounts. Limits go down this
tree and only ever get tighter (`limits`); fees are set by schedules (`fees`). Nothing of it opens trading by the hand
of one person alone.
"""
