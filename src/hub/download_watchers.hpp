// What happens to a part while it grows: it is hashed, and what came is written down.
//
// Contract: each watcher has a thread of its own, which ends with it. Bytes are read back from the file, where they
// still lie in memory, so that no queue grows however unequal the speeds are. What fails in a thread is thrown by
// `finish`. The part outlives its watchers.
#pragma once

#include <chrono>
#include <exception>
#include <string>
#include <thread>

#include "hub/hashing.hpp"
#include "hub/part_file.hpp"

namespace inference_exp::hub {

/// Hashes the part from its beginning as far as it is there without a gap, and anew after a restart.
class PartHasher {
 public:
  PartHasher(const PartFile& part, HashKind kind);
  /// Waits for the rest of a sealed part; lower-case hex digits.
  [[nodiscard]] std::string finish();

 private:
  void work(const std::stop_token& stop);

  const PartFile& part_;
  HashKind kind_;
  std::string digest_;
  std::exception_ptr failure_;
  std::jthread thread_;
};

/// Records the part after each `bytes`, and each `interval` in which something came.
class PartRecorder {
 public:
  PartRecorder(PartFile& part, std::uint64_t bytes, std::chrono::milliseconds interval);
  /// Of a sealed part.
  void finish();

 private:
  void work(const std::stop_token& stop);

  PartFile& part_;
  std::uint64_t bytes_;
  std::chrono::milliseconds interval_;
  std::exception_ptr failure_;
  std::jthread thread_;
};

}  // namespace inference_exp::hub
