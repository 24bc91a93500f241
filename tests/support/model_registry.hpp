// Roboflow's weights API on loopback, offering packages made of real files.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/http_server.hpp"

namespace inference_exp::testing {

[[nodiscard]] inline std::string md5_of(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  const std::string bytes = text.str();
  std::array<unsigned char, 16> digest{};
  std::size_t length = digest.size();
  EVP_Q_digest(nullptr, "MD5", nullptr, bytes.data(), bytes.size(), digest.data(), &length);
  std::string hex;
  for (const unsigned char byte : digest) {
    constexpr const char* kDigits = "0123456789abcdef";
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

/// Serves models whose packages may be changed between requests, before or after they were asked for.
class ModelRegistry {
 public:
  static constexpr const char* kPath = "/models/v1/external/weights";

  ModelRegistry() {
    server_.on(kPath, [this](const Request& request, Response& response) { answer_with(request, response); });
  }

  [[nodiscard]] HttpServer& server() { return server_; }
  [[nodiscard]] std::string host() const { return server_.url(); }
  [[nodiscard]] std::size_t questions() const { return server_.count(kPath); }
  /// Requests for files.
  [[nodiscard]] std::size_t downloads() const {
    std::size_t count = 0;
    for (const Request& request : server_.requests()) count += request.path != kPath && request.method == "GET";
    return count;
  }

  /// From now on questions are answered with this status; 0: as they should be.
  void refuse_questions(int status) { refusal_ = status; }

  /// `id` and `alias` name a detector without packages.
  void add_model(const std::string& id, const std::string& alias) {
    models_[id] = {
        {"type", "external-model-metadata-v1"}, {"modelId", id},       {"modelArchitecture", "yolov8"},
        {"taskType", "object-detection"},       {"nextPage", nullptr}, {"modelPackages", nlohmann::json::array()}};
    aliases_[alias] = id;
  }

  /// Adds the files of `folder` as an ONNX package, and gives back its entry for changes.
  nlohmann::json& add_package(const std::string& model, const std::string& package_id,
                              const std::filesystem::path& folder) {
    nlohmann::json files = nlohmann::json::array();
    for (const char* name : {"class_names.txt", "inference_config.json", "weights.onnx"}) {
      const std::string path = "/" + package_id + "/" + name;
      server_.on(path, serve_file(file_content(folder / name)));
      files.push_back({{"fileHandle", name},
                       {"downloadUrl", server_.url(path) + "?signature=sesame"},
                       {"md5Hash", md5_of(folder / name)}});
    }
    nlohmann::json& packages = models_.at(model)["modelPackages"];
    packages.push_back({{"type", "external-model-package-v1"},
                        {"packageId", package_id},
                        {"trustedSource", true},
                        {"packageManifest",
                         {{"type", "onnx-model-package-v1"},
                          {"backendType", "onnx"},
                          {"dynamicBatchSize", true},
                          {"quantization", "fp32"},
                          {"opset", 17}}},
                        {"packageFiles", std::move(files)}});
    return packages.back();
  }

 private:
  void answer_with(const Request& request, Response& response) const {
    if (refusal_ != 0) return answer(refusal_)(request, response);
    const std::vector<std::string> ids = request.query_values("modelId");
    std::string id = ids.empty() ? "" : ids.front();
    if (const auto alias = aliases_.find(id); alias != aliases_.end()) id = alias->second;
    const auto model = models_.find(id);
    if (model == models_.end()) return answer(404, "no such model")(request, response);
    answer_json(nlohmann::json{{"modelMetadata", model->second}}.dump())(request, response);
  }

  std::map<std::string, nlohmann::json> models_;
  std::map<std::string, std::string> aliases_;
  std::atomic<int> refusal_{0};
  HttpServer server_;  // last: its threads end before what they read
};

}  // namespace inference_exp::testing
