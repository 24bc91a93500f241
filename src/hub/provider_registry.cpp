#include "hub/provider_registry.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <mutex>

#include "core/hub_options.hpp"
#include "core/text.hpp"
#include "hub/roboflow_provider.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp {

namespace {

constexpr std::string_view kRoboflow = "roboflow";
constexpr std::string_view kReserved[] = {kRoboflow, "roboflow-offline-weights"};

struct Table {
  std::mutex mutex;
  std::map<std::string, std::shared_ptr<const WeightsProvider>, std::less<>> registered;
};

Table& table() {
  static Table instance;
  return instance;
}

std::shared_ptr<const WeightsProvider> roboflow() {
  static const std::shared_ptr<const WeightsProvider> instance = std::make_shared<hub::RoboflowProvider>(
      hub_environment(), hub_environment().offline ? hub::make_offline_client() : hub::make_curl_client());
  return instance;
}

std::string listed(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + '"';
  return list;
}

}  // namespace

WeightsProvider::~WeightsProvider() = default;

void register_weights_provider(std::string_view name, std::shared_ptr<const WeightsProvider> provider) {
  if (trim(name).empty()) {
    throw InvalidParameterError("A weights provider needs a name.", "Choose one, such as \"my-company\".");
  }
  if (std::ranges::find(kReserved, lower_case(trim(name))) != std::end(kReserved)) {
    throw InvalidParameterError("The provider name \"" + std::string(name) + "\" is taken by this library.",
                                "Choose another name.");
  }
  if (!provider) {
    throw InvalidParameterError("The weights provider \"" + std::string(name) + "\" is null.", "Hand in an object.");
  }
  Table& all = table();
  const std::lock_guard lock(all.mutex);
  // Swapped, so that the old provider dies after the lock.
  all.registered[std::string(name)].swap(provider);
}

namespace hub {

std::vector<std::string> weights_provider_names() {
  std::vector<std::string> names{std::string(kRoboflow)};
  {
    Table& all = table();
    const std::lock_guard lock(all.mutex);
    for (const auto& [name, provider] : all.registered) names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

std::shared_ptr<const WeightsProvider> find_weights_provider(std::string_view name) {
  if (name == kRoboflow) return roboflow();
  {
    Table& all = table();
    const std::lock_guard lock(all.mutex);
    if (const auto found = all.registered.find(name); found != all.registered.end()) return found->second;
  }
  throw ModelRetrievalError(
      "There is no weights provider \"" + std::string(shorten(name, 80)) + "\".",
      "There are: " + listed(weights_provider_names()) + ". Others are added with register_weights_provider().");
}

}  // namespace hub

}  // namespace inference_exp
