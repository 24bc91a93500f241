// How a model is to be opened.
//
// Contract: plain values. Asked-for is used or refused: a backend, device or execution provider named here is never
// silently replaced; the error says what is available.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace inference_exp {

/// An execution provider of ONNX Runtime by its own name, such as "CPUExecutionProvider", with its options.
struct ExecutionProvider {
  std::string name;
  std::map<std::string, std::string> options{};
};

/// Settings of the backend's session. Every member has an initialiser, so that callers may name only a few.
struct SessionOptions {
  std::string device{};                                  ///< "cpu", "cuda", "cuda:1"; empty: the backend's default
  std::vector<ExecutionProvider> execution_providers{};  ///< in order of preference; empty: the backend's default
  std::int32_t intra_op_threads = 0;                     ///< 0: the physical cores this process may use
  std::int32_t inter_op_threads = 0;                     ///< 0: the backend's default
  std::optional<bool> allow_spinning{};                  ///< unset: spin only while this is the process's only session
};

/// Settings of from_pretrained. Everything is optional.
struct LoadOptions {
  std::vector<std::string> backends;                 ///< allowed backends ("onnx", "trt", "torch"); empty: all
  std::vector<std::filesystem::path> backend_paths;  ///< searched for plug-ins before the default places
  SessionOptions session;
  bool allow_direct_local_storage_loading = true;
  std::optional<std::int32_t> max_batch_size;  ///< images per network run, at least 1; unset: as the package says

  // For a bare model file (no package around it); unset values are read from the file's own metadata.
  std::optional<std::string> architecture;  ///< such as "yolov8"
  std::optional<std::string> task;          ///< such as "object-detection"
  std::vector<std::string> class_names;
};

}  // namespace inference_exp
