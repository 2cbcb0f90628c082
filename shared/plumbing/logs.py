"""Structured logs that cannot carry personal data: only known keys and constant texts pass."""

import inspect
import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

#: The only keys a log line may carry besides `event` and `level`.
KNOWN_KEYS = frozenset(
    """
    service event_id event_type dossier_id correlation_id topic partition offset outcome reason
    duration_ms unit_code pause_seconds count error attempt kind lane state shard sequence source
    expected found replica port host signal task timestamp logger version problems traceback
    component portal status step channel procedure_code client place trial setting
    """.split()  # noqa: SIM905
)
#: What may stand inside the entries of `problems`, besides.
_NESTED_KEYS = KNOWN_KEYS | {"field", "rule"}
REDACTED = "<redacted>"
_EVENT = re.compile(r"[a-z][a-z0-9_]{0,63}")
# A last resort behind the list: identity numbers, phones, e-mail addresses. A uuid may end in
# twelve digits and a hash may hold them; both stay whole.
_PERSONAL = re.compile(
    r"(?P<kept>\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32,64}\b)"
    r"|(?<!\d)\d{12}(?!\d)|(?:\+84|(?<!\d)0)(?:[ .]?\d){9}(?!\d)|[\w.+-]+@[\w-]+\.[\w.-]+"
)


def _clean_text(text: str) -> str:
    return _PERSONAL.sub(lambda match: match["kept"] or REDACTED, text)


def is_personal(text: str) -> bool:
    """Return whether the text holds an identity number, a phone number or an e-mail address."""
    return _clean_text(text) != text


def _clean(value: Any) -> Any:
    """Return what may be printed of a value: texts without personal data, errors by their type."""
    if value is None or isinstance(value, bool | float):
        return value
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, Mapping):
        return {
            str(key): _clean(item) if key in _NESTED_KEYS else REDACTED
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    text = REDACTED if isinstance(value, bytes | bytearray | memoryview) else str(value)
    cleaned = _clean_text(text)
    return value if isinstance(value, int) and cleaned == text else cleaned


def _only_known(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in list(line):
        if key not in ("event", "level"):
            line[key] = _clean(line[key]) if key in KNOWN_KEYS else REDACTED
    return line


def _constant_event(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    # An event is a name in the code; anything else was put together from values.
    event = line.get("event")
    if not isinstance(event, str) or not _EVENT.fullmatch(event):
        line["event"] = REDACTED
    return line


def describe(error: BaseException) -> str:
    """Return what may be said of an error: its types, never its text."""
    names = [type(error).__name__]
    cause = error.__cause__ or error.__context__
    while cause is not None and len(names) < 4:
        names.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__
    return " <- ".join(names)


def where(error: BaseException) -> str:
    """Return the code places an error went through, innermost last; no values."""
    places, trace = [], error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}")
        trace = trace.tb_next
    return " > ".join(places[-6:])


def _constant_text(record: logging.LogRecord) -> str:
    """Return the record's text if it is a constant of the code that logs it, else `library_log`.

    Placeholders stay unfilled. A text put together from values is nobody's constant.
    """
    frame = inspect.currentframe()
    while frame is not None:
        code = frame.f_code
        if code.co_filename == record.pathname and code.co_name == record.funcName:
            constant = isinstance(record.msg, str) and record.msg in code.co_consts
            return _clean_text(record.msg) if constant else "library_log"
        frame = frame.f_back
    return "library_log"


class _LibraryFilter(logging.Filter):
    """Strips a library's record of every value, and lets it repeat itself only so often."""

    def __init__(self, every: int = 100) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str, str], int] = {}
        self._every = every

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        facts = {"place": f"{record.module}.py:{record.lineno}"}
        if error is not None:
            facts |= {"error": describe(error), "traceback": where(error)}
        record.__dict__["facts"] = facts
        record.msg, record.args = _constant_text(record), None
        record.exc_info, record.exc_text, record.stack_info = None, None, None
        # A broker that is away is very loud.
        line = (record.name, facts["place"], record.msg)
        count = self._seen.get(line, 0)
        self._seen[line] = count + 1
        return count % self._every == 0


def _add_facts(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line.update(getattr(line["_record"], "facts", {}))
    return line


def _died(event: str, error: BaseException | None) -> None:
    if error is not None:
        structlog.get_logger().critical(event, error=describe(error), traceback=where(error))


def _keep_interpreter_quiet() -> None:
    """Send what Python itself would print with its text and values through the log instead."""
    sys.excepthook = lambda _, error, __: _died("uncaught", error)
    threading.excepthook = lambda args: _died("thread_died", args.exc_value)
    sys.unraisablehook = lambda args: _died("unraisable", args.exc_value)
    logging.captureWarnings(capture=True)


def configure(service: str, level: str = "INFO") -> None:
    """Make every log line of the process one JSON object on standard output."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _constant_event,
            _only_known,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
        ),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                _add_facts,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _only_known,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[
                structlog.contextvars.merge_contextvars,
                structlog.stdlib.add_log_level,
                structlog.stdlib.add_logger_name,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
            ],
        )
    )
    handler.addFilter(_LibraryFilter())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    _keep_interpreter_quiet()
