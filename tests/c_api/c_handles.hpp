// Handles of the C interface that free themselves, and the call that is expected to go well.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "inference_exp.h"

namespace inference_exp::testing {

template <auto kFree>
struct FreeWith {
  template <typename T>
  void operator()(T* handle) const noexcept {
    kFree(handle);
  }
};

using CModel = std::unique_ptr<inference_exp_model, FreeWith<inference_exp_model_free>>;
using CPredictions = std::unique_ptr<inference_exp_predictions, FreeWith<inference_exp_predictions_free>>;
using CEmbeddings = std::unique_ptr<inference_exp_embeddings, FreeWith<inference_exp_embeddings_free>>;
using CError = std::unique_ptr<inference_exp_error, FreeWith<inference_exp_error_free>>;

/// What a call gave: its status and its error.
struct Outcome {
  inference_exp_status status = INFERENCE_EXP_OK;
  CError error;
  [[nodiscard]] std::string name() const { return inference_exp_error_name(error.get()); }
  [[nodiscard]] std::string message() const { return inference_exp_error_message(error.get()); }
};

/// Calls `body` with a place for the error.
template <typename Body>
Outcome outcome_of(const Body& body) {
  inference_exp_error* error = nullptr;
  const inference_exp_status status = body(&error);
  EXPECT_EQ(status, inference_exp_error_status(error));
  return {status, CError(error)};
}

/// Calls `body` with places for a handle and an error; fails the test unless it goes well.
template <typename Handle, typename Body>
Handle made_by(const Body& body) {
  typename Handle::pointer handle = nullptr;
  const Outcome outcome = outcome_of([&](inference_exp_error** error) { return body(&handle, error); });
  EXPECT_EQ(outcome.status, INFERENCE_EXP_OK) << outcome.name() << ": " << outcome.message();
  return Handle(handle);
}

/// Calls `body` with places for a text and an error; fails the test unless it goes well.
template <typename Body>
std::string text_of(const Body& body) {
  char* text = nullptr;
  const Outcome outcome = outcome_of([&](inference_exp_error** error) { return body(&text, error); });
  EXPECT_EQ(outcome.status, INFERENCE_EXP_OK) << outcome.name() << ": " << outcome.message();
  const std::string copy = text != nullptr ? text : "";
  inference_exp_string_free(text);
  return copy;
}

}  // namespace inference_exp::testing
