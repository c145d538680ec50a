"""The projector: follows the feed, and keeps in the database what the journal says, exactly once."""
