#include "inference_exp/errors.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/error_classes.hpp"

namespace inference_exp {
namespace {

TEST(Errors, CarryMessageHintNameAndHelpPage) {
  const CorruptedModelPackageError error("weights.onnx is empty.", "Download it again.");
  EXPECT_EQ(error.name(), "CorruptedModelPackageError");
  EXPECT_EQ(error.message(), "weights.onnx is empty.");
  EXPECT_EQ(error.hint(), "Download it again.");
  EXPECT_STREQ(error.what(), "weights.onnx is empty. Download it again.");
  EXPECT_EQ(error.help_page(), "docs/errors/corrupted_model_package_error.md");
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
    EXPECT_EQ(error.help_page(), "docs/errors/unknown_backend_type_error.md");
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

template <typename... Errors>
std::vector<std::unique_ptr<Error>> one_of_each(testing::TypeList<Errors...> /*classes*/) {
  std::vector<std::unique_ptr<Error>> errors;
  (errors.push_back(std::make_unique<Errors>("message")), ...);
  return errors;
}

std::vector<std::unique_ptr<Error>> every_error() { return one_of_each(testing::ErrorClasses()); }

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

const std::filesystem::path kSources = INFERENCE_EXP_SOURCE_DIR;

TEST(ErrorPages, ExistForEveryClassAndHaveItsNameAsTitle) {
  for (const auto& error : every_error()) {
    const std::string page = text_of(kSources / error->help_page());
    EXPECT_TRUE(page.starts_with("# " + std::string(error->name()) + "\n")) << error->help_page();
    for (const std::string_view part : {"**What it means.**", "**When.**", "**What to do.**"}) {
      EXPECT_NE(page.find(part), std::string::npos) << error->help_page() << " lacks " << part;
    }
  }
}

TEST(ErrorPages, AreListedInTheirIndexAndThereAreNoOthers) {
  const std::string index = text_of(kSources / "docs/errors/index.md");
  for (const auto& error : every_error()) {
    const std::string page = std::filesystem::path(error->help_page()).filename().string();
    EXPECT_NE(index.find("[" + std::string(error->name()) + "](" + page + ")"), std::string::npos) << page;
  }
  const auto pages = std::distance(std::filesystem::directory_iterator(kSources / "docs/errors"), {});
  EXPECT_EQ(static_cast<std::size_t>(pages), every_error().size() + 1);
}

TEST(ErrorPages, AreLookedForOfEveryClassOfTheHeader) {
  const std::string header = text_of(kSources / "include/inference_exp/errors.hpp");
  constexpr std::string_view kBinding = "NamedError<\"";
  std::size_t classes = 0;
  for (auto at = header.find(kBinding); at != std::string::npos; at = header.find(kBinding, at + 1)) ++classes;
  EXPECT_EQ(classes, every_error().size());
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
