"""How many random cases a property is tried on: few and always the same ones, or many more where NONADIA_EXAMPLES says so.

    NONADIA_EXAMPLES=30 python -m pytest tests/properties        # thirty times as many
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

FACTOR = max(1, int(os.environ.get("NONADIA_EXAMPLES", "1")))


def cases(count: int) -> settings:
    """Decorator of a test with `count` examples, the same ones on every machine."""
    return settings(
        max_examples=count * FACTOR,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],  # a case that fails is shown as it is: shrinking costs minutes
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.differing_executors],
    )
