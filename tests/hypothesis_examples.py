"""Numbers of examples for property tests: a share in the default run, all of them in the full one."""

from __future__ import annotations

import hypothesis

FULL_PROFILE_EXAMPLES = 100


def examples(n_full):
    """Number of examples under the present profile, given that of the full one."""
    is_full = hypothesis.settings.default.max_examples >= FULL_PROFILE_EXAMPLES
    return n_full if is_full else max(n_full // 6, 5)
