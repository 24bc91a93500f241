// Where a session on a CUDA device does its work: one stream for all of it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "cuda/resources.hpp"
#include "providers.hpp"

namespace inference_exp::onnx {

struct CudaWork {
  int device = 0;
  std::optional<cuda::Stream> own;      ///< unless the caller named a stream
  cuda::StreamHandle stream = nullptr;  ///< what ONNX Runtime queues on
  /// Held while a run is queued: with a stream that is given to it, ONNX Runtime uses one cuDNN handle for all runs of
  /// the session, and such a handle serves one thread at a time.
  std::unique_ptr<std::mutex> queueing = std::make_unique<std::mutex>();
};

/// For providers of which the first runs on CUDA: gives all of its device one stream. One that the caller named as
/// option "user_compute_stream" (decimal; 0 is the legacy default stream) is kept; the option itself is taken out.
/// Nothing where another provider goes first. The result must outlive the session. Throws cuda::Unavailable and
/// cuda::Error where the device cannot be used, and Failure for options that are no numbers and for CUDA graphs, whose
/// memory may not move from run to run.
[[nodiscard]] std::optional<CudaWork> share_stream(std::vector<Provider>& providers);

}  // namespace inference_exp::onnx
