import math
import os

import pytest

from bandscribe import processes


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_come_in_order_whatever_the_number_of_processes(jobs: int) -> None:
    items = [5, 0, 3, 1]
    assert list(processes.run(math.factorial, items, jobs=jobs)) == [120, 1, 6, 1]
    with pytest.raises(ValueError, match="factorial"):
        list(processes.run(math.factorial, [1, -1], jobs=jobs))


def test_a_killed_process_is_told() -> None:
    with pytest.raises(ValueError, match="killed, perhaps for want of memory"):
        list(processes.run(os._exit, [1, 1], jobs=2))
