"""How a client is rated, by which model, and what follows from that: what others ask who do not rate."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from backoffice.crm.risk import FIRST_MODEL, Consequences, Model, Rating, decode_model
from backoffice.crm.tables.check import RiskModel, RiskScore
from backoffice.crm.tables.file import Client
from backoffice.errors import NotFound


async def newest_model(session: AsyncSession) -> int:
    """Return the version of the model that applications begin with now."""
    return await session.scalar(select(func.max(RiskModel.version))) or FIRST_MODEL.version


async def model_of(session: AsyncSession, version: int) -> Model:
    """Return a model by its version. Raise `NotFound`."""
    if version == FIRST_MODEL.version:
        return FIRST_MODEL
    row = await session.get(RiskModel, version)
    if row is None:
        raise NotFound(f"risk model {version}: there is none; the newest is {await newest_model(session)}")
    return decode_model(row.content)


async def consequences_of(session: AsyncSession, client: Client) -> Consequences | None:
    """Return what follows from a client's rating, None if it has none."""
    score = await last_score(session, client)
    if score is None:
        return None
    return (await model_of(session, score.model)).consequences[Rating(score.rating)]


async def last_score(session: AsyncSession, client: Client) -> RiskScore | None:
    """Return the score, or the override, that holds."""
    query = select(RiskScore).where(RiskScore.client == client.number).order_by(RiskScore.number.desc()).limit(1)
    return await session.scalar(query)
