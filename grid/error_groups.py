"""Errors of tasks that ended together."""


def first_error(error: BaseException) -> BaseException:
    """The error to show of a group, however deep it lies; an error that is no group is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
