"""What a person wants of a turbine's repairs: obeyed or refused, and answered with a sentence in any case."""

from collections.abc import Mapping

from monitor.dispatch import sentences
from monitor.dispatch.board import Board
from monitor.dispatch.step import Step
from monitor.facts import (
    Action,
    Belief,
    Hold,
    IncidentCause,
    IncidentState,
    Link,
    Order,
    OrderAnswer,
    OrderKind,
    OrderRefusal,
    Release,
)


def obey(order: Order, board: Board, beliefs: Mapping[int, Belief], step: Step) -> OrderAnswer:
    """Do what the person wants, if it can be done; `beliefs` holds every turbine ever heard of."""
    number = order.turbine_number
    if number not in beliefs:
        return OrderAnswer(order, False, sentences.is_unknown(number), OrderRefusal.UNKNOWN_TURBINE)
    match order.kind:
        case OrderKind.HOLD:
            accepted, sentence = _hold(order, board, step)
        case OrderKind.RELEASE:
            accepted, sentence = _end_hold(order, board, step)
        case OrderKind.REPAIR:
            accepted, sentence = _repair(order, board, beliefs[number].link, step)
    return OrderAnswer(order, accepted, sentence, None if accepted else OrderRefusal.NOT_POSSIBLE)


def _hold(order: Order, board: Board, step: Step) -> tuple[bool, str]:
    """Forbid visits; one that is under way is cancelled, since a person may be at the turbine now."""
    number, by, why = order.turbine_number, sentences.plain(order.by), sentences.plain(order.why)
    known = board.holds.get(number)
    if known is not None:
        return False, sentences.is_held_already(known, step.now.utc)
    hold = Hold(number, step.now.utc, by, why)
    board.holds[number] = hold
    step.decisions.holds.append(hold)
    step.say_of_turbine(Action.TURBINE_HELD, sentences.held(hold), number, board.incidents.get(number), by=by)
    visit = board.visits.get(number)
    if visit is not None:
        board.release(step, visit, Release.CANCELLED, f"held by {by}", by=by)
    if number in board.incidents:
        board.restate(step, board.incidents[number])
    return True, sentences.held(hold)


def _end_hold(order: Order, board: Board, step: Step) -> tuple[bool, str]:
    number, by = order.turbine_number, sentences.plain(order.by)
    hold = board.holds.pop(number, None)
    if hold is None:
        return False, sentences.is_not_held(number)
    step.decisions.holds = [other for other in step.decisions.holds if other is not hold]
    step.decisions.holds_ended.append(number)
    sentence = sentences.hold_ended(hold, by)
    incident = board.incidents.get(number)
    step.say_of_turbine(Action.TURBINE_RELEASED, sentence, number, incident, by=by)
    if incident is not None:
        board.restate(step, incident)
    return True, sentence


def _repair(order: Order, board: Board, link: Link, step: Step) -> tuple[bool, str]:
    """Open an incident, or end what keeps an engineer away from an open one; it takes its turn like any other."""
    number, by = order.turbine_number, sentences.plain(order.by)
    if number in board.holds:
        return False, sentences.is_held(board.holds[number], step.now.utc)
    if number in board.visits:
        return False, sentences.is_visited(board.visits[number], step.now.utc)
    incident = board.incidents.get(number)
    if incident is None:
        if link is Link.OFFLINE:
            board.gone.add(number)
        why = sentences.plain(order.why) or None
        incident = board.open_incident(step, number, IncidentCause.ORDERED, at=step.now.utc, by=by, why=why)
    else:
        board.wait_again(step, incident, sentences.ordered_again(incident, by), by=by)
    if board.pool.size == 0:
        return True, sentences.nobody_to_send(number)
    if incident.state is IncidentState.OFFLINE or link is not Link.ONLINE:
        return True, sentences.is_out_of_reach(number, link)
    place = board.line().index(incident) + 1
    return True, sentences.place_in_line(number, place, board.pool.free)
