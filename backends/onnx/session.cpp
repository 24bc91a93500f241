#include "session.hpp"

#include <onnxruntime_session_options_config_keys.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <span>
#include <utility>

#include "common/failure.hpp"
#include "core/cpu_info.hpp"

namespace inference_exp::onnx {

using backend::Failure;

namespace fs = std::filesystem;

namespace {

constexpr std::int32_t kMaxThreads = 1024;

std::atomic<bool> spin_right_taken{false};

}  // namespace

SpinRight SpinRight::try_take() noexcept {
  SpinRight right;
  right.held_ = !spin_right_taken.exchange(true);
  return right;
}

SpinRight::SpinRight(SpinRight&& other) noexcept : held_(std::exchange(other.held_, false)) {}

SpinRight& SpinRight::operator=(SpinRight&& other) noexcept {
  std::swap(held_, other.held_);
  return *this;
}

SpinRight::~SpinRight() {
  if (held_) spin_right_taken.store(false);
}

namespace {

iexp_dtype dtype_of(ONNXTensorElementDataType type) {
  switch (type) {
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8:
      return {.code = 0, .bits = 8, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16:
      return {.code = 0, .bits = 16, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32:
      return {.code = 0, .bits = 32, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
      return {.code = 0, .bits = 64, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8:
      return {.code = 1, .bits = 8, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16:
      return {.code = 1, .bits = 16, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32:
      return {.code = 1, .bits = 32, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64:
      return {.code = 1, .bits = 64, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16:
      return {.code = 2, .bits = 16, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT:
      return {.code = 2, .bits = 32, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE:
      return {.code = 2, .bits = 64, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16:
      return {.code = 4, .bits = 16, .lanes = 1};
    case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
      return {.code = 6, .bits = 8, .lanes = 1};
    default:
      return {};
  }
}

Port port_of(const char* kind, const std::string& name, const Ort::TypeInfo& type_info, const char* file) {
  Port port;
  port.name = name;
  if (type_info.GetONNXType() == ONNX_TYPE_TENSOR) {
    const auto tensor = type_info.GetTensorTypeAndShapeInfo();
    port.type = tensor.GetElementType();
    port.dtype = dtype_of(port.type);
    port.shape = tensor.GetShape();
    std::ranges::replace_if(
        port.shape, [](std::int64_t dim) { return dim < 0; }, -1);
  }
  if (port.dtype.bits == 0) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE,
                  std::string(file) + ": its " + kind + " \"" + name + "\" is not a tensor of numbers.",
                  "Export the model so that all inputs and outputs are dense tensors.");
  }
  return port;
}

void read_ports(iexp_session& opened, const char* file) {
  Ort::AllocatorWithDefaultOptions allocator;
  const Ort::Session& session = opened.session;
  for (std::size_t i = 0; i < session.GetInputCount(); ++i) {
    const std::string name = session.GetInputNameAllocated(i, allocator).get();
    opened.inputs.push_back(port_of("input", name, session.GetInputTypeInfo(i), file));
  }
  for (std::size_t i = 0; i < session.GetOutputCount(); ++i) {
    const std::string name = session.GetOutputNameAllocated(i, allocator).get();
    opened.outputs.push_back(port_of("output", name, session.GetOutputTypeInfo(i), file));
  }
  for (const Port& port : opened.inputs) opened.input_names.push_back(port.name.c_str());
  for (const Port& port : opened.outputs) opened.output_names.push_back(port.name.c_str());
}

void read_metadata(iexp_session& opened) {
  Ort::AllocatorWithDefaultOptions allocator;
  const Ort::ModelMetadata metadata = opened.session.GetModelMetadata();
  for (const Ort::AllocatedStringPtr& key : metadata.GetCustomMetadataMapKeysAllocated(allocator)) {
    const Ort::AllocatedStringPtr value = metadata.LookupCustomMetadataMapAllocated(key.get(), allocator);
    opened.metadata.emplace(key.get(), value ? value.get() : "");
  }
}

void check_settings(const iexp_open_request& request) {
  for (const std::int32_t threads : {request.intra_op_threads, request.inter_op_threads}) {
    if (threads >= 0 && threads <= kMaxThreads) continue;
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "A thread count of " + std::to_string(threads) + " is out of range.",
                  "Use 0 for the default, or 1 to " + std::to_string(kMaxThreads) + ".");
  }
  if (request.allow_spinning < -1 || request.allow_spinning > 1) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "allow_spinning must be -1, 0 or 1.");
  }
  if (request.network_option_count > 0) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER,
                  std::string("The onnx backend has no use for the option \"") + request.network_options[0].key + "\".",
                  "An ONNX file says all of its network itself, its precision too.");
  }
}

void check_file(const char* file) {
  if (file == nullptr || *file == '\0') throw Failure(IEXP_ERROR_INVALID_PARAMETER, "No model file is named.");
  std::error_code error;
  const fs::file_status status = fs::status(file, error);
  const char* hint = "Download or export the package again, complete.";
  if (!fs::exists(status)) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, std::string("The model file ") + file + " is missing.", hint);
  }
  if (!fs::is_regular_file(status)) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, std::string(file) + " is not a regular file.", hint);
  }
  if (fs::file_size(file, error) == 0 && !error) {
    throw Failure(IEXP_ERROR_CORRUPTED_PACKAGE, std::string("The model file ") + file + " is empty.", hint);
  }
}

void set_threads(Ort::SessionOptions& options, const iexp_open_request& request) {
  options.SetIntraOpNumThreads(request.intra_op_threads > 0 ? request.intra_op_threads : cpu_info().physical_cores);
  if (request.inter_op_threads > 0) options.SetInterOpNumThreads(request.inter_op_threads);
  options.SetExecutionMode(request.inter_op_threads > 1 ? ORT_PARALLEL : ORT_SEQUENTIAL);
}

void set_spinning(Ort::SessionOptions& options, bool spin) {
  const char* allowed = spin ? "1" : "0";
  options.AddConfigEntry(kOrtSessionOptionsConfigAllowIntraOpSpinning, allowed);
  options.AddConfigEntry(kOrtSessionOptionsConfigAllowInterOpSpinning, allowed);
  // Between runs the threads sleep, so that an idle session costs its neighbours nothing.
  options.AddConfigEntry(kOrtSessionOptionsConfigForceSpinningStop, "1");
}

Ort::SessionOptions session_options(const iexp_open_request& request, std::span<const Provider> providers, bool spin) {
  Ort::SessionOptions options;
  set_threads(options, request);
  set_spinning(options, spin);
  options.AddConfigEntry(kOrtSessionOptionsConfigUseEnvAllocators, "1");
  for (const Provider& provider : providers) {
    if (provider.name == kCpuProvider) break;  // it serves every node: what comes after it would get none
    append_provider(options, provider);
  }
  return options;
}

Failure not_started(std::span<const Provider> providers, const std::string& reason) {
  return {IEXP_ERROR_ENVIRONMENT,
          "The execution provider \"" + providers.front().name + "\" could not be started: " + reason,
          "Check the device's driver and libraries, or choose another provider or device."};
}

/// A session could not be made: the file's fault, or that of the providers that were asked for?
Failure explanation(const Ort::Exception& exception, const char* file, std::span<const Provider> providers) {
  const std::string reason = exception.what();
  const bool accelerated = providers.front().name != kCpuProvider;
  const OrtErrorCode code = exception.GetOrtErrorCode();
  const bool about_file = code == ORT_NO_SUCHFILE || code == ORT_NO_MODEL || code == ORT_INVALID_PROTOBUF ||
                          code == ORT_INVALID_GRAPH || reason.find("Load model") != std::string::npos;
  if (accelerated && !about_file) return not_started(providers, reason);
  return {
      IEXP_ERROR_CORRUPTED_PACKAGE,
      std::string("The model file ") + file + " cannot be loaded by ONNX Runtime " + runtime().version + ": " + reason,
      "Download or export the package again; a model newer than the runtime needs a newer runtime."};
}

/// Nothing once the session is made, else why it is not.
std::optional<Failure> attempt(iexp_session& opened, const iexp_open_request& request,
                               std::span<const Provider> providers, bool spin) {
  try {
    std::vector<Provider> used(providers.begin(), providers.end());
    opened.cuda = share_stream(used);
    opened.session = Ort::Session(runtime().env, request.model_path, session_options(request, used, spin));
    return std::nullopt;
  } catch (const Ort::Exception& exception) {
    return explanation(exception, request.model_path, providers);
  } catch (const cuda::Error& error) {
    return not_started(providers, error.what());
  } catch (const cuda::Unavailable& unavailable) {
    return not_started(providers, unavailable.what());
  }
}

void create(iexp_session& opened, const iexp_open_request& request, const ProviderPlan& plan, bool spin) {
  std::span<const Provider> providers = plan.providers;
  while (const std::optional<Failure> failure = attempt(opened, request, providers, spin)) {
    const bool last = providers.size() == 1 || providers.front().name == kCpuProvider;
    if (plan.asked_for || last) throw *failure;
    providers = providers.subspan(1);  // a preference: the next one may do
  }
  for (const Provider& provider : providers) opened.providers.push_back(provider.name);
  if (opened.providers.back() != kCpuProvider) opened.providers.emplace_back(kCpuProvider);
}

}  // namespace

std::unique_ptr<iexp_session> open_session(const iexp_open_request& request) {
  check_settings(request);
  check_file(request.model_path);
  const ProviderPlan plan = plan_providers(request);
  auto opened = std::make_unique<iexp_session>();
  if (request.allow_spinning < 0) opened->spin_right = SpinRight::try_take();
  const bool spin = request.allow_spinning == 1 || opened->spin_right.held();
  create(*opened, request, plan, spin);
  read_ports(*opened, request.model_path);
  read_metadata(*opened);
  return opened;
}

}  // namespace inference_exp::onnx

iexp_device iexp_session::device() const noexcept {
  constexpr std::int32_t kCpu = 1;
  constexpr std::int32_t kCuda = 2;
  return cuda ? iexp_device{kCuda, cuda->device} : iexp_device{kCpu, 0};
}
