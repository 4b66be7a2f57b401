import os
import signal

import pytest

from memdojo.train.runs.interrupts import SIGNALS, GracefulStop, Interrupted, interrupting


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_the_first_signal_waits_and_the_second_does_not(number: int, exit_code: int) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with GracefulStop() as stop:
        assert not stop.requested
        signal.raise_signal(number)
        assert stop.requested
        assert stop.interrupt.exit_code == exit_code
        with pytest.raises(Interrupted) as caught:
            signal.raise_signal(number)
        assert caught.value.exit_code == exit_code
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_outside_of_updates_a_signal_interrupts_at_once() -> None:
    with interrupting(), pytest.raises(KeyboardInterrupt) as caught:
        signal.raise_signal(signal.SIGTERM)
    assert isinstance(caught.value, Interrupted)
    assert caught.value.number == signal.SIGTERM


def test_under_nohup_the_end_of_the_terminal_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupting(), GracefulStop() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not stop.requested
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
