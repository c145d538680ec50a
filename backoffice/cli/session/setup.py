"""`fondaco session add`, `set`: sessions are made and changed, and what they are set up to be holds at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backoffice.cli.session.credentials import (
    CertificateOption,
    HmacOption,
    PasswordOption,
    PasswordStdinOption,
    PublicKeyOption,
    make_material,
)
from backoffice.cli.session.life import SessionArgument
from backoffice.cli.session.profile import (
    AccountsOption,
    ClientsOption,
    CopiesOption,
    CopyFirmsOption,
    DisconnectOption,
    FillsOption,
    GraceOption,
    InstrumentsOption,
    NetworksOption,
    OrdersOption,
    QueriesOption,
    RecoversOption,
    RoleOption,
    ValidatesOption,
    VersionOption,
    changed,
)
from backoffice.cli.venue.request import ByOption, ConfigOption, DataOption, JsonOption, WhyOption, command, who

if TYPE_CHECKING:
    from engine.events import AnyEvent


def add(
    session: SessionArgument,
    *,
    config: ConfigOption,
    why: WhyOption,
    account: AccountsOption = None,
    role: RoleOption = None,
    version: VersionOption = None,
    password: PasswordOption = False,
    password_stdin: PasswordStdinOption = False,
    hmac: HmacOption = False,
    public_key: PublicKeyOption = None,
    certificate: CertificateOption = None,
    instrument: InstrumentsOption = None,
    network: NetworksOption = None,
    orders: OrdersOption = None,
    queries: QueriesOption = None,
    cancel_on_disconnect: DisconnectOption = None,
    grace_ms: GraceOption = None,
    validate: ValidatesOption = None,
    recover: RecoversOption = None,
    on_behalf_of: ClientsOption = None,
    copy: CopiesOption = None,
    copy_firm: CopyFirmsOption = None,
    fills_only: FillsOption = None,
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a session; it may log on at once. A password or a secret that is made for it is shown once.

    What is not given is as for a session without restrictions: order entry, FIX.4.4, all instruments, from anywhere.
    """
    from backoffice.cli.failure import CommandFailed
    from backoffice.cli.session.shown import sessions_shown
    from backoffice.cli.venue.request import data_of
    from engine.commands import ProvisionSession
    from engine.profile import DEFAULT_PROFILE, NOT_SET_UP, Credentials
    from engine.values import CancelOnDisconnect

    if any(shown.session == session for shown in sessions_shown(config, data).sessions):
        raise CommandFailed(f"session {session} is there already; `fondaco session set` changes it")
    material = make_material(
        session,
        data_of(config, data),
        password=password,
        password_stdin=password_stdin,
        hmac=hmac,
        public_keys=public_key,
        certificates=certificate,
    )
    if not material.lets_log_on:
        raise CommandFailed("nothing to log on by: give --password, --password-stdin, --hmac or --public-key")
    request = ProvisionSession(
        session,
        tuple(account or ()),
        "",
        CancelOnDisconnect[cancel_on_disconnect.name] if cancel_on_disconnect else CancelOnDisconnect.NONE,
        grace_ms or 0,
        changed(
            DEFAULT_PROFILE,
            role=role,
            version=version,
            validate=validate,
            recover=recover,
            instrument=instrument,
            network=network,
            orders=orders,
            queries=queries,
            on_behalf_of=on_behalf_of,
            copy=copy,
            copy_firm=copy_firm,
            fills_only=fills_only,
        ),
        Credentials(
            material.password_hash or "",
            material.public_keys or (),
            material.sealed_secret or "",
            material.certificates or (),
        ),
        by=who(by),
        why=why,
        based_on=NOT_SET_UP,
    )
    command(config, data, request, _told, as_json=as_json, once=material.shown_once)


def change(
    session: SessionArgument,
    *,
    config: ConfigOption,
    why: WhyOption,
    account: AccountsOption = None,
    role: RoleOption = None,
    version: VersionOption = None,
    instrument: InstrumentsOption = None,
    network: NetworksOption = None,
    orders: OrdersOption = None,
    queries: QueriesOption = None,
    cancel_on_disconnect: DisconnectOption = None,
    grace_ms: GraceOption = None,
    validate: ValidatesOption = None,
    recover: RecoversOption = None,
    on_behalf_of: ClientsOption = None,
    copy: CopiesOption = None,
    copy_firm: CopyFirmsOption = None,
    fills_only: FillsOption = None,
    by: ByOption = "",
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change what a session is set up to be; what is not given stays. Credentials: see `fondaco session rekey`.

    It holds at once. A session that is to have another role or version is logged out. If somebody else changes the
    session at the same time, the later change is refused.
    """
    from backoffice.cli.session.shown import session_shown
    from engine.commands import ProvisionSession
    from engine.profile import SessionSetUp
    from engine.values import CancelOnDisconnect

    shown = session_shown(config, data, session)
    request = ProvisionSession(
        session,
        shown.accounts if account is None else tuple(account),
        "",
        CancelOnDisconnect[cancel_on_disconnect.name] if cancel_on_disconnect else shown.on_disconnect,
        shown.grace_ms if grace_ms is None else grace_ms,
        changed(
            shown.profile,
            role=role,
            version=version,
            validate=validate,
            recover=recover,
            instrument=instrument,
            network=network,
            orders=orders,
            queries=queries,
            on_behalf_of=on_behalf_of,
            copy=copy,
            copy_firm=copy_firm,
            fills_only=fills_only,
        ),
        by=who(by),
        why=why,
        based_on=SessionSetUp(shown.accounts, shown.on_disconnect, shown.grace_ms, shown.profile),
    )
    command(config, data, request, _told, as_json=as_json)


def _told(events: "Sequence[AnyEvent]") -> list[str]:
    from engine.events import SessionProvisioned

    return [f"session {each.session} is set up" for each in events if isinstance(each, SessionProvisioned)]
