// The table of backend.h: every function catches everything and turns it into a code.
#include <dlfcn.h>

#include <memory>
#include <string>

#include "failure.hpp"
#include "inference_exp/backend.h"
#include "providers.hpp"
#include "request.hpp"
#include "runtime.hpp"
#include "session.hpp"

namespace inference_exp::onnx {

namespace {

void require(bool condition, const char* what) {
  if (!condition) throw Failure(IEXP_ERROR_INVALID_PARAMETER, std::string(what) + " is NULL or too small.");
}

/// 0 where there is no driver. Asks the driver's own library, which the provider needs anyway.
int cuda_device_count() {
  void* driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
  if (driver == nullptr) return 0;
  const auto initialise = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
  const auto get_count = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
  int count = 0;
  if (initialise == nullptr || get_count == nullptr || initialise(0) != 0 || get_count(&count) != 0) return 0;
  return count;
}

std::int32_t probe(iexp_key_value_sink sink, void* user, iexp_error* error) {
  return guarded(error, [&] {
    const Runtime& found = runtime();
    if (sink == nullptr) return;
    sink(user, "version", found.version.c_str());
    sink(user, "path", found.path.c_str());
    for (const std::string& provider : usable_providers()) sink(user, "execution_provider", provider.c_str());
    sink(user, "device", "cpu");
    const int cuda_devices = provider_usable(kCudaProvider) ? cuda_device_count() : 0;
    for (int i = 0; i < cuda_devices; ++i) sink(user, "device", ("cuda:" + std::to_string(i)).c_str());
  });
}

std::int32_t open(const iexp_open_request* request, iexp_session** session, iexp_error* error) {
  return guarded(error, [&] {
    require(session != nullptr, "session");
    *session = nullptr;
    require(request != nullptr && request->struct_size >= sizeof(iexp_open_request), "request");
    static_cast<void>(runtime());  // a missing runtime is a better answer than a missing file
    *session = open_session(*request).release();
  });
}

void close(iexp_session* session) { const std::unique_ptr<iexp_session> owned(session); }

std::size_t input_count(const iexp_session* session) { return session != nullptr ? session->inputs.size() : 0; }

std::size_t output_count(const iexp_session* session) { return session != nullptr ? session->outputs.size() : 0; }

std::int32_t describe(const std::vector<Port>* ports, std::size_t index, iexp_tensor_spec* spec, iexp_error* error) {
  return guarded(error, [&] {
    require(ports != nullptr, "session");
    require(spec != nullptr && spec->struct_size >= sizeof(iexp_tensor_spec), "spec");
    if (index >= ports->size()) {
      throw Failure(IEXP_ERROR_INVALID_PARAMETER, "There is no tensor number " + std::to_string(index) + ".");
    }
    const Port& port = (*ports)[index];
    spec->name = port.name.c_str();
    spec->dtype = port.dtype;
    spec->ndim = static_cast<std::int32_t>(port.shape.size());
    spec->shape = port.shape.data();
  });
}

std::int32_t input_spec(const iexp_session* session, std::size_t index, iexp_tensor_spec* spec, iexp_error* error) {
  return describe(session != nullptr ? &session->inputs : nullptr, index, spec, error);
}

std::int32_t output_spec(const iexp_session* session, std::size_t index, iexp_tensor_spec* spec, iexp_error* error) {
  return describe(session != nullptr ? &session->outputs : nullptr, index, spec, error);
}

std::int32_t metadata(const iexp_session* session, iexp_key_value_sink sink, void* user, iexp_error* error) {
  return guarded(error, [&] {
    require(session != nullptr, "session");
    require(sink != nullptr, "sink");
    for (const auto& [key, value] : session->metadata) sink(user, key.c_str(), value.c_str());
    for (const std::string& provider : session->providers) {
      sink(user, "runtime.execution_provider", provider.c_str());
    }
  });
}

std::int32_t create_request(iexp_session* session, iexp_request** request, iexp_error* error) {
  return guarded(error, [&] {
    require(request != nullptr, "request");
    *request = nullptr;
    require(session != nullptr, "session");
    *request = std::make_unique<iexp_request>(*session).release();
  });
}

void destroy_request(iexp_request* request) { const std::unique_ptr<iexp_request> owned(request); }

std::int32_t set_input(iexp_request* request, std::size_t index, const iexp_tensor* tensor, iexp_error* error) {
  return guarded(error, [&] {
    require(request != nullptr, "request");
    request->set_input(index, tensor);
  });
}

std::int32_t set_output(iexp_request* request, std::size_t index, const iexp_tensor* tensor, iexp_error* error) {
  return guarded(error, [&] {
    require(request != nullptr, "request");
    request->set_output(index, tensor);
  });
}

std::int32_t run(iexp_request* request, iexp_error* error) {
  return guarded(error, [&] {
    require(request != nullptr, "request");
    request->run();
  });
}

std::int32_t get_output(iexp_request* request, std::size_t index, iexp_tensor* tensor, iexp_error* error) {
  return guarded(error, [&] {
    require(request != nullptr, "request");
    request->get_output(index, tensor);
  });
}

constexpr iexp_backend kBackend{
    .struct_size = sizeof(iexp_backend),
    .abi_version = INFERENCE_EXP_BACKEND_ABI_VERSION,
    .name = "onnx",
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

}  // namespace inference_exp::onnx

extern "C" __attribute__((visibility("default"))) const iexp_backend* inference_exp_backend_v1(
    std::uint32_t host_abi_version) {
  return host_abi_version == INFERENCE_EXP_BACKEND_ABI_VERSION ? &inference_exp::onnx::kBackend : nullptr;
}
