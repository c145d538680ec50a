"""The front page of the engine names all its modules."""

import re
from pathlib import Path

import engine


def test_every_module_is_on_the_map() -> None:
    assert engine.__file__ is not None
    modules = {path.stem for path in Path(engine.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(re.findall(r"`(\w+)`", engine.__doc__ or "")) == modules
