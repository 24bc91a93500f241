#include "backends/tensorrt/stand_in_plan.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

namespace inference_exp::test {

using nlohmann::json;
using tensorrt::ElementType;
using tensorrt::IoTensor;
using tensorrt::ProfileShapes;

namespace {

constexpr const char* kPlan = "stand-in plan";
constexpr const char* kOnnx = "stand-in onnx";

struct TypeName {
  ElementType type;
  const char* name;
  std::size_t bytes;
};
constexpr std::array<TypeName, 9> kTypes{{{ElementType::f32, "f32", 4},
                                          {ElementType::f16, "f16", 2},
                                          {ElementType::bf16, "bf16", 2},
                                          {ElementType::i8, "i8", 1},
                                          {ElementType::i32, "i32", 4},
                                          {ElementType::i64, "i64", 8},
                                          {ElementType::u8, "u8", 1},
                                          {ElementType::boolean, "bool", 1},
                                          {ElementType::other, "other", 0}}};

const TypeName& entry_of(ElementType type) { return *std::ranges::find(kTypes, type, &TypeName::type); }

ElementType type_named(const std::string& name) {
  const auto* entry = std::ranges::find(kTypes, name, &TypeName::name);
  if (entry == kTypes.end()) throw std::runtime_error("no element type is called " + name);
  return entry->type;
}

json to_json(const IoTensor& tensor) {
  json profiles = json::array();
  for (const ProfileShapes& profile : tensor.profiles) {
    profiles.push_back({{"min", profile.min}, {"opt", profile.opt}, {"max", profile.max}});
  }
  return {{"name", tensor.name},
          {"input", tensor.is_input},
          {"type", entry_of(tensor.type).name},
          {"shape", tensor.shape},
          {"on_host", tensor.on_host},
          {"linear", tensor.linear},
          {"profiles", std::move(profiles)}};
}

IoTensor tensor_of(const json& from) {
  IoTensor tensor;
  tensor.name = from.at("name");
  tensor.is_input = from.at("input");
  tensor.type = type_named(from.at("type"));
  tensor.shape = from.at("shape").get<tensorrt::Dimensions>();
  tensor.on_host = from.at("on_host");
  tensor.linear = from.at("linear");
  for (const json& profile : from.at("profiles")) {
    tensor.profiles.push_back({profile.at("min"), profile.at("opt"), profile.at("max")});
  }
  return tensor;
}

std::string text_of(const StandInPlan& plan, const char* kind) {
  json io = json::array();
  for (const IoTensor& tensor : plan.io) io.push_back(to_json(tensor));
  const json all{{"kind", kind},
                 {"version", plan.version},
                 {"version_compatible", plan.version_compatible},
                 {"context_memory", plan.context_memory},
                 {"io", std::move(io)},
                 {"data_dependent", plan.data_dependent},
                 {"operation", plan.operation},
                 {"factor", plan.factor},
                 {"bias", plan.bias},
                 {"patterns", plan.patterns},
                 {"build", plan.build}};
  return all.dump(1);
}

StandInPlan parse(std::string_view text, const char* kind) {
  const json from = json::parse(text, nullptr, false);
  if (!from.is_object() || from.value("kind", "") != kind) {
    throw std::runtime_error(std::string("this is no ") + kind);
  }
  StandInPlan plan;
  plan.version = from.at("version");
  plan.version_compatible = from.at("version_compatible");
  plan.context_memory = from.at("context_memory");
  for (const json& tensor : from.at("io")) plan.io.push_back(tensor_of(tensor));
  plan.data_dependent = from.at("data_dependent").get<std::vector<std::string>>();
  plan.operation = from.at("operation");
  plan.factor = from.at("factor");
  plan.bias = from.at("bias");
  plan.patterns = from.at("patterns").get<std::map<std::string, std::string>>();
  plan.build = from.at("build").get<std::map<std::string, std::string>>();
  return plan;
}

}  // namespace

IoTensor input_tensor(std::string name, ElementType type, tensorrt::Dimensions shape,
                      std::vector<ProfileShapes> profiles) {
  if (profiles.empty() && std::ranges::find(shape, -1) == shape.end()) profiles.push_back({shape, shape, shape});
  return {.name = std::move(name),
          .is_input = true,
          .type = type,
          .shape = std::move(shape),
          .on_host = false,
          .linear = true,
          .profiles = std::move(profiles)};
}

IoTensor output_tensor(std::string name, ElementType type, tensorrt::Dimensions shape) {
  return {.name = std::move(name),
          .is_input = false,
          .type = type,
          .shape = std::move(shape),
          .on_host = false,
          .linear = true,
          .profiles = {}};
}

std::string plan_text(const StandInPlan& plan) { return text_of(plan, kPlan); }
std::string onnx_text(const StandInPlan& network) { return text_of(network, kOnnx); }
StandInPlan parse_plan(std::string_view text) { return parse(text, kPlan); }
StandInPlan parse_onnx(std::string_view text) { return parse(text, kOnnx); }
std::size_t element_bytes(ElementType type) { return entry_of(type).bytes; }

}  // namespace inference_exp::test
