// Model ids through the C interface, against a registry on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "c_api/c_handles.hpp"
#include "support/model_registry.hpp"
#include "support/shared_data.hpp"
#include "support/temporary_folder.hpp"

namespace inference_exp::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ModelIdOfC : public ::testing::Test {
 protected:
  ModelIdOfC() {
    registry_.add_model("shapes/1", "shapes-640");
    registry_.add_package("shapes/1", "aaaa1111", asset("models/shapes-detector"));
    setenv("ROBOFLOW_API_HOST", registry_.host().c_str(), 1);
    inference_exp_load_options_init(&options_, sizeof options_);
    options_.cache_home = cache_path_.c_str();
    options_.api_key = "rf_OPENSESAME42";
  }
  ~ModelIdOfC() override { unsetenv("ROBOFLOW_API_HOST"); }

  [[nodiscard]] Outcome load(CModel& model) const {
    inference_exp_model* loaded = nullptr;
    Outcome outcome = outcome_of(
        [&](inference_exp_error** error) { return inference_exp_model_load("shapes-640", &options_, &loaded, error); });
    model.reset(loaded);
    return outcome;
  }
  template <typename Report>
  [[nodiscard]] std::string report(const Report& function) const {
    return text_of([&](char** text, auto** error) { return function("shapes-640", &options_, text, error); });
  }

  ModelRegistry registry_;
  TemporaryFolder cache_;
  std::string cache_path_ = cache_.path().string();
  inference_exp_load_options options_{};
};

TEST_F(ModelIdOfC, IsDownloadedWithProgressAndOpened) {
  std::size_t reports = 0;
  options_.progress_user = &reports;
  options_.progress = [](void* user, const inference_exp_download_progress* progress) -> std::int32_t {
    *static_cast<std::size_t*>(user) += progress->file_count > 0 ? 1 : 0;
    return 0;
  };
  CModel model;
  const Outcome outcome = load(model);
  EXPECT_EQ(outcome.status, INFERENCE_EXP_OK) << outcome.message();
  EXPECT_STREQ(inference_exp_model_task(model.get()), "object-detection");
  EXPECT_GT(reports, 0U);
}

TEST_F(ModelIdOfC, CanBeCancelledWhileItIsDownloaded) {
  options_.progress = [](void*, const inference_exp_download_progress*) -> std::int32_t { return 1; };
  CModel model;
  EXPECT_EQ(load(model).status, INFERENCE_EXP_ERROR_OPERATION_CANCELLED);
  EXPECT_EQ(model, nullptr);
}

TEST_F(ModelIdOfC, IsDescribedAndExplainedWithoutADownload) {
  EXPECT_EQ(nlohmann::json::parse(report(inference_exp_describe_model))["model"]["model_id"], "shapes/1");
  EXPECT_THAT(report(inference_exp_explain), HasSubstr("aaaa1111"));
  EXPECT_EQ(nlohmann::json::parse(report(inference_exp_explain_json))["ranked"][0]["package_id"], "aaaa1111");
  EXPECT_EQ(registry_.downloads(), 0U);
}

TEST_F(ModelIdOfC, IsPulledAndThenOpenedWithoutANetwork) {
  EXPECT_EQ(nlohmann::json::parse(report(inference_exp_pull_model))["package_id"], "aaaa1111");
  registry_.server().forget_requests();
  options_.offline = 1;
  CModel model;
  EXPECT_EQ(load(model).status, INFERENCE_EXP_OK);
  EXPECT_EQ(registry_.server().count(), 0U);
}

TEST_F(ModelIdOfC, ThatIsRefusedSaysWhyWithoutTheKey) {
  registry_.refuse_questions(401);
  CModel model;
  const Outcome outcome = load(model);
  EXPECT_EQ(outcome.status, INFERENCE_EXP_ERROR_UNAUTHORIZED_MODEL_ACCESS);
  EXPECT_THAT(outcome.message(), Not(IsEmpty()));
  EXPECT_THAT(outcome.message(), Not(HasSubstr("OPENSESAME")));
}

}  // namespace
}  // namespace inference_exp::testing
