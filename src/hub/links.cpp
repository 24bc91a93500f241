#include "hub/links.hpp"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "hub/atomic_file.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

std::error_code outcome_of(int result) {
  return result == 0 ? std::error_code() : std::error_code(errno, std::generic_category());
}

[[noreturn]] void fail(const fs::path& link, const fs::path& blob, const std::error_code& error) {
  throw ModelCacheError(
      "The package file " + link.string() + " cannot be linked to " + blob.string() + ": " + error.message() + ".",
      "Check that the cache folder may be written to and that the disk has room, or choose another with "
      "INFERENCE_HOME.");
}

/// Whether a file system that says this may still take another kind of link.
bool is_refusal(const std::error_code& error) {
  return error == std::errc::operation_not_permitted || error == std::errc::function_not_supported ||
         error == std::errc::operation_not_supported || error == std::errc::not_supported ||
         error == std::errc::cross_device_link || error == std::errc::too_many_links;
}

std::error_code copy_whole(const fs::path& blob, const fs::path& copy) {
  std::error_code error;
  fs::copy_file(blob, copy, fs::copy_options::none, error);
  if (error) return error;
  flush_file(copy);
  return {};
}

/// Puts something that stands for the blob under a name of its own.
std::error_code make_any_link(const fs::path& blob, const fs::path& name, const LinkCalls& calls) {
  std::error_code error = calls.symbolic(blob, name);
  if (is_refusal(error)) error = calls.hard(blob, name);
  if (is_refusal(error)) error = copy_whole(blob, name);
  return error;
}

}  // namespace

bool is_link(const fs::path& path) {
  std::error_code error;
  return fs::is_symlink(fs::symlink_status(path, error));
}

LinkCalls system_link_calls() {
  return {
      [](const fs::path& target, const fs::path& link) { return outcome_of(::symlink(target.c_str(), link.c_str())); },
      [](const fs::path& target, const fs::path& link) { return outcome_of(::link(target.c_str(), link.c_str())); }};
}

bool leads_to_blob(const fs::path& link, const fs::path& blob) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(link, error);
  if (fs::is_regular_file(status)) return true;
  if (!fs::is_symlink(status) || !fs::is_regular_file(link, error)) return false;
  return fs::equivalent(link, blob, error) && !error;
}

LinkOutcome link_blob(const fs::path& blob, const fs::path& link, const LinkCalls& calls) {
  if (leads_to_blob(link, blob)) return {};
  std::error_code ignored;
  const bool was_link = fs::is_symlink(fs::symlink_status(link, ignored));
  // Made beside and renamed, so that whoever has the package open meets the old link or the new one.
  const fs::path temporary = temporary_name_for(link);
  std::error_code error = make_any_link(blob, temporary, calls);
  if (!error) error = outcome_of(::rename(temporary.c_str(), link.c_str()));
  ::unlink(temporary.c_str());  // there after a failure, and where rename met its own hard link
  if (error) {
    if (leads_to_blob(link, blob)) return {};  // another process was faster
    fail(link, blob, error);
  }
  return {true, was_link};
}

}  // namespace inference_exp::hub
