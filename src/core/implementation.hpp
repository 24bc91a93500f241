// What this library can run, as families declare it and negotiation asks for it.
#pragma once

#include <string_view>
#include <vector>

namespace inference_exp {

/// One (architecture, task, backend) that can be opened. A package fits when all its features are supported and all
/// required ones are among them (loading.md, section 6.1).
struct Implementation {
  std::string_view architecture;
  std::string_view task;
  std::string_view backend;
  std::vector<std::string_view> supported_features{};
  std::vector<std::string_view> required_features{};
};

}  // namespace inference_exp
