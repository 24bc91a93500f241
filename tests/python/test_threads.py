"""Whether Python goes on while the library works."""

import sys
import threading

import pytest
from conftest import MODELS

from inference_exp import AutoModel


@pytest.fixture
def no_forced_switches():
    """Nobody is made to give the interpreter's lock away: another thread runs only when it is set free."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    yield
    sys.setswitchinterval(before)


def counted_during(work):
    """How far a thread of plain Python came until `work` was done."""
    go, counts = threading.Event(), []

    def count():
        go.wait()
        counts.extend(i for i in range(1000))

    thread = threading.Thread(target=count)
    thread.start()
    go.set()
    work()
    reached = len(counts)
    thread.join()
    return reached


def calls(detector, image):
    batch = [image] * 8
    pixels, metadata = detector.pre_process(batch)
    outputs = detector.forward(pixels)
    return {
        "infer": lambda: detector(batch),
        "pre_process": lambda: detector.pre_process(batch),
        "forward": lambda: detector.forward(pixels),
        "post_process": lambda: detector.post_process(outputs, metadata),
        "load": lambda: AutoModel.from_pretrained(MODELS / "shapes-detector"),
    }


@pytest.mark.parametrize("name", ["infer", "pre_process", "forward", "post_process", "load"])
def test_a_thread_of_python_runs_while_the_library_works(detector, image, no_forced_switches, name):
    work = calls(detector, image)[name]
    # Which thread gets the lock first is up to the system: once is enough, and without a release it never happens.
    assert any(counted_during(work) > 0 for _ in range(1000))


def test_without_a_release_no_other_thread_runs(no_forced_switches):
    assert counted_during(lambda: [sum(range(100_000)), sorted(range(100_000)), "a" * 10_000_000]) == 0
