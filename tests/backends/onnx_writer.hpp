// Writes small ONNX model files, so that tests of the plug-in need no data from elsewhere.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace inference_exp::testing {

/// TensorProto.DataType.
enum class OnnxType : std::uint8_t { f32 = 1, u8 = 2, i64 = 7, string = 8, f16 = 10, f64 = 11, u32 = 12 };

/// A dimension: a number, or a name where it is dynamic.
using OnnxDim = std::variant<std::int64_t, std::string>;

struct OnnxPort {
  std::string name;
  OnnxType type = OnnxType::f32;
  std::vector<OnnxDim> shape;
};

/// An attribute: one integer or several.
using OnnxAttribute = std::pair<std::string, std::variant<std::int64_t, std::vector<std::int64_t>>>;

struct OnnxNode {
  std::string operation;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<OnnxAttribute> attributes;
};

struct OnnxModel {
  std::vector<OnnxPort> inputs;
  std::vector<OnnxPort> outputs;
  std::vector<OnnxNode> nodes;
  std::vector<std::pair<std::string, std::string>> metadata;
  std::int64_t opset = 13;
};

/// A message of the protocol-buffer wire format: varints and length-delimited fields are all that a model needs.
class ProtoWriter {
 public:
  ProtoWriter& number(std::uint32_t field, std::int64_t value) {
    varint(std::uint64_t{field} << 3);
    varint(static_cast<std::uint64_t>(value));
    return *this;
  }
  ProtoWriter& bytes(std::uint32_t field, std::string_view value) {
    varint((std::uint64_t{field} << 3) | 2);
    varint(value.size());
    text_ += value;
    return *this;
  }
  ProtoWriter& message(std::uint32_t field, const ProtoWriter& value) { return bytes(field, value.text_); }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) text_ += static_cast<char>((value & 0x7F) | 0x80);
    text_ += static_cast<char>(value);
  }
  std::string text_;
};

inline ProtoWriter value_info(const OnnxPort& port) {
  ProtoWriter shape;
  for (const OnnxDim& dim : port.shape) {
    ProtoWriter written;
    if (const auto* number = std::get_if<std::int64_t>(&dim)) {
      written.number(1, *number);
    } else {
      written.bytes(2, std::get<std::string>(dim));
    }
    shape.message(1, written);
  }
  ProtoWriter tensor;
  tensor.number(1, static_cast<std::int64_t>(port.type)).message(2, shape);
  return ProtoWriter().bytes(1, port.name).message(2, ProtoWriter().message(1, tensor));
}

inline ProtoWriter node(const OnnxNode& description) {
  ProtoWriter written;
  for (const std::string& input : description.inputs) written.bytes(1, input);
  for (const std::string& output : description.outputs) written.bytes(2, output);
  written.bytes(4, description.operation);
  for (const auto& [name, value] : description.attributes) {
    ProtoWriter attribute;
    attribute.bytes(1, name);
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      attribute.number(3, *number).number(20, 2);
    } else {
      for (const std::int64_t element : std::get<std::vector<std::int64_t>>(value)) attribute.number(8, element);
      attribute.number(20, 7);
    }
    written.message(5, attribute);
  }
  return written;
}

/// The model file's bytes.
inline std::string onnx_bytes(const OnnxModel& model) {
  ProtoWriter graph;
  for (const OnnxNode& description : model.nodes) graph.message(1, node(description));
  graph.bytes(2, "graph");
  for (const OnnxPort& port : model.inputs) graph.message(11, value_info(port));
  for (const OnnxPort& port : model.outputs) graph.message(12, value_info(port));
  ProtoWriter file;
  file.number(1, 8).message(7, graph).message(8, ProtoWriter().bytes(1, "").number(2, model.opset));
  for (const auto& [key, value] : model.metadata) file.message(14, ProtoWriter().bytes(1, key).bytes(2, value));
  return file.text();
}

inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

/// One input "x", one output "y" of the same type and shape.
inline OnnxModel identity_model(OnnxType type, std::vector<OnnxDim> shape) {
  return {.inputs = {{"x", type, shape}},
          .outputs = {{"y", type, std::move(shape)}},
          .nodes = {{"Identity", {"x"}, {"y"}, {}}},
          .metadata = {}};
}

/// Images [batch, 3, H, W] to the mean of each, as float32 [batch].
inline OnnxModel mean_model(OnnxType type, OnnxDim batch, OnnxDim height = "height", OnnxDim width = "width") {
  return {.inputs = {{"images", type, {batch, 3, std::move(height), std::move(width)}}},
          .outputs = {{"mean", OnnxType::f32, {std::move(batch)}}},
          .nodes = {{"Cast", {"images"}, {"floats"}, {{"to", std::int64_t{1}}}},
                    {"ReduceMean",
                     {"floats"},
                     {"mean"},
                     {{"axes", std::vector<std::int64_t>{1, 2, 3}}, {"keepdims", std::int64_t{0}}}}},
          .metadata = {}};
}

}  // namespace inference_exp::testing
