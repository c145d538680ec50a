"""Invoices: what firms owe beyond the fees of their trades, and how it is collected.

`invoicing` makes those of a month that is over; `collecting` has each charged or waived, by two people. `states` is an
invoice's life as a table. The invoice itself never changes.
"""
