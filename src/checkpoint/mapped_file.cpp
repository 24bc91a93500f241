#include "checkpoint/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "inference_exp/errors.hpp"

namespace inference_exp::checkpoint {

namespace {

/// Opened without waiting: a pipe in place of a file is refused, not read.
class Descriptor {
 public:
  explicit Descriptor(const std::filesystem::path& file)
      : number_(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

[[noreturn]] void refuse(const std::filesystem::path& file, const char* what) {
  throw CorruptedModelPackageError("The checkpoint " + file.string() + " " + what + ".",
                                   "Check the path, or download the file again.");
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& file) {
  const Descriptor descriptor(file);
  struct stat status {};
  if (descriptor.number() < 0 || fstat(descriptor.number(), &status) != 0) refuse(file, "cannot be opened");
  if (!S_ISREG(status.st_mode)) refuse(file, "is not a regular file");
  if (status.st_size == 0) refuse(file, "is empty");
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor.number(), 0);
  if (start == MAP_FAILED) refuse(file, "cannot be mapped into memory");
  bytes_ = {static_cast<const std::byte*>(start), size};
}

void MappedFile::forget(std::span<const std::byte> part) const noexcept {
  if (!owned_.empty() || part.empty()) return;
  // Whole pages only: their neighbours' bytes may still be wanted.
  void* start = const_cast<std::byte*>(part.data());
  std::size_t size = part.size();
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (std::align(page, page, start, size) != nullptr) (void)madvise(start, size / page * page, MADV_DONTNEED);
}

MappedFile::~MappedFile() {
  if (owned_.empty() && !bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

}  // namespace inference_exp::checkpoint
