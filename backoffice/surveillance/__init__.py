"""Surveillance of trading: patterns that the rules against market abuse name become alerts, and alerts cases.

Detectors are functions of rows alone; `looking` feeds them an hour of the projector's rows and stores what they find.
"""
