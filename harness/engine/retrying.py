"""Whether to try again: tenacity decides, by tokens; the attempts write themselves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_result,
    stop_after_attempt,
    wait_exponential_jitter,
)
from tenacity.stop import stop_base

from harness.model import Attempt, Retry, Target, Walk

LASTING = frozenset(
    {
        "no_local_resolver",
        "not_supported",
        "permission_denied",
        "address_not_available",
        "message_size",
        "proxy_auth_failed",
    }
)
"""Tokens of what will be the same in a second, and is no affair of the network between."""


def shown(target: Target, walks: tuple[Walk, ...]) -> bool:
    """True where as many checks as the quorum asks for have reached the level that the target needs."""
    reached = {walk.check for walk in walks if walk.completed and walk.level >= target.needs}
    return len(reached) >= target.quorum


def worth_again(target: Target, attempt: Attempt) -> bool:
    """True where the target was not shown, and something failed that may go otherwise next time."""
    failures = {walk.failure for walk in attempt.walks if walk.failure}
    return not shown(target, attempt.walks) and bool(failures - LASTING)


class _OutOfTime(stop_base):
    """Stops where no time would be left after the pause."""

    def __init__(self, left: Callable[[], float]) -> None:
        self._left = left

    def __call__(self, state: RetryCallState) -> bool:
        return self._left() <= state.upcoming_sleep


def retrying(
    target: Target, retry: Retry, left: Callable[[], float], pause: Callable[[float], Awaitable[None]]
) -> AsyncRetrying:
    """Attempts until the target is shown, nothing is worth trying again, or the time that is `left` is too short."""
    return AsyncRetrying(
        retry=retry_if_result(lambda attempt: worth_again(target, attempt)),
        stop=stop_after_attempt(retry.attempts) | _OutOfTime(left),
        wait=wait_exponential_jitter(multiplier=retry.wait_min, max=retry.wait_max, jitter=retry.wait_min / 2),
        sleep=pause,
        # The last attempt is a fact like the others, not an error.
        retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
    )
