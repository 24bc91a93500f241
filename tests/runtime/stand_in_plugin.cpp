// Small plug-ins for the host's tests. One source, compiled once for each behaviour: STAND_IN names it.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "inference_exp/backend.h"

namespace {

enum class Behaviour : std::uint8_t {
  good,
  wrong_abi,
  refuses_host,
  small_table,
  empty_entry,
  other_name,
  older_table,
  half_of_device_memory,
  probe_fails,
  compiles
};
constexpr auto kBehaviour = Behaviour::STAND_IN;

std::int32_t fail(iexp_error* error, std::int32_t code, const char* message, const char* hint) {
  std::strncpy(error->message, message, sizeof error->message - 1);
  std::strncpy(error->hint, hint, sizeof error->hint - 1);
  error->code = code;
  return code;
}

}  // namespace

/// The stand-in's network adds one to every element of its only input.
struct iexp_session {
  std::array<std::int64_t, 2> shape{-1, 2};
};

struct iexp_request {
  iexp_tensor input{};
  iexp_tensor output{};
  bool output_bound = false;
  std::vector<float> own_output;
  std::array<std::int64_t, 2> shape{};
};

namespace {

std::int32_t probe(iexp_key_value_sink sink, void* user, iexp_error* error) {
  if constexpr (kBehaviour == Behaviour::probe_fails) {
    return fail(error, IEXP_ERROR_MISSING_DEPENDENCY, "The stand-in's runtime is not installed.", "Install stand-in.");
  }
  sink(user, "version", "7.8.9");
  sink(user, "path", "/opt/stand-in.so");
  sink(user, "execution_provider", "StandInExecutionProvider");
  sink(user, "device", "cpu");
  sink(user, "something new", "is ignored");
  return IEXP_OK;
}

/// A model "code_<number>" fails with that code; any other opens. Open arguments come back as metadata.
std::int32_t open(const iexp_open_request* request, iexp_session** session, iexp_error* error) {
  std::string_view name = request->model_path;
  name = name.substr(name.rfind('/') + 1);
  constexpr std::string_view kCode = "code_";
  if (name.starts_with(kCode)) {
    std::int32_t code = 0;
    std::from_chars(name.data() + kCode.size(), name.data() + name.size(), code);
    return fail(error, code, "The stand-in refuses.", "Ask for another code.");
  }
  if (name == "silent") return IEXP_ERROR_MODEL_RUNTIME;
  if (name == "unterminated") {
    std::fill(std::begin(error->message), std::end(error->message), 'x');
    return IEXP_ERROR_MODEL_RUNTIME;
  }
  *session = std::make_unique<iexp_session>().release();
  return IEXP_OK;
}

void close(iexp_session* session) { const std::unique_ptr<iexp_session> owned(session); }
std::size_t port_count(const iexp_session*) { return 1; }

std::int32_t port_spec(const iexp_session* session, std::size_t, iexp_tensor_spec* spec, iexp_error*) {
  spec->name = "x";
  spec->dtype = {2, 32, 1};
  spec->ndim = 2;
  spec->shape = session->shape.data();
  return IEXP_OK;
}

std::int32_t metadata(const iexp_session*, iexp_key_value_sink sink, void* user, iexp_error*) {
  sink(user, "task", "addition");
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

std::int32_t set_output(iexp_request* request, std::size_t, const iexp_tensor* tensor, iexp_error*) {
  request->output_bound = tensor != nullptr;
  if (tensor != nullptr) request->output = *tensor;
  return IEXP_OK;
}

std::int32_t run(iexp_request* request, iexp_error* error) {
  if (request->input.data == nullptr) return fail(error, IEXP_ERROR_INVALID_PARAMETER, "No input.", "Set one.");
  std::copy_n(request->input.shape, 2, request->shape.begin());
  const auto count = static_cast<std::size_t>(request->shape[0] * request->shape[1]);
  request->own_output.resize(count);
  auto* destination = request->output_bound ? static_cast<float*>(request->output.data) : request->own_output.data();
  const auto* source = static_cast<const float*>(request->input.data);
  std::transform(source, source + count, destination, [](float value) { return value + 1; });
  return IEXP_OK;
}

std::int32_t get_output(iexp_request* request, std::size_t, iexp_tensor* tensor, iexp_error*) {
  *tensor = {};
  tensor->data = request->output_bound ? request->output.data : request->own_output.data();
  tensor->device = {1, 0};
  tensor->ndim = 2;
  tensor->dtype = {2, 32, 1};
  tensor->shape = request->shape.data();
  return IEXP_OK;
}

constexpr std::uint32_t table_size() {
  if (kBehaviour == Behaviour::small_table) return 16;
  // As it was before tensors in device memory; what follows must not be read.
  if (kBehaviour == Behaviour::older_table) return offsetof(iexp_backend, session_device);
  return sizeof(iexp_backend);
}

/// Works in host memory, and says so. Of the older table this lies beyond the end.
std::int32_t session_device(const iexp_session*, iexp_device* device, iexp_error* error) {
  if (kBehaviour == Behaviour::older_table) return fail(error, IEXP_ERROR_MODEL_RUNTIME, "Called beyond the end.", "");
  *device = {.device_type = 1, .device_id = 0};
  return IEXP_OK;
}

/// Asks for as many steps and calibration batches as it gets, and writes nothing. A source "code_<number>" fails with
/// that code, after the steps.
std::int32_t compile(const iexp_compile_request* request, iexp_error* error) {
  for (std::int32_t step = 0; step < 3; ++step) {
    if (request->progress(request->user, "Adding up", step, 3) == 0) {
      return fail(error, IEXP_ERROR_CANCELLED, "Stopped.", "Start again.");
    }
  }
  std::array<float, 4> batch{};
  while (request->calibration_batch != nullptr &&
         request->calibration_batch(request->user, batch.data(), sizeof batch) != 0) {
  }
  iexp_open_request name{};
  name.struct_size = sizeof name;
  name.model_path = request->source_path;
  iexp_session* session = nullptr;
  if (const std::int32_t code = open(&name, &session, error); code != IEXP_OK) return code;
  close(session);
  request->facts(request->user, "runtime_version", "7.8.9");
  request->facts(request->user, "device_name", request->device != nullptr ? request->device : "nothing");
  request->facts(request->user, "cuda_driver", "12040");
  request->facts(request->user, "batch_opt", request->batch_opt == 2 ? "2" : "");
  request->facts(request->user, "input_width", request->input_width == 640 ? "640" : "");
  request->facts(request->user, "something new", "is ignored");
  return IEXP_OK;
}

constexpr iexp_backend kBackend{
    .struct_size = table_size(),
    .abi_version = kBehaviour == Behaviour::wrong_abi ? 99U : INFERENCE_EXP_BACKEND_ABI_VERSION,
    .name = kBehaviour == Behaviour::other_name ? "somebody_else" : "stand_in",
    .probe = probe,
    .open = open,
    .close = close,
    .input_count = port_count,
    .output_count = port_count,
    .input_spec = port_spec,
    .output_spec = port_spec,
    .metadata = metadata,
    .create_request = create_request,
    .destroy_request = destroy_request,
    .set_input = set_input,
    .set_output = set_output,
    .run = kBehaviour == Behaviour::empty_entry ? nullptr : run,
    .get_output = get_output,
    .session_device = kBehaviour == Behaviour::older_table || kBehaviour == Behaviour::half_of_device_memory
                          ? session_device
                          : nullptr,
    .request_stream = nullptr,
    .enqueue = nullptr,
    .get_device_output = nullptr,
    .set_request_option = nullptr,
    .compile = kBehaviour == Behaviour::compiles ? compile : nullptr,
};

}  // namespace

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(std::uint32_t) {
  return kBehaviour == Behaviour::refuses_host ? nullptr : &kBackend;
}
