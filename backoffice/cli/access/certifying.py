"""What a certification report must be to count: signed by a key of the house, whole, fresh, and of today's plan.

The keys stand in the settings, not in what whoever stores a report says: else one person could certify by a key of
their own making.
"""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backoffice.access.tables import AccessCertificate


def certificate_in(path: Path, keys: Collection[str], plan: Path, now_ns: int) -> "AccessCertificate":
    """Return the certificate that a report makes. `keys`: those of the house; `plan`: the folder of its scripts.

    Raise `CommandFailed` if the report does not count.
    """
    from backoffice.access.sessions import CERTIFIED_NS
    from backoffice.access.tables import AccessCertificate
    from backoffice.cli.failure import CommandFailed, one_line
    from backoffice.cli.moments import time_of
    from backoffice.cli.qa.report import BadReport, plan_hash, read
    from backoffice.cli.qa.signing import is_genuine

    if not keys:
        raise CommandFailed("the settings name no key that certifications are signed with: certification_keys")
    try:
        signed = read(path)
    except BadReport as error:
        raise CommandFailed(str(error)) from error
    except OSError as error:
        # In a transaction it would be taken for the database's.
        raise CommandFailed(one_line(error)) from error
    if not is_genuine(signed):
        raise CommandFailed(f"{path}: is not as it was signed; run `fondaco qa certify` again")
    if signed.public_key not in keys:
        raise CommandFailed(f"{path}: is signed by {signed.public_key}, which is no key of the settings")
    report = signed.report
    if report.outcome != "passed" or report.chapters:
        part = f", and of chapters {', '.join(report.chapters)} only" if report.chapters else ""
        raise CommandFailed(f"{path}: the certification of {report.session} is {report.outcome}{part}")
    if report.versions.plan != plan_hash(plan):
        raise CommandFailed(f"{path}: {report.session} has passed another version of the plan; certify it again")
    passed_ns = time_of(report.ended)
    if not now_ns - CERTIFIED_NS < passed_ns <= now_ns:
        raise CommandFailed(f"{path}: {report.session} has passed on {report.ended}; one counts for a year from then")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return AccessCertificate(
        session=report.session, version=report.fix_version, role=report.role, digest=digest, passed_ns=passed_ns
    )
