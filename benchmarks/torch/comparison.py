"""What the comparisons of the Torch plug-in with plain PyTorch modules share: arguments, weights by recipe, and turns of
both."""
import argparse
import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import tempfile
import time


def parse_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("golden", help="the folder of golden data")
    parser.add_argument("program", help="bench_torch_session of this project")
    parser.add_argument("--rounds", type=int, default=5, help="turns of three forwards each")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32", choices=["float32", "float16"])
    parser.add_argument("--batch", type=int, default=1)
    return parser.parse_args()


options = parse_arguments()
# PyTorch's own setting does not reach OpenBLAS, which reads this when it is loaded.
os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

import torch

torch.set_num_threads(options.threads)


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


def forward(model, images):
    """The plain module's answer, when it is really there. In half precision as the originals compute: autocast."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.inference_mode())
        if options.device != "cpu":
            stack.enter_context(torch.device(options.device))  # PyTorch 2: where the modules make tensors of their own
        if options.precision == "float16":
            stack.enter_context(torch.autocast(options.device.split(":")[0], torch.float16))
        answer = model(images)
    if options.device != "cpu":
        torch.cuda.synchronize()
    return answer


def run_plugin(architecture, checkpoint, images):
    """The plug-in's first output, and what it tells of its times."""
    with tempfile.TemporaryDirectory() as scratch:
        pictures, answer = os.path.join(scratch, "pictures"), os.path.join(scratch, "answer")
        images.cpu().numpy().tofile(pictures)
        report = subprocess.run([options.program, architecture, checkpoint, str(images.shape[-1]),
                                 str(images.shape[0]), "3", str(options.threads), options.device, options.precision,
                                 pictures, answer], check=True, capture_output=True, text=True).stdout
        with open(answer, "rb") as file:
            return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).cpu(), json.loads(report)


def in_turns(architecture, checkpoint, model, image):
    """Times forwards of `image`, as often as the batch says, by the module and by the plug-in; prints how far they are
    apart and the ratio of their times."""
    images = image[:1].repeat(options.batch, 1, 1, 1).to(options.device)
    model = model.to(options.device)
    python, ours, loads = [], [], []
    for _ in range(options.rounds):
        answer = forward(model, images)
        for _ in range(3):
            start = time.perf_counter()
            forward(model, images)
            python.append(time.perf_counter() - start)
        output, report = run_plugin(architecture, checkpoint, images)
        ours += report["forward_s"]
        loads.append(report["load_s"])
    first = answer[0] if isinstance(answer, tuple) else answer
    gap = (first.float().cpu().flatten() - output).abs().max().item()
    a, b = statistics.median(python), statistics.median(ours)
    print(f"{architecture} {image.shape[-1]} on {options.device} in {options.precision}, batch {options.batch}, "
          f"{options.threads} threads, {len(ours)} forwards each in turns")
    print(f"  plain PyTorch {a * 1000:.1f} ms, plug-in {b * 1000:.1f} ms: {a / b:.2f} x its speed "
          f"(of the minima {min(python) / min(ours):.2f} x)")
    print(f"  the first output differs by {gap:.2e} at most")
    print(f"  from the checkpoint to a ready session {statistics.median(loads):.3f} s, "
          f"peak memory {report['peak_mb']:.0f} MB over LibTorch's own")
