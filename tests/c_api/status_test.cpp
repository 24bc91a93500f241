// Every error class has one number, and arrives with it.
#include "c_api/status.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <new>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "c_api/c_handles.hpp"
#include "c_api/error.hpp"
#include "inference_exp/errors.hpp"
#include "support/error_classes.hpp"

namespace inference_exp::c_api {
namespace {

using inference_exp::testing::Outcome;
using inference_exp::testing::outcome_of;

std::string header(const char* name) {
  std::ifstream stream(std::filesystem::path(INFERENCE_EXP_SOURCE_DIR) / "include" / name);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// The first group of every match.
std::multiset<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::multiset<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    found.insert((*match)[1]);
  }
  return found;
}

std::multiset<std::string> names_in_table() {
  std::multiset<std::string> names;
  for (const NamedStatus& row : statuses()) {
    if (row.status >= 100) names.emplace(row.name);
  }
  return names;
}

TEST(Statuses, NameExactlyTheClassesOfTheErrorsHeader) {
  const auto classes = matches(header("inference_exp/errors.hpp"), std::regex(R"rx(NamedError<"(\w+)",)rx"));
  EXPECT_GT(classes.size(), 30U);
  EXPECT_EQ(names_in_table(), classes);
}

TEST(Statuses, HaveEachConstantOfTheHeaderOnce) {
  const std::string text = header("inference_exp.h");
  const auto numbers = matches(text, std::regex(R"(INFERENCE_EXP_(?:OK|ERROR_\w+) = (\d+))"));
  std::multiset<std::string> in_table;
  for (const NamedStatus& row : statuses()) in_table.insert(std::to_string(row.status));
  EXPECT_EQ(in_table, numbers);
  EXPECT_EQ(std::set<std::string>(numbers.begin(), numbers.end()).size(), numbers.size());
}

TEST(Statuses, AreNamed) {
  EXPECT_STREQ(inference_exp_status_name(INFERENCE_EXP_OK), "OK");
  EXPECT_STREQ(inference_exp_status_name(INFERENCE_EXP_ERROR_MODEL_NOT_FOUND), "ModelNotFoundError");
  EXPECT_EQ(inference_exp_status_name(99), nullptr);
  EXPECT_EQ(inference_exp_status_name(-1), nullptr);
}

template <typename Thrown>
Outcome thrown(const Thrown& exception) {
  return outcome_of([&](inference_exp_error** error) { return guarded(error, [&] { throw exception; }); });
}

/// Throws one of each class.
template <typename... Classes>
std::multiset<std::string> names_that_arrive(inference_exp::testing::TypeList<Classes...> /*classes*/) {
  std::multiset<std::string> names;
  const auto arrive = [&](const Error& error, const Outcome& outcome) {
    EXPECT_EQ(outcome.name(), error.name());
    EXPECT_EQ(outcome.message(), "It broke.");
    EXPECT_STREQ(inference_exp_error_hint(outcome.error.get()), "Mend it.");
    EXPECT_EQ(inference_exp_error_help_page(outcome.error.get()), error.help_page());
    EXPECT_GE(outcome.status, 100) << outcome.name();
    EXPECT_EQ(inference_exp_status_name(outcome.status), outcome.name());
    names.insert(outcome.name());
  };
  (arrive(Classes("It broke.", "Mend it."), thrown(Classes("It broke.", "Mend it."))), ...);
  return names;
}

TEST(Errors, OfEveryClassArriveWithTheirName) {
  EXPECT_EQ(names_that_arrive(inference_exp::testing::ErrorClasses()), names_in_table());
}

TEST(Errors, OfAKindShareTheirHundred) {
  EXPECT_EQ(status_of("ModelNotFoundError") / 100, status_of("ModelRetrievalError") / 100);
  EXPECT_EQ(status_of("FileLockTimeoutError") / 100, status_of("ModelCacheError") / 100);
}

TEST(Errors, OfClassesThatOthersAddKeepTheirName) {
  const Outcome outcome = thrown(Error("ShopClosedError", "It broke.", "Come back."));
  EXPECT_EQ(outcome.status, INFERENCE_EXP_ERROR_OTHER);
  EXPECT_EQ(outcome.name(), "ShopClosedError");
}

TEST(Errors, ThatAreNoneOfTheLibraryDoNotEscape) {
  EXPECT_EQ(thrown(std::bad_alloc()).status, INFERENCE_EXP_ERROR_OUT_OF_MEMORY);
  const Outcome unexpected = thrown(std::out_of_range("row 7"));
  EXPECT_EQ(unexpected.status, INFERENCE_EXP_ERROR_UNEXPECTED);
  EXPECT_EQ(unexpected.message(), "row 7");
  EXPECT_EQ(thrown(7).status, INFERENCE_EXP_ERROR_UNEXPECTED);
}

TEST(Errors, NeedNoPlaceAndClearTheOneTheyHave) {
  EXPECT_EQ(guarded(nullptr, [] { throw ModelInputError("It broke."); }), INFERENCE_EXP_ERROR_MODEL_INPUT);
  inference_exp_error left_over;
  inference_exp_error* error = &left_over;
  EXPECT_EQ(guarded(&error, [] {}), INFERENCE_EXP_OK);
  EXPECT_EQ(error, nullptr);
}

}  // namespace
}  // namespace inference_exp::c_api
