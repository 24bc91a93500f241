#include "packages/model_metadata.hpp"

#include <utility>

#include "core/log.hpp"
#include "core/text.hpp"
#include "inference_exp/errors.hpp"
#include "packages/json_reader.hpp"
#include "packages/manifest_kinds.hpp"
#include "packages/manifest_parts.hpp"

namespace inference_exp::packages {

namespace {

constexpr std::size_t kQuotedLength = 64;
constexpr std::size_t kLongestQuote = 200;
constexpr std::string_view kEntryType = "external-model-package-v1";
constexpr std::string_view kModelType = "external-model-metadata-v1";
constexpr std::string_view kDependencyType = "model-dependency-v1";
constexpr std::string_view kAnnouncedPerClassConfidence = "perClassConfidence";
constexpr std::string_view kAnswerHint =
    "Check that the address is that of a weights provider, and try again later; the fault is at the other end.";

/// What `read` gives, with its complaints about the document as an error of type `Wanted`.
template <typename Wanted, typename Read>
auto complaining_as(std::string_view hint, Read read) {
  try {
    return read();
  } catch (const CorruptedModelPackageError& error) {
    throw Wanted(error.message(), hint);
  }
}

void expect_type(const JsonReader& object, std::string_view type) {
  const JsonReader tag = object.required("type");
  if (tag.text() != type) tag.fail('"' + std::string(type) + '"');
}

/// The string under `key`, short enough for a message; empty where there is none.
std::string short_text(const Json& object, std::string_view key, std::size_t length = kQuotedLength) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return {};
  return std::string(shorten(found->get_ref<const std::string&>(), length));
}

PackageFile parse_file(const JsonReader& reader) {
  return {.handle = reader.required("fileHandle").text(),
          .url = reader.required("downloadUrl").text(),
          .md5 = reader.optional("md5Hash", parse_text)};
}

std::optional<RecommendedParameters> parse_recommended_of(const JsonReader& object) {
  return object.optional("recommendedParameters", [](const JsonReader& reader) {
    return parse_recommended(reader, kAnnouncedPerClassConfidence);
  });
}

PackageMetadata read_entry(const JsonReader& entry) {
  expect_type(entry, kEntryType);
  PackageMetadata package;
  package.id = entry.required("packageId").text();
  package.trusted = entry.optional("trustedSource", parse_boolean).value_or(false);
  read_manifest(entry.required("packageManifest"), package);
  for (const JsonReader& file : entry.required("packageFiles").elements()) package.files.push_back(parse_file(file));
  package.features = entry.optional("modelFeatures", parse_features).value_or(Features());
  package.recommended = parse_recommended_of(entry);
  return package;
}

ModelDependency parse_announced_dependency(const JsonReader& reader) {
  expect_type(reader, kDependencyType);
  return {.name = reader.required("name").text(),
          .model_id = reader.required("modelId").text(),
          .package_id = reader.optional("modelPackageId", parse_text)};
}

std::vector<ModelDependency> parse_dependencies(const JsonReader& list) {
  std::vector<ModelDependency> dependencies;
  for (const JsonReader& element : list.elements()) dependencies.push_back(parse_announced_dependency(element));
  return dependencies;
}

/// Whom a skipped entry is about, as far as it says.
SkippedPackage identify(const Json& entry) {
  SkippedPackage described;
  if (!entry.is_object()) return described;
  described.id = short_text(entry, "packageId");
  const auto manifest = entry.find("packageManifest");
  if (manifest != entry.end() && manifest->is_object()) described.kind = short_text(*manifest, "type");
  return described;
}

void skip(SkippedPackage skipped, const Error& error, ModelMetadata& model) {
  skipped.reason = error.message();
  log_warning("The package \"" + skipped.id + "\" of the kind \"" + skipped.kind + "\" is skipped: " + skipped.reason);
  model.skipped.push_back(std::move(skipped));
}

void add_entry(const Json& entry, std::string_view source, ModelMetadata& model) {
  SkippedPackage described = identify(entry);
  if (is_foreign_manifest(described.kind) && short_text(entry, "type") == kEntryType) {
    log(LogLevel::debug, "The package \"" + described.id + "\" is passed over: it is of the kind " + described.kind);
    return;
  }
  try {
    model.packages.push_back(parse_package_entry(entry, source));
  } catch (const ModelMetadataConsistencyError& error) {
    skip(std::move(described), error, model);
  } catch (const ModelMetadataHandlerNotImplementedError& error) {
    skip(std::move(described), error, model);
  } catch (const UnknownQuantizationError& error) {
    skip(std::move(described), error, model);
  }
}

/// Providers are known to answer {"error": ...} as if all were well.
void refuse_error_object(const Json& document, std::string_view source) {
  if (!document.is_object() || document.contains("modelMetadata") || !document.contains("error")) return;
  const Json& error = document["error"];
  std::string text = short_text(document, "error", kLongestQuote);
  if (error.is_object()) text = short_text(error, "message", kLongestQuote);
  throw ModelRetrievalError(
      std::string(source) + " answered with an error" + (text.empty() ? std::string(".") : ": " + text),
      "Check the model id, the API key and the provider's address.");
}

MetadataPage read_page(std::string_view body, std::string_view source) {
  const Json document = parse_json(body, source);
  refuse_error_object(document, source);
  const JsonReader metadata = JsonReader(document, source).required("modelMetadata");
  expect_type(metadata, kModelType);
  MetadataPage page;
  page.model.model_id = metadata.required("modelId").text();
  page.model.architecture = metadata.required("modelArchitecture").text();
  page.model.variant = metadata.optional("modelVariant", parse_text).value_or("");
  page.model.task = metadata.optional("taskType", parse_text).value_or("");
  page.model.dependencies =
      metadata.optional("modelDependencies", parse_dependencies).value_or(std::vector<ModelDependency>());
  page.model.recommended = parse_recommended_of(metadata);
  page.next_page = metadata.optional("nextPage", parse_text);
  for (const JsonReader& entry : metadata.required("modelPackages").elements()) {
    add_entry(entry.value(), source, page.model);
  }
  return page;
}

Json file_json(const PackageFile& file) {
  Json result = Json::object();
  result["fileHandle"] = file.handle;
  result["downloadUrl"] = file.url;
  result["md5Hash"] = json_or_null(file.md5);
  return result;
}

}  // namespace

MetadataPage parse_metadata_page(std::string_view body, std::string_view source) {
  return complaining_as<ModelRetrievalError>(kAnswerHint, [&] { return read_page(body, source); });
}

PackageMetadata parse_package_entry(const Json& entry, std::string_view source) {
  const std::string id = identify(entry).id;
  const std::string name = std::string(source) + (id.empty() ? ", a package without id" : ", package \"" + id + '"');
  return complaining_as<ModelMetadataConsistencyError>(kPackageHint,
                                                       [&] { return read_entry(JsonReader(entry, name)); });
}

Json package_entry(const PackageMetadata& package) {
  Json entry = Json::object();
  entry["type"] = std::string(kEntryType);
  entry["packageId"] = package.id;
  entry["trustedSource"] = package.trusted;
  entry["modelFeatures"] = features_json(package.features);
  entry["recommendedParameters"] = recommended_json(package.recommended, kAnnouncedPerClassConfidence);
  entry["packageManifest"] = manifest_json(package);
  Json& files = entry["packageFiles"] = Json::array();
  for (const PackageFile& file : package.files) files.push_back(file_json(file));
  return entry;
}

}  // namespace inference_exp::packages
