"""Log records without what must not be seen, before any handler has them: a log file, live logs, `caplog`."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def scrubbed(clean: Callable[[str], str]) -> Iterator[None]:
    """Let no record be made that holds what `clean` takes out; a record that holds nothing of it is left alone."""
    made = logging.getLogRecordFactory()

    def record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return _cleaned(made(*args, **kwargs), clean)

    logging.setLogRecordFactory(record)
    try:
        yield
    finally:
        logging.setLogRecordFactory(made)


def _cleaned(record: logging.LogRecord, clean: Callable[[str], str]) -> logging.LogRecord:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # the caller's slip, which logging itself will tell; only its words are left
        text, record.args = str(record.msg), ()
    if (cleaned := clean(text)) != text:
        record.msg, record.args = cleaned, ()
    if record.exc_info:
        trace = logging.Formatter().formatException(record.exc_info)
        record.exc_text = clean(trace)  # what stands there is not formatted again
    return record
