"""What following costs is told by the processor time of another process."""

import os
import time

from bench.followed import processor_time_ns


def test_the_processor_time_of_a_process_is_what_it_tells_of_itself() -> None:
    before = time.process_time_ns()
    told = processor_time_ns(os.getpid())
    assert before <= told <= time.process_time_ns()
