"""What both programs tell the shell, and the errors that a user can mend: one line each, without a traceback."""

from enum import IntEnum


class ExitCode(IntEnum):
    """What the programs tell the shell."""

    FINE = 0
    FAILED = 1
    WRONG_USAGE = 2
    UNHEALTHY = 3
    BROKER_UNREACHABLE = 4
    INTERRUPTED = 130


class CommandError(Exception):
    """What a user can mend: shown as one line, without a traceback, with this exit code."""

    def __init__(self, sentence: str, code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(sentence)
        self.code = code


class SettingsError(Exception):
    """A setting that a person can mend: the text names it and says what is wrong, in one line."""
