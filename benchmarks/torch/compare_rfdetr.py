"""The Torch plug-in against a plain PyTorch module of the same network, in turns, on the same LibTorch and weights.

    compare_rfdetr.py GOLDEN_FOLDER BENCH_PROGRAM [--rounds N] [--threads N] [--device cuda] [--precision float16]
                      [--batch N]

Weights follow from the recipe in the golden folder. Needs python3-torch. The program is bench_torch_session of this
project.
"""
import argparse
import os
import tempfile

from comparison import Golden, in_turns, options  # before torch: it sets the threads of OpenBLAS

import torch

from rfdetr_reference import RfDetr


def main():
    golden = Golden(options.golden, "rfdetr-base")
    config, state = golden.manifest["config"], golden.state()
    model = RfDetr(config)
    model.load_state_dict(state)
    model.eval()
    case = golden.manifest["cases"][0]
    image = golden.tensor(case["input"], case["input_shape"], 0, case["input_log2scale"])
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = os.path.join(scratch, "weights.pth")
        torch.save({"model": state, "args": argparse.Namespace(resolution=config["resolution"])}, checkpoint)
        in_turns("rfdetr", checkpoint, model, image)


if __name__ == "__main__":
    main()
