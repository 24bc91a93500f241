"""Writes small ONNX files, so that the tests need no data from elsewhere and no further package."""

import numpy as np

FLOAT, INT64 = 1, 7


def _varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def _number(field, value):
    return _varint(field << 3) + _varint(value)


def _text(field, value):
    data = value.encode() if isinstance(value, str) else value
    return _varint(field << 3 | 2) + _varint(len(data)) + data


def _port(name, kind, shape):
    """A dimension is a number, or a name where it is dynamic."""
    dims = b"".join(_text(1, _text(2, dim) if isinstance(dim, str) else _number(1, dim)) for dim in shape)
    return _text(1, name) + _text(2, _text(1, _number(1, kind) + _text(2, dims)))


def _attribute(name, value):
    """One integer or several."""
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    return _text(1, name) + b"".join(_number(8, each) for each in value) + _number(20, 7)


def _node(operation, inputs, output, **attributes):
    names = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operation)
    return names + b"".join(_text(5, _attribute(name, value)) for name, value in attributes.items())


def _constant(name, array):
    array = np.ascontiguousarray(array, "<f4")
    dims = b"".join(_number(1, dim) for dim in array.shape)
    return dims + _number(2, FLOAT) + _text(8, name) + _text(9, array.tobytes())


def onnx_bytes(inputs, outputs, nodes, constants=()):
    """inputs, outputs: (name, kind, shape). nodes: (operation, inputs, output, attributes). constants: (name, array).

    Of opset 9, where axes are attributes.
    """
    graph = b"".join(_text(1, _node(operation, names, out, **more)) for operation, names, out, more in nodes)
    graph += _text(2, "graph") + b"".join(_text(5, _constant(*constant)) for constant in constants)
    graph += b"".join(_text(11, _port(*port)) for port in inputs)
    graph += b"".join(_text(12, _port(*port)) for port in outputs)
    return _number(1, 8) + _text(7, graph) + _text(8, _text(1, "") + _number(2, 9))
