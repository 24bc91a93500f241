// Model classes: images in, results out. The interpreter's lock is free while the library works.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <utility>
#include <vector>

#include "arguments.hpp"
#include "bindings.hpp"
#include "images.hpp"
#include "inference_exp/errors.hpp"
#include "results.hpp"

namespace py = pybind11;

namespace inference_exp::python {

namespace {

/// A model with its class names as Python has them.
struct AnyModel {
  explicit AnyModel(std::unique_ptr<Model> opened)
      : model(std::move(opened)), class_names(model->class_names().size()) {
    std::size_t i = 0;
    for (const std::string& name : model->class_names()) class_names[i++] = py::str(name);
  }
  std::unique_ptr<Model> model;
  py::tuple class_names;
};

template <typename M>
struct ModelOf : AnyModel {
  using AnyModel::AnyModel;
  [[nodiscard]] const M& get() const { return static_cast<const M&>(*model); }
};

template <typename Result>
py::object results_of(std::vector<Result>&& results, const py::tuple& names) {
  py::list list(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) list[i] = to_python(std::move(results[i]), names);
  return list;
}

/// Key points come as the original has them: all key points, all detections.
py::object results_of(std::vector<KeyPoints>&& results, const py::tuple& names) {
  py::list points(results.size());
  py::list detections(results.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    const py::tuple pair = to_python(std::move(results[i]), names);
    points[i] = pair[0];
    detections[i] = pair[1];
  }
  return py::make_tuple(points, detections);
}

template <typename Work>
auto unlocked(Work work) {
  const py::gil_scoped_release release;
  return work();
}

template <typename M>
py::object infer(const ModelOf<M>& self, const py::object& images, const py::kwargs& arguments) {
  const CallArguments call = call_arguments(arguments);
  const Images borrowed = images_of(images, call.color);
  return results_of(unlocked([&] { return self.get().infer(borrowed.views, call.options); }), self.class_names);
}

template <typename M>
py::object post_process(const ModelOf<M>& self, const py::sequence& outputs,
                        const std::vector<PreprocessingMetadata>& metadata, const py::kwargs& arguments) {
  const CallArguments call = call_arguments(arguments);
  NetworkOutputs tensors;
  for (const py::handle output : outputs) tensors.push_back(tensor_from(output));
  return results_of(unlocked([&] { return self.get().post_process(tensors, metadata, call.options); }),
                    self.class_names);
}

py::tuple pre_process(const AnyModel& self, const py::object& images, const py::kwargs& arguments) {
  const CallArguments call = call_arguments(arguments);
  const Images borrowed = images_of(images, call.color);
  PreparedImages prepared = unlocked([&] { return self.model->pre_process(borrowed.views, call.options); });
  return py::make_tuple(to_python(std::move(prepared.pixels)), std::move(prepared.placements));
}

py::list forward(const AnyModel& self, const py::object& pixels) {
  const FloatTensor tensor = tensor_from(pixels);
  NetworkOutputs outputs = unlocked([&] { return self.model->forward(tensor); });
  py::list list;
  for (FloatTensor& output : outputs) list.append(to_python(std::move(output)));
  return list;
}

/// One call with the library's own stage times in seconds; for measuring what Python adds.
template <typename M>
py::tuple timed_infer(const ModelOf<M>& self, const py::object& images) {
  const Images borrowed = images_of(images, std::nullopt);
  StageTimings timings;
  InferenceOptions options;
  options.timings = &timings;
  auto results = unlocked([&] { return self.get().infer(borrowed.views, options); });
  return py::make_tuple(results_of(std::move(results), self.class_names), timings.pre_process, timings.run,
                        timings.post_process);
}

constexpr const char* kInferDoc =
    "Predicts on `images`: a numpy array (H, W, C) uint8 or float32, BGR; a CPU tensor with __dlpack__, (3, H, W) or\n"
    "(B, 3, H, W), RGB; or a list of these. Values are 0...255. Arguments: confidence, iou_threshold, max_detections,\n"
    "class_agnostic_nms, per_class_confidence, image_size, input_color_format, pre_processing_overrides, mask_format,\n"
    "masks_smoothing_enabled, masks_binarization_threshold, key_points_threshold, and the older spellings\n"
    "conf_thresh, threshold, iou_thresh and class_agnostic. Raises ModelInputError for an image that cannot be used,\n"
    "InvalidParameterError for a value out of range, TypeError for an unknown argument.";

template <typename M>
py::class_<ModelOf<M>, AnyModel> bind_task(py::module_& module, const char* name) {
  py::class_<ModelOf<M>, AnyModel> bound(module, name);
  bound.def("infer", &infer<M>, py::arg("images"), kInferDoc)
      .def("__call__", &infer<M>, py::arg("images"), kInferDoc)
      .def("post_process", &post_process<M>, py::arg("outputs"), py::arg("metadata"),
           "Third stage: what `forward` gave, and the metadata of `pre_process`, as results. Arguments as `infer`.")
      .def("_timed_infer", &timed_infer<M>);
  return bound;
}

py::array embed_images(const ModelOf<EmbeddingModel>& self, const py::object& images, const py::kwargs& arguments) {
  const CallArguments call = call_arguments(arguments);
  const Images borrowed = images_of(images, call.color);
  return to_python(unlocked([&] { return self.get().embed_images(borrowed.views, call.options); }));
}

py::array embed_text(const ModelOf<EmbeddingModel>& self, const py::object& texts) {
  std::vector<std::string> list;
  try {
    list = py::isinstance<py::str>(texts) ? std::vector{texts.cast<std::string>()}
                                          : texts.cast<std::vector<std::string>>();
  } catch (const py::cast_error&) {
    throw py::type_error("Texts are a str or a list of them, not " + py::repr(texts).cast<std::string>() + ".");
  }
  return to_python(unlocked([&] { return self.get().embed_text(list); }));
}

py::array compare(const py::object& x, const py::object& y) {
  const Embeddings left = embeddings_from(x);
  const Embeddings right = embeddings_from(y);
  FloatTensor similarities{{static_cast<std::int64_t>(left.count()), static_cast<std::int64_t>(right.count())},
                           unlocked([&] { return compare_embeddings(left, right); })};
  return to_python(std::move(similarities));
}

using KeyPointModel = ModelOf<KeyPointDetectionModel>;

py::list key_point_names(const KeyPointModel& self) {
  py::list classes;
  for (const Skeleton& skeleton : self.get().skeletons()) classes.append(py::cast(skeleton.key_point_names));
  return classes;
}

py::list skeleton_edges(const KeyPointModel& self) {
  py::list classes;
  for (const Skeleton& skeleton : self.get().skeletons()) classes.append(py::cast(skeleton.edges));
  return classes;
}

template <typename M>
bool try_wrap(std::unique_ptr<Model>& model, py::object& wrapped) {
  if (dynamic_cast<M*>(model.get()) == nullptr) return false;
  wrapped = py::cast(std::make_unique<ModelOf<M>>(std::move(model)));
  return true;
}

void bind_values(py::module_& module) {
  py::class_<Size>(module, "Size")
      .def_readonly("width", &Size::width)
      .def_readonly("height", &Size::height)
      .def("__repr__", [](const Size& size) {
        return "Size(width=" + std::to_string(size.width) + ", height=" + std::to_string(size.height) + ")";
      });
  py::class_<Rect>(module, "Rect")
      .def_readonly("x", &Rect::x)
      .def_readonly("y", &Rect::y)
      .def_readonly("width", &Rect::width)
      .def_readonly("height", &Rect::height);
  py::class_<PreprocessingMetadata>(module, "PreprocessingMetadata", "How one image was placed in the network's input.")
      .def_readonly("pad_left", &PreprocessingMetadata::pad_left)
      .def_readonly("pad_top", &PreprocessingMetadata::pad_top)
      .def_readonly("pad_right", &PreprocessingMetadata::pad_right)
      .def_readonly("pad_bottom", &PreprocessingMetadata::pad_bottom)
      .def_readonly("original_size", &PreprocessingMetadata::original_size)
      .def_readonly("size_after_pre_processing", &PreprocessingMetadata::size_after_pre_processing)
      .def_readonly("inference_size", &PreprocessingMetadata::inference_size)
      .def_readonly("nonsquare_intermediate_size", &PreprocessingMetadata::intermediate_size)
      .def_readonly("scale_width", &PreprocessingMetadata::scale_width)
      .def_readonly("scale_height", &PreprocessingMetadata::scale_height)
      .def_readonly("static_crop", &PreprocessingMetadata::static_crop);
}

}  // namespace

py::object to_python(std::unique_ptr<Model> model) {
  py::object wrapped;
  if (try_wrap<ObjectDetectionModel>(model, wrapped) || try_wrap<InstanceSegmentationModel>(model, wrapped) ||
      try_wrap<KeyPointDetectionModel>(model, wrapped) || try_wrap<EmbeddingModel>(model, wrapped)) {
    return wrapped;
  }
  throw ModelImplementationNotFoundError("Python has no class for the task \"" + std::string(model->task()) + "\".");
}

void bind_models(py::module_& module) {
  bind_values(module);
  py::class_<AnyModel>(module, "Model", "What every model can tell about itself.")
      .def_property_readonly("class_names", [](const AnyModel& self) { return py::list(self.class_names); })
      .def_property_readonly("task", [](const AnyModel& self) { return self.model->task(); })
      .def_property_readonly("architecture", [](const AnyModel& self) { return self.model->architecture(); })
      .def_property_readonly("backend", [](const AnyModel& self) { return self.model->backend(); })
      .def_property_readonly("input_size", [](const AnyModel& self) { return self.model->input_size(); })
      .def_property_readonly("max_batch_size", [](const AnyModel& self) { return self.model->max_batch_size(); })
      .def("pre_process", &pre_process, py::arg("images"),
           "First stage: (pixels float32 (B, 3, H, W), one PreprocessingMetadata per image). Arguments as `infer`.")
      .def("forward", &forward, py::arg("pixels"),
           "Second stage: the network's outputs, a list of float32 arrays. `pixels`: an array or a tensor.");
  bind_task<ObjectDetectionModel>(module, "ObjectDetectionModel");
  bind_task<InstanceSegmentationModel>(module, "InstanceSegmentationModel");
  bind_task<KeyPointDetectionModel>(module, "KeyPointDetectionModel")
      .def_property_readonly("key_points_classes", &key_point_names, "Of each class, the names of its key points.")
      .def_property_readonly("skeletons", &skeleton_edges, "Of each class, the pairs of key points that are joined.");
  py::class_<ModelOf<EmbeddingModel>, AnyModel>(module, "EmbeddingModel")
      .def("embed_images", &embed_images, py::arg("images"), "float32 (B, D), one vector per image.")
      .def("embed_text", &embed_text, py::arg("texts"), "float32 (B, D), one vector per text; a str or a list of them.")
      .def_static("compare_embeddings", &compare, py::arg("x"), py::arg("y"), "As the function of the package.")
      .def_property_readonly("dimension", [](const ModelOf<EmbeddingModel>& self) { return self.get().dimension(); });
  module.def("compare_embeddings", &compare, py::arg("x"), py::arg("y"),
             "Cosine similarities, float32 (len(x), len(y)).");
  module.def("_decode_rle", [](const std::string& counts, std::int32_t height, std::int32_t width) {
    const std::vector<std::uint8_t> mask = decode_rle(counts, Size{width, height});
    return py::bytes(reinterpret_cast<const char*>(mask.data()), mask.size());
  });
  module.def("_image_view_addresses", [](const py::object& images) {
    const Images borrowed = images_of(images, std::nullopt);
    std::vector<std::uintptr_t> addresses;
    for (const ImageView& image : borrowed.views) addresses.push_back(reinterpret_cast<std::uintptr_t>(image.data));
    return addresses;
  });
}

}  // namespace inference_exp::python
