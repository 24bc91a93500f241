#include "backends/torch/golden_network.hpp"

#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <numeric>

#include "checkpoint/checkpoint.hpp"
#include "support/tensor_recipe.hpp"

namespace inference_exp::testing {

namespace {

using Json = nlohmann::json;

constexpr double kLayerTolerance = 2e-4;  // coarse: it only has to point at the layer that goes wrong

std::size_t count_of(const std::vector<std::int64_t>& shape) {
  return static_cast<std::size_t>(std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>()));
}

at::Tensor tensor_of(std::vector<float> values, const std::vector<std::int64_t>& shape) {
  return at::from_blob(values.data(), shape, at::TensorOptions().dtype(at::kFloat)).clone();
}

bool agrees(const at::Tensor& flat, const Json& indices_and_values) {
  for (const auto& [index, value] : indices_and_values.items()) {
    const double wanted = value.get<double>();
    const double seen = flat[std::stoll(index)].item<double>();
    if (!(std::abs(wanted - seen) <= kLayerTolerance * std::max(1.0, std::abs(wanted)))) return false;
  }
  return true;
}

/// Flat, in the trace's order of axes; undefined where the shape is another.
at::Tensor laid_out(const at::Tensor& output, const std::vector<std::int64_t>& shape) {
  const bool swapped = output.dim() == 3 && output.sizes().vec() != shape;
  const at::Tensor ordered = swapped ? output.transpose(0, 1) : output;
  if (ordered.sizes().vec() != shape) return {};
  return ordered.to(at::kFloat).contiguous().flatten();
}

/// Sampled places of a trace entry: the first 16 and 16 strided ones.
Json samples_of(const Json& entry, std::int64_t count) {
  Json samples = Json::object();
  std::int64_t i = 0;
  for (const Json& value : entry.at("first16")) samples[std::to_string(i++)] = value;
  i = 0;
  for (const Json& value : entry.at("strided16")) samples[std::to_string(i++ * count / 16)] = value;
  return samples;
}

}  // namespace

RecipeSource::RecipeSource(const Json& manifest) {
  for (const Json& tensor : manifest.at("tensors")) {
    Entry entry{tensor.at("shape").get<std::vector<std::int64_t>>(), tensor.at("base").get<double>(), std::nullopt,
                tensor.at("dtype") == "F16" ? at::kHalf : at::kFloat};
    if (!tensor.at("log2scale").is_null()) entry.log2scale = tensor.at("log2scale").get<int>();
    entries_.emplace(tensor.at("name").get<std::string>(), std::move(entry));
  }
}

std::optional<std::vector<std::int64_t>> RecipeSource::shape(std::string_view name) const {
  const auto found = entries_.find(name);
  if (found == entries_.end()) return std::nullopt;
  return found->second.shape;
}

at::Tensor RecipeSource::read(std::string_view name) const {
  const Entry& entry = entries_.find(name)->second;
  return tensor_of(fill(name, count_of(entry.shape), entry.base, entry.log2scale), entry.shape).to(entry.dtype);
}

at::Tensor recipe_tensor(const std::string& name, const std::vector<std::int64_t>& shape, int log2scale) {
  return tensor_of(fill(name, count_of(shape), 0, log2scale), shape);
}

at::Tensor golden_image(const Json& entry) {
  const std::string name = entry.at("image_input");
  const std::vector<std::int64_t> shape = entry.at("image_shape");
  if (!entry.at("image_log2scale").is_null()) return recipe_tensor(name, shape, entry.at("image_log2scale"));
  const at::Tensor coarse = recipe_tensor(name + ":coarse", {shape[0], 3, 4, 4}, 1);
  return at::upsample_nearest2d(coarse, {shape[2], shape[3]}) + recipe_tensor(name + ":fine", shape, -1);
}

Json read_json(const std::filesystem::path& file) { return Json::parse(std::ifstream(file)); }

std::map<std::string, at::Tensor> read_expected(const std::filesystem::path& file) {
  const auto checkpoint = checkpoint::Checkpoint::open(file);
  std::map<std::string, at::Tensor> tensors;
  for (const checkpoint::TensorEntry& entry : checkpoint->tensors()) {
    at::Tensor tensor = at::empty(entry.shape, entry.dtype == DType::i32 ? at::kInt : at::kFloat);
    checkpoint->read(entry, {static_cast<std::byte*>(tensor.data_ptr()), entry.byte_size});
    tensors.emplace(entry.name, std::move(tensor));
  }
  return tensors;
}

void TraceComparer::see(const std::string& module, const at::Tensor& output) {
  if (!first_difference_.empty()) return;
  seen_.insert(module);
  bool named = false;
  for (const Json& entry : trace_) {
    if (entry.at("name") != module) continue;
    named = true;
    // A module that runs twice appears twice: one of its entries has to agree.
    const at::Tensor flat = laid_out(output, entry.at("shape"));
    if (!flat.defined() || !agrees(flat, samples_of(entry, flat.numel()))) continue;
    ++compared_;
    return;
  }
  std::string shape;
  for (const std::int64_t dim : output.sizes()) shape += std::to_string(dim) + " ";
  first_difference_ = "first differing layer: " + module + " of shape " + shape +
                      (named ? "(its trace has other values or another shape)" : "(the trace does not name it)");
}

std::set<std::string> TraceComparer::unseen(bool visual) const {
  std::set<std::string> names;
  for (const Json& entry : trace_) {
    const std::string name = entry.at("name");
    if (name.starts_with("visual") == visual && !seen_.contains(name)) names.insert(name);
  }
  return names;
}

at::Tensor run(const torch_backend::Network& network, const at::Tensor& input, torch_backend::Tracer* tracer) {
  const c10::InferenceMode guard;
  return network.forward(std::span(&input, 1), tracer).at(0);
}

void expect_golden(const torch_backend::Network& network, const at::Tensor& input, const at::Tensor& expected,
                   const Json& trace, double tolerance) {
  TraceComparer comparer(trace);
  const at::Tensor traced = run(network, input, &comparer);
  EXPECT_EQ(comparer.first_difference(), "");
  EXPECT_TRUE(comparer.unseen(network.inputs()[0].name == "image").empty());
  EXPECT_LE(largest_difference(traced, expected), tolerance);
  EXPECT_LE(largest_difference(run(network, input), expected), tolerance);
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return std::numeric_limits<double>::infinity();
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

}  // namespace inference_exp::testing
