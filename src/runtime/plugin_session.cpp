#include "runtime/plugin_session.hpp"

#include <array>
#include <exception>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "inference_exp/errors.hpp"

namespace inference_exp::runtime {

namespace {

struct TypePair {
  DType ours;
  iexp_dtype theirs;
};

constexpr std::array<TypePair, 10> kTypes{{{DType::f16, {2, 16, 1}},
                                           {DType::bf16, {4, 16, 1}},
                                           {DType::f32, {2, 32, 1}},
                                           {DType::f64, {2, 64, 1}},
                                           {DType::i8, {0, 8, 1}},
                                           {DType::i16, {0, 16, 1}},
                                           {DType::i32, {0, 32, 1}},
                                           {DType::i64, {0, 64, 1}},
                                           {DType::u8, {1, 8, 1}},
                                           {DType::boolean, {6, 8, 1}}}};

iexp_dtype to_plugin(DType dtype) {
  for (const TypePair& pair : kTypes) {
    if (pair.ours == dtype) return pair.theirs;
  }
  return {};
}

std::optional<DType> from_plugin(iexp_dtype dtype) {
  for (const TypePair& pair : kTypes) {
    if (pair.theirs.code == dtype.code && pair.theirs.bits == dtype.bits && dtype.lanes == 1) return pair.ours;
  }
  return std::nullopt;
}

constexpr std::int32_t kCpuDeviceType = 1;
constexpr std::int32_t kCudaDeviceType = 2;

/// Borrows the view's shape too: the view must stay where it is.
template <typename View>
iexp_tensor to_plugin(View& view, iexp_device device) {
  return {.data = view.data,
          .device = device,
          .ndim = static_cast<std::int32_t>(view.shape.rank()),
          .dtype = to_plugin(view.dtype),
          .shape = view.shape.rank() != 0 ? &view.shape[0] : nullptr,
          .strides = nullptr,
          .byte_offset = 0};
}

/// Calls a function of the table and throws what it reports.
template <typename Function, typename... Args>
void call(const Plugin& plugin, Function function, Args... args) {
  iexp_error error = empty_error();
  const std::int32_t code = function(args..., &error);
  if (code != IEXP_OK) throw_backend_error(code, error, plugin.name);
}

struct CloseSession {
  const iexp_backend* backend = nullptr;
  void operator()(iexp_session* session) const noexcept { backend->close(session); }
};
using SessionHandle = std::unique_ptr<iexp_session, CloseSession>;

struct DestroyRequest {
  const iexp_backend* backend = nullptr;
  void operator()(iexp_request* request) const noexcept { backend->destroy_request(request); }
};
using RequestHandle = std::unique_ptr<iexp_request, DestroyRequest>;

class PluginRequest final : public InferenceRequest, public DeviceRequest {
 public:
  PluginRequest(const Plugin& plugin, RequestHandle handle, std::size_t inputs, std::size_t outputs,
                std::optional<int> cuda_device)
      : plugin_(plugin),
        handle_(std::move(handle)),
        inputs_(inputs),
        outputs_(outputs),
        device_inputs_(cuda_device ? inputs : 0),
        cuda_device_(cuda_device) {
    if (cuda_device_) call(plugin_, plugin_.backend->request_stream, handle_.get(), &stream_);
  }

  void set_input(std::size_t index, const TensorView& tensor) override {
    iexp_tensor crossing = keep(inputs_, index, tensor);
    call(plugin_, plugin_.backend->set_input, handle_.get(), index, &crossing);
  }

  void set_output(std::size_t index, const TensorView& tensor) override {
    iexp_tensor crossing = keep(outputs_, index, tensor);
    call(plugin_, plugin_.backend->set_output, handle_.get(), index, tensor.data != nullptr ? &crossing : nullptr);
  }

  void allow_graphs(bool allowed) override {
    if (allowed == graphs_allowed_ || plugin_.backend->set_request_option == nullptr) return;
    call(plugin_, plugin_.backend->set_request_option, handle_.get(), "cuda_graphs", allowed ? "on" : "off");
    graphs_allowed_ = allowed;
  }

  void run() override { call(plugin_, plugin_.backend->run, handle_.get()); }

  [[nodiscard]] TensorView output(std::size_t index) const override {
    iexp_tensor tensor{};
    call(plugin_, plugin_.backend->get_output, handle_.get(), index, &tensor);
    return {.data = static_cast<std::byte*>(tensor.data) + tensor.byte_offset,
            .dtype = dtype_of_output(tensor, index),
            .shape = shape_of_output(tensor)};
  }

  [[nodiscard]] DeviceRequest* on_device() noexcept override { return cuda_device_ ? this : nullptr; }

  [[nodiscard]] void* stream() const override { return stream_; }

  void set_device_input(std::size_t index, const DeviceTensorView& tensor) override {
    check_index(device_inputs_, index);
    device_inputs_[index] = tensor;
    iexp_tensor crossing =
        to_plugin(device_inputs_[index], {.device_type = kCudaDeviceType, .device_id = *cuda_device_});
    call(plugin_, plugin_.backend->set_input, handle_.get(), index, &crossing);
  }

  void enqueue() override { call(plugin_, plugin_.backend->enqueue, handle_.get()); }

  [[nodiscard]] DeviceTensorView device_output(std::size_t index) const override {
    iexp_tensor tensor{};
    call(plugin_, plugin_.backend->get_device_output, handle_.get(), index, &tensor);
    if (tensor.device.device_type != kCudaDeviceType || tensor.device.device_id != *cuda_device_) {
      throw ModelRuntimeError("Output " + std::to_string(index) + " is not on the device that the session names.");
    }
    return {.data = static_cast<std::byte*>(tensor.data) + tensor.byte_offset,
            .dtype = dtype_of_output(tensor, index),
            .shape = shape_of_output(tensor)};
  }

 private:
  static DType dtype_of_output(const iexp_tensor& tensor, std::size_t index) {
    const std::optional<DType> dtype = from_plugin(tensor.dtype);
    if (!dtype)
      throw ModelRuntimeError("Output " + std::to_string(index) + " has an element type without a name here.");
    if (tensor.ndim < 0 || tensor.strides != nullptr) {
      throw ModelRuntimeError("Output " + std::to_string(index) + " is not compact row-major.");
    }
    return *dtype;
  }

  static Shape shape_of_output(const iexp_tensor& tensor) {
    return Shape(std::span<const std::int64_t>(tensor.shape, static_cast<std::size_t>(tensor.ndim)));
  }

  template <typename View>
  static void check_index(const std::vector<View>& views, std::size_t index) {
    if (index < views.size()) return;
    throw InvalidParameterError("The network has no tensor number " + std::to_string(index) + ".");
  }

  static iexp_tensor keep(std::vector<TensorView>& views, std::size_t index, const TensorView& tensor) {
    check_index(views, index);
    views[index] = tensor;
    return to_plugin(views[index], {.device_type = kCpuDeviceType, .device_id = 0});
  }

  const Plugin& plugin_;
  RequestHandle handle_;
  std::vector<TensorView> inputs_;
  std::vector<TensorView> outputs_;
  std::vector<DeviceTensorView> device_inputs_;
  std::optional<int> cuda_device_;
  void* stream_ = nullptr;
  bool graphs_allowed_ = true;
};

class PluginSession final : public Session {
 public:
  PluginSession(const Plugin& plugin, SessionHandle handle, const std::string& file)
      : plugin_(plugin), handle_(std::move(handle)) {
    read_specs(inputs_, plugin.backend->input_count(handle_.get()), plugin.backend->input_spec, file);
    read_specs(outputs_, plugin.backend->output_count(handle_.get()), plugin.backend->output_spec, file);
    read_metadata();
    if (plugin.backend->session_device == nullptr) return;
    iexp_device device{};
    call(plugin_, plugin.backend->session_device, static_cast<const iexp_session*>(handle_.get()), &device);
    if (device.device_type == kCudaDeviceType) cuda_device_ = device.device_id;
  }

  [[nodiscard]] std::span<const TensorSpec> inputs() const noexcept override { return inputs_; }
  [[nodiscard]] std::span<const TensorSpec> outputs() const noexcept override { return outputs_; }
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& metadata() const noexcept override {
    return metadata_;
  }
  [[nodiscard]] std::string_view backend() const noexcept override { return plugin_.name; }

  [[nodiscard]] std::unique_ptr<InferenceRequest> create_request() const override {
    iexp_request* raw = nullptr;
    call(plugin_, plugin_.backend->create_request, handle_.get(), &raw);
    RequestHandle handle(raw, DestroyRequest{plugin_.backend});
    return std::make_unique<PluginRequest>(plugin_, std::move(handle), inputs_.size(), outputs_.size(), cuda_device_);
  }

  [[nodiscard]] std::optional<int> cuda_device() const noexcept override { return cuda_device_; }

 private:
  template <typename Function>
  void read_specs(std::vector<TensorSpec>& specs, std::size_t count, Function function, const std::string& file) {
    for (std::size_t i = 0; i < count; ++i) {
      iexp_tensor_spec spec{};
      spec.struct_size = sizeof spec;
      call(plugin_, function, static_cast<const iexp_session*>(handle_.get()), i, &spec);
      const std::string name = spec.name != nullptr ? spec.name : "";
      const std::optional<DType> dtype = from_plugin(spec.dtype);
      if (!dtype || spec.ndim < 0 || static_cast<std::size_t>(spec.ndim) > Shape::kMaxRank) {
        throw CorruptedModelPackageError(file + ": its tensor \"" + name +
                                             "\" has an element type or a number of "
                                             "dimensions that no model family reads.",
                                         "Export the model again with floating-point inputs and outputs.");
      }
      specs.push_back(
          {.name = name, .dtype = *dtype, .shape = Shape(std::span(spec.shape, static_cast<std::size_t>(spec.ndim)))});
    }
  }

  void read_metadata() {
    // An exception must not pass through the plug-in's frames.
    struct Sink {
      std::map<std::string, std::string, std::less<>>& pairs;
      std::exception_ptr failure;
    } sink{metadata_, nullptr};
    const auto add = [](void* user, const char* key, const char* value) {
      auto& target = *static_cast<Sink*>(user);
      try {
        if (key != nullptr && value != nullptr) target.pairs.insert_or_assign(key, value);
      } catch (...) {
        target.failure = std::current_exception();
      }
    };
    call(plugin_, plugin_.backend->metadata, static_cast<const iexp_session*>(handle_.get()),
         static_cast<iexp_key_value_sink>(add), static_cast<void*>(&sink));
    if (sink.failure) std::rethrow_exception(sink.failure);
  }

  Plugin plugin_;  // a copy: static objects that hold sessions may outlive the list of plug-ins
  SessionHandle handle_;
  std::vector<TensorSpec> inputs_;
  std::vector<TensorSpec> outputs_;
  std::map<std::string, std::string, std::less<>> metadata_;
  std::optional<int> cuda_device_;
};

/// The request's strings and lists, alive for the call of open.
struct OpenArguments {
  OpenArguments(const SessionOptions& options, const NetworkOptions& network) {
    for (const auto& [key, value] : network) network_options.push_back({.key = key.c_str(), .value = value.c_str()});
    if (!options.precision.empty()) network_options.push_back({.key = "precision", .value = options.precision.c_str()});
    option_lists.reserve(options.execution_providers.size());
    for (const ExecutionProvider& provider : options.execution_providers) {
      std::vector<iexp_key_value>& list = option_lists.emplace_back();
      for (const auto& [key, value] : provider.options) list.push_back({.key = key.c_str(), .value = value.c_str()});
      providers.push_back({.name = provider.name.c_str(), .options = list.data(), .option_count = list.size()});
    }
  }
  std::vector<std::vector<iexp_key_value>> option_lists;
  std::vector<iexp_execution_provider> providers;
  std::vector<iexp_key_value> network_options;
};

}  // namespace

std::shared_ptr<const Session> open_plugin_session(const Plugin& plugin, const std::filesystem::path& model_file,
                                                   const SessionOptions& options, const NetworkOptions& network) {
  const std::string file = model_file.string();
  const OpenArguments arguments(options, network);
  const iexp_open_request request{.struct_size = sizeof(iexp_open_request),
                                  .model_path = file.c_str(),
                                  .device = options.device.empty() ? nullptr : options.device.c_str(),
                                  .execution_providers = arguments.providers.data(),
                                  .execution_provider_count = arguments.providers.size(),
                                  .intra_op_threads = options.intra_op_threads,
                                  .inter_op_threads = options.inter_op_threads,
                                  .allow_spinning = options.allow_spinning ? (*options.allow_spinning ? 1 : 0) : -1,
                                  .network_options = arguments.network_options.data(),
                                  .network_option_count = arguments.network_options.size()};
  iexp_session* raw = nullptr;
  call(plugin, plugin.backend->open, &request, &raw);
  SessionHandle handle(raw, CloseSession{plugin.backend});
  return std::make_shared<PluginSession>(plugin, std::move(handle), file);
}

}  // namespace inference_exp::runtime
