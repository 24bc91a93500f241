#!/usr/bin/env python3
"""Writes the two model packages of a checkpoint: weights.onnx, class names and configuration.

The detector is the segmenter without its mask branch: same backbone, neck, box and class heads.

    export.py --checkpoint checkpoint.pt --out ../../assets/models
"""

import argparse
import json
from pathlib import Path

import onnx
import torch

import draw
from network import DeployedNetwork, ShapesNetwork

OPSET = 13
PACKAGES = {
    "shapes-detector": {"masks": False, "task": "detect", "task_type": "object-detection", "noun": "detector"},
    "shapes-segmenter": {"masks": True, "task": "segment", "task_type": "instance-segmentation", "noun": "segmenter"},
}


def load_network(checkpoint, masks):
    """The averaged network of a checkpoint, in inference mode, with or without the mask branch."""
    saved = torch.load(checkpoint, map_location="cpu")
    network = ShapesNetwork(len(saved["class_names"]), masks)
    wanted = network.state_dict().keys()
    network.load_state_dict({name: value for name, value in saved["state"].items() if name in wanted})
    return network.eval(), saved["class_names"]


def shorten_names(graph):
    """Short tensor names and no node names: the exporter's long ones take 5 % of so small a file."""
    kept = {value.name for value in list(graph.input) + list(graph.output)}
    short = {"": ""}
    for tensor in graph.initializer:
        short[tensor.name] = tensor.name = f"w{len(short)}"
    for node in graph.node:
        node.name = ""
        for names in (node.input, node.output):
            for position, name in enumerate(names):
                if name not in kept:
                    names[position] = short.setdefault(name, f"t{len(short)}")
    del graph.value_info[:]


def state_output_shapes(graph, shapes):
    """Puts the traced sizes into the output declarations; only the batch axis stays open."""
    for value, shape in zip(graph.output, shapes):
        for dimension, length in zip(value.type.tensor_type.shape.dim[1:], shape[1:]):
            dimension.dim_value = length


def export_onnx(network, path, size, class_names, package):
    outputs = ["output0", "output1"] if package["masks"] else ["output0"]
    deployed, probe = DeployedNetwork(network, size).eval(), torch.zeros(1, 3, size, size)
    with torch.no_grad():
        traced = deployed(probe)
    torch.onnx.export(
        deployed,
        probe,
        str(path),
        opset_version=OPSET,
        input_names=["images"],
        output_names=outputs,
        dynamic_axes={name: {0: "batch"} for name in ["images"] + outputs},
    )
    model = onnx.load(str(path))
    kinds = {node.op_type for node in model.graph.node}
    if "BatchNormalization" in kinds:
        raise RuntimeError("batch normalisation was not folded into the convolutions")
    shorten_names(model.graph)
    state_output_shapes(model.graph, [tensor.shape for tensor in (traced if package["masks"] else [traced])])
    model.producer_name = "inference-exp"
    onnx.helper.set_model_props(model, {
        "description": f"YOLOv8-layout shapes {package['noun']} of inference-exp",
        "author": "inference-exp",
        "license": "Apache-2.0",
        "task": package["task"],
        "names": str(dict(enumerate(class_names))),
        "imgsz": str([size, size]),
        "stride": "32",
    })
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(path))
    parameters = sum(len(tensor.raw_data) // 4 for tensor in model.graph.initializer if tensor.data_type == 1)
    print(f"{path}: {path.stat().st_size} bytes, {parameters} weights, operators {sorted(kinds)}")


def write_json(path, document):
    path.write_text(json.dumps(document, indent=2) + "\n")


def write_configuration(folder, size, class_names, package):
    (folder / "class_names.txt").write_text("\n".join(class_names) + "\n")
    write_json(folder / "inference_config.json", {
        "image_pre_processing": {},
        "network_input": {
            "training_input_size": {"height": size, "width": size},
            "dynamic_spatial_size_supported": False,
            "color_mode": "rgb",
            "resize_mode": "letterbox",
            "padding_value": draw.PADDING_VALUE,
            "input_channels": 3,
            "scaling_factor": 255,
        },
        "forward_pass": {"max_dynamic_batch_size": 8},
        "post_processing": {"type": "nms", "fused": False},
    })
    write_json(folder / "model_config.json", {
        "model_architecture": "yolov8",
        "task_type": package["task_type"],
        "backend_type": "onnx",
    })


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder that receives one folder per package")
    arguments = parser.parse_args()
    for name, package in PACKAGES.items():
        folder = arguments.out / name
        folder.mkdir(parents=True, exist_ok=True)
        network, class_names = load_network(arguments.checkpoint, package["masks"])
        export_onnx(network, folder / "weights.onnx", draw.NETWORK_SIZE, class_names, package)
        write_configuration(folder, draw.NETWORK_SIZE, class_names, package)


if __name__ == "__main__":
    main()
