#include "inference_exp/hub.hpp"

namespace inference_exp {

namespace fs = std::filesystem;

AccessManager::~AccessManager() = default;

bool AccessManager::is_model_access_forbidden(std::string_view /*model_id*/, std::string_view /*api_key*/) {
  return false;
}
bool AccessManager::is_package_access_granted(const Package& /*package*/) { return true; }
void AccessManager::on_model_access_forbidden(std::string_view /*model_id*/, std::string_view /*api_key*/) {}
void AccessManager::on_package_access_granted(const Package& /*package*/) {}
void AccessManager::on_model_alias_discovered(std::string_view /*alias*/, std::string_view /*model_id*/) {}
void AccessManager::on_file_created(const fs::path& /*file*/, const Package& /*package*/) {}
void AccessManager::on_file_renamed(const fs::path& /*from*/, const fs::path& /*to*/, const Package& /*package*/) {}
void AccessManager::on_file_deleted(const fs::path& /*file*/) {}
void AccessManager::on_link_created(const fs::path& /*target*/, const fs::path& /*link*/, const Package& /*package*/) {}
void AccessManager::on_link_deleted(const fs::path& /*link*/) {}
void AccessManager::on_model_loaded(const Package& /*package*/) {}

}  // namespace inference_exp
