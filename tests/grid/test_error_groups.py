from grid.error_groups import first_error, first_if_all


def test_the_first_error_of_a_group_is_found_however_deep_it_lies() -> None:
    deep = OSError("deep")
    assert first_error(ExceptionGroup("", [ExceptionGroup("", [deep]), ValueError()])) is deep
    assert first_error(deep) is deep


def test_a_group_of_known_errors_is_its_first() -> None:
    first = OSError("first")
    assert first_if_all(ExceptionGroup("", [first, ExceptionGroup("", [ValueError()])]), OSError, ValueError) is first


def test_a_group_with_an_unknown_error_stays_whole() -> None:
    group = ExceptionGroup("", [OSError(), ZeroDivisionError()])
    assert first_if_all(group, OSError) is group


def test_an_error_that_is_no_group_is_itself() -> None:
    error = OSError()
    assert first_if_all(error, ValueError) is error
