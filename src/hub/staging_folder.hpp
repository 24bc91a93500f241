// A folder that appears whole or not at all.
//
// Contract: it is filled under a name of its own beside its final place, so that nobody takes it for anything before it
// is published, also when this process is killed meanwhile. Errors are ModelCacheError, naming the folder and the
// reason.
#pragma once

#include <filesystem>

namespace inference_exp::hub {

class StagingFolder {
 public:
  /// Makes it, beside `target`, whose parent must exist.
  explicit StagingFolder(const std::filesystem::path& target);
  StagingFolder(const StagingFolder&) = delete;
  StagingFolder& operator=(const StagingFolder&) = delete;
  /// Removes what was not published.
  ~StagingFolder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  enum class Existing { refuse, replace };
  /// Flushes the files to the disk and renames the folder to `target`, beside it. A folder that is there is exchanged
  /// for this one, in one step where the file system can, and removed.
  void publish(const std::filesystem::path& target, Existing existing);

 private:
  std::filesystem::path path_;
};

}  // namespace inference_exp::hub
