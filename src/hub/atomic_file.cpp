#include "hub/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <random>
#include <span>
#include <system_error>

#include "hub/descriptor.hpp"
#include "hub/links.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const fs::path& file, std::string_view what, int error) {
  if (error == ELOOP) {
    throw ModelCacheError("The cache file " + file.string() + " is a symbolic link, which is not followed.",
                          "Remove the link; nothing in this cache makes one there.");
  }
  throw ModelCacheError("The cache file " + file.string() + " cannot be " + std::string(what) + ": " +
                            std::generic_category().message(error) + ".",
                        "Check that the cache folder may be read and written and that the disk has room, or choose "
                        "another with INFERENCE_HOME.");
}

/// A temporary file, removed at the end unless it was renamed away.
struct TemporaryFile {
  explicit TemporaryFile(fs::path chosen) : path(std::move(chosen)) {}
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed) ::unlink(path.c_str());
  }
  fs::path path;
  bool renamed = false;
};

void write_all(int descriptor, std::string_view text, const fs::path& target) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(target, "written", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

fs::path temporary_name_for(const fs::path& target) {
  std::random_device random;
  std::array<char, 17> digits{};
  const std::uint64_t number = (std::uint64_t{random()} << 32) | random();
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(number));
  // A long name makes way, as file systems end at 255 bytes.
  const std::string name = target.filename().string().substr(0, 200);
  return target.parent_path() / ("." + name + "." + digits.data() + ".tmp");
}

bool is_temporary_name(std::string_view name) noexcept {
  constexpr std::string_view kEnding = ".tmp";
  constexpr std::size_t kDigits = 16;
  if (!name.starts_with('.') || !name.ends_with(kEnding)) return false;
  name.remove_suffix(kEnding.size());
  return name.size() > kDigits + 2 && name[name.size() - kDigits - 1] == '.' &&
         name.find_last_not_of("0123456789abcdef") == name.size() - kDigits - 1;
}

void flush_file(const fs::path& file) noexcept {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (descriptor.value >= 0) ::fsync(descriptor.value);
}

void flush_folder(const fs::path& folder) noexcept {
  const Descriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.value >= 0) ::fsync(descriptor.value);
}

void write_file_atomically(const fs::path& target, std::string_view text) {
  if (is_link(target)) fail(target, "written", ELOOP);
  TemporaryFile temporary(temporary_name_for(target));
  {
    const Descriptor descriptor(
        ::open(temporary.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (descriptor.value < 0) fail(target, "written", errno);
    write_all(descriptor.value, text, target);
    if (::fsync(descriptor.value) != 0) fail(target, "written", errno);
  }
  // A link that appears meanwhile is replaced, not followed.
  if (::rename(temporary.path.c_str(), target.c_str()) != 0) fail(target, "written", errno);
  temporary.renamed = true;
  flush_folder(target.parent_path());
}

std::optional<std::string> read_small_file(const fs::path& file, std::size_t max_size) {
  const Descriptor descriptor(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (descriptor.value < 0 && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (descriptor.value < 0) fail(file, "read", errno);
  struct stat status {};
  if (::fstat(descriptor.value, &status) != 0) fail(file, "read", errno);
  if (!S_ISREG(status.st_mode)) fail(file, "read", S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  if (static_cast<std::uintmax_t>(status.st_size) > max_size) fail(file, "read", EFBIG);
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const std::span<char> rest = std::span(text).subspan(done);
    const ssize_t count = ::read(descriptor.value, rest.data(), rest.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail(file, "read", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  text.resize(done);
  return text;
}

bool remove_file(const fs::path& file) {
  if (::unlink(file.c_str()) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  fail(file, "removed", errno);
}

}  // namespace inference_exp::hub
