// The table of backend.h, written once for all plug-ins of this project: every function checks its arguments, catches
// everything and turns it into a code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/failure.hpp"
#include "inference_exp/backend.h"

namespace inference_exp::backend {

inline void require(bool condition, const char* what) {
  if (!condition) throw Failure(IEXP_ERROR_INVALID_PARAMETER, std::string(what) + " is NULL or too small.");
}

/// Describes one of `ports`, each with name, dtype (iexp_dtype) and shape (a vector that lives as long as the session).
template <typename Port>
void describe_port(const std::vector<Port>& ports, std::size_t index, iexp_tensor_spec* spec) {
  require(spec != nullptr && spec->struct_size >= sizeof(iexp_tensor_spec), "spec");
  if (index >= ports.size()) {
    throw Failure(IEXP_ERROR_INVALID_PARAMETER, "There is no tensor number " + std::to_string(index) + ".");
  }
  const Port& port = ports[index];
  spec->name = port.name.c_str();
  spec->dtype = port.dtype;
  spec->ndim = static_cast<std::int32_t>(port.shape.size());
  spec->shape = port.shape.data();
}

/// `Plugin` brings what differs, as static members:
///   kName                              the backend's name
///   probe(sink, user)                  reports what can run here; `sink` may be NULL
///   open(request)                      a std::unique_ptr<Session>, which has `inputs` and `outputs`
///   report_metadata(session, sink, user)
/// `Session` and `Request` are its iexp_session and iexp_request; a request is made from its session. Where they work
/// in device memory, a Session has device(), and a Request stream(), enqueue() and get_device_output(index, tensor). A
/// Request with settings has set_option(key, value). A Plugin that makes model files has compile(request).
template <typename Plugin, typename Session, typename Request>
struct Table {
  static std::int32_t probe(iexp_key_value_sink sink, void* user, iexp_error* error) {
    return guarded(error, [&] { Plugin::probe(sink, user); });
  }

  static std::int32_t open(const iexp_open_request* request, iexp_session** session, iexp_error* error) {
    return guarded(error, [&] {
      require(session != nullptr, "session");
      *session = nullptr;
      require(request != nullptr && request->struct_size >= sizeof(iexp_open_request), "request");
      *session = Plugin::open(*request).release();
    });
  }

  static void close(iexp_session* session) { const std::unique_ptr<Session> owned(session); }

  static std::size_t input_count(const iexp_session* session) {
    return session != nullptr ? static_cast<const Session*>(session)->inputs.size() : 0;
  }

  static std::size_t output_count(const iexp_session* session) {
    return session != nullptr ? static_cast<const Session*>(session)->outputs.size() : 0;
  }

  static std::int32_t input_spec(const iexp_session* session, std::size_t index, iexp_tensor_spec* spec,
                                 iexp_error* error) {
    return guarded(error, [&] {
      require(session != nullptr, "session");
      describe_port(static_cast<const Session*>(session)->inputs, index, spec);
    });
  }

  static std::int32_t output_spec(const iexp_session* session, std::size_t index, iexp_tensor_spec* spec,
                                  iexp_error* error) {
    return guarded(error, [&] {
      require(session != nullptr, "session");
      describe_port(static_cast<const Session*>(session)->outputs, index, spec);
    });
  }

  static std::int32_t metadata(const iexp_session* session, iexp_key_value_sink sink, void* user, iexp_error* error) {
    return guarded(error, [&] {
      require(session != nullptr, "session");
      require(sink != nullptr, "sink");
      Plugin::report_metadata(*session, sink, user);
    });
  }

  static std::int32_t create_request(iexp_session* session, iexp_request** request, iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      *request = nullptr;
      require(session != nullptr, "session");
      *request = std::make_unique<Request>(*session).release();
    });
  }

  static void destroy_request(iexp_request* request) { const std::unique_ptr<Request> owned(request); }

  static std::int32_t set_input(iexp_request* request, std::size_t index, const iexp_tensor* tensor,
                                iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      static_cast<Request*>(request)->set_input(index, tensor);
    });
  }

  static std::int32_t set_output(iexp_request* request, std::size_t index, const iexp_tensor* tensor,
                                 iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      static_cast<Request*>(request)->set_output(index, tensor);
    });
  }

  static std::int32_t run(iexp_request* request, iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      static_cast<Request*>(request)->run();
    });
  }

  static std::int32_t get_output(iexp_request* request, std::size_t index, iexp_tensor* tensor, iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      static_cast<Request*>(request)->get_output(index, tensor);
    });
  }

  static std::int32_t session_device(const iexp_session* session, iexp_device* device, iexp_error* error) {
    return guarded(error, [&] {
      require(session != nullptr, "session");
      require(device != nullptr, "device");
      *device = static_cast<const Session*>(session)->device();
    });
  }

  static std::int32_t request_stream(iexp_request* request, void** stream, iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      require(stream != nullptr, "stream");
      *stream = static_cast<Request*>(request)->stream();
    });
  }

  static std::int32_t enqueue(iexp_request* request, iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      static_cast<Request*>(request)->enqueue();
    });
  }

  static std::int32_t get_device_output(iexp_request* request, std::size_t index, iexp_tensor* tensor,
                                        iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      static_cast<Request*>(request)->get_device_output(index, tensor);
    });
  }

  static std::int32_t set_request_option(iexp_request* request, const char* key, const char* value, iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr, "request");
      require(key != nullptr && value != nullptr, "option");
      static_cast<Request*>(request)->set_option(key, value);
    });
  }

  static std::int32_t compile(const iexp_compile_request* request, iexp_error* error) {
    return guarded(error, [&] {
      require(request != nullptr && request->struct_size >= sizeof(iexp_compile_request), "request");
      Plugin::compile(*request);
    });
  }

  static constexpr iexp_backend make() {
    iexp_backend table = kHostMemoryBackend;
    // Functions of templates are compiled only where they are named.
    if constexpr (requires(const Session& session) { session.device(); }) {
      table.session_device = session_device;
      table.request_stream = request_stream;
      table.enqueue = enqueue;
      table.get_device_output = get_device_output;
    }
    if constexpr (requires(Request & request) { request.set_option("", ""); }) {
      table.set_request_option = set_request_option;
    }
    if constexpr (requires(const iexp_compile_request& request) { Plugin::compile(request); }) table.compile = compile;
    return table;
  }

  static constexpr iexp_backend kHostMemoryBackend{
      .struct_size = sizeof(iexp_backend),
      .abi_version = INFERENCE_EXP_BACKEND_ABI_VERSION,
      .name = Plugin::kName,
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
      .session_device = nullptr,
      .request_stream = nullptr,
      .enqueue = nullptr,
      .get_device_output = nullptr,
      .set_request_option = nullptr,
      .compile = nullptr,
  };
};

template <typename Plugin, typename Session, typename Request>
inline constexpr iexp_backend kBackendTable = Table<Plugin, Session, Request>::make();

}  // namespace inference_exp::backend
