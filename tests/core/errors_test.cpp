#include "inference_exp/errors.hpp"

#include <gtest/gtest.h>

#include <type_traits>

namespace inference_exp {
namespace {

TEST(Errors, CarryMessageHintNameAndHelpPage) {
  const CorruptedModelPackageError error("weights.onnx is empty.", "Download it again.");
  EXPECT_EQ(error.name(), "CorruptedModelPackageError");
  EXPECT_EQ(error.message(), "weights.onnx is empty.");
  EXPECT_EQ(error.hint(), "Download it again.");
  EXPECT_STREQ(error.what(), "weights.onnx is empty. Download it again.");
  EXPECT_EQ(error.help_page(), "docs/errors/model-loading.md#corruptedmodelpackageerror");
}

TEST(Errors, TheHintMayBeLeftOut) {
  const ModelRuntimeError error("The network failed.");
  EXPECT_STREQ(error.what(), "The network failed.");
  EXPECT_EQ(error.hint(), "");
}

TEST(Errors, AreCaughtAsTheirParentsAndKeepTheirName) {
  try {
    throw UnknownBackendTypeError("There is no backend \"onyx\".", "Did you mean \"onnx\"?");
  } catch (const Error& error) {
    EXPECT_EQ(error.name(), "UnknownBackendTypeError");
    EXPECT_EQ(error.help_page(), "docs/errors/package-negotiation.md#unknownbackendtypeerror");
  }
}

TEST(Errors, SurviveBeingCopiedAfterTheOriginalIsGone) {
  const auto make = [] {
    const InvalidParameterError original(std::string(100, 'm'), std::string(100, 'h'));
    return InvalidParameterError(original);
  };
  const InvalidParameterError copy = make();
  EXPECT_EQ(copy.message(), std::string(100, 'm'));
  EXPECT_EQ(copy.hint(), std::string(100, 'h'));
}

template <typename Child, typename Parent>
constexpr bool kIs = std::is_base_of_v<Parent, Child>;

// The hierarchy is part of the contract: callers catch by parent.
static_assert(kIs<Error, std::runtime_error>);
static_assert(kIs<UnknownBackendTypeError, ModelPackageNegotiationError>);
static_assert(kIs<CorruptedModelPackageError, ModelLoadingError>);
static_assert(kIs<DirectLocalStorageAccessError, ModelLoadingError>);
static_assert(kIs<ForbiddenLocalCodePackageAccessError, ModelLoadingError>);
static_assert(kIs<ModelImplementationNotFoundError, ModelLoadingError>);
static_assert(kIs<MissingModelInitParameterError, ModelLoadingError>);
static_assert(!kIs<MissingDependencyError, ModelLoadingError>);
static_assert(!kIs<ModelRetrievalError, ModelLoadingError>);

}  // namespace
}  // namespace inference_exp
