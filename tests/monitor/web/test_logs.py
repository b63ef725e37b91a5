import json
import logging
import sys

from monitor.web.logs import JsonFormatter


def record(sentence: str, *, failed: bool = False) -> logging.LogRecord:
    try:
        int("a bug")
    except ValueError:
        trace = sys.exc_info() if failed else None
    return logging.LogRecord("uvicorn.error", logging.ERROR, "file", 1, sentence, None, trace)


def test_a_record_is_one_line_with_the_monitors_own_keys() -> None:
    line = JsonFormatter().format(record("it failed\n"))
    document = json.loads(line)
    assert document.keys() == {"time", "action", "sentence"}
    assert (document["action"], document["sentence"]) == ("logged", "it failed")


def test_a_bug_has_its_traceback_on_the_same_line() -> None:
    line = JsonFormatter().format(record("it failed", failed=True))
    assert "\n" not in line
    assert json.loads(line)["traceback"].endswith("with base 10: 'a bug'")
