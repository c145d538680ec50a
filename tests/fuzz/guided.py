"""One target under atheris, in a process of its own, as atheris ends the process that it runs in.

python -m tests.fuzz.guided TARGET [libFuzzer's options] CORPUS
"""

import sys

import atheris

with atheris.instrument_imports(include=["fixgw"]):
    from tests.fuzz.targets import TARGETS

if __name__ == "__main__":
    target = TARGETS[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
