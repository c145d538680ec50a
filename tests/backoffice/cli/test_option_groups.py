"""Options that commands share: each command has them, with their defaults, and is given them as one argument."""

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from backoffice.cli.option_groups import grouped


@dataclass(frozen=True, kw_only=True)
class Meal:
    """What is eaten."""

    dish: Annotated[str, typer.Option("--dish", help="What there is.")]
    salted: Annotated[bool, typer.Option("--salt/--no-salt")] = True


app = typer.Typer()


@app.command()
@grouped
def serve(guest: Annotated[str, typer.Argument()], meal: Meal, table: Annotated[int, typer.Option()] = 1) -> None:
    """Bring it."""
    typer.echo(f"{guest} at {table}: {meal}")


def run(*arguments: str) -> str:
    outcome = CliRunner().invoke(app, arguments)
    return outcome.output


def test_options_of_a_group_are_given_as_one_argument() -> None:
    assert run("ann", "--dish", "soup", "--no-salt") == "ann at 1: Meal(dish='soup', salted=False)\n"


def test_options_of_a_group_have_its_defaults_and_stand_beside_those_of_the_command() -> None:
    assert run("ann", "--dish", "soup", "--table", "2") == "ann at 2: Meal(dish='soup', salted=True)\n"


def test_option_without_a_default_must_be_given() -> None:
    assert "Missing option '--dish'" in run("ann")


def test_help_tells_the_options_of_the_group() -> None:
    assert "What there is." in run("--help")
