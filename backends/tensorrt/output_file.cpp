#include "output_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

#include "common/failure.hpp"

namespace inference_exp::tensorrt {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse_target(const fs::path& target, int error) {
  throw backend::Failure(
      IEXP_ERROR_ENVIRONMENT,
      "The file " + target.string() + " cannot be written: " + std::generic_category().message(error) + ".",
      "Check that the folder is there and writable, and that the disk has room.");
}

/// Hidden, and nobody else's: of this process, and of no other call in it.
fs::path new_temporary_name(const fs::path& target) {
  static std::atomic<unsigned> count{0};
  // A long name makes way, as file systems end at 255 bytes.
  const std::string name = target.filename().string().substr(0, 200);
  return target.parent_path() /
         ("." + name + "." + std::to_string(::getpid()) + "-" + std::to_string(count++) + ".tmp");
}

void flush_folder(const fs::path& folder) noexcept {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

}  // namespace

OutputFile::OutputFile(fs::path target) : target_(std::move(target)) {
  constexpr int kAttempts = 100;  // names that a killed process of the same number left
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    temporary_ = new_temporary_name(target_);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (descriptor_ >= 0 || errno != EEXIST) break;
  }
  if (descriptor_ < 0) refuse_target(target_, errno);
}

OutputFile::~OutputFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_.c_str());
}

void OutputFile::write(std::span<const std::byte> contents) const {
  while (!contents.empty()) {
    const ssize_t written = ::write(descriptor_, contents.data(), contents.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) refuse_target(target_, errno);
    contents = contents.subspan(static_cast<std::size_t>(written));
  }
}

void OutputFile::publish(std::span<const std::byte> contents) {
  write(contents);
  if (::fsync(descriptor_) != 0) refuse_target(target_, errno);
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) refuse_target(target_, errno);
  ::close(std::exchange(descriptor_, -1));
  flush_folder(target_.parent_path());
}

}  // namespace inference_exp::tensorrt
