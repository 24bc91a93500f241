#!/usr/bin/env python3
"""What a call from Python costs beyond the library's own stages, for one image of 640 x 640.

    PYTHONPATH=build/release/python benchmarks/python/call_overhead.py MODEL [CALLS]
"""

import statistics
import sys
import time

import numpy

from inference_exp import AutoModel


def main(path, calls):
    model = AutoModel.from_pretrained(path)
    image = numpy.random.default_rng(0).integers(0, 256, (640, 640, 3), numpy.uint8)
    model(image)
    overheads, walls = [], []
    for _ in range(calls):
        start = time.perf_counter()
        _, *stages = model._timed_infer(image)
        wall = time.perf_counter() - start
        walls.append(wall)
        overheads.append(wall - sum(stages))
    plain = []
    for _ in range(calls):
        start = time.perf_counter()
        model(image, confidence=0.4)
        plain.append(time.perf_counter() - start)
    print(f"call with keyword: {statistics.median(plain) * 1e6:.1f} us, same call timed inside: "
          f"{statistics.median(walls) * 1e6:.1f} us, outside the stages: {statistics.median(overheads) * 1e6:.1f} us "
          f"(medians of {calls})")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 300)
