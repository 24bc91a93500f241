// Pictures of Python as ImageViews, without a copy where the memory allows it.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "inference_exp/image_view.hpp"

namespace inference_exp::python {

/// Views and what keeps their memory alive. Must be destroyed with the interpreter's lock held.
struct Images {
  std::vector<ImageView> views;
  std::vector<pybind11::object> owners;
  std::vector<std::unique_ptr<std::byte[]>> copies;
};

/// `images`: a numpy array HWC, a tensor with `__dlpack__` (CHW, BCHW, or HWC by its last side), or a list of these.
/// `color` unset: BGR for numpy, RGB for tensors. Throws ModelInputError for anything else.
[[nodiscard]] Images images_of(pybind11::handle images, std::optional<PixelFormat> color);

}  // namespace inference_exp::python
