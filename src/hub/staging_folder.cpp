#include "hub/staging_folder.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "hub/atomic_file.hpp"
#include "hub/package_folders.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void throw_folder_error(const fs::path& folder, const std::string& what, int error) {
  throw ModelCacheError(
      "The folder " + folder.string() + " cannot be " + what + ": " + std::generic_category().message(error) + ".",
      "Check that the folder above it may be written to and that the disk has room.");
}

bool rename_with(const fs::path& from, const fs::path& to, unsigned flags) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0;
}

}  // namespace

StagingFolder::StagingFolder(const fs::path& target) : path_(temporary_name_for(target)) {
  if (::mkdir(path_.c_str(), 0777) != 0) throw_folder_error(path_, "made", errno);
}

StagingFolder::~StagingFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

void StagingFolder::publish(const fs::path& target, Existing existing) {
  for (const fs::path& file : entries_of(path_)) flush_file(file);
  flush_folder(path_);
  if (existing == Existing::replace && rename_with(path_, target, RENAME_EXCHANGE)) {
    flush_folder(target.parent_path());
    return;  // what was there is removed with this object
  }
  std::error_code ignored;
  if (existing == Existing::replace) fs::remove_all(target, ignored);
  // Not every file system knows the flag; without it a folder with something in it stays all the same.
  const bool moved =
      rename_with(path_, target, RENAME_NOREPLACE) || (errno == EINVAL && ::rename(path_.c_str(), target.c_str()) == 0);
  if (!moved) throw_folder_error(target, "written", errno);
  path_.clear();
  flush_folder(target.parent_path());
}

}  // namespace inference_exp::hub
