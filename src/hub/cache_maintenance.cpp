#include "hub/cache_maintenance.hpp"

#include <algorithm>

#include "hub/package_check.hpp"
#include "hub/package_folders.hpp"

namespace inference_exp {

std::string_view cache_status_name(CacheStatus status) noexcept {
  switch (status) {
    case CacheStatus::ok:
      return "ok";
    case CacheStatus::incomplete:
      return "incomplete";
    case CacheStatus::missing:
      return "missing";
    case CacheStatus::malformed:
      return "malformed";
    case CacheStatus::hash_mismatch:
      return "hash-mismatch";
    case CacheStatus::unreadable:
      return "unreadable";
  }
  return "unknown";
}

namespace hub {

namespace {

VerifiedPackage check(const PackageFolder& package, PackageChecker& checker) {
  VerifiedPackage result = checker.check(package.folder, package.files);
  if (package.manifest != CacheStatus::ok) result.status = package.manifest;
  result.model_id = package.model_id;
  result.package_id = package.package_id;
  return result;
}

}  // namespace

std::vector<CachedPackage> list_cache(const CacheHome& home) {
  PackageChecker checker(false);
  std::vector<CachedPackage> result;
  for (const PackageFolder& package : package_folders(home)) {
    result.push_back({.model_id = package.model_id,
                      .package_id = package.package_id,
                      .folder = package.folder,
                      .architecture = package.architecture,
                      .task = package.task,
                      .backend = package.backend,
                      .license = package.license,
                      .bytes = bytes_below(package.folder, true),
                      .complete = check(package, checker).status == CacheStatus::ok});
  }
  return result;
}

std::vector<VerifiedPackage> verify_cache(const CacheHome& home, std::string_view model) {
  PackageChecker checker(true);
  std::vector<VerifiedPackage> result;
  for (const PackageFolder& package : package_folders(home, model)) result.push_back(check(package, checker));
  return result;
}

}  // namespace hub
}  // namespace inference_exp
