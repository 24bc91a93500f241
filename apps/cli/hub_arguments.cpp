#include "hub_arguments.hpp"

#include <CLI/CLI.hpp>

namespace inference_exp::cli {

HubArguments::HubArguments(CLI::App& program, LoadArguments& loading) : loading_(loading) {
  add_describe(program);
  add_explain(program);
  add_models(program);
  add_pull(program);
  add_cache(program);
  add_offline(program);
}

void HubArguments::add_json_flag(CLI::App& command) { command.add_flag("--json", json_, "As JSON"); }

/// For commands that look at what lies in the cache.
void HubArguments::add_stored_model(CLI::App& command) {
  command.add_option("MODEL", model_, "Only this model (default: all)");
}

void HubArguments::add_describe(CLI::App& program) {
  describe_ = program.add_subcommand("describe", "Say which packages a model id has, and what each needs");
  describe_->add_option("MODEL", model_, "A model id, such as yolov8n-640")->required();
  describe_->add_option("PACKAGE", package_, "One of its packages: everything that is known of it");
  describe_->add_flag("--sizes", sizes_, "Also ask for the size of each package");
  add_json_flag(*describe_);
  loading_.add_provider_options(*describe_);
}

void HubArguments::add_explain(CLI::App& program) {
  explain_ = program.add_subcommand("explain", "Say which package of a model id would be chosen here, and why");
  explain_->add_option("MODEL", model_, "A model id, such as yolov8n-640")->required();
  add_json_flag(*explain_);
  loading_.add_place_options(*explain_);
  loading_.add_package_options(*explain_);
  loading_.add_provider_options(*explain_);
}

void HubArguments::add_models(CLI::App& program) {
  models_ = program.add_subcommand("models", "List the model ids that this program knows of");
  add_json_flag(*models_);
}

void HubArguments::add_pull(CLI::App& program) {
  pull_ = program.add_subcommand("pull", "Download a model id into the cache, ready for use without a network");
  pull_->add_option("MODEL", model_, "A model id, such as yolov8n-640")->required();
  add_json_flag(*pull_);
  loading_.add_place_options(*pull_);
  loading_.add_package_options(*pull_);
  loading_.add_provider_options(*pull_);
  loading_.add_download_options(*pull_);
}

void HubArguments::add_cache(CLI::App& program) {
  CLI::App* cache = program.add_subcommand("cache", "Look at the cache of models, check it, clean it up");
  cache->require_subcommand(1);
  cache_list_ = cache->add_subcommand("list", "Say what the cache holds");
  cache_verify_ = cache->add_subcommand("verify", "Read every file and compare its hash");
  cache_prune_ = cache->add_subcommand("prune", "Remove what no model uses, and with MODEL also that model");
  cache_prune_->add_flag("--dry-run", dry_run_, "Only say what would be removed");
  for (CLI::App* command : {cache_list_, cache_verify_, cache_prune_}) {
    add_stored_model(*command);
    add_json_flag(*command);
    loading_.add_cache_option(*command);
  }
}

void HubArguments::add_offline(CLI::App& program) {
  CLI::App* offline = program.add_subcommand("offline", "Look at the models that can be used without a network");
  offline->require_subcommand(1);
  offline_list_ = offline->add_subcommand("list", "Say which models were recorded");
  offline_verify_ = offline->add_subcommand("verify", "Check that the files of recorded models are there");
  offline_verify_->add_flag("--check-hashes", check_hashes_, "Also read every file and compare its hash");
  for (CLI::App* command : {offline_list_, offline_verify_}) {
    add_stored_model(*command);
    add_json_flag(*command);
    loading_.add_cache_option(*command);
  }
}

std::optional<Command> HubArguments::result() const {
  using Cache = CacheArguments::Action;
  using Offline = OfflineArguments::Action;
  const LoadOptions load = loading_.resolve();
  const std::filesystem::path& home = load.hub.cache_home;
  if (describe_->parsed()) return DescribeArguments{model_, package_, load, sizes_, json_};
  if (explain_->parsed()) return ExplainArguments{model_, load, json_};
  if (models_->parsed()) return ModelsArguments{json_};
  if (pull_->parsed()) return PullArguments{model_, load, json_};
  if (cache_list_->parsed()) return CacheArguments{Cache::list, model_, home, false, json_};
  if (cache_verify_->parsed()) return CacheArguments{Cache::verify, model_, home, false, json_};
  if (cache_prune_->parsed()) return CacheArguments{Cache::prune, model_, home, dry_run_, json_};
  if (offline_list_->parsed()) return OfflineArguments{Offline::list, model_, home, false, json_};
  if (offline_verify_->parsed()) return OfflineArguments{Offline::verify, model_, home, check_hashes_, json_};
  return std::nullopt;
}

}  // namespace inference_exp::cli
