"""The books: double-entry, append-only, zero in every asset at every record of the journal."""
