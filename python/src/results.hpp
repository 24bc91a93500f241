// Results of the library as Python objects. Arrays borrow the library's memory and keep it alive: nothing is copied.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "inference_exp/predictions.hpp"
#include "inference_exp/stages.hpp"

namespace inference_exp::python {

[[nodiscard]] pybind11::object to_python(Detections&& detections, const pybind11::tuple& class_names);
[[nodiscard]] pybind11::object to_python(InstanceDetections&& instances, const pybind11::tuple& class_names);
[[nodiscard]] pybind11::object to_python(KeyPoints&& key_points, const pybind11::tuple& class_names);
[[nodiscard]] pybind11::array to_python(Embeddings&& embeddings);
[[nodiscard]] pybind11::array to_python(FloatTensor&& tensor);
/// Copies; throws TypeError unless `array` can be read as float32.
[[nodiscard]] FloatTensor tensor_from(pybind11::handle array);
[[nodiscard]] Embeddings embeddings_from(pybind11::handle array);

}  // namespace inference_exp::python
