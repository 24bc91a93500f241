import os
import subprocess
import sys

from conftest import MODELS

CYCLES = """
import gc, sys
import numpy
from inference_exp import AutoModel

image = numpy.full((180, 320, 3), 127, numpy.uint8)

def resident_kib():
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

def cycle():
    model = AutoModel.from_pretrained(sys.argv[1], intra_op_threads=1)
    assert len(model(image, confidence=0.0)) == 1

for _ in range(100):
    cycle()
gc.collect()
before = resident_kib()
for _ in range(1000):
    cycle()
gc.collect()
print(resident_kib() - before)
"""


def test_a_thousand_loads_and_predictions_leave_nothing_behind():
    # Every load works in a thread of its own; one heap for all keeps the allocator's own growth out of the figure.
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    command = [sys.executable, "-c", CYCLES, str(MODELS / "shapes-segmenter")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    # A leaked result or session of each cycle would be tens of MB.
    assert int(run.stdout) < 4 * 1024
