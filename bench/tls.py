"""What TLS costs: the mix over TLS 1.3 and over plain TCP, on two venues that take turns."""

import ssl
import statistics
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.client import Session, run_pipelined
from bench.flows import Mix
from bench.measure import Size
from bench.venues import Cores, scratch_directory, venue


@dataclass(frozen=True, slots=True)
class TlsCost:
    """Orders and cancels per second, run by run."""

    plain: list[float]
    secured: list[float]

    @property
    def cost_percent(self) -> float:
        """By how much of the plain throughput TLS is slower."""
        return 100 * (1 - statistics.median(self.secured) / statistics.median(self.plain))


def measure_tls(size: Size, cores: Cores) -> TlsCost:
    """Measure both, in turns. Raise `BenchError`."""
    found = TlsCost([], [])
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE  # it is ourselves that we talk to
    with ExitStack() as stack:
        contests = []
        for rates, tls in ((found.plain, None), (found.secured, trusting)):
            directory = stack.enter_context(scratch_directory())
            port = stack.enter_context(venue("always", cores, directory, more=_settings(directory) if tls else ""))
            flow = Mix()
            sessions = [stack.enter_context(Session(writer, port, tls)) for writer in flow.writers]
            run_pipelined(sessions, flow.prepare())
            contests.append((rates, flow, sessions))
        for _ in range(size.runs):
            for rates, flow, sessions in contests:
                rates.append(run_pipelined(sessions, flow.next_run(size.orders)).orders_per_s)
    return found


def _settings(directory: Path) -> str:
    """Write a certificate that vouches for itself, and return the table of settings that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, SHA256())
    )
    (directory / "venue.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "venue.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return f'[fix.tls]\ncertificate = "{directory / "venue.pem"}"\nkey = "{directory / "venue.key"}"\n'
