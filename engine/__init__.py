"""The deterministic core of the venue and its journal. Imports nothing else of ours.

    command ─▶ Sequencer ─▶ Exchange.apply ─▶ events ─▶ journal ─▶ feed

`commands` and `events` are the vocabulary; `exchange` applies the one and returns the other; `sequencer` orders and
commits; `journal`, `snapshot` and `recovery` keep and restore; `feed` lets other processes follow.
"""
