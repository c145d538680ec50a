"""What can go wrong in the back office. Every message names the thing, the value, and what to do."""


class BackOfficeError(Exception):
    """The base of them all: a fault that staff can read and mend, told in one line."""


class DatabaseFault(BackOfficeError):
    """The database cannot be reached, is locked or full, or is not of this version."""


class Refused(BackOfficeError):
    """A rule of the house forbids what was asked for; nothing has changed."""


class NotFound(BackOfficeError):
    """There is nothing of that name."""


class Conflict(BackOfficeError):
    """Somebody else has changed it meanwhile, or the same was asked for before; look again."""


class KeyFault(BackOfficeError):
    """The key of personal data is missing, or is not the one that something was sealed with."""
