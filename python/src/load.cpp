// LoadOptions and from_pretrained, which stays interruptible: the library works in a thread of its own while this one
// looks for signals.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>
#include <pybind11/stl/filesystem.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "bindings.hpp"
#include "inference_exp/auto_model.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/serialization.hpp"

namespace py = pybind11;

namespace inference_exp::python {

namespace {

/// What the waiting thread and the library's progress reports share.
struct Watch {
  py::object callable;  ///< None or called with one DownloadProgress; False cancels
  std::atomic<bool> cancelled = false;
  std::optional<py::error_already_set> failure;  ///< guarded by the interpreter's lock
};

bool report(Watch& watch, const DownloadProgress& progress) {
  if (watch.cancelled) return false;
  const py::gil_scoped_acquire lock;
  if (watch.callable.is_none()) return true;
  try {
    return !py::object(watch.callable(progress)).is(py::bool_(false));
  } catch (py::error_already_set& error) {
    watch.failure.emplace(std::move(error));
    return false;
  }
}

/// Runs `work(options)` without the lock. Ctrl-C cancels it at its next progress report and is raised when it ended.
template <typename Work>
auto interruptible(LoadOptions options, py::object progress, Work work) {
  if (!progress.is_none() && PyCallable_Check(progress.ptr()) == 0) {
    throw py::type_error("progress is a function, not " + py::repr(progress).cast<std::string>() + ".");
  }
  Watch watch{std::move(progress), false, std::nullopt};
  options.hub.progress = [&watch](const DownloadProgress& step) { return report(watch, step); };
  auto running = std::async(std::launch::async, [&options, &work] { return work(options); });
  while (true) {
    {
      const py::gil_scoped_release release;
      if (running.wait_for(std::chrono::milliseconds(50)) == std::future_status::ready) break;
    }
    if (!watch.failure && PyErr_CheckSignals() != 0) {
      watch.failure.emplace();
      watch.cancelled = true;
    }
  }
  if (watch.failure) throw py::error_already_set(std::move(*watch.failure));
  return running.get();
}

void bind_options(py::module_& module) {
  py::class_<LoadOptions> options(module, "LoadOptions");
  options.def(py::init<>());
  options.def_readwrite("backends", &LoadOptions::backends)
      .def_readwrite("backend_paths", &LoadOptions::backend_paths)
      .def_readwrite("allow_direct_local_storage_loading", &LoadOptions::allow_direct_local_storage_loading)
      .def_readwrite("max_batch_size", &LoadOptions::max_batch_size)
      .def_readwrite("text_embedding_cache", &LoadOptions::text_embedding_cache)
      .def_readwrite("model_package_id", &LoadOptions::model_package_id)
      .def_readwrite("allow_untrusted_packages", &LoadOptions::allow_untrusted_packages)
      .def_readwrite("trt_engine_host_code_allowed", &LoadOptions::trt_engine_host_code_allowed)
      .def_readwrite("max_package_loading_attempts", &LoadOptions::max_package_loading_attempts)
      .def_readwrite("architecture", &LoadOptions::architecture)
      .def_readwrite("task_type", &LoadOptions::task)
      .def_readwrite("class_names", &LoadOptions::class_names)
      .def_readwrite("model_type", &LoadOptions::model_type)
      .def_readwrite("resolution", &LoadOptions::resolution);
  const auto members_of = [&options](auto part) {
    return [&options, part](const char* name, auto member) {
      options.def_property(
          name, [part, member](const LoadOptions& self) { return self.*part.*member; },
          [part, member](LoadOptions& self,
                         std::remove_cvref_t<decltype(std::declval<LoadOptions>().*part.*member)> value) {
            self.*part.*member = std::move(value);
          });
    };
  };
  const auto session = members_of(&LoadOptions::session);
  session("device", &SessionOptions::device);
  session("intra_op_threads", &SessionOptions::intra_op_threads);
  session("inter_op_threads", &SessionOptions::inter_op_threads);
  session("allow_spinning", &SessionOptions::allow_spinning);
  session("precision", &SessionOptions::precision);
  const auto hub = members_of(&LoadOptions::hub);
  hub("weights_provider", &HubOptions::weights_provider);
  hub("api_key", &HubOptions::api_key);
  hub("weights_provider_extra_query_params", &HubOptions::provider_query);
  hub("weights_provider_extra_headers", &HubOptions::provider_headers);
  hub("cache_home", &HubOptions::cache_home);
  hub("use_auto_resolution_cache", &HubOptions::use_auto_resolution_cache);
  hub("verify_hash_while_download", &HubOptions::verify_hash_while_download);
  hub("download_files_without_hash", &HubOptions::download_files_without_hash);
  hub("file_lock_timeout", &HubOptions::file_lock_timeout_seconds);
  hub("offline", &HubOptions::offline);
  using Providers = std::vector<std::pair<std::string, std::map<std::string, std::string>>>;
  options.def("set_execution_providers", [](LoadOptions& self, const Providers& providers) {
    for (const auto& [name, values] : providers) self.session.execution_providers.push_back({name, values});
  });
  options.def("set_batch_size", [](LoadOptions& self, std::int32_t min, std::int32_t max) {
    self.batch_size = BatchRange{min, max};
  });
  options.def("set_quantization", [](LoadOptions& self, const std::vector<std::string>& names) {
    self.quantization.emplace();
    for (const std::string& name : names) self.quantization->push_back(parse_quantization(name));
  });
  using Range = std::optional<std::pair<double, double>>;
  options.def("set_usual_nms_fusion",
              [](LoadOptions& self) { self.nms_fusion_preferences = NmsFusionPreferences::usual(); });
  options.def("set_nms_fusion", [](LoadOptions& self, Range detections, Range confidence, Range iou,
                                   std::optional<bool> agnostic) {
    const auto range = [](const Range& pair) {
      return pair ? std::optional(NumberRange{pair->first, pair->second}) : std::nullopt;
    };
    self.nms_fusion_preferences = NmsFusionPreferences{range(detections), range(confidence), range(iou), agnostic};
  });
}

}  // namespace

void bind_load(py::module_& module) {
  py::class_<DownloadProgress>(module, "DownloadProgress", "How far a download is.")
      .def_readonly("file", &DownloadProgress::file)
      .def_readonly("file_index", &DownloadProgress::file_index)
      .def_readonly("file_count", &DownloadProgress::file_count)
      .def_readonly("bytes_done", &DownloadProgress::bytes_done)
      .def_readonly("bytes_total", &DownloadProgress::bytes_total)
      .def_property_readonly("phase", [](const DownloadProgress& self) {
        if (self.phase == DownloadProgress::Phase::download) return "download";
        return self.phase == DownloadProgress::Phase::verify ? "verify" : "done";
      });
  bind_options(module);
  module.def("load", [](const std::string& model, const LoadOptions& options, py::object progress) {
    return to_python(interruptible(options, std::move(progress), [&model](const LoadOptions& asked) {
      return AutoModel::from_pretrained(model, asked);
    }));
  });
  module.def("pull_model", [](const std::string& model, const LoadOptions& options, py::object progress) {
    return to_json(interruptible(options, std::move(progress),
                                 [&model](const LoadOptions& asked) { return pull_model(model, asked); }));
  });
  module.def("describe_model", [](const std::string& model, const LoadOptions& options, bool with_sizes) {
    return to_json(interruptible(options, py::none(), [&model, with_sizes](const LoadOptions& asked) {
      return describe_model(model, asked, with_sizes);
    }));
  });
  module.def("negotiate_model", [](const std::string& model, const LoadOptions& options) {
    const Decision decision = interruptible(
        options, py::none(), [&model](const LoadOptions& asked) { return negotiate_model(model, asked); });
    return py::make_tuple(to_json(decision), explain(decision));
  });
}

}  // namespace inference_exp::python
