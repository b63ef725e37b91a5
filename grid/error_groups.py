"""Errors of tasks that ended together."""


def first_error(error: BaseException) -> BaseException:
    """The error to show of a group, however deep it lies; an error that is no group is itself."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def first_if_all(error: Exception, *kinds: type[Exception]) -> Exception:
    """The error to show, if all of a group are of these kinds; else the error as it is.

    In place of `except*`: what is raised in one of its clauses is a group again in some releases of Python 3.11.
    """
    if isinstance(error, ExceptionGroup) and error.split(kinds)[1] is None:
        first = first_error(error)
        return first if isinstance(first, Exception) else error
    return error
