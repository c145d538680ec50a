"""The thresholds that trading is judged by: those of the settings, and which version of them it is.

An alert names the version, and the thresholds that it is over as the settings name them. Whoever changes what detectors
do by the same thresholds, or the settings' defaults, gives them a new version.
"""

import hashlib
from typing import Final

from msgspec.structs import asdict

from backoffice.times import SECOND_NS
from config.surveillance import Surveillance

VERSION: Final = "2026-11.5"
EVIDENCE_MAX: Final = 50
"""How many orders or trades an alert names; it counts all."""
_DIGEST_CHARS: Final = 8


class Parameters(Surveillance, frozen=True, kw_only=True):
    """From where on something is found: the settings, with times as the journal has them."""

    version: str

    @property
    def circular_within_ns(self) -> int:
        return self.circular_within_s * SECOND_NS

    @property
    def layering_withdraw_within_ns(self) -> int:
        return self.layering_withdraw_within_s * SECOND_NS

    @property
    def layering_lifetime_max_ns(self) -> int:
        return self.layering_lifetime_max_s * SECOND_NS

    @property
    def close_period_ns(self) -> int:
        return self.close_period_s * SECOND_NS

    def of(self, detector: str) -> dict[str, int]:
        """Return the thresholds whose names begin with a detector's, for its evidence."""
        return {name: getattr(self, name) for name in Surveillance.__struct_fields__ if name.startswith(detector)}


def parameters_of(settings: Surveillance) -> Parameters:
    """Return the thresholds of the settings; other ones than by default are a version with a digest of all of them."""
    thresholds = asdict(settings)
    version = VERSION
    if settings != Surveillance():
        told = "\n".join(f"{name}={value}" for name, value in thresholds.items())
        version += f"/{hashlib.sha256(told.encode()).hexdigest()[:_DIGEST_CHARS]}"
    return Parameters(version=version, **thresholds)


PARAMETERS: Final = parameters_of(Surveillance())
