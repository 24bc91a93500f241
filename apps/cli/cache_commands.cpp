#include <algorithm>
#include <filesystem>
#include <iostream>
#include <span>
#include <string>
#include <vector>

#include "commands.hpp"
#include "inference_exp/hub.hpp"
#include "inference_exp/serialization.hpp"
#include "text_table.hpp"

namespace inference_exp::cli {
namespace {

bool is_ok(const VerifiedPackage& package) { return package.status == CacheStatus::ok; }

/// Packages that were never downloaded are no damage: a record names all packages that a model has.
bool is_damaged(const VerifiedPackage& package) {
  const auto is_harmless = [](CacheStatus status) {
    return status == CacheStatus::ok || status == CacheStatus::missing || status == CacheStatus::incomplete;
  };
  return !is_harmless(package.status) ||
         !std::ranges::all_of(package.files, is_harmless, [](const VerifiedFile& file) { return file.status; });
}

/// At least one package can be loaded, and no file is another than it was.
bool is_usable(const OfflineModel& model) {
  return std::ranges::any_of(model.packages, is_ok) && std::ranges::none_of(model.packages, is_damaged);
}

/// One line for each package, and below it one for each file that is not as it should be.
void print(const std::vector<VerifiedPackage>& packages) {
  TextTable table({{"MODEL"}, {"PACKAGE"}, {"STATUS"}, {"FILE"}});
  for (const VerifiedPackage& package : packages) {
    table.add({package.model_id, package.package_id, std::string(cache_status_name(package.status)), ""});
    if (package.status == CacheStatus::missing) continue;
    for (const VerifiedFile& file : package.files) {
      if (file.status == CacheStatus::ok) continue;
      table.add({package.model_id, package.package_id, std::string(cache_status_name(file.status)), file.handle});
    }
  }
  table.print(std::cout);
}

bool is_named(const OfflineModel& model, const std::string& name) {
  return model.model_id == name || std::ranges::find(model.aliases, name) != model.aliases.end();
}

/// What the cache calls the model, where it knows `name` as an alias.
std::string model_id_of(const std::string& name, const std::filesystem::path& cache_home) {
  for (const OfflineModel& model : list_offline_models(cache_home)) {
    if (is_named(model, name)) return model.model_id;
  }
  return name;
}

ExitCode list(const CacheArguments& arguments) {
  std::vector<CachedPackage> packages = list_cache(arguments.cache_home);
  if (!arguments.model.empty()) {
    const std::string model_id = model_id_of(arguments.model, arguments.cache_home);
    std::erase_if(packages, [&](const CachedPackage& package) { return package.model_id != model_id; });
  }
  if (arguments.json) {
    std::cout << to_json(std::span<const CachedPackage>(packages)) << '\n';
    return ExitCode::ok;
  }
  TextTable table({{"MODEL"},
                   {"PACKAGE"},
                   {"BACKEND"},
                   {"TASK"},
                   {"LICENCE"},
                   {"SIZE", TextTable::Align::right},
                   {"COMPLETE"},
                   {"FOLDER"}});
  for (const CachedPackage& package : packages) {
    table.add({package.model_id, package.package_id, package.backend, package.task, package.license,
               size_text(package.bytes), package.complete ? "yes" : "no", package.folder.string()});
  }
  if (table.empty()) {
    std::cout << "(nothing cached)\n";
  } else {
    table.print(std::cout);
  }
  return ExitCode::ok;
}

ExitCode verify(const CacheArguments& arguments) {
  const std::vector<VerifiedPackage> packages = verify_cache(arguments.model, arguments.cache_home);
  if (arguments.json) {
    std::cout << to_json(std::span<const VerifiedPackage>(packages)) << '\n';
  } else if (packages.empty()) {
    std::cout << "(nothing cached)\n";
  } else {
    print(packages);
  }
  // A model that was named is expected to be there.
  const bool named_is_missing = packages.empty() && !arguments.model.empty();
  return std::ranges::all_of(packages, is_ok) && !named_is_missing ? ExitCode::ok : ExitCode::check_failed;
}

ExitCode prune(const CacheArguments& arguments) {
  const PrunedCache pruned = prune_cache(arguments.model, arguments.cache_home, arguments.dry_run);
  if (arguments.json) {
    std::cout << to_json(pruned) << '\n';
    return ExitCode::ok;
  }
  const char* verb = arguments.dry_run ? "would remove " : "removed ";
  for (const std::filesystem::path& path : pruned.removed) std::cout << verb << printable(path.string()) << '\n';
  std::cout << verb << pruned.removed.size() << " item(s), " << size_text(pruned.bytes) << '\n';
  return ExitCode::ok;
}

ExitCode list(const OfflineArguments& arguments) {
  std::vector<OfflineModel> models = list_offline_models(arguments.cache_home);
  if (!arguments.model.empty()) {
    std::erase_if(models, [&](const OfflineModel& model) { return !is_named(model, arguments.model); });
  }
  if (arguments.json) {
    std::cout << to_json(std::span<const OfflineModel>(models)) << '\n';
    return ExitCode::ok;
  }
  TextTable table({{"MODEL"}, {"ALIASES"}, {"ARCHITECTURE"}, {"TASK"}, {"RECORDED"}, {"USABLE PACKAGES"}});
  for (const OfflineModel& model : models) {
    table.add({model.model_id, joined(model.aliases), model.architecture, model.task, model.recorded_at,
               std::to_string(std::ranges::count_if(model.packages, is_ok)) + " of " +
                   std::to_string(model.packages.size())});
  }
  if (table.empty()) {
    std::cout << "(no model recorded)\n";
  } else {
    table.print(std::cout);
  }
  return ExitCode::ok;
}

std::vector<OfflineModel> verified_models(const OfflineArguments& arguments) {
  if (!arguments.model.empty()) {
    return {verify_offline_model(arguments.model, arguments.check_hashes, arguments.cache_home)};
  }
  std::vector<OfflineModel> models;
  for (const OfflineModel& model : list_offline_models(arguments.cache_home)) {
    models.push_back(verify_offline_model(model.model_id, arguments.check_hashes, arguments.cache_home));
  }
  return models;
}

ExitCode verify(const OfflineArguments& arguments) {
  const std::vector<OfflineModel> models = verified_models(arguments);
  std::vector<VerifiedPackage> packages;
  for (const OfflineModel& model : models) {
    packages.insert(packages.end(), model.packages.begin(), model.packages.end());
  }
  if (arguments.json) {
    std::cout << to_json(std::span<const OfflineModel>(models)) << '\n';
  } else if (packages.empty()) {
    std::cout << "(no model recorded)\n";
  } else {
    print(packages);
  }
  return std::ranges::all_of(models, is_usable) ? ExitCode::ok : ExitCode::check_failed;
}

}  // namespace

ExitCode run(const CacheArguments& arguments) {
  switch (arguments.action) {
    case CacheArguments::Action::list:
      return list(arguments);
    case CacheArguments::Action::verify:
      return verify(arguments);
    case CacheArguments::Action::prune:
      break;
  }
  return prune(arguments);
}

ExitCode run(const OfflineArguments& arguments) {
  return arguments.action == OfflineArguments::Action::list ? list(arguments) : verify(arguments);
}

}  // namespace inference_exp::cli
