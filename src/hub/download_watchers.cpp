#include "hub/download_watchers.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace {

constexpr std::size_t kReadSize = std::size_t{256} << 10;

}  // namespace

PartHasher::PartHasher(const PartFile& part, HashKind kind)
    : part_(part), kind_(kind), thread_([this](const std::stop_token& stop) {
        try {
          work(stop);
        } catch (...) {
          failure_ = std::current_exception();
        }
      }) {}

void PartHasher::work(const std::stop_token& stop) {
  Hasher hasher(kind_);
  std::vector<std::byte> buffer(kReadSize);
  PartFile::Growth seen = part_.growth();
  std::uint64_t generation = seen.generation;
  std::uint64_t hashed = 0;
  while (!stop.stop_requested()) {
    if (generation != seen.generation) {
      generation = seen.generation;
      hashed = 0;
      (void)hasher.finish();
    }
    if (hashed == seen.prefix && seen.sealed) {
      digest_ = hasher.finish();
      return;
    }
    if (hashed == seen.prefix) {
      seen = part_.wait_for_growth(seen, kReadSize, stop);
      continue;
    }
    const std::size_t wanted = std::min<std::uint64_t>(buffer.size(), seen.prefix - hashed);
    const std::size_t count = part_.read_at(hashed, std::span(buffer).first(wanted));
    hasher.update(std::span<const std::byte>(buffer).first(count));
    hashed += count;
    if (count == wanted) continue;
    // Shorter than what was written: a restart cut it off meanwhile, or somebody else did.
    seen = part_.growth();
    if (seen.generation == generation) {
      throw ModelCacheError(part_.path().string() + " became shorter while it was written.",
                            "Another program changes the cache: let only this library write there.");
    }
  }
}

std::string PartHasher::finish() {
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
  return digest_;
}

PartRecorder::PartRecorder(PartFile& part, std::uint64_t bytes, std::chrono::milliseconds interval)
    : part_(part), bytes_(bytes), interval_(interval), thread_([this](const std::stop_token& stop) {
        try {
          work(stop);
        } catch (...) {
          failure_ = std::current_exception();
        }
      }) {}

void PartRecorder::work(const std::stop_token& stop) {
  PartFile::Growth recorded = part_.growth();
  while (!stop.stop_requested()) {
    const PartFile::Growth now = part_.wait_for_growth(recorded, bytes_, interval_, stop);
    if (now.sealed || stop.stop_requested()) return;  // it is about to be published, or settled
    if (now.written == recorded.written && now.generation == recorded.generation) continue;
    part_.record();
    recorded = now;
  }
}

// A flush that failed is told once: the one before publishing would not see it.
void PartRecorder::finish() {
  thread_.join();
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace inference_exp::hub
