// A plug-in that stands in for Torch's: it opens an RF-DETR checkpoint whose text is what the plug-in was told of it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "common/table.hpp"
#include "inference_exp/backend.h"

namespace {

using inference_exp::backend::Failure;

constexpr iexp_dtype kFloat32{2, 32, 1};

struct Port {
  std::string name;
  iexp_dtype dtype = kFloat32;
  std::vector<std::int64_t> shape;
};

}  // namespace

struct iexp_session {
  std::vector<Port> inputs{{"input", kFloat32, {-1, 3, -1, -1}}};
  std::vector<Port> outputs{{"dets", kFloat32, {-1, 1, 4}}, {"labels", kFloat32, {-1, 1, 3}}};
};

/// One query; its box is the middle of the image, its logits are the first pixel's three channels.
struct iexp_request {
  explicit iexp_request(const iexp_session& session)
      : boxes_shape(session.outputs[0].shape), labels_shape(session.outputs[1].shape) {}

  void set_input(std::size_t, const iexp_tensor* tensor) { input = *tensor; }
  void set_output(std::size_t index, const iexp_tensor* tensor) {
    bound[index] = tensor != nullptr ? *tensor : iexp_tensor{};
  }
  void run() {
    const auto batch = static_cast<std::size_t>(input.shape[0]);
    const auto area = static_cast<std::size_t>(input.shape[2] * input.shape[3]);
    boxes_shape[0] = labels_shape[0] = input.shape[0];
    std::fill_n(destination(0, batch * 4), batch * 4, 0.5F);
    float* const labels = destination(1, batch * 3);
    const auto* const pixels = static_cast<const float*>(input.data);
    for (std::size_t plane = 0; plane < batch * 3; ++plane) labels[plane] = pixels[plane * area];
  }
  void get_output(std::size_t index, iexp_tensor* tensor) {
    *tensor = {};
    tensor->data = bound[index].data != nullptr ? bound[index].data : own[index].data();
    tensor->device = {1, 0};
    tensor->ndim = 3;
    tensor->dtype = kFloat32;
    tensor->shape = index == 0 ? boxes_shape.data() : labels_shape.data();
  }

 private:
  float* destination(std::size_t index, std::size_t count) {
    own[index].resize(count);
    return bound[index].data != nullptr ? static_cast<float*>(bound[index].data) : own[index].data();
  }

  iexp_tensor input{};
  std::array<iexp_tensor, 2> bound{};
  std::array<std::vector<float>, 2> own;
  std::vector<std::int64_t> boxes_shape, labels_shape;
};

namespace {

struct StandIn {
  static constexpr const char* kName = "torch";

  static void probe(iexp_key_value_sink sink, void* user) {
    sink(user, "version", "0");
    sink(user, "device", "cpu");
  }

  static std::unique_ptr<iexp_session> open(const iexp_open_request& request) {
    std::string told;
    for (std::size_t i = 0; i < request.network_option_count; ++i) {
      const iexp_key_value& option = request.network_options[i];
      told.append(told.empty() ? "" : ", ").append(option.key).append("=").append(option.value);
    }
    std::ifstream stream(request.model_path);
    const std::string expected(std::istreambuf_iterator<char>(stream), {});
    if (told != expected) throw Failure(IEXP_ERROR_INVALID_PARAMETER, "Told: " + told, "Tell something else.");
    return std::make_unique<iexp_session>();
  }

  static void report_metadata(const iexp_session&, iexp_key_value_sink sink, void* user) {
    sink(user, "resolution", "112");
    sink(user, "patch_size", "14");
    sink(user, "num_windows", "4");
    sink(user, "num_classes", "3");
    sink(user, "num_queries", "1");
    sink(user, "class_names", R"(["red", "green", "blue"])");
  }
};

constexpr const iexp_backend& kTable = inference_exp::backend::kBackendTable<StandIn, iexp_session, iexp_request>;

}  // namespace

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(std::uint32_t) {
  return &kTable;
}
