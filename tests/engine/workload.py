"""A tape of commands, the same for the same seed on every machine; and, run as a program, the journal that it makes.

python -m tests.engine.workload SEED LENGTH DIRECTORY      prints the state hash
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from engine import commands
from engine.commands import AnyCommand
from engine.exchange import Exchange
from engine.frames import encode_frame, encode_value
from engine.journal import Journal
from engine.snapshot import state_hash
from engine.terms import Terms
from engine.values import BUY, GOOD_TILL_DATE, LIMIT, MARKET, SELL, MassCancelScope, PostOnly, TimeInForce
from tests.engine.builders import DAY, FOK, GTC, GTD, IOC, SYMBOL, add_asset, add_instrument

ACCOUNTS = ("A", "B", "C", "D")
BATCH = 50


def tape(seed: int, length: int) -> Iterator[AnyCommand]:
    """Yield `length` commands: a venue is opened, then four accounts trade, cancel, replace and ask."""
    opening: list[AnyCommand] = [
        add_asset("BTC", 3),
        add_asset("USD", 5),
        add_instrument(maker_fee_bps=-2, taker_fee_bps=7),
        *(commands.OpenAccount(account) for account in ACCOUNTS),
        *(
            commands.Credit(account, asset, 10**9, f"{account}{asset}")
            for account in ACCOUNTS
            for asset in ("BTC", "USD")
        ),
        *(commands.ProvisionSession(f"S{account}", (account,), "hash") for account in ACCOUNTS),
    ]
    yield from opening[:length]
    rng = random.Random(seed)
    live: list[tuple[str, str]] = []
    for number in range(length - len(opening)):
        account = rng.choice(ACCOUNTS)
        session, cl_ord_id, side = f"S{account}", f"x{number}", rng.choice((BUY, SELL))
        price = rng.randint(990, 1004) if side is BUY else rng.randint(996, 1010)
        what = rng.random()
        if what < 0.6 or not live:
            order_type = MARKET if what < 0.03 else LIMIT
            price = 0 if order_type is MARKET else price
            time_in_force = rng.choice((DAY, GTC, IOC, FOK, GTD, DAY))
            terms = None
            if time_in_force is GOOD_TILL_DATE:
                terms = Terms(PostOnly.SLIDE if order_type is LIMIT else PostOnly.NO, number + rng.randint(20, 500))
            live.append((account, cl_ord_id))
            yield commands.NewOrder(
                session,
                number,
                account,
                cl_ord_id,
                SYMBOL,
                side,
                order_type,
                time_in_force,
                rng.randint(1, 30),
                price,
                terms=terms,
            )
        elif what < 0.97:
            account, orig = live.pop(rng.randrange(len(live)))
            if what < 0.85:
                yield commands.CancelOrder(f"S{account}", number, account, cl_ord_id, orig, 0, SYMBOL, side)
            else:
                live.append((account, cl_ord_id))
                yield commands.ReplaceOrder(
                    f"S{account}",
                    number,
                    account,
                    cl_ord_id,
                    orig,
                    0,
                    SYMBOL,
                    side,
                    LIMIT,
                    TimeInForce.DAY,
                    rng.randint(1, 30),
                    price,
                )
        elif what < 0.985:
            yield commands.QueryOrders(session, number, "", "", 0, "q")
        elif what < 0.995:
            yield commands.MassCancel(session, number, cl_ord_id, MassCancelScope.ALL, "", side)
        else:
            yield commands.EndTradingDay(number + 1)


def write_journal(directory: Path, tape_of: Iterator[AnyCommand], *, segment_bytes: int = 64 * 1024) -> Exchange:
    """Apply commands and journal them, in batches that are each made durable; return the exchange after them."""
    exchange = Exchange()
    journal = Journal(directory, segment_bytes=segment_bytes)
    frames: list[bytes] = []
    sequence = durable = 0
    for command in tape_of:
        sequence += 1
        events = exchange.apply(command, sequence)
        frames.append(encode_frame(sequence, durable, encode_value((sequence, sequence, command, events))))
        if len(frames) == BATCH:
            journal.append(b"".join(frames), durable + 1, sequence)
            journal.sync()
            durable = sequence
            frames.clear()
    if frames:
        journal.append(b"".join(frames), durable + 1, sequence)
    journal.close()
    return exchange


def main() -> None:
    seed, length, directory = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    exchange = write_journal(directory, tape(seed, length))
    sys.stdout.write(f"{state_hash(exchange.state, length)}\n")


if __name__ == "__main__":
    main()
