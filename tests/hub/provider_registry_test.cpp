#include "hub/provider_registry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "hub/roboflow_provider.hpp"
#include "inference_exp/errors.hpp"

namespace inference_exp::hub {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;

class StandIn final : public WeightsProvider {
 public:
  [[nodiscard]] ModelMetadata model_metadata(const ProviderRequest& request) const override {
    ModelMetadata model;
    model.model_id = request.model_id;
    return model;
  }
};

TEST(ProviderRegistry, ARegisteredProviderIsFound) {
  const auto provider = std::make_shared<const StandIn>();
  register_weights_provider("my-company", provider);
  EXPECT_EQ(find_weights_provider("my-company"), provider);
  EXPECT_THAT(weights_provider_names(), Contains("my-company"));
}

TEST(ProviderRegistry, TheSameNameReplaces) {
  const auto second = std::make_shared<const StandIn>();
  register_weights_provider("replaced", std::make_shared<const StandIn>());
  register_weights_provider("replaced", second);
  EXPECT_EQ(find_weights_provider("replaced"), second);
}

TEST(ProviderRegistry, RoboflowIsThereFromTheStart) {
  const auto provider = find_weights_provider("roboflow");
  EXPECT_NE(dynamic_cast<const RoboflowProvider*>(provider.get()), nullptr);
  EXPECT_EQ(find_weights_provider("roboflow"), provider);
  EXPECT_THAT(weights_provider_names(), Contains("roboflow"));
}

TEST(ProviderRegistry, ItsNamesCantBeTaken) {
  for (const char* name :
       {"roboflow", "Roboflow", "ROBOFLOW", " roboflow ", "roboflow-offline-weights", "Roboflow-Offline-Weights"}) {
    EXPECT_THROW(register_weights_provider(name, std::make_shared<const StandIn>()), InvalidParameterError) << name;
  }
}

TEST(ProviderRegistry, BlankNamesAndNothingAreRefused) {
  EXPECT_THROW(register_weights_provider("", std::make_shared<const StandIn>()), InvalidParameterError);
  EXPECT_THROW(register_weights_provider(" ", std::make_shared<const StandIn>()), InvalidParameterError);
  EXPECT_THROW(register_weights_provider("null", nullptr), InvalidParameterError);
}

TEST(ProviderRegistry, AnUnknownNameIsAnsweredWithTheKnownOnes) {
  register_weights_provider("my-company", std::make_shared<const StandIn>());
  try {
    (void)find_weights_provider("My-Company");
    FAIL() << "names are compared exactly";
  } catch (const ModelRetrievalError& error) {
    EXPECT_THAT(error.message(), HasSubstr("\"My-Company\""));
    EXPECT_THAT(error.hint(), AllOf(HasSubstr("\"my-company\""), HasSubstr("\"roboflow\"")));
  }
}

TEST(ProviderRegistry, IsSafeFromManyThreads) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([] {
      for (int k = 0; k < 200; ++k) {
        register_weights_provider("shared", std::make_shared<const StandIn>());
        EXPECT_EQ(find_weights_provider("shared")->model_metadata({.model_id = "a"}).model_id, "a");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace inference_exp::hub
