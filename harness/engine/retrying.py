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

from harness.model import PATH_TARGET, Attempt, Retry, Stage, Target, Walk

LASTING = frozenset(
    {
        "no_local_resolver",
        "not_supported",
        "not_declared",
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
    """True where the target was not shown, and something failed that may go otherwise next time.

    Whether a path's own server comes back is asked by the cell `path.up`; every other cell over that path asks once,
    or a dead proxy would cost a scenario its stage limits many times over.
    """
    asked = [walk for walk in attempt.walks if target.name == PATH_TARGET or not _at_own_server(walk)]
    failures = {walk.failure for walk in asked if walk.failure}
    return not shown(target, attempt.walks) and bool(failures - LASTING)


def _at_own_server(walk: Walk) -> bool:
    """True where the walk ended before the first of the path's own servers had taken the connection."""
    return walk.last is not None and walk.last.of.startswith("hop") and walk.last.stage == Stage.CONNECT


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
