"""What figures can be given by. It stands apart as the command line needs it before anything else."""

from enum import StrEnum


class By(StrEnum):
    """What each figure is about, beside the instrument."""

    INSTRUMENT = "instrument"
    CLIENT = "client"
    FIRM = "firm"
    ACCOUNT = "account"
    MONTH = "month"
    DAY = "day"
    HOUR = "hour"


class Whom(StrEnum):
    """Whose figures are put together."""

    ACCOUNT = "account"
    CLIENT = "client"
    FIRM = "firm"
