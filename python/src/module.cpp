// inference_exp._core: the C++ library for the Python package around it.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <exception>
#include <filesystem>
#include <string>

#include "bindings.hpp"
#include "inference_exp/environment.hpp"
#include "inference_exp/errors.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/serialization.hpp"
#include "inference_exp/version.hpp"

namespace py = pybind11;

namespace inference_exp::python {

namespace fs = std::filesystem;

/// Messages quote names of files, which may be any bytes.
py::str text_of(const std::string& message) {
  PyObject* text = PyUnicode_DecodeUTF8(message.data(), static_cast<py::ssize_t>(message.size()), "replace");
  if (text == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::str>(text);
}

void bind_errors() {
  // NOLINTNEXTLINE(performance-unnecessary-value-param): the signature that pybind11 takes
  py::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Error& error) {
      const py::object kind = py::module_::import("inference_exp.errors").attr(std::string(error.name()).c_str());
      const py::object raised = kind(text_of(error.message()), text_of(error.hint()));
      PyErr_SetObject(kind.ptr(), raised.ptr());
    }
  });
}

void bind_hub(py::module_& module) {
  using Unlocked = py::call_guard<py::gil_scoped_release>;
  module.def(
      "describe_environment", [] { return to_json(describe_environment()); }, Unlocked());
  module.def("registered_models", [] { return to_json(std::span<const RegisteredModel>(registered_models())); });
  module.def(
      "list_cache", [](const fs::path& home) { return to_json(std::span<const CachedPackage>(list_cache(home))); },
      Unlocked());
  module.def(
      "verify_cache",
      [](const std::string& model, const fs::path& home) {
        return to_json(std::span<const VerifiedPackage>(verify_cache(model, home)));
      },
      Unlocked());
  module.def(
      "prune_cache",
      [](const std::string& model, const fs::path& home, bool dry_run) {
        return to_json(prune_cache(model, home, dry_run));
      },
      Unlocked());
  module.def(
      "list_offline_models",
      [](const fs::path& home) { return to_json(std::span<const OfflineModel>(list_offline_models(home))); },
      Unlocked());
  module.def(
      "verify_offline_model",
      [](const std::string& model, bool check_hashes, const fs::path& home) {
        return to_json(verify_offline_model(model, check_hashes, home));
      },
      Unlocked());
}

}  // namespace inference_exp::python

PYBIND11_MODULE(_core, module) {
  using namespace inference_exp::python;
  bind_errors();
  bind_models(module);
  bind_load(module);
  bind_hub(module);
}
