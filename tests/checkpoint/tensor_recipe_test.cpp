#include "support/tensor_recipe.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

TEST(TensorRecipe, GivesTheElementsOfItsPublishedVectors) {
  REQUIRE_SHARED(file, "golden/recipe_vectors.json");
  const nlohmann::json vectors = nlohmann::json::parse(std::ifstream(file));
  std::size_t seen = 0;
  for (const nlohmann::json& element : vectors.at("elements")) {
    const std::uint64_t key = fnv1a64(element.at("name").get<std::string>());
    EXPECT_EQ(key, std::stoull(element.at("fnv1a64").get<std::string>(), nullptr, 16));
    EXPECT_EQ(recipe_element(key, element.at("index").get<std::uint64_t>()), element.at("r").get<float>());
    ++seen;
  }
  EXPECT_GT(seen, 3U);
}

}  // namespace
}  // namespace inference_exp::testing
