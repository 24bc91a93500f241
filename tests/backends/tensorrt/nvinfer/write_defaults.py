#!/usr/bin/env python3
"""Writes a header of classes that implement NVIDIA's interfaces with functions that nobody is to call.

    write_defaults.py <folder of TensorRT's headers> <header to write>

For each interface X there is a class XDefaults. A stand-in derives from it, and overrides what nvinfer*.cpp calls; what
is called besides ends the program with its name. The interfaces grow from release to release, so they are read from the
headers that are there.
"""
import pathlib
import re
import sys

IMPLEMENTATION = ("VRuntime VCudaEngine VExecutionContext VBuilder VBuilderConfig VNetworkDefinition VTensor VTimingCache "
                  "VOptimizationProfile VHostMemory")
SOURCES = [("NvInferImpl.h", "nvinfer1::apiv", IMPLEMENTATION), ("NvOnnxParser.h", "nvonnxparser", "IParser IParserError")]


def read(file):
    text = re.sub(r"//[^\n]*", "", file.read_text())
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def body_of(text, name):
    opening = re.search(r"class\s+" + name + r"\s*(?::[^;{]*)?\{", text)
    end, depth = opening.end(), 1
    while depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[opening.end():end - 1]


def pure_functions(body):
    for declaration in re.findall(r"virtual\s+([^;{}]*?)\s*=\s*0\s*;", body):
        yield " ".join(declaration.split())


def name_of(declaration):
    return re.search(r"(\w+)\s*\(", declaration).group(1)


def write_class(text, name):
    yield f"class {name}Defaults : public {name} {{"
    yield " public:"
    for declaration in pure_functions(body_of(text, name)):
        yield f'  {declaration} override {{ ::inference_exp::test::unexpected_call("{name}::{name_of(declaration)}"); }}'
    yield "};"


def main(headers, target):
    lines = ["// Written by write_defaults.py.", "#pragma once", "#include <NvInfer.h>", "#include <NvOnnxParser.h>",
             "namespace inference_exp::test {", "/// Ends the program.",
             "[[noreturn]] void unexpected_call(const char* function) noexcept;", "}"]
    for file, namespace, names in SOURCES:
        text = read(headers / file)
        lines.append(f"namespace {namespace} {{")
        for name in names.split():
            lines.extend(write_class(text, name))
        lines.append("}")
    target.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
