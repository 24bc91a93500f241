#include "support/tensor_recipe.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "support/sha256.hpp"
#include "support/shared_data.hpp"

namespace inference_exp::testing {
namespace {

std::uint64_t from_hex(const nlohmann::json& text) { return std::stoull(text.get<std::string>(), nullptr, 16); }

std::optional<int> scale_of(const nlohmann::json& described) {
  const nlohmann::json& scale = described.at("log2scale");
  return scale.is_null() ? std::nullopt : std::optional<int>(scale.get<int>());
}

TEST(TensorRecipe, GivesTheElementsOfItsPublishedVectors) {
  REQUIRE_SHARED(file, "golden/recipe_vectors.json");
  const nlohmann::json vectors = nlohmann::json::parse(std::ifstream(file));
  ASSERT_GT(vectors.at("elements").size(), 3U);
  for (const nlohmann::json& element : vectors.at("elements")) {
    const auto name = element.at("name").get<std::string>();
    const auto index = element.at("index").get<std::size_t>();
    EXPECT_EQ(fnv1a64(name), from_hex(element.at("fnv1a64")));
    EXPECT_EQ(recipe_element(fnv1a64(name), index), element.at("r").get<float>());
    if (index >= 1'000'000) continue;  // would fill far more than it looks at
    const float value = fill(name, index + 1, element.at("base").get<double>(), scale_of(element)).back();
    EXPECT_EQ(std::bit_cast<std::uint32_t>(value), from_hex(element.at("value_bits"))) << name << " " << index;
    EXPECT_EQ(to_half(value), from_hex(element.at("f16_bits"))) << name << " " << index;
  }
}

TEST(TensorRecipe, GivesWholeTensorsOfItsPublishedSums) {
  REQUIRE_SHARED(file, "golden/recipe_vectors.json");
  const nlohmann::json vectors = nlohmann::json::parse(std::ifstream(file));
  ASSERT_FALSE(vectors.at("tensors").empty());
  for (const nlohmann::json& tensor : vectors.at("tensors")) {
    std::size_t count = 1;
    for (const nlohmann::json& extent : tensor.at("shape")) count *= extent.get<std::size_t>();
    const auto values =
        fill(tensor.at("name").get<std::string>(), count, tensor.at("base").get<double>(), scale_of(tensor));
    EXPECT_EQ(sha256(std::as_bytes(std::span(values))), tensor.at("sha256_f32_le")) << tensor.at("name");
  }
}

TEST(Sha256, GivesThePublishedSums) {
  EXPECT_EQ(sha256({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  const std::string_view abc = "abc";
  EXPECT_EQ(sha256(std::as_bytes(std::span(abc.data(), abc.size()))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace inference_exp::testing
