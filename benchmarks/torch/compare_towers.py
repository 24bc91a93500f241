"""The image towers of CLIP and Perception Encoder in the Torch plug-in against plain PyTorch modules of the same
networks, in turns, on the same LibTorch and weights.

    compare_towers.py GOLDEN_FOLDER BENCH_PROGRAM [--rounds N] [--threads N] [--device cuda] [--precision float16]
                      [--batch N]

Weights follow from the recipe in the golden folder; before anything is timed, the modules have to give the stored
embeddings. Needs python3-torch. The program is bench_torch_session of this project.
"""
import json
import os
import struct
import tempfile

from comparison import Golden, in_turns, options  # before torch: it sets the threads of OpenBLAS

import torch

from towers_reference import ClipTower, EncoderTower


def stored(folder, name, key):
    with open(os.path.join(folder, name, "expected.safetensors"), "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    begin, end = header[key]["data_offsets"]
    return torch.frombuffer(bytearray(data[begin:end]), dtype=torch.float32).view(header[key]["shape"])


def clip_tower(manifest):
    c = manifest["config"]
    return ClipTower(c["vision_width"], c["vision_layers"], c["vision_patch_size"], c["image_resolution"], c["embed_dim"])


def encoder_tower(manifest):
    c = manifest["vision_config"]
    return EncoderTower(c["width"], c["layers"], c["heads"], c["patch_size"], c["image_size"], c["output_dim"])


def compare(name, architecture, make):
    golden = Golden(options.golden, name)
    state = {key: value for key, value in golden.state().items() if key.startswith("visual.")}
    if architecture == "clip":  # rounded as the original's file has them
        halves = {entry["name"] for entry in golden.manifest["tensors"] if entry["dtype"] == "F16"}
        state = {key: value.half().float() if key in halves else value for key, value in state.items()}
    model = make(golden.manifest)
    model.load_state_dict({key[len("visual."):]: value for key, value in state.items()})
    model.eval()
    case = golden.manifest["cases"][0]
    image = golden.tensor(case["image_input"], case["image_shape"], 0, case["image_log2scale"])
    with torch.inference_mode():
        gap = (model(image) - stored(options.golden, name, "a.image_embedding")).abs().max().item()
    if not gap < 2e-5:
        raise SystemExit(f"the plain {name} is another network: {gap}")
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = os.path.join(scratch, "model.pt")
        torch.save(state, checkpoint)
        in_turns(architecture, checkpoint, model, image)


def main():
    compare("clip-vit-b-32", "clip", clip_tower)
    compare("pe-core-b16-224", "perception-encoder", encoder_tower)


if __name__ == "__main__":
    main()
