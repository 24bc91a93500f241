// The parts of the module `_core`, one function a source.
#pragma once

#include <pybind11/pybind11.h>

#include <memory>

#include "inference_exp/model.hpp"

namespace inference_exp::python {

void bind_errors();
void bind_load(pybind11::module_& module);
void bind_models(pybind11::module_& module);
void bind_hub(pybind11::module_& module);

/// The model as an object of its task's class.
[[nodiscard]] pybind11::object to_python(std::unique_ptr<Model> model);

}  // namespace inference_exp::python
