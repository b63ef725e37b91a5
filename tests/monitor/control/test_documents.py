import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.control.documents import (
    LONGEST_COMMENT,
    alarm_order_request,
    notification_test_request,
    order_request,
    posts_request,
    read_alarm_order,
    read_order,
    read_posts,
    read_reports,
    read_test,
    reports_request,
)
from monitor.facts import AlarmOrder, AlarmOrderKind, NotificationTest, Order, OrderKind, OutageReport


def test_an_order_survives_the_way_through_the_door() -> None:
    order = Order(OrderKind.HOLD, 7, "Ann", "people on site")
    assert read_order(order_request(order)) == order


def test_the_words_of_an_order_are_short_and_printable() -> None:
    order = read_order({"order": "repair", "turbine_number": 7, "by": "A\x1b[31m\nnn" + "x" * 100, "why": ""})
    assert order is not None
    assert order.by.isprintable()
    assert len(order.by) == 64


def test_an_order_that_is_none_is_an_error() -> None:
    for request in ({"order": "explode", "turbine_number": 7, "by": "Ann"}, {"order": "hold", "by": "Ann"}):
        with pytest.raises((ValueError, KeyError)):
            read_order(request)
    assert read_order({"ask": "health"}) is None


@pytest.mark.parametrize("number", ["1.9", "1e400", "true", '"7"', "0", "-1", "2147483648", "null"])
def test_an_order_for_a_number_that_no_turbine_has_is_an_error(number: str) -> None:
    request = json.loads(f'{{"order": "repair", "turbine_number": {number}, "by": "Ann"}}')
    with pytest.raises(ValueError, match="turbine_number must be an integer from 1 to 2147483647"):
        read_order(request)


def test_an_order_keeps_its_key() -> None:
    order = Order(OrderKind.HOLD, 7, "Ann", "people on site", idempotency_key='"k-1"')
    assert read_order(order_request(order)) == order


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", 7, [], True])
def test_a_key_that_is_none_is_an_error(key: object) -> None:
    request = order_request(Order(OrderKind.HOLD, 7, "Ann")) | {"idempotency_key": key}
    with pytest.raises(ValueError, match="idempotency_key must be 1 to 255 printable letters"):
        read_order(request)


@given(st.lists(st.binary()))
def test_posted_bodies_survive_the_way_through_the_door_whatever_they_are(bodies: list[bytes]) -> None:
    assert read_posts(json.loads(json.dumps(posts_request(bodies)))) == bodies


@pytest.mark.parametrize("posts", [None, "body", [7], ["\u20ac"]])
def test_posts_that_are_none_are_an_error(posts: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        read_posts({"posts": posts})
    assert read_posts({"ask": "health"}) is None


def through_the_door(request: dict[str, object]) -> dict[str, object]:
    found: dict[str, object] = json.loads(json.dumps(request))
    return found


@pytest.mark.parametrize("kind", AlarmOrderKind)
def test_an_order_about_alarms_survives_the_way_through_the_door(kind: AlarmOrderKind) -> None:
    order = AlarmOrder(kind, (3, 4), "Ann", "on my way", 1_795_262_400_000_000)
    assert read_alarm_order(through_the_door(alarm_order_request(order))) == order


def test_a_comment_is_short_and_printable() -> None:
    request = alarm_order_request(AlarmOrder(AlarmOrderKind.COMMENT, (3,), "Ann", "\x1b[2J" + "x" * 1000))
    order = read_alarm_order(request)
    assert order is not None
    assert order.comment.isprintable()
    assert len(order.comment) == LONGEST_COMMENT


@pytest.mark.parametrize(
    "field", [{"alarm_ids": [1.5]}, {"alarm_ids": 7}, {"until": "soon"}, {"alarm_order": "delete"}]
)
def test_an_order_about_alarms_that_is_none_is_an_error(field: dict[str, object]) -> None:
    request = alarm_order_request(AlarmOrder(AlarmOrderKind.ACKNOWLEDGE, (3,), "Ann"))
    with pytest.raises((ValueError, TypeError)):
        read_alarm_order(request | field)
    assert read_alarm_order({"ask": "health"}) is None


def test_outage_reports_survive_the_way_through_the_door() -> None:
    reports = [OutageReport("turbine-7", "broken", 1, 3), OutageReport("s-1", "grid", 1, 3, until=2, ongoing=False)]
    assert read_reports(through_the_door(reports_request(reports))) == reports
    assert read_reports({"ask": "health"}) is None


@pytest.mark.parametrize("field", [{"controller_id": 7}, {"at": None}, {"until": True}, {"ongoing": "no"}])
def test_outage_reports_that_are_none_are_an_error(field: dict[str, object]) -> None:
    (report,) = reports_request([OutageReport("turbine-7", "broken", 1, 3)])["outage_reports"]
    with pytest.raises(TypeError):
        read_reports({"outage_reports": [report | field]})


def test_the_test_of_a_receiver_survives_the_way_through_the_door() -> None:
    test = NotificationTest("on-call", "Ann")
    assert read_test(through_the_door(notification_test_request(test))) == test
    assert read_test({"ask": "health"}) is None
