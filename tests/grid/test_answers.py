"""A question is open until the broker answers it, whoever waits."""

import pytest

from grid.answers import Answers
from grid.broker import BrokerLostError


async def test_an_answer_reaches_whoever_asked() -> None:
    answers = Answers()
    first, second = answers.expect(1), answers.expect(2)
    answers.take(2, [0x87])
    assert second.result() == [0x87]
    assert not first.done()


async def test_a_question_that_was_given_up_is_open_until_it_is_answered() -> None:
    answers = Answers()
    answers.expect(1).cancel()
    assert answers.are_open
    answers.take(1, [0])
    assert not answers.are_open


async def test_whoever_waits_hears_of_the_loss_and_whoever_gave_up_does_not() -> None:
    answers = Answers()
    given_up, answer = answers.expect(1), answers.expect(2)
    given_up.cancel()
    answers.lose("quota exceeded")
    assert given_up.cancelled()
    with pytest.raises(BrokerLostError, match="quota exceeded"):
        await answer
