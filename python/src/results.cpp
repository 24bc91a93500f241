#include "results.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "inference_exp/errors.hpp"

namespace py = pybind11;

namespace inference_exp::python {

namespace {

/// A capsule that owns `value`, and the value in it.
template <typename T>
std::pair<const T*, py::capsule> kept(T&& value) {
  auto owned = std::make_unique<T>(std::forward<T>(value));
  const T* pointer = owned.get();
  py::capsule capsule(pointer, [](void* memory) { std::default_delete<T>()(static_cast<T*>(memory)); });
  (void)owned.release();
  return {pointer, std::move(capsule)};
}

template <typename T>
py::array view(const T* data, py::array::ShapeContainer shape, const py::capsule& owner) {
  return py::array(py::dtype::of<T>(), std::move(shape), data, owner);
}

py::ssize_t count_of(std::size_t count) { return static_cast<py::ssize_t>(count); }

py::object python_class(const char* name) { return py::module_::import("inference_exp._results").attr(name); }

struct Boxes {
  py::array xyxy, class_id, confidence;
};

Boxes boxes_of(Detections&& detections) {
  const auto [kept_detections, owner] = kept(std::move(detections));
  const py::ssize_t rows = count_of(kept_detections->size());
  return {view(reinterpret_cast<const std::int32_t*>(kept_detections->xyxy().data()), {rows, py::ssize_t{4}}, owner),
          view(kept_detections->class_id().data(), {rows}, owner),
          view(kept_detections->confidence().data(), {rows}, owner)};
}

py::object mask_of(DenseMasks&& masks) {
  const auto [kept_masks, owner] = kept(std::move(masks));
  return view(
      reinterpret_cast<const bool*>(kept_masks->data().data()),
      {count_of(kept_masks->count()), py::ssize_t{kept_masks->size().height}, py::ssize_t{kept_masks->size().width}},
      owner);
}

py::object mask_of(RleMasks&& masks) {
  py::list counts;
  for (const std::string& text : masks.counts) counts.append(py::bytes(text));
  return python_class("InstancesRLEMasks")(py::make_tuple(masks.size.height, masks.size.width), counts);
}

}  // namespace

py::object to_python(Detections&& detections, const py::tuple& class_names) {
  const Boxes boxes = boxes_of(std::move(detections));
  return python_class("Detections")(boxes.xyxy, boxes.class_id, boxes.confidence, py::none(), py::none(), class_names);
}

py::object to_python(InstanceDetections&& instances, const py::tuple& class_names) {
  const Boxes boxes = boxes_of(std::move(instances.detections));
  const py::object mask = std::visit([](auto& masks) { return mask_of(std::move(masks)); }, instances.masks);
  return python_class("InstanceDetections")(boxes.xyxy, boxes.class_id, boxes.confidence, mask, py::none(), py::none(),
                                            class_names);
}

py::object to_python(KeyPoints&& key_points, const py::tuple& class_names) {
  const Boxes boxes = boxes_of(std::move(key_points.detections));
  const auto [kept_points, owner] = kept(std::move(key_points.points));
  const py::ssize_t rows = boxes.class_id.shape(0);
  const py::ssize_t slots = count_of(key_points.slots);
  const py::ssize_t step = sizeof(KeyPoint);
  // Points lie as (x, y, confidence): arrays with a stride see them in place.
  const auto* first = reinterpret_cast<const std::byte*>(kept_points->data());
  const py::array xy(py::dtype::of<std::int32_t>(), {rows, slots, py::ssize_t{2}}, {slots * step, step, py::ssize_t{4}},
                     first, owner);
  const py::array confidence(py::dtype::of<float>(), {rows, slots}, {slots * step, step},
                             first == nullptr ? nullptr : first + offsetof(KeyPoint, confidence), owner);
  const py::object detections =
      python_class("Detections")(boxes.xyxy, boxes.class_id, boxes.confidence, py::none(), py::none(), class_names);
  return py::make_tuple(
      python_class("KeyPoints")(xy, boxes.class_id, confidence, py::arg("detection_confidence") = boxes.confidence,
                                py::arg("class_names") = class_names),
      detections);
}

py::array to_python(Embeddings&& embeddings) {
  const auto [kept_embeddings, owner] = kept(std::move(embeddings));
  return view(kept_embeddings->values().data(),
              {count_of(kept_embeddings->count()), count_of(kept_embeddings->dimension())}, owner);
}

py::array to_python(FloatTensor&& tensor) {
  const auto [kept_tensor, owner] = kept(std::move(tensor));
  const std::vector<py::ssize_t> shape(kept_tensor->shape.begin(), kept_tensor->shape.end());
  return view(kept_tensor->values.data(), shape, owner);
}

FloatTensor tensor_from(py::handle value) {
  auto source = py::reinterpret_borrow<py::object>(value);
  if (!py::isinstance<py::array>(value) && py::hasattr(value, "__dlpack__")) {
    source = py::module_::import("numpy").attr("from_dlpack")(value);
  }
  const auto array = py::array_t<float, py::array::c_style | py::array::forcecast>::ensure(source);
  if (!array) throw py::type_error("No array of numbers can be made of " + py::repr(value).cast<std::string>() + ".");
  FloatTensor tensor;
  tensor.shape.assign(array.shape(), array.shape() + array.ndim());
  tensor.values.assign(array.data(), array.data() + array.size());
  return tensor;
}

Embeddings embeddings_from(py::handle value) {
  FloatTensor tensor = tensor_from(value);
  if (tensor.shape.size() == 1) tensor.shape.insert(tensor.shape.begin(), 1);
  if (tensor.shape.size() != 2) {
    throw InvalidParameterError("Embeddings have two dimensions.", "Give (count, dimension), or one vector.");
  }
  return {static_cast<std::size_t>(tensor.shape[0]), static_cast<std::size_t>(tensor.shape[1]),
          std::move(tensor.values)};
}

}  // namespace inference_exp::python
