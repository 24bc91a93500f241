"""What the comparisons of the Torch plug-in with plain PyTorch modules share: weights by recipe, and turns of both."""
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time

# PyTorch's own setting does not reach OpenBLAS, which reads this when it is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = sys.argv[4] if len(sys.argv) > 4 else "2"

import torch


class Golden:
    """A network of the golden folder: its manifest, and its tensors as the recipe makes them."""

    def __init__(self, folder, name):
        spec = importlib.util.spec_from_file_location("recipe", os.path.join(folder, "recipe.py"))
        self.recipe = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.recipe)
        with open(os.path.join(folder, name, "manifest.json"), encoding="utf-8") as file:
            self.manifest = json.load(file)

    def tensor(self, name, shape, base, log2scale):
        return torch.from_numpy(self.recipe.fill(name, shape, base, log2scale).copy())

    def state(self):
        return {entry["name"]: self.tensor(entry["name"], entry["shape"], entry["base"], entry["log2scale"])
                for entry in self.manifest["tensors"]}


def in_turns(program, architecture, checkpoint, model, image, rounds, threads):
    """Times forwards of `image` by the module and, of a picture of its size, by the plug-in; prints the ratio."""
    side, python, ours, loads = image.shape[-1], [], [], []
    for _ in range(rounds):
        with torch.inference_mode():
            model(image)
            for _ in range(3):
                start = time.perf_counter()
                model(image)
                python.append(time.perf_counter() - start)
        answer = subprocess.run([program, architecture, checkpoint, str(side), "3", str(threads)], check=True,
                                capture_output=True, text=True).stdout
        report = json.loads(answer)
        ours += report["forward_s"]
        loads.append(report["load_s"])
    a, b = statistics.median(python), statistics.median(ours)
    print(f"{architecture} {side}, {threads} threads, {len(ours)} forwards each in turns")
    print(f"  plain PyTorch {a * 1000:.1f} ms, plug-in {b * 1000:.1f} ms: {a / b:.2f} x its speed")
    print(f"  from the checkpoint to a ready session {statistics.median(loads):.3f} s, "
          f"peak memory {report['peak_mb']:.0f} MB")
