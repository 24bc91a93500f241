// How a model is to be opened.
//
// Contract: plain values. Asked-for is used or refused: a backend, device or execution provider named here is never
// silently replaced; the error says what is available.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "inference_exp/model_metadata.hpp"

namespace inference_exp {

class AccessManager;

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
  std::optional<bool> cuda_graphs{};  ///< TensorRT: replay recorded runs; unset: no, or what the environment says
  std::string precision{};  ///< "float32" or "float16", for Torch checkpoints; empty: float16 on CUDA, else float32
};

/// At least `min` and at most `max` images at once.
struct BatchRange {
  std::int32_t min = 1;
  std::int32_t max = 1;
};

/// A closed range of numbers; one number is a range of one.
struct NumberRange {
  double low = 0;
  double high = 0;
};

/// Which packages with non-maximum suppression inside the network are welcome; unset members match any value.
struct NmsFusionPreferences {
  std::optional<NumberRange> max_detections{};
  std::optional<NumberRange> confidence_threshold{};
  std::optional<NumberRange> iou_threshold{};
  std::optional<bool> class_agnostic{};
  /// What the original's `nms_fusion_preferences=True` stands for: 300, 0.25, 0.7, false.
  [[nodiscard]] static NmsFusionPreferences usual() {
    return {NumberRange{300, 300}, NumberRange{0.25, 0.25}, NumberRange{0.7, 0.7}, false};
  }
};

/// Which backend comes first among packages that can all run here.
enum class BackendRanking : std::uint8_t { trt_torch_onnx, trt_onnx_torch };

/// How far a download is. `bytes_total` is 0 where the server does not say.
struct DownloadProgress {
  enum class Phase : std::uint8_t { download, verify, done };
  std::string file;            ///< handle within the package
  std::size_t file_index = 0;  ///< of `file_count`
  std::size_t file_count = 0;
  Phase phase = Phase::download;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
};

/// Called a few times a second for each file under way, from threads of the library but never from two at once. False
/// cancels the load with OperationCancelledError. Must not throw.
using ProgressCallback = std::function<bool(const DownloadProgress&)>;

/// How a model id becomes files on this machine.
struct HubOptions {
  std::string weights_provider = "roboflow";
  std::string api_key{};                                                ///< empty: ROBOFLOW_API_KEY
  std::vector<std::pair<std::string, std::string>> provider_query{};    ///< further query parameters for the provider
  std::vector<std::pair<std::string, std::string>> provider_headers{};  ///< further headers for the provider
  std::filesystem::path cache_home{};     ///< empty: INFERENCE_HOME, else the user's cache folder
  bool use_auto_resolution_cache = true;  ///< repeat the last choice for the same request without asking the provider
  bool verify_hash_while_download = true;
  bool download_files_without_hash = false;
  std::optional<std::int32_t> file_lock_timeout_seconds{};  ///< unset: 20, or what the environment says
  std::optional<bool> offline{};                            ///< unset: OFFLINE_MODE
  ProgressCallback progress{};
  std::shared_ptr<AccessManager> access_manager{};  ///< unset: everything is allowed
};

/// Settings of from_pretrained. Everything is optional.
struct LoadOptions {
  std::vector<std::string> backends{};                 ///< allowed: "onnx", "trt", "torch", "torch-script"; empty: all
  std::vector<std::filesystem::path> backend_paths{};  ///< searched for plug-ins before the default places
  SessionOptions session{};
  bool allow_direct_local_storage_loading = true;
  std::optional<std::int32_t> max_batch_size{};  ///< images per network run, at least 1; unset: as the package says
  std::size_t text_embedding_cache = 0;          ///< embedding models: so many texts keep their vectors; 0: none

  // For a model id: which of its packages may be chosen.
  std::optional<std::string> model_package_id{};  ///< exactly this one; only trust is checked
  std::optional<BatchRange> batch_size{};         ///< the package must take all of these
  /// Unset: what suits the device (loading.md, section 4.2); an empty list: any.
  std::optional<std::vector<Quantization>> quantization{};
  bool allow_untrusted_packages = false;
  bool trt_engine_host_code_allowed = true;
  std::optional<NmsFusionPreferences> nms_fusion_preferences{};  ///< unset: none
  BackendRanking backend_ranking = BackendRanking::trt_torch_onnx;
  std::optional<std::int32_t> max_package_loading_attempts{};  ///< unset: all that can run here
  HubOptions hub{};

  // For a bare model file (no package around it); unset values are read from the file's own metadata.
  std::optional<std::string> architecture{};  ///< such as "yolov8", "rfdetr"
  std::optional<std::string> task{};          ///< such as "object-detection"
  std::vector<std::string> class_names{};
  std::optional<std::string> model_type{};   ///< RF-DETR: the size, such as "rfdetr-base"; unset: from the shapes
  std::optional<std::int32_t> resolution{};  ///< RF-DETR: side of the network's input; unset: as trained
};

}  // namespace inference_exp
