"""Logs: one line per event on standard error; for people on a terminal, else JSON for programs."""

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.typing import Processor


def log_to_stderr() -> None:
    """Set up the logs of this process."""
    import structlog

    renderer: Processor
    if sys.stderr.isatty():
        renderer = structlog.dev.ConsoleRenderer(pad_event_to=24)
        stamp = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)
    else:
        renderer = structlog.processors.JSONRenderer()
        stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    structlog.configure(
        processors=[structlog.processors.add_log_level, stamp, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: _StderrLogger(),
        cache_logger_on_first_use=True,
    )


class _StderrLogger:
    """Writes to what is standard error at that moment: a progress bar puts itself in between while it is shown."""

    def msg(self, message: str) -> None:
        sys.stderr.write(message + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = msg
