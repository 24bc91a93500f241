// One reusable call of a session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "binding.hpp"
#include "execution_lane.hpp"
#include "inference_exp/backend.h"
#include "session.hpp"

/// The handle of backend.h. Holds a lane of its session for as long as it lives.
struct iexp_request {
  /// Throws IEXP_ERROR_DEVICE_MEMORY where there is no room for one more at the same time; others go on.
  explicit iexp_request(iexp_session& opened);
  iexp_request(const iexp_request&) = delete;
  iexp_request& operator=(const iexp_request&) = delete;
  /// Waits for what is still queued: it may read memory that the caller lent.
  ~iexp_request();

  void set_input(std::size_t index, const iexp_tensor* tensor);
  void set_output(std::size_t index, const iexp_tensor* tensor);
  void run();
  void get_output(std::size_t index, iexp_tensor* tensor);
  /// "cuda_graphs": "on" or "off", from the next run on.
  void set_option(std::string_view key, std::string_view value);
  [[nodiscard]] void* stream() const noexcept;
  void enqueue();
  void get_device_output(std::size_t index, iexp_tensor* tensor);

 private:
  /// What of the outputs is valid.
  enum class Done : std::uint8_t { nothing, queued, read };

  template <typename Body>
  void perform(Body&& body);
  void queue();
  void set_shapes();
  void place_inputs();
  void place_outputs();
  void refuse_host_outputs() const;
  void read_back();
  void describe_output(std::size_t index, void* data, iexp_device device, iexp_tensor& tensor);

  iexp_session& session_;
  inference_exp::tensorrt::LanePool::Lease lane_;
  std::vector<inference_exp::tensorrt::Binding> inputs_;
  std::vector<inference_exp::tensorrt::Binding> outputs_;
  std::vector<inference_exp::tensorrt::Dimensions> output_shapes_;  ///< of the last run, as handed out
  std::vector<void*> host_outputs_;                                 ///< of the last run, where the caller bound none
  Done done_ = Done::nothing;
  bool graphs_allowed_ = true;
  bool damaged_ = false;  ///< a run failed: later requests get another lane
};
