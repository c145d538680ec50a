"""What the FIX gateway's pure parts raise: one base, one named class per failure.

What a client sends raises none of them in `codec.Framer` and `validation`: there, bad input has an answer.
"""


class FixError(Exception):
    """The base of every error of the FIX gateway. `value` is the text that offended."""

    def __init__(self, reason: str, value: str) -> None:
        super().__init__(f"{reason}: {value[:80]!r}")
        self.reason = reason
        self.value = value


class UnencodableText(FixError):
    """A text to be sent holds a character outside Latin-1."""


class InvalidTimestamp(FixError):
    """A text is not a FIX UTCTimestamp, or an instant is outside the years 1 to 9999."""


class GatewayError(Exception):
    """The base of what keeps the gateway from starting; the message says what to do."""


class OutboundError(GatewayError):
    """The outbound indexes and the journal contradict each other."""


class ListenError(GatewayError):
    """The venue cannot listen where it should."""


class TlsError(GatewayError):
    """The files for TLS are missing, unreadable, or do not fit together."""


class LaneError(GatewayError):
    """The lane that the settings choose is not there, or cannot do what they ask for."""


class SeedError(GatewayError):
    """The settings ask for something that the journal's venue cannot become."""


class SignedLogonsError(GatewayError):
    """Whether a signed Logon has been taken before cannot be found out, or not be put on disk."""


class VaultError(GatewayError):
    """A session's secret cannot be sealed or opened; the message never holds it."""


class IdentityError(GatewayError):
    """What is said to be a public key or a certificate is none."""
