"""What is wrong with a file or an option of a replay, and can be mended by its user."""

from grid.errors import CommandError, ExitCode


class ReplayError(CommandError):
    """One line for the user: what is wrong, and what would be right. The program ends with wrong usage (2)."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, ExitCode.WRONG_USAGE)
