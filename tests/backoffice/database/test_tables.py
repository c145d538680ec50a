"""The tables as they are declared, module by module."""

import subprocess
import sys

import pytest

import backoffice.database.tables  # noqa: F401 - all of them are declared then
from backoffice.database.base import Base

_MODULES = {mapper.class_.__module__ for mapper in Base.registry.mappers}

_REFERENCES = """
import importlib, sys
importlib.import_module(sys.argv[1])
from backoffice.database.base import Base
for table in Base.metadata.tables.values():
    for reference in table.foreign_keys:
        reference.column
"""


@pytest.mark.parametrize("module", sorted(each for each in _MODULES if each.startswith("backoffice.")))
def test_a_module_brings_the_tables_that_its_own_refer_to(module: str) -> None:
    # In a process of its own: commands import what they need alone, and here all is imported.
    done = subprocess.run([sys.executable, "-c", _REFERENCES, module], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr.strip().splitlines()[-1]
