#include "hub/offline_registry.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/json.hpp"
#include "core/log.hpp"
#include "hub/atomic_file.hpp"
#include "hub/file_lock.hpp"
#include "hub/identifiers.hpp"
#include "hub/materialize.hpp"
#include "hub/package_check.hpp"
#include "hub/utc_time.hpp"
#include "inference_exp/errors.hpp"
#include "packages/json_reader.hpp"
#include "packages/manifest_parts.hpp"
#include "packages/model_metadata.hpp"

namespace inference_exp::hub {

namespace fs = std::filesystem;
using packages::JsonReader;

namespace {

constexpr std::int32_t kFormatVersion = 1;
constexpr std::int32_t kHighestVersion = 1 << 20;
/// Records hold every package of a model.
constexpr std::size_t kMaxRecordFile = std::size_t{16} << 20;

// --- writing --------------------------------------------------------------------------------------------------------

Json package_json(PackageMetadata package) {
  for (PackageFile& file : package.files) file.url.clear();
  Json entry = packages::package_entry(package);
  Json& artifacts = entry["artifacts"] = Json::array();
  for (const PackageFile& file : package.files) {
    artifacts.push_back({{"file_handle", file.handle}, {"md5_hash", packages::json_or_null(file.md5)}});
  }
  return entry;
}

Json model_json(const ModelMetadata& model) {
  Json dependencies = Json::array();
  for (const ModelDependency& dependency : model.dependencies) {
    dependencies.push_back({{"name", dependency.name},
                            {"model_id", dependency.model_id},
                            {"model_package_id", packages::json_or_null(dependency.package_id)}});
  }
  return {{"model_architecture", model.architecture},
          {"task_type", model.task.empty() ? Json() : Json(model.task)},
          {"model_variant", model.variant.empty() ? Json() : Json(model.variant)},
          {"model_dependencies", std::move(dependencies)},
          {"recommended_parameters", packages::recommended_json(model.recommended, packages::kPerClassConfidence)}};
}

std::string record_text(const OfflineRecord& record) {
  Json document = {{"format_version", kFormatVersion},
                   {"canonical_model_id", record.model.model_id},
                   {"requested_aliases", record.aliases},
                   {"recorded_at", record.recorded_at},
                   {"source", record.source},
                   {"model", model_json(record.model)},
                   {"packages", Json::array()},
                   {"proven", Json::object()}};
  for (const PackageMetadata& package : record.model.packages) document["packages"].push_back(package_json(package));
  for (const auto& [id, time] : record.proven) document["proven"][id] = {{"last_proven_at", time}};
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

// --- reading --------------------------------------------------------------------------------------------------------

ModelDependency read_dependency(const JsonReader& reader) {
  return {reader.required("name").text(), reader.required("model_id").text(),
          reader.optional("model_package_id", packages::parse_text)};
}

void read_model(const JsonReader& reader, ModelMetadata& model) {
  model.architecture = reader.required("model_architecture").text();
  model.task = reader.optional("task_type", packages::parse_text).value_or("");
  model.variant = reader.optional("model_variant", packages::parse_text).value_or("");
  if (const std::optional<JsonReader> list = reader.optional("model_dependencies")) {
    for (const JsonReader& dependency : list->elements()) model.dependencies.push_back(read_dependency(dependency));
  }
  model.recommended = reader.optional("recommended_parameters", [](const JsonReader& recommended) {
    return packages::parse_recommended(recommended, packages::kPerClassConfidence);
  });
}

OfflineRecord parse_record(const JsonReader& root, const std::string& name) {
  OfflineRecord record;
  record.model.model_id = root.required("canonical_model_id").text();
  record.aliases = root.optional("requested_aliases", packages::parse_texts).value_or(std::vector<std::string>());
  record.recorded_at = root.required("recorded_at").text();
  record.source = root.optional("source", packages::parse_text).value_or("");
  read_model(root.required("model"), record.model);
  for (const JsonReader& package : root.required("packages").elements()) {
    record.model.packages.push_back(packages::parse_package_entry(package.value(), name));
  }
  if (const std::optional<JsonReader> proven = root.optional("proven")) {
    for (const auto& [id, entry] : proven->members()) record.proven[id] = entry.required("last_proven_at").text();
  }
  return record;
}

struct ReadRecord {
  std::optional<OfflineRecord> record{};
  bool newer = false;  ///< there is one, in a format that this version does not know
};

/// No record, with a warning, for one that can't be used.
ReadRecord read_record(const fs::path& file) {
  const std::string name = file.string();
  try {
    const std::optional<std::string> text = read_small_file(file, kMaxRecordFile);
    if (!text) return {};
    const Json document = parse_json(*text, name);
    const JsonReader root(document, name);
    if (root.required("format_version").integer(1, kHighestVersion) > kFormatVersion) {
      log_warning("The offline record " + name + " was written by a newer version and is skipped.");
      return {.newer = true};
    }
    return {.record = parse_record(root, name)};
  } catch (const Error& error) {
    log_warning("An offline record cannot be read and is skipped: " + error.message());
    return {};
  }
}

// --- merging --------------------------------------------------------------------------------------------------------

bool has_hashes(const PackageMetadata& package) {
  return std::ranges::all_of(package.files, [](const PackageFile& file) { return file.md5.has_value(); });
}

void merge_packages(std::vector<PackageMetadata>& packages, const std::vector<PackageMetadata>& announced) {
  for (const PackageMetadata& package : announced) {
    if (!has_hashes(package)) continue;
    const auto known = std::ranges::find(packages, package.id, &PackageMetadata::id);
    if (known != packages.end()) {
      *known = package;
    } else {
      packages.push_back(package);
    }
  }
}

OfflineRecord merged(std::optional<OfflineRecord> known, const ModelMetadata& model, const RecordRequest& request) {
  OfflineRecord record = known ? std::move(*known) : OfflineRecord();
  std::vector<PackageMetadata> packages = std::move(record.model.packages);
  merge_packages(packages, model.packages);
  record.model = model;
  record.model.packages = std::move(packages);
  const std::string& alias = request.requested_model;
  if (!alias.empty() && alias != model.model_id && std::ranges::find(record.aliases, alias) == record.aliases.end()) {
    record.aliases.push_back(alias);
  }
  record.recorded_at = format_time(request.now);
  record.source = request.source;
  const auto proven = std::ranges::find(record.model.packages, request.proven_package, &PackageMetadata::id);
  if (proven != record.model.packages.end()) record.proven[proven->id] = record.recorded_at;
  return record;
}

// --- looking --------------------------------------------------------------------------------------------------------

VerifiedPackage check_package(const CacheHome& home, const std::string& model_id, const PackageMetadata& package,
                              PackageChecker& checker) {
  VerifiedPackage result;
  try {
    check_package_files(package.id, package.files);
    std::vector<ExpectedFile> files;
    for (const PackageFile& file : package.files) {
      files.push_back({file.handle, file.md5, {}, file.md5 ? home.blob(*file.md5) : fs::path()});
    }
    result = checker.check(home.package_folder(model_id, package.id), files);
  } catch (const ModelLoadingError& error) {
    log_warning("An offline record names a package that cannot be: " + error.message());
    result.status = CacheStatus::malformed;
  }
  result.model_id = model_id;
  result.package_id = package.id;
  return result;
}

OfflineModel describe(const CacheHome& home, const OfflineRecord& record, PackageChecker& checker) {
  OfflineModel model{record.model.model_id, record.aliases,     record.model.architecture,
                     record.model.task,     record.recorded_at, {}};
  for (const PackageMetadata& package : record.model.packages) {
    model.packages.push_back(check_package(home, record.model.model_id, package, checker));
  }
  return model;
}

bool is_complete(const CacheHome& home, const std::string& model_id, const PackageMetadata& package) {
  try {
    return has_all_files(home, model_id, package);
  } catch (const ModelLoadingError& error) {
    log_warning("An offline record names a package that cannot be: " + error.message());
    return false;
  }
}

OfflineRecord require_record(const CacheHome& home, std::string_view model_id) {
  std::optional<OfflineRecord> record = find_offline_record(home, model_id);
  if (record) return std::move(*record);
  throw ModelRetrievalError("The model " + std::string(model_id) + " is not recorded for use without a network in " +
                                home.root().string() + ".",
                            "Pull it once with a network, or load it with OFFLINE_MODE_WARM_UP=True.");
}

}  // namespace

void record_offline_model(const CacheHome& home, const ModelMetadata& model, const RecordRequest& request,
                          AccessManager& access) {
  const fs::path file = home.offline_record(model.model_id);
  make_folder(home.offline_records());
  const FileLock lock(lock_file_of(file), request.lock_timeout);
  ReadRecord known = read_record(file);
  if (known.newer) return;
  write_file_atomically(file, record_text(merged(std::move(known.record), model, request)));
  access.on_file_created(file, {model.model_id, request.proven_package, request.api_key});
}

std::vector<OfflineRecord> offline_records(const CacheHome& home) {
  std::vector<OfflineRecord> records;
  std::error_code error;
  for (fs::directory_iterator file(home.offline_records(), error), end; !error && file != end; file.increment(error)) {
    const std::string name = file->path().filename().string();
    if (name.starts_with('.') || !name.ends_with(".json")) continue;
    ReadRecord read = read_record(file->path());
    if (read.record) records.push_back(std::move(*read.record));
  }
  std::ranges::sort(records, {},
                    [](const OfflineRecord& record) -> const std::string& { return record.model.model_id; });
  return records;
}

std::optional<OfflineRecord> find_offline_record(const CacheHome& home, std::string_view model_id) {
  std::optional<OfflineRecord> own = read_record(home.offline_record(model_id)).record;
  if (own && own->model.model_id == model_id) return own;
  for (OfflineRecord& record : offline_records(home)) {
    if (std::ranges::find(record.aliases, model_id) != record.aliases.end()) return std::move(record);
  }
  return std::nullopt;
}

std::vector<OfflineModel> list_offline_models(const CacheHome& home) {
  PackageChecker checker(false);
  std::vector<OfflineModel> models;
  for (const OfflineRecord& record : offline_records(home)) models.push_back(describe(home, record, checker));
  return models;
}

OfflineModel verify_offline_model(const CacheHome& home, std::string_view model_id, bool check_hashes) {
  PackageChecker checker(check_hashes);
  return describe(home, require_record(home, model_id), checker);
}

OfflineProvider::OfflineProvider(CacheHome home) : home_(std::move(home)) {}

ModelMetadata OfflineProvider::model_metadata(const ProviderRequest& request) const {
  ModelMetadata model = require_record(home_, request.model_id).model;
  std::erase_if(model.packages,
                [&](const PackageMetadata& package) { return !is_complete(home_, model.model_id, package); });
  if (model.packages.empty()) {
    throw ModelRetrievalError("The model " + request.model_id +
                                  " is recorded for use without a network, but no package "
                                  "of it is complete in " +
                                  home_.root().string() + ".",
                              "Pull it again with a network.");
  }
  return model;
}

}  // namespace inference_exp::hub
