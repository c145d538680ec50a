"""What can go wrong in the engine. One base, one class per kind of failure; the message says what to do."""


class EngineError(Exception):
    """Base of all errors of the engine."""


class DefinitionError(EngineError):
    """An asset, instrument or account cannot be defined thus."""


class DecimalError(EngineError):
    """A text is not a decimal number with at most the digits that its kind allows."""


class JournalError(EngineError):
    """The journal cannot be used; the message names segment and offset."""


class CorruptJournal(JournalError):
    """A frame that was durable is damaged."""


class JournalInUse(JournalError):
    """Another process writes this journal."""


class SequenceNotFound(JournalError):
    """The journal does not hold the record asked for."""


class ReplayDiverged(EngineError):
    """Replaying a command gave other events than the journal holds."""


class SnapshotError(EngineError):
    """A snapshot cannot be used."""


class FeedError(EngineError):
    """A feed connection broke its protocol."""


class SocketError(EngineError):
    """A Unix socket cannot be there; the message names its path."""


class ControlError(EngineError):
    """A control connection could not be made, broke its protocol, or broke off."""
