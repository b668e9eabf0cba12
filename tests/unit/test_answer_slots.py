"""How many answers are written at once, and who comes next."""

from contextlib import ExitStack
from threading import Event, Lock, Thread

import pytest

from app.answer_slots import AnswerSlots, Ticket

PATIENCE_S = 30


def test_a_free_place_is_given_at_once() -> None:
    with AnswerSlots(1).take() as ticket:
        assert list(ticket.waiting()) == []


def test_who_waits_is_told_how_many_have_to_end_first() -> None:
    slots = AnswerSlots(2)
    with ExitStack() as stack:
        tickets = [stack.enter_context(slots.take()) for _ in range(5)]
        assert [next(ticket.waiting(), 0) for ticket in tickets] == [0, 0, 1, 2, 3]
    assert slots.in_use() == 0


def test_whoever_came_first_is_next() -> None:
    slots = AnswerSlots(1)
    order: list[int] = []

    def answer(number: int, ticket: Ticket) -> None:
        with ticket:
            joined[number].set()
            ticket.wait()
            order.append(number)

    joined = [Event() for _ in range(6)]
    threads = []
    with slots.take() as first:
        first.wait()
        for number in range(6):
            thread = Thread(target=answer, args=(number, slots.take()))
            thread.start()
            threads.append(thread)
            assert joined[number].wait(PATIENCE_S)
    for thread in threads:
        thread.join(PATIENCE_S)
    assert order == list(range(6))


def test_never_more_are_written_at_once_than_there_are_places() -> None:
    slots = AnswerSlots(3)
    lock, now, most = Lock(), 0, 0

    def answer() -> None:
        nonlocal now, most
        with slots.take() as ticket:
            ticket.wait()
            with lock:
                now += 1
                most = max(most, now)
            Event().wait(0.01)
            with lock:
                now -= 1

    threads = [Thread(target=answer) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert (most, slots.in_use()) == (3, 0)


def test_whoever_is_stopped_while_waiting_leaves_the_line() -> None:
    slots = AnswerSlots(1)
    with slots.take() as held:
        held.wait()
        with pytest.raises(KeyboardInterrupt), slots.take() as ticket:  # noqa: PT012
            for _ in ticket.waiting():
                raise KeyboardInterrupt
        assert slots.in_use() == 1
