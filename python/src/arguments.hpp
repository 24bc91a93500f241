// Keyword arguments of a call, in the spellings of both generations of the Python original.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>

#include "inference_exp/model.hpp"

namespace inference_exp::python {

struct CallArguments {
  InferenceOptions options;
  std::optional<PixelFormat> color;  ///< `input_color_format`; unset: as the kind of image has it
};

/// Throws TypeError, with the closest known name, for a name that no model takes.
[[nodiscard]] CallArguments call_arguments(const pybind11::kwargs& arguments);

}  // namespace inference_exp::python
