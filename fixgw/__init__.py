"""The FIX gateway: FIX sessions in, FIX messages out. Knows FIX and the engine's messages; knows no SQL."""
