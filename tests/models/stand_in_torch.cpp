// A plug-in that stands in for Torch's: it opens an RF-DETR checkpoint whose text is what the plug-in was told of it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "inference_exp/backend.h"

namespace {

constexpr iexp_dtype kFloat32{2, 32, 1};
constexpr std::array<std::int64_t, 4> kInput{-1, 3, -1, -1};
constexpr std::array<std::int64_t, 3> kBoxes{-1, 1, 4};
constexpr std::array<std::int64_t, 3> kLabels{-1, 1, 3};

std::int32_t fail(iexp_error* error, std::int32_t code, const std::string& message) {
  std::strncpy(error->message, message.c_str(), sizeof error->message - 1);
  std::strncpy(error->hint, "Tell something else.", sizeof error->hint - 1);
  error->code = code;
  return code;
}

}  // namespace

struct iexp_session {};

/// One query; its box is the middle of the image, its logits are the first pixel's three channels.
struct iexp_request {
  iexp_tensor input{};
  std::array<iexp_tensor, 2> bound{};
  std::array<std::vector<float>, 2> own;
  std::array<std::int64_t, 3> boxes_shape = kBoxes;
  std::array<std::int64_t, 3> labels_shape = kLabels;

  float* destination(std::size_t index, std::size_t count) {
    own[index].resize(count);
    return bound[index].data != nullptr ? static_cast<float*>(bound[index].data) : own[index].data();
  }
};

namespace {

std::int32_t probe(iexp_key_value_sink sink, void* user, iexp_error*) {
  sink(user, "version", "0");
  sink(user, "device", "cpu");
  return IEXP_OK;
}

std::int32_t open(const iexp_open_request* request, iexp_session** session, iexp_error* error) {
  std::string told;
  for (std::size_t i = 0; i < request->network_option_count; ++i) {
    const iexp_key_value& option = request->network_options[i];
    told.append(told.empty() ? "" : ", ").append(option.key).append("=").append(option.value);
  }
  std::ifstream stream(request->model_path);
  const std::string expected(std::istreambuf_iterator<char>(stream), {});
  if (told != expected) return fail(error, IEXP_ERROR_INVALID_PARAMETER, "Told: " + told);
  *session = std::make_unique<iexp_session>().release();
  return IEXP_OK;
}

void close(iexp_session* session) { const std::unique_ptr<iexp_session> owned(session); }
std::size_t input_count(const iexp_session*) { return 1; }
std::size_t output_count(const iexp_session*) { return 2; }

std::int32_t input_spec(const iexp_session*, std::size_t, iexp_tensor_spec* spec, iexp_error*) {
  spec->name = "input";
  spec->dtype = kFloat32;
  spec->ndim = 4;
  spec->shape = kInput.data();
  return IEXP_OK;
}

std::int32_t output_spec(const iexp_session*, std::size_t index, iexp_tensor_spec* spec, iexp_error*) {
  spec->name = index == 0 ? "dets" : "labels";
  spec->dtype = kFloat32;
  spec->ndim = 3;
  spec->shape = index == 0 ? kBoxes.data() : kLabels.data();
  return IEXP_OK;
}

std::int32_t metadata(const iexp_session*, iexp_key_value_sink sink, void* user, iexp_error*) {
  sink(user, "resolution", "112");
  sink(user, "patch_size", "14");
  sink(user, "num_windows", "4");
  sink(user, "num_classes", "3");
  sink(user, "num_queries", "1");
  sink(user, "class_names", R"(["red", "green", "blue"])");
  return IEXP_OK;
}

std::int32_t create_request(iexp_session*, iexp_request** request, iexp_error*) {
  *request = std::make_unique<iexp_request>().release();
  return IEXP_OK;
}
void destroy_request(iexp_request* request) { const std::unique_ptr<iexp_request> owned(request); }

std::int32_t set_input(iexp_request* request, std::size_t, const iexp_tensor* tensor, iexp_error*) {
  request->input = *tensor;
  return IEXP_OK;
}

std::int32_t set_output(iexp_request* request, std::size_t index, const iexp_tensor* tensor, iexp_error*) {
  request->bound[index] = tensor != nullptr ? *tensor : iexp_tensor{};
  return IEXP_OK;
}

std::int32_t run(iexp_request* request, iexp_error*) {
  const std::int64_t* const shape = request->input.shape;
  const auto batch = static_cast<std::size_t>(shape[0]);
  const auto area = static_cast<std::size_t>(shape[2] * shape[3]);
  request->boxes_shape[0] = request->labels_shape[0] = shape[0];
  std::fill_n(request->destination(0, batch * 4), batch * 4, 0.5F);
  float* const labels = request->destination(1, batch * 3);
  const auto* const pixels = static_cast<const float*>(request->input.data);
  for (std::size_t plane = 0; plane < batch * 3; ++plane) labels[plane] = pixels[plane * area];
  return IEXP_OK;
}

std::int32_t get_output(iexp_request* request, std::size_t index, iexp_tensor* tensor, iexp_error*) {
  *tensor = {};
  tensor->data = request->bound[index].data != nullptr ? request->bound[index].data : request->own[index].data();
  tensor->device = {1, 0};
  tensor->ndim = 3;
  tensor->dtype = kFloat32;
  tensor->shape = index == 0 ? request->boxes_shape.data() : request->labels_shape.data();
  return IEXP_OK;
}

constexpr iexp_backend kBackend{
    .struct_size = static_cast<std::uint32_t>(sizeof(iexp_backend)),
    .abi_version = INFERENCE_EXP_BACKEND_ABI_VERSION,
    .name = "torch",
    .probe = probe,
    .open = open,
    .close = close,
    .input_count = input_count,
    .output_count = output_count,
    .input_spec = input_spec,
    .output_spec = output_spec,
    .metadata = metadata,
    .create_request = create_request,
    .destroy_request = destroy_request,
    .set_input = set_input,
    .set_output = set_output,
    .run = run,
    .get_output = get_output,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(std::uint32_t) {
  return &kBackend;
}
