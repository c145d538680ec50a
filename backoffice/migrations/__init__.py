"""The database's versions, one after the other: `versions/NNNN_what.py`, each on top of the one before."""
