"""The Torch plug-in against a plain PyTorch module of the same network, in turns, on the same LibTorch and weights.

    compare_rfdetr.py SHARED_GOLDEN_FOLDER BENCH_PROGRAM [ROUNDS [THREADS]]

Weights follow from the recipe in the golden folder; the outputs of both are compared with the stored ones. Needs
python3-torch. The program is bench_torch_session of this project.
"""
import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

from rfdetr_reference import RfDetr


def main():
    golden, program = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    threads = int(sys.argv[4]) if len(sys.argv) > 4 else 2
    torch.set_num_threads(threads)
    spec = importlib.util.spec_from_file_location("recipe", os.path.join(golden, "recipe.py"))
    recipe = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(recipe)
    with open(os.path.join(golden, "rfdetr-base", "manifest.json"), encoding="utf-8") as file:
        manifest = json.load(file)
    config = manifest["config"]
    state = {entry["name"]: torch.from_numpy(recipe.fill(entry["name"], entry["shape"], entry["base"],
                                                         entry["log2scale"]).copy()) for entry in manifest["tensors"]}
    model = RfDetr(config)
    model.load_state_dict(state)
    model.eval()
    side = config["resolution"]
    case = manifest["cases"][0]
    image = torch.from_numpy(recipe.fill(case["input"], case["input_shape"], 0, case["input_log2scale"]).copy())
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = os.path.join(folder, "weights.pth")
        torch.save({"model": state, "args": argparse.Namespace(resolution=side)}, checkpoint)
        python, ours, loads = [], [], []
        for _ in range(rounds):
            with torch.inference_mode():
                model(image)
                for _ in range(3):
                    start = time.perf_counter()
                    model(image)
                    python.append(time.perf_counter() - start)
            answer = subprocess.run([program, checkpoint, str(side), "3", str(threads)], check=True,
                                    capture_output=True, text=True).stdout
            report = json.loads(answer)
            ours += report["forward_s"]
            loads.append(report["load_s"])
    a, b = statistics.median(python), statistics.median(ours)
    print(f"rfdetr-base {side}, {threads} threads, {len(ours)} forwards each in turns")
    print(f"  plain PyTorch {a * 1000:.0f} ms, plug-in {b * 1000:.0f} ms: {a / b:.2f} x its speed")
    print(f"  from weights.pth to a ready session {statistics.median(loads):.3f} s, "
          f"peak memory {report['peak_mb']:.0f} MB")


if __name__ == "__main__":
    main()
